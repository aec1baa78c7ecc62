"""The words of an article in a page, which versions since 2026 write: the same lines as ``desktop.rich`` makes of JSON.

Only elements and ``<br>`` divide lines; line ends of the markup, with the blanks behind them, are the page's own.
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.domain import records
from heliograph.exchange import paths
from heliograph.exchange.desktop.markup import nodes

CLASS: Final = "rich_message"

_BLOCKS: Final = frozenset(
    {
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "footer", "address", "pre", "ul", "ol", "li", "blockquote", "aside"),
        *("cite", "details", "summary", "div", "table", "caption", "thead", "tbody", "tr", "figure", "figcaption"),
        *("section", "article", "hr"),
    }
)
_CELLS: Final = ("td", "th")
_CARDS: Final = ("rich_related_article", "rich_reference_block", "rich_embed_post_author")
"""What stands in a box of its own with a title that is the article's own."""
_NO_WORDS: Final = frozenset(
    {
        *("media_wrap", "media", "rich_source_meta", "rich_embed_post_meta", "rich_fallback", "rich_inline_fallback"),
        *("rich_task_marker", "rich_order_marker", "rich_diff_previous"),
    }
)
"""Classes of what the page adds: boxes of files, addresses, numbers of items, "Unsupported rich content"."""
_PAGE_SPACE: Final = re.compile(r"\n[ \t]*")


def keys(node: nodes.Node, folder: str) -> records.Json:
    """Return the keys of a message whose text is an article; ``folder`` is the page's, for files it links to."""
    text = "\n".join(line for line in _Lines().of(node) if line)
    found: records.Json = {"text": text, "text_entities": [{"type": "plain", "text": text}] if text else []}
    files = [path for link in node.css("a[href]") if (path := _file(link, folder))]
    if files:
        found[CLASS] = {"blocks": [{"type": "file", "file": path} for path in files]}
    return found


def _file(link: nodes.Node, folder: str) -> str | None:
    parent = link.parent
    is_box = "media" in nodes.classes(link) or (parent is not None and "media_wrap" in nodes.classes(parent))
    return paths.within(folder, nodes.attribute(link, "href")) if is_box else None


class _Lines:
    """Gathers words until an element begins or ends a line."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._open: list[str] = []

    def of(self, node: nodes.Node) -> list[str]:
        """Return the lines of an element."""
        self._within(node)
        self._end()
        return self._done

    def _end(self) -> None:
        self._done += "".join(self._open).strip(" ").split("\n") if self._open else ()
        self._open = []

    def _within(self, node: nodes.Node) -> None:
        for child in node.iter(include_text=True):
            self._take(child)

    def _take(self, node: nodes.Node) -> None:
        if node.tag == nodes.TEXT:
            self._open.append(_PAGE_SPACE.sub("", node.text_content or ""))
        elif node.tag == "br":
            self._open.append("\n")
        elif node.tag == "tr":
            self._end()
            cells = [" ".join(_Lines().of(cell)) for cell in node.iter() if cell.tag in _CELLS]
            self._done.append(" | ".join(cells))
        elif (classes := nodes.classes(node)).isdisjoint(_NO_WORDS):
            self._element(node, classes)

    def _element(self, node: nodes.Node, classes: set[str]) -> None:
        is_block = node.tag in _BLOCKS
        if is_block:
            self._end()
        if not classes.isdisjoint(_CARDS):
            self._done.append(nodes.text(nodes.within(node, ".title")))
        if "rich_author_date" in classes:
            # The date has a column of its own in JSON.
            self._open.append(nodes.own_text(node).rstrip(" •"))
        else:
            self._within(node)
        if is_block:
            self._end()
