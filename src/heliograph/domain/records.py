"""The rows that travel from the crawler to the store, and the batch that commits them.

A batch is the unit of the promise: its cursor moves and its rows become visible together or not at all. All times
are aware UTC. ``as_of`` is the pts a piece of knowledge is true for: the update's own for a live one, the answer's
for a difference, and for a scan the cursor that was committed *before* the request was sent. Older knowledge never
overwrites newer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from heliograph.domain.identity import AccountId, ChatKind, PeerId, SpaceId

Json = dict[str, Any]
MEDIA_KINDS: Final = (
    *("photo", "video", "round_video", "animation", "audio", "voice", "document", "sticker"),
    *("web_page", "poll", "contact", "geo", "geo_live", "venue", "dice", "game", "invoice", "story"),
    *("giveaway", "giveaway_results", "paid_media", "todo", "video_stream", "unsupported"),
)
Entity = list[Any]
"""``[type, offset, length]`` or ``[type, offset, length, argument]``; offsets in UTF-16 units as Telegram counts."""

IMPORTED_AS_OF: Final = 0
"""``as_of`` of what another program's file told us: older than anything that Telegram told us itself."""
LACKS_DETAIL: Final = 1
"""Bit of ``-as_of`` of an imported row: a page told of it, which has names for ids, and days for times."""
LACKS_MOMENT: Final = 2
"""Bit of ``-as_of`` of an imported row: its dates were converted from the time on somebody's clock."""


def imported_as_of(*, is_page: bool, is_local_time: bool) -> int:
    """Return the ``as_of`` of an imported row: what of two sources says more is known from their bits."""
    return IMPORTED_AS_OF - (LACKS_DETAIL * is_page | LACKS_MOMENT * is_local_time)


def is_imported(as_of: int) -> bool:
    """Say whether only imported files told of a row: the first telling of Telegram lifts its ``as_of`` above theirs."""
    return as_of <= IMPORTED_AS_OF


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxState:
    """A box's counters. Channels use ``pts`` alone; a common box has all of them (seq belongs to the auth key)."""

    pts: int
    qts: int = 0
    seq: int = 0
    date: int = 0
    """Unix seconds, as Telegram's update state has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CursorMove:
    """A cursor moves from exactly ``from_state`` to ``to_state`` under ``epoch``; ``from_state`` None anchors it."""

    box: SpaceId
    from_state: BoxState | None
    to_state: BoxState
    epoch: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message in its form of ``as_of``. Service messages are messages too: they take ids and pts."""

    space_id: SpaceId
    message_id: int
    chat_id: PeerId
    date: datetime
    as_of: int
    sender_id: PeerId | None = None
    author_signature: str | None = None
    text: str = ""
    entities: list[Entity] | None = None
    reply_to_message_id: int | None = None
    reply_to_chat_id: PeerId | None = None
    """Only when the reply crosses chats."""
    reply_quote: str | None = None
    topic_id: int | None = None
    album_id: int | None = None
    forward: Json | None = None
    """``{"from_id", "from_name", "date", "message_id", "author_signature", "saved_from_id",
    "saved_message_id"}``, unset keys absent; date in Unix seconds."""
    media: Json | None = None
    """``{"kind": …, …}``, one of MEDIA_KINDS; see crawler/normalize/media.py for every kind's keys."""
    service: Json | None = None
    """``{"type": "chat_create", …}``: the TL action's name in snake case without its prefix, and its fields."""
    edit_date: datetime | None = None
    is_edit_hidden: bool = False
    is_outgoing: bool = False
    is_pinned: bool = False
    via_bot_id: PeerId | None = None
    ttl_seconds: int | None = None
    raw: bytes = b""
    """The TL object as it came, uncompressed; the store compresses it."""
    layer: int = 0


