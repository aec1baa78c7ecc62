"""Service messages: the action's name in snake case and whatever plain fields it has.

Every class is treated alike, so an action of a newer layer needs no code: numbers, texts, flags, lists of numbers and
of tasks, moments (Unix seconds) and peers (marked ids) are kept; other nested objects stay in the raw bytes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from telethon.tl import types

from heliograph.crawler.normalize import peer, text
from heliograph.domain import records

_RENAMED = {"users": "user_ids", "message": "text", "list": "items"}
"""``message_id`` names a message elsewhere, so a text field that TL calls ``message`` is a text here; a ``list`` has
the tasks that were added to one."""


def service(action: Any, *, reply_to_message_id: int | None) -> records.Json:
    """Return ``{"type": …, …}`` for a MessageAction; a pin tells the pinned message by the reply it carries."""
    name = type(action).__name__.removeprefix("MessageAction")
    found: records.Json = {"type": text.snake(name)}
    for key, value in vars(action).items():
        plain = _plain(value)
        if plain is not None:
            found[_RENAMED.get(key, key)] = plain
    if name == "PinMessage" and reply_to_message_id:
        found["message_id"] = reply_to_message_id
    return found


def _plain(value: Any) -> Any:
    if value is None or value is False or isinstance(value, bytes):
        return None
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return text.unix(value)
    if isinstance(value, list):
        return _list(value)
    return text.plain(value) or None if type(value) is types.TextWithEntities else peer.peer_id(value)


def _list(value: list[Any]) -> Any:
    if value and all(type(each) is types.TodoItem for each in value):
        return [text.plain(each.title) for each in value]
    numbers = [each for each in value if isinstance(each, int)]
    return numbers if len(numbers) == len(value) else None
