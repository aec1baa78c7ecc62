"""What the API answers: the shapes that the page, the live stream and other programs rely on.

Ids: ``chat_id`` and ``sender.id`` are marked as in the Bot API. Album ids are 64-bit and travel as text, since
JavaScript numbers are not. Times are ISO 8601 in UTC. Entity offsets count UTF-16 units, as JavaScript strings do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

ChatKind = Literal["channel", "supergroup", "forum", "group", "private"]
ChatStatus = Literal["active", "inactive", "error", "initializing"]


class Problem(BaseModel):
    """An error, as RFC 9457 problem details (application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Sender(BaseModel):
    """Who wrote a message: a user, or a channel or group that posts as itself."""

    id: int
    kind: Literal["user", "chat", "channel"]
    name: str
    username: str | None = None
    is_bot: bool = False
    is_deleted: bool = False


class SenderList(BaseModel):
    """Senders, best match first."""

    senders: list[Sender]


class Entity(BaseModel):
    """A marked stretch of text."""

    type: str
    offset: int
    length: int
    argument: str | int | None = None
    """The URL of a text_url, the user id of a mention_name, the language of a pre, the id of a custom emoji."""


class ReplyPreview(BaseModel):
    """The message that is replied to, when it is stored."""

    sender_name: str | None
    text: str
    is_deleted: bool


class Reply(BaseModel):
    """What a message answers."""

    message_id: int
    chat_id: int | None = None
    """Only when it lies in another chat."""
    quote: str | None = None
    preview: ReplyPreview | None = None


class Reaction(BaseModel):
    """How often one reaction was chosen: an emoji, a star that was paid, else a custom emoji."""

    emoji: str | None = None
    custom_emoji_id: str | None = None
    """None for one of which an imported file tells the count only."""
    is_paid: bool = False
    count: int


class Message(BaseModel):
    """One message in its newest stored form."""

    chat_id: int
    message_id: int
    date: datetime
    sender: Sender | None
    author_signature: str | None = None
    text: str
    entities: list[Entity] = []
    reply_to: Reply | None = None
    topic_id: int | None = None
    album_id: str | None = None
    forward: dict[str, Any] | None = None
    media: dict[str, Any] | None = None
    """``kind`` says what it is: photo, video, voice, document, poll, …; the other keys depend on it. What carries a
    file has ``file`` with ``state``, ``sha256``, ``size``, ``name`` and ``mime_type``. States: ``remote`` (it is at
    Telegram), ``stored`` (at ``/api/media/{sha256}``), ``missing``, ``not_included``, ``too_large`` and ``unavailable``
    (what an import found or was told)."""
    service: dict[str, Any] | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    revision_count: int = 0
    """Earlier texts that /api/messages/…/revisions gives."""
    views: int | None = None
    forwards: int | None = None
    replies: int | None = None
    reactions: list[Reaction] = []
    is_imported: bool
    """Only an imported file told of it: Telegram has not confirmed it."""


class LastMessage(BaseModel):
    """The newest message of a chat, in a line."""

    message_id: int
    date: datetime
    sender_name: str | None
    text: str
    media_kind: str | None
    service_type: str | None
    is_deleted: bool


class Topic(BaseModel):
    """A forum topic."""

    topic_id: int
    title: str
    icon_color: int | None
    is_closed: bool


class Progress(BaseModel):
    """Backfill of a chat, in messages."""

    done: int
    total: int
    is_complete: bool


class Chat(BaseModel):
    """A mirrored chat."""

    chat_id: int
    kind: ChatKind
    title: str
    username: str | None
    status: ChatStatus
    member_count: int | None
    message_count: int
    last_message: LastMessage | None
    progress: Progress | None
    last_error: str | None
    is_import: bool
    """All that is here of it was imported: no account has seen it."""
    topics: list[Topic] = []
    """Filled by /api/chats/{chat_id} alone."""


class ChatList(BaseModel):
    """All chats, newest message first."""

    chats: list[Chat]


class MessagePage(BaseModel):
    """Messages oldest first, with the ids to go on from."""

    messages: list[Message]
    before: int | None
    """Pass as ``before`` for the older page; None at the beginning."""
    after: int | None
    """Pass as ``after`` for the newer page; None at the end."""
    anchor: int | None = None
    """The message an ``around`` or ``date`` request landed on."""


class Revision(BaseModel):
    """An earlier or present text of a message."""

    text: str
    entities: list[Entity]
    edited_at: datetime | None
    """When this text was written, as its source says; None for the first."""
    stored_at: datetime
    is_imported: bool
    """Only an imported file told of this text: Telegram has not confirmed it."""


class RevisionList(BaseModel):
    """All texts of a message, oldest first, the present one last."""

    revisions: list[Revision]


class SearchHit(BaseModel):
    """A found message. ``snippet`` marks hits with U+E000 before and U+E001 after."""

    message: Message
    chat_title: str
    snippet: str
    rank: float


class SearchResult(BaseModel):
    """Ranked hits."""

    hits: list[SearchHit]
    total: int
    """Matches among the ranked newest set."""
    is_truncated: bool
    """True when more matched than the ranked newest set holds."""
    ranked_newest: int
    """How many of the newest matches are ranked at most."""


class BudgetStatus(BaseModel):
    """How fast an account may use one family of Telegram's methods, in requests per second."""

    family: str
    per_second: float
    """The pace that is believed to last: learned, or configured while nothing was learned."""
    configured_per_second: float
    may_rise: bool
    """Whether the pace may be learned above the configured one: for defaults, not for budgets of your own."""
    learned_at: datetime | None = None
    flooded_at: datetime | None = None
    """When Telegram last refused it."""
    frozen_until: datetime | None = None


class AccountLimit(BaseModel):
    """Telegram has limited the account itself, which no waiting ends; noticed within the last day."""

    error: str
    noticed_at: datetime


class AccountStatus(BaseModel):
    """An account that mirrors."""

    account_id: int
    label: str
    user_id: int
    state: str
    chats: int
    frozen: dict[str, datetime] = {}
    """Until when Telegram refuses which method family; ``opening`` stands for connections."""
    limited: AccountLimit | None = None
    budgets: list[BudgetStatus] = []


class Process(BaseModel):
    """One crawler, as it last said of itself. ``stalled``: a part of it, or all of it, has stopped moving."""

    role: str
    holder: str
    """``host:pid``."""
    state: Literal["running", "stalled", "draining"]
    beat_at: datetime
    loop_lag_seconds: float
    feed_lag_seconds: float
    writer_lag_seconds: float
    spooled_batches: int
    spooled_bytes: int
    spool_off: Literal["switched_off", "in_use", "unusable"] | None = None
    """Why it has no spool: its quota is 0, another crawler has it, or its disk refuses it."""


class Status(BaseModel):
    """The state of the whole installation."""

    version: str
    crawler: Literal["running", "stalled", "stopped"]
    crawler_seen_at: datetime | None
    worker: Literal["running", "stopped"]
    """What makes exports."""
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
    """Newest outbox position, ``epoch.n``."""


# The live stream. The client opens /api/live?after=EPOCH.N (or without, to start now) and gets these as JSON texts.


class LiveHello(BaseModel):
    """First on every connection."""

    type: Literal["hello"] = "hello"
    position: str


class LiveMessage(BaseModel):
    """A message is new, was edited or was deleted: the newest stored form. ``change`` says what happened."""

    type: Literal["message"] = "message"
    position: str
    change: Literal["new", "edit", "delete", "observation"]
    message: Message


class LiveRange(BaseModel):
    """History of a chat was added in bulk; refetch what is shown of it."""

    type: Literal["range"] = "range"
    position: str
    chat_id: int
    first_id: int
    last_id: int
    count: int


class LiveChat(BaseModel):
    """A chat appeared or its title, status or progress changed; refetch it."""

    type: Literal["chat"] = "chat"
    position: str
    chat_id: int


class LiveResync(BaseModel):
    """The position asked for is of another epoch or no longer kept: refetch everything, then go on from here."""

    type: Literal["resync"] = "resync"
    position: str


class LiveDelayed(BaseModel):
    """What is shown is late since a moment; nothing is lost by that. Sent once, and first to whoever comes meanwhile.

    ``database``: it does not answer. ``crawler``: the crawler has not been heard of. ``catching_up``: what was kept
    during an outage is being written.
    """

    type: Literal["delayed"] = "delayed"
    since: datetime
    reason: Literal["database", "crawler", "catching_up"]


class LiveOnTime(BaseModel):
    """What is shown is as new as Telegram's again."""

    type: Literal["on_time"] = "on_time"


LiveEvent = Annotated[
    LiveHello | LiveMessage | LiveRange | LiveChat | LiveResync | LiveDelayed | LiveOnTime, Field(discriminator="type")
]
