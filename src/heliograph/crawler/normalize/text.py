"""Formatting entities and the links in a text. Offsets count UTF-16 units, as Telegram does."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from telethon.tl import types

from heliograph.domain import records

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_ARGUMENTS: dict[type, str] = {
    types.MessageEntityTextUrl: "url",
    types.MessageEntityMentionName: "user_id",
    types.InputMessageEntityMentionName: "user_id",
    types.MessageEntityPre: "language",
    types.MessageEntityCustomEmoji: "document_id",
    types.MessageEntityDiffReplace: "old_text",
    types.MessageEntityFormattedDate: "date",
}


def snake(name: str) -> str:
    """Return a TL name such as ``ChatAddUser`` in snake case."""
    return _HUMP.sub("_", name).lower()


_NAMES: dict[type, str] = {
    cls: snake(name.removeprefix("Input").removeprefix("MessageEntity"))
    for name, cls in vars(types).items()
    if name.startswith(("MessageEntity", "InputMessageEntity"))
}


def entities(tl: list[Any] | None) -> list[records.Entity] | None:
    """Return ``[type, offset, length]`` or ``[type, offset, length, argument]`` for each entity."""
    if not tl:
        return None
    return [_entity(each) for each in tl]


def links(message: records.Message) -> list[str]:
    """Return the addresses that a message's text links to, in order and each once."""
    found: dict[str, None] = {}
    units: bytes | None = None
    for kind, offset, length, *argument in message.entities or ():
        if kind == "text_url" and argument:
            found[argument[0]] = None
        elif kind == "url":
            units = units or message.text.encode("utf-16-le", "surrogatepass")
            found[units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")] = None
    page = message.media.get("url") if message.media and message.media["kind"] == "web_page" else None
    if page:
        found[page] = None
    return list(found)


def plain(value: Any) -> str:
    """Return the text of a textWithEntities, or of a string."""
    text = getattr(value, "text", value)
    return text if isinstance(text, str) else ""


def unix(moment: datetime | None) -> int | None:
    """Return a moment in Unix seconds, as Telegram sends it."""
    return None if moment is None else int(moment.timestamp())


def _entity(tl: Any) -> records.Entity:
    kind = type(tl)
    name = _ARGUMENTS.get(kind)
    if name is None:
        return [_NAMES[kind], tl.offset, tl.length]
    argument = getattr(tl, name)
    if isinstance(argument, datetime):
        argument = unix(argument)
    elif not isinstance(argument, (int, str)):
        argument = getattr(argument, "user_id", None)
    return [_NAMES[kind], tl.offset, tl.length, argument]
