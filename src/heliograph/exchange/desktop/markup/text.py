"""Formatted text of a page as Desktop's flat list of parts.

Desktop's pages have no formatting within formatting; where another program put some, the outermost counts.
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.domain import records
from heliograph.exchange import paths
from heliograph.exchange.desktop.markup import nodes, rich

_TAGS: Final = {
    "strong": "bold",
    "b": "bold",
    "em": "italic",
    "i": "italic",
    "u": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_ARGUMENTS: Final[dict[str, records.Json]] = {"pre": {"language": ""}, "blockquote": {"collapsed": False}}
_SCRIPTS: Final = {
    "ShowHashtag": "hashtag",
    "ShowCashtag": "cashtag",
    "ShowBotCommand": "bot_command",
    "ShowMentionName": "mention_name",
}
_SCRIPT: Final = re.compile(r"return (\w+)\(")
_EMOJI_FILE: Final = re.compile(r"\A(?![A-Za-z][A-Za-z0-9+.-]*:)(?:.*/)?(?:stickers|custom_emoji)/[^/]+\Z")
_PAGE_END: Final = re.compile(r"\n *\Z")


def keys(node: nodes.Node | None, folder: str) -> records.Json:
    """Return ``text`` and ``text_entities`` of a text's element; ``folder`` is the page's, for files it links to."""
    if node is not None and rich.CLASS in nodes.classes(node):
        return rich.keys(node, folder)
    parts = _trimmed(_parts(node, folder)) if node is not None else []
    if not parts:
        return {"text": "", "text_entities": []}
    if len(parts) == 1 and parts[0]["type"] == "plain":
        return {"text": parts[0]["text"], "text_entities": parts}
    return {
        "text": [part["text"] if part["type"] == "plain" else part for part in parts],
        "text_entities": parts,
    }


def _parts(node: nodes.Node, folder: str) -> list[records.Json]:
    parts: list[records.Json] = []
    for child in node.iter(include_text=True):
        part = _part(child, folder)
        if part["type"] == "plain" and parts and parts[-1]["type"] == "plain":
            parts[-1]["text"] += part["text"]
        elif part["text"]:
            parts.append(part)
    return parts


def _part(node: nodes.Node, folder: str) -> records.Json:
    if node.tag == nodes.TEXT:
        return {"type": "plain", "text": node.text_content or ""}
    if node.tag == "br":
        return {"type": "plain", "text": "\n"}
    text = nodes.inner_text(node)
    if node.tag == "a":
        return {**_link(node, text, folder), "text": text}
    if node.tag == "span" and "spoiler" in nodes.classes(node):
        return {"type": "spoiler", "text": text}
    kind = _TAGS.get(node.tag or "", "plain")
    return {"type": kind, "text": text, **_ARGUMENTS.get(kind, {})}


def _link(node: nodes.Node, text: str, folder: str) -> records.Json:
    if script := _SCRIPT.search(nodes.attribute(node, "onclick")):
        if script[1] in _SCRIPTS:
            return {"type": _SCRIPTS[script[1]]}
        return {"type": "custom_emoji", "document_id": ""} if "Emoji" in script[1] else {"type": "plain"}
    href = nodes.attribute(node, "href")
    for kind, target in (("email", f"mailto:{text}"), ("phone", f"tel:{text}"), ("link", text)):
        if href == target:
            return {"type": kind}
    if text.startswith("@") and re.fullmatch(rf"https?://[^/]+/{re.escape(text[1:])}", href):
        return {"type": "mention"}
    if _EMOJI_FILE.search(href):
        return {"type": "custom_emoji", "document_id": paths.within(folder, href) or ""}
    return {"type": "text_link", "href": href}


def _trimmed(parts: list[records.Json]) -> list[records.Json]:
    """Take away the line ends that the page has around a text."""
    if parts and parts[0]["type"] == "plain":
        parts[0]["text"] = parts[0]["text"].removeprefix("\n")
    if parts and parts[-1]["type"] == "plain":
        parts[-1]["text"] = _PAGE_END.sub("", parts[-1]["text"])
    return [part for part in parts if part["text"]]