def is_named_only(message: Message, kind: ChatKind) -> bool:
    """Say whether a message's sender is known by no more than a name: pages have names for ids.

    ``author_signature`` is that name, None for a deleted account. Of what a channel or group says itself it is not.
    """
    is_of_page = message.as_of < IMPORTED_AS_OF and -message.as_of & LACKS_DETAIL > 0 and kind != "channel"
    return message.sender_id is None and (
        is_of_page or (message.service is not None and bool(message.author_signature))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """A deletion. ``chat_id`` is None for a mailbox, whose delete updates name no chat."""

    space_id: SpaceId
    message_id: int
    as_of: int
    deleted_at: datetime
    chat_id: PeerId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """A message was pinned or unpinned. The update tells nothing else of it."""

    space_id: SpaceId
    message_id: int
    is_pinned: bool
    as_of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Counters of a message as seen at one moment: samples, outside the promise of completeness."""

    space_id: SpaceId
    message_id: int
    observed_at: datetime
    views: int | None = None
    forwards: int | None = None
    replies: int | None = None
    reactions: list[Json] | None = None
    """``[{"emoji": "👍", "count": 2}]``; a custom emoji has ``custom_emoji_id`` instead, None where it is unknown."""
    poll: Json | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person or bot. A ``min`` one never replaces a full one."""

    user_id: int
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    is_bot: bool = False
    is_deleted: bool = False
    is_premium: bool = False
    is_min: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A group or channel. ``space_id`` is the channel's own, or the mailbox that is authoritative for a basic group."""

    chat_id: PeerId
    space_id: SpaceId
    kind: ChatKind
    title: str
    username: str | None = None
    member_count: int | None = None
    is_min: bool = False
    is_left: bool = False
    migrated_to_chat_id: PeerId | None = None
    linked_chat_id: PeerId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How one account reaches one peer. Access hashes differ per account and per type."""

    account_id: AccountId
    peer_id: PeerId
    access_hash: int | None
    role: Literal["creator", "admin", "member", "left", "banned"] = "member"


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A forum topic; 1 is General."""

    space_id: SpaceId
    topic_id: int
    title: str
    icon_color: int | None = None
    is_closed: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtyMark:
    """A box that may have news we have not asked for yet. It commits with the account state that named it."""

    box: SpaceId
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """Ids ``first_id``..``last_id`` of a chat, both included, were asked for and are known as of ``as_of``."""

    space_id: SpaceId
    chat_id: PeerId
    first_id: int
    last_id: int
    as_of: int
    source: CoverageSource


CoverageSource = Literal["live", "difference", "backfill", "probe", "hole", "owed", "suspect", "unreachable", "outside"]
"""How a range came to the ledger.

``hole``: whatever the ledger had of it may have changed unseen. ``owed``: it must be asked for, for the first time.
``suspect``: it was asked for and found empty, which a second look has to confirm. ``unreachable``: nobody may ask for
it. ``outside``: it is not wanted, or nobody has such ids yet. Any other source says that it is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditStep:
    """How far the audit of one age of a chat has come; commits with what it found."""

    space_id: SpaceId
    chat_id: PeerId
    tier: int
    """Index into domain/audits.py:TIERS."""
    next_id: int | None = None
    """The next call holds ids above this one; None leaves the round where it is."""
    is_complete: bool = False
    """The round is over: its period is measured, and the next one begins at id 0."""
    checked: int = 0
    edits_found: int = 0
    deletions_found: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownLoss:
    """What cannot be recovered any more, with the interval of pts and time that it lies in."""

    space_id: SpaceId
    from_pts: int
    to_pts: int
    reason: str
    noticed_at: datetime
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch of a box that was not followed as it happened: what was noticed, when, by what, how it closed."""

    space_id: SpaceId
    cause: str
    """One of domain/sync/gaps.py:Cause."""
    from_pts: int
    to_pts: int
    events: int
    """Messages, edits and deletions that the difference brought."""
    noticed_at: datetime
    closed_at: datetime | None
    """When the difference was there; None while it is not, or while a hole is open, which closes it later."""
    is_lost: bool = False
    """Whether the log was gone, so that the hole is what it waits for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """Something that arrived and could not become a row: kept with its raw bytes so that it can be replayed."""

    space_id: SpaceId | None
    message_id: int | None
    raw: bytes
    layer: int
    error: str
    """The kind and place of what went wrong, without any text of a message."""
    kind: Literal["message", "update", "record"] = "message"
    """What ``raw`` holds: a TL message or update, or a row as domain/letters.py writes it."""
    version: str = ""
    """Equal for letters that say the same of one message, so that fetching it again makes no second letter."""
    chat_id: PeerId | None = None
    as_of: int | None = None
    account_id: AccountId | None = None
    """Whose view it is; None when that does not matter or is not known."""
    received_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillProgress:
    """How far a chat's history has been fetched; commits with the page it describes."""

    chat_id: PeerId
    space_id: SpaceId
    next_id: int
    """The next page holds ids above this one (history is read oldest first)."""
    done: int
    total: int
    is_complete: bool
    since: datetime | None
    """The depth it was asked with; a deeper one starts again for the older part."""
    before: tuple[int, bool] | None = None
    """The stored ``next_id`` and ``is_complete`` that this step was made from; it conflicts with any other."""


Origin = Literal["live", "difference", "backfill", "anchor", "peers", "probe"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one step of the engine, one history page or one dialogs page wants committed, all of it or none."""

    origin: Origin
    moves: tuple[CursorMove, ...] = ()
    messages: list[Message] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    dirty: list[DirtyMark] = field(default_factory=list)
    clean: list[SpaceId] = field(default_factory=list)
    """Boxes whose dirty marks this batch answers."""
    coverage: list[Coverage] = field(default_factory=list)
    unconfirmed: list[Coverage] = field(default_factory=list)
    """Single ids of messages that were pushed and that the difference does not speak of: owed if they are new here."""
    audits: list[AuditStep] = field(default_factory=list)
    losses: list[KnownLoss] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    progress: BackfillProgress | None = None
    account_id: AccountId | None = None
    """Whose view the rows are, for those that become dead letters."""
    pushed_at: datetime | None = None
    """When Telegram pushed the earliest update in it (its msg_id's time); None for what we asked for."""

    @property
    def row_count(self) -> int:
        """Number of message-like rows; the writer fills a commit up to a limit of these."""
        return len(self.messages) + len(self.tombstones) + len(self.pins) + len(self.observations)
