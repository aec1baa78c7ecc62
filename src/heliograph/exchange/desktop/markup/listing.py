"""What ``lists/chats.html`` of an account's export says of each chat: its kind, and whether the account left it."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborHTMLParser

from heliograph.exchange import paths
from heliograph.exchange.desktop.markup import nesting, nodes

MAX_BYTES: Final = 32 << 20
_KINDS: Final = {
    "private": "personal_chat",
    "bot": "bot_chat",
    "group": "private_group",
    "channel": "private_channel",
}
_NAMES: Final = {"Saved messages": "saved_messages", "Replies": "replies"}


def read(page: bytes) -> dict[str, tuple[str, bool]]:
    """Return Desktop's type and is_left for each chat, by its folder in the export ("chats/chat_01")."""
    found: dict[str, tuple[str, bool]] = {}
    page = page[max(page.find(b"<div"), 0) :]
    if nesting.is_too_deep(page):
        return found
    is_left = False
    for node in LexborHTMLParser(page.decode(errors="replace")).css("div.page_about, a.entry"):
        if node.tag == "div":
            is_left = "left" in nodes.text(node).lower().split()
            continue
        path = paths.within("lists", nodes.attribute(node, "href").partition("#")[0])
        if path is not None:
            kind = _KINDS.get(nodes.text(nodes.within(node, ".info")), "")
            kind = _NAMES.get(nodes.text(nodes.within(node, ".name")), kind) if kind == "personal_chat" else kind
            found[path.rpartition("/")[0]] = (kind, is_left)
    return found
