"""Which bucket a request is charged to, and who goes first: Telegram limits by method, the order of waiting is ours."""

from __future__ import annotations

from typing import Any, Literal

from telethon.tl import functions

FILES = "files"
"""The only family that FLOOD_PREMIUM_WAIT, a throttle of downloads, is about."""

_FAMILIES: dict[type, str] = {
    functions.messages.GetHistoryRequest: "history",
    functions.messages.GetMessagesRequest: "messages",
    functions.channels.GetMessagesRequest: "messages",
    functions.updates.GetDifferenceRequest: "difference",
    functions.updates.GetStateRequest: "difference",
    functions.updates.GetChannelDifferenceRequest: "channel_difference",
    functions.messages.GetPeerDialogsRequest: "peer_dialogs",
    functions.messages.GetDialogsRequest: "dialogs",
    functions.contacts.ResolveUsernameRequest: "resolve",
    functions.messages.GetMessagesReactionsRequest: "reactions",
    functions.messages.GetForumTopicsRequest: "topics",
    functions.upload.GetFileRequest: "files",
}
Purpose = Literal["difference", "other", "sentinel", "list", "repair", "history", "audit", "files"]
"""What a request is for. It decides who goes first; the method decides which bucket is charged."""
_PRIORITIES: dict[Purpose, int] = {
    "difference": 0,
    "other": 1,
    "sentinel": 2,
    "list": 3,
    "repair": 4,
    "history": 5,
    "audit": 6,
    "files": 7,
}
_PURPOSES: dict[str, Purpose] = {
    "difference": "difference",
    "channel_difference": "difference",
    "peer_dialogs": "sentinel",
    "dialogs": "list",
    "topics": "list",
    "messages": "repair",
    "history": "history",
    "reactions": "audit",
    "files": "files",
}
"""What a request of a family is for unless its caller says otherwise."""


def of(request: Any) -> str:
    """Return the method family that a request is charged to."""
    return _FAMILIES.get(type(request), "other")


def priority(family: str, purpose: Purpose | None = None) -> int:
    """Return a request's place in the order of waiting: the lesser goes first."""
    return _PRIORITIES[purpose or _PURPOSES.get(family, "other")]
