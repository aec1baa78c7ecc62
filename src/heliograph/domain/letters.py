"""Rows as the bytes that a dead letter keeps, and back; and what tells one letter from another.

A row that the store refuses and that has no TL bytes of its own (a deletion, a person, a chat) is written as JSON,
typed, so that it can be committed again as it was.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeAlias

import msgspec

from heliograph.domain import records

Record: TypeAlias = (
    records.Message
    | records.Tombstone
    | records.Pin
    | records.Observation
    | records.User
    | records.Chat
    | records.Access
    | records.Topic
)
FIELDS: Final[dict[type[Record], str]] = {
    records.Message: "messages",
    records.Tombstone: "tombstones",
    records.Pin: "pins",
    records.Observation: "observations",
    records.User: "users",
    records.Chat: "chats",
    records.Access: "accesses",
    records.Topic: "topics",
}
"""The rows that can become letters, and where a batch has them."""

_BY_NAME: Final = {each.__name__: each for each in FIELDS}


class Unreadable(ValueError):
    """The bytes are no row of this version."""


def encode(row: Record) -> bytes:
    """Return a row as JSON: its class and its fields. One that JSON cannot hold is described, and cannot be read back.

    It never raises: a row that is broken enough to be here must not stop the commit beside it.
    """
    name = type(row).__name__
    try:
        return msgspec.json.encode({name: row})
    except Exception:  # whatever a broken row holds: numbers beyond 64 bits, half a surrogate pair
        return msgspec.json.encode({name: repr(row).encode("utf-8", "backslashreplace").decode()})


def decode(raw: bytes) -> Record:
    """Return the row that :func:`encode` wrote. Raises Unreadable."""
    try:
        ((name, body),) = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items()
        row: Record = msgspec.json.decode(body, type=_BY_NAME[name])
    except (msgspec.MsgspecError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise Unreadable("the bytes are no row that this version knows") from error
    return row


def version(*parts: Any) -> str:
    """Return a hash of what makes a letter another one than those of the same message."""
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
