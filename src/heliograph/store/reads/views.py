"""The shapes that reading gives, ready to become JSON: field for field those of the API (web/schemas.py).

They are plain dataclasses, since the live stream makes a thousand of them a second; tests hold them against the
API's schemas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who wrote a message."""

    id: int
    kind: str
    name: str
    username: str | None
    is_bot: bool
    is_deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyPreview:
    """The stored message that is replied to."""

    sender_name: str | None
    text: str
    is_deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a message answers."""

    message_id: int
    chat_id: int | None
    quote: str | None
    preview: ReplyPreview | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message in its newest stored form."""

    chat_id: int
    message_id: int
    date: datetime
    sender: Sender | None
    author_signature: str | None
    text: str
    entities: list[Json]
    reply_to: Reply | None
    topic_id: int | None
    album_id: str | None
    forward: Json | None
    media: Json | None
    service: Json | None
    edited_at: datetime | None
    deleted_at: datetime | None
    revision_count: int
    views: int | None
    forwards: int | None
    replies: int | None
    reactions: list[Json]
    is_imported: bool
    """Only an imported file told of it: Telegram has not confirmed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePage:
    """Messages oldest first, with the ids to go on from."""

    messages: list[Message]
    before: int | None
    after: int | None
    anchor: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One text of a message."""

    text: str
    entities: list[Json]
    edited_at: datetime | None
    stored_at: datetime
    is_imported: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LastMessage:
    """The newest message of a chat, in a line."""

    message_id: int
    date: datetime
    sender_name: str | None
    text: str
    media_kind: str | None
    service_type: str | None
    is_deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A forum topic."""

    topic_id: int
    title: str
    icon_color: int | None
    is_closed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Backfill, in messages."""

    done: int
    total: int
    is_complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A mirrored chat."""

    chat_id: int
    kind: str
    title: str
    username: str | None
    status: str
    member_count: int | None
    message_count: int
    last_message: LastMessage | None
    progress: Progress | None
    last_error: str | None
    is_import: bool
    """All that is here of it was imported: no account of ours has seen it."""
    topics: list[Topic] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """A found message."""

    message: Message
    chat_title: str
    snippet: str
    rank: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """Ranked hits of a bounded newest set."""

    hits: list[SearchHit]
    total: int
    is_truncated: bool
    ranked_newest: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetStatus:
    """How fast an account may use one method family, in requests per second."""

    family: str
    per_second: float
    configured_per_second: float
    may_rise: bool
    learned_at: datetime | None
    flooded_at: datetime | None
    frozen_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountLimit:
    """Telegram has limited the account itself."""

    error: str
    noticed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountStatus:
    """An account that mirrors."""

    account_id: int
    label: str
    user_id: int
    state: str
    chats: int
    frozen: dict[str, datetime]
    limited: AccountLimit | None
    budgets: list[BudgetStatus]


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One crawler, as it last said of itself: what it lags behind in seconds, and what it keeps for the database."""

    role: str
    holder: str
    state: str
    beat_at: datetime
    loop_lag_seconds: float
    feed_lag_seconds: float
    writer_lag_seconds: float
    spooled_batches: int
    spooled_bytes: int
    spool_off: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The state of the whole installation."""

    version: str
    crawler: str
    crawler_seen_at: datetime | None
    worker: str
    processes: list[Process]
    accounts: list[AccountStatus]
    chats: int
    messages: int
    revisions: int
    tombstones: int
    dirty_boxes: int
    open_holes: int
    known_losses: int
    dead_letters: int
    backfill: Progress
    position: str


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Position:
    """A place in the outbox. Only positions of one epoch can be compared."""

    epoch: int
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.n}"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEvent:
    """One row of the outbox; ``message`` is there for kind ``message`` unless it is no longer stored."""

    position: Position
    kind: str
    change: str | None
    chat_id: int
    first_id: int | None
    last_id: int | None
    count: int | None
    pushed_at: datetime | None
    message: Message | None
