"""What an export reads: a chat, and a message with everything that is kept beside it."""

from __future__ import annotations

from collections import defaultdict
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
    *("edited_at", "deleted_at", "stored_at", "text_date", "given_name"),
    *("file_state", "file_sha256", "file_name", "file_size", "file_mime_type"),
    *("observed_at", "views", "forwards", "replies", "reactions", "poll"),
)
REVISION_COLUMNS: Final = (
    "message_id",
    "edit_date",
    "until_date",
    "as_of",
    "stored_at",
    "text",
    "entities",
    "media",
)
OBSERVATION_COLUMNS: Final = ("message_id", "observed_at", "views", "forwards", "replies", "reactions", "poll")
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
class Mailbox:
    """Where an imported chat stands apart, and what its export said that it is."""

    key: str
    kind: str | None
    """Telegram Desktop's type."""
    number: int | None
    """Telegram's bare id."""


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
    mailbox: Mailbox | None = None
    """Of a chat of which nobody knows whose it is."""


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
    text_date: datetime | None
    """The edit date under which the present text was first seen, None for the text that was sent first."""
    file: StoredFile | None
    observation: records.Observation | None
    """The newest counters."""
    revisions: Sequence[ExportedRevision] = ()
    """Earlier texts, oldest first, when they were asked for; the present one is not among them."""
    observations: Sequence[records.Observation] = ()
    """Earlier counters, oldest first, when they were asked for; the newest is ``observation``."""
    people: Mapping[int, Person] = field(default_factory=dict)
    """Who the marked ids in this message are: sender, forward, via bot, and people that a service message names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPage:
    """Some messages of a chat as plain rows, with what belongs to them; a third of the work of objects."""

    rows: Sequence[Row]
    people: Mapping[int, Person]
    """Who the marked ids in these rows are."""
    revisions: Sequence[Row] = ()
    """Rows of :data:`REVISION_COLUMNS`, by message and then oldest first."""
    observations: Sequence[Row] = ()
    """Earlier counters, rows of :data:`OBSERVATION_COLUMNS`, by message and then oldest first."""

    def counts(self) -> dict[str, int]:
        """Return how many rows of which table these are; the newest counters are observations too."""
        newest = sum(row[AT["observed_at"]] is not None for row in self.rows)
        return {
            "messages": len(self.rows),
            "revisions": len(self.revisions),
            "observations": len(self.observations) + newest,
        }

    def messages(self) -> list[ExportedMessage]:
        """Return the rows as objects."""
        revisions = _by_message(self.revisions)
        observations = _by_message(self.observations)
        return [
            _message(row, self.people, revisions.get(row[2], ()), observations.get(row[2], ())) for row in self.rows
        ]


def _message(
    row: Row, people: Mapping[int, Person], revisions: Sequence[Row], observations: Sequence[Row]
) -> ExportedMessage:
    told = records.Message(**dict(zip(MESSAGE_COLUMNS, row[:_MESSAGE_END], strict=True)))
    edited_at, deleted_at, stored_at, text_date, _ = row[_MESSAGE_END : _MESSAGE_END + 5]
    newest = row[_OBSERVATION]
    return ExportedMessage(
        message=told,
        sender=None if told.sender_id is None else people.get(told.sender_id),
        edited_at=edited_at,
        deleted_at=deleted_at,
        stored_at=stored_at,
        text_date=text_date,
        file=_file(row),
        observation=None if newest[0] is None else _observation(told.space_id, (told.message_id, *newest)),
        revisions=[ExportedRevision(**dict(zip(REVISION_COLUMNS, each, strict=True))) for each in revisions],
        observations=[_observation(told.space_id, each) for each in observations],
        people=people,
    )


def _file(row: Row) -> StoredFile | None:
    state, sha256, name, size, mime_type = row[_FILE]
    if state is None:
        return None
    return StoredFile(state=state, sha256=sha256, name=name, size=size, mime_type=mime_type)


def _observation(space_id: identity.SpaceId, row: Row) -> records.Observation:
    return records.Observation(space_id=space_id, **dict(zip(OBSERVATION_COLUMNS, row, strict=True)))


def _by_message(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found
