"""What an export reads: a chat, and a message with everything that is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from heliograph.domain import identity, records

Row = tuple[Any, ...]
"""One message as the query gives it: a value for each of :data:`COLUMNS`."""

MESSAGE_COLUMNS: Final = (
    *("space_id", "chat_id", "message_id", "date", "as_of", "sender_id", "author_signature", "text", "entities"),
    *("reply_to_message_id", "reply_to_chat_id", "reply_quote", "topic_id", "album_id", "forward", "media", "service"),
    *("edit_date", "is_edit_hidden", "is_outgoing", "is_pinned", "via_bot_id", "ttl_seconds", "layer"),
)
"""Columns of ``messages`` that are fields of records.Message by the same name; raw TL objects are not exported."""
COLUMNS: Final = (
    *MESSAGE_COLUMNS,
    *("edited_at", "deleted_at", "stored_at"),
    *("file_state", "file_sha256", "file_name", "file_size", "file_mime_type"),
    *("observed_at", "views", "forwards", "replies", "reactions", "poll"),
)
AT: Final = {name: place for place, name in enumerate(COLUMNS)}
"""Where in a row a column is."""
_FILE: Final = slice(AT["file_state"], AT["file_mime_type"] + 1)
_OBSERVATION: Final = slice(AT["observed_at"], AT["poll"] + 1)
_MESSAGE_END: Final = len(MESSAGE_COLUMNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who a marked id is: a user, a group or a channel."""

    peer_id: int
    name: str | None
    """None when nothing but the id is known."""
    username: str | None = None
    is_bot: bool = False
    is_deleted: bool = False
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """The file of a message. ``sha256`` is set when media storage has it (state ``stored``)."""

    state: str
    sha256: bytes | None = None
    name: str | None = None
    size: int | None = None
    """Bytes."""
    mime_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A forum topic."""

    topic_id: int
    title: str
    is_closed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedChat:
    """A chat, with the topics of a forum in the order of their ids."""

    chat_id: identity.PeerId
    space_id: identity.SpaceId
    kind: identity.ChatKind
    title: str
    username: str | None = None
    member_count: int | None = None
    message_count: int = 0
    """All of its stored messages, deleted ones included, whatever the filter."""
    is_left: bool = False
    linked_chat_id: int | None = None
    migrated_to_chat_id: int | None = None
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedRevision:
    """An earlier text of a message. ``edit_date`` is when it was made, None for the first text of all."""

    message_id: int
    edit_date: datetime | None
    until_date: datetime | None
    """The last edit date that this text was seen under, when that is another."""
    as_of: int
    stored_at: datetime
    text: str
    entities: list[records.Entity] | None = None
    media: records.Json | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedMessage:
    """A message with what is known of it. ``message.raw`` is empty: Telegram's own bytes are not exported."""

    message: records.Message
    sender: Person | None
    edited_at: datetime | None
    """When people see it as edited; ``message.edit_date`` counts hidden edits (reactions, previews) too."""
    deleted_at: datetime | None
    stored_at: datetime
    file: StoredFile | None
    observation: records.Observation | None
    """The newest counters."""
    revisions: Sequence[ExportedRevision] = ()
    """Earlier texts, oldest first, when they were asked for; the present one is not among them."""
    observations: Sequence[records.Observation] = ()
    """Earlier counters, oldest first, when they were asked for; the newest is ``observation``."""
    people: Mapping[int, Person] = field(default_factory=dict)
    """Who the marked ids in this message are: sender, forward, via bot, and people that a service message names."""


def message(row: Row, people: Mapping[int, Person]) -> ExportedMessage:
    """Return a row as an object, without revisions and earlier observations."""
    told = records.Message(**dict(zip(MESSAGE_COLUMNS, row[:_MESSAGE_END], strict=True)))
    edited_at, deleted_at, stored_at = row[_MESSAGE_END : _MESSAGE_END + 3]
    return ExportedMessage(
        message=told,
        sender=None if told.sender_id is None else people.get(told.sender_id),
        edited_at=edited_at,
        deleted_at=deleted_at,
        stored_at=stored_at,
        file=file(row),
        observation=_observation(row),
        people=people,
    )


def file(row: Row) -> StoredFile | None:
    """Return the file of a row's message."""
    state, sha256, name, size, mime_type = row[_FILE]
    if state is None:
        return None
    return StoredFile(state=state, sha256=sha256, name=name, size=size, mime_type=mime_type)


def _observation(row: Row) -> records.Observation | None:
    observed_at, views, forwards, replies, reactions, poll = row[_OBSERVATION]
    if observed_at is None:
        return None
    return records.Observation(
        space_id=row[0],
        message_id=row[2],
        observed_at=observed_at,
        views=views,
        forwards=forwards,
        replies=replies,
        reactions=reactions,
        poll=poll,
    )
