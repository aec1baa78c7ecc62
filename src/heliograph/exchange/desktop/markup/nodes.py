"""Steps through a parsed message by the classes that Telegram Desktop gives its elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

Node = LexborNode
TEXT: Final = "-text"


def parse(html: str) -> Node | None:
    """Return the element of a message."""
    return next(_messages(html), None)


def parse_all(pieces: list[str]) -> list[Node | None]:
    """Return the element of each message. They are parsed together, which costs a tenth, unless one spoils others."""
    found = list(_messages("".join(pieces)))
    if len(found) == len(pieces) and all(_begins(piece, node) for piece, node in zip(pieces, found, strict=True)):
        return list(found)
    return [parse(piece) for piece in pieces]


def parse_page(html: str) -> Node | None:
    """Return the element with the title of a page."""
    return LexborHTMLParser(html).css_first("div.page_header div.text")


def classes(node: Node) -> set[str]:
    """Return an element's classes."""
    return set((node.attributes.get("class") or "").split())


def attribute(node: Node | None, name: str) -> str:
    """Return an attribute, "" when it is not there."""
    return "" if node is None else node.attributes.get(name) or ""


class Parts:
    """The elements directly in an element, by their classes."""

    def __init__(self, node: Node | None) -> None:
        self._parts = [(classes(child), child) for child in node.iter()] if node is not None else []

    def all(self, *wanted: str) -> list[Node]:
        """Return the elements that have all of these classes."""
        return [node for found, node in self._parts if found.issuperset(wanted)]

    def first(self, *wanted: str) -> Node | None:
        """Return the first of these."""
        return next((node for found, node in self._parts if found.issuperset(wanted)), None)


def within(node: Node | None, selector: str) -> Node | None:
    """Return the first element anywhere in ``node``."""
    return None if node is None else node.css_first(selector)


def text(node: Node | None) -> str:
    """Return all of an element's text with line breaks, without the line ends around it that are the page's own."""
    if node is None:
        return ""
    return "".join(_pieces(node)).strip()


def inner_text(node: Node) -> str:
    """Return all of an element's text with line breaks, as it stands."""
    return "".join(_pieces(node))


def own_text(node: Node | None) -> str:
    """Return the text directly in an element, without that of the elements in it."""
    if node is None:
        return ""
    return "".join(each.text_content or "" for each in node.iter(include_text=True) if each.tag == TEXT).strip()


def _pieces(node: Node) -> Iterator[str]:
    for each in node.traverse(include_text=True):
        if each.tag == TEXT:
            yield each.text_content or ""
        elif each.tag == "br":
            yield "\n"


def _messages(html: str) -> Iterator[Node]:
    body = LexborHTMLParser(html).body
    for node in body.iter() if body is not None else ():
        if node.tag == "div" and "message" in classes(node):
            yield node


def _begins(piece: str, node: Node) -> bool:
    return f'id="{node.attributes.get("id")}"' in piece[:600]
