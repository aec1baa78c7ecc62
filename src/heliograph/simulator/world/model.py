"""What exists: users, chats, messages, and each account's mailbox.

Everything here is plain data; ``operations`` change it, and each change lands in the boxes it concerns. Content is
kept in the words of the ground truth (entities as lists, media, service actions and forwards as dicts), so that the
truth is read off the model, and TL is made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from heliograph.simulator.world import ids
from heliograph.simulator.world.boxes import Box

ChatKind = Literal["channel", "supergroup", "forum", "group", "private"]
Role = Literal["creator", "admin", "member"]
Json = dict[str, Any]

LONG_GONE = 0.0
"""When what was deleted before the world began was deleted: nobody ever saw it."""


@dataclass(slots=True, kw_only=True)
class User:
    """A person or a bot. ``is_account`` ones have signed up here and own a mailbox."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    phone: str | None = None
    password: str | None = None
    language: str = "en"
    is_bot: bool = False
    is_premium: bool = False
    is_deleted: bool = False
    is_account: bool = False
    version: int = 0
    """Grows with each change; caches of its TL form compare it."""


class Reply(NamedTuple):
    """What a message answers. ``message_id`` counts in the chat's own numbering."""

    message_id: int
    chat: int | None = None
    quote: str | None = None


class Message:
    """One message. ``id`` is its number in the chat: a channel's message id, or a local number in a mailbox chat."""

    __slots__ = (
        "action",
        "album",
        "author",
        "box_ids",
        "cached",
        "comments",
        "date",
        "deleted_at",
        "edit_date",
        "entities",
        "extra",
        "forward",
        "forwards",
        "id",
        "is_edit_hidden",
        "is_pinned",
        "media",
        "pushed_at",
        "reactions",
        "reply",
        "sender",
        "text",
        "topic",
        "versions",
        "views",
    )

    def __init__(
        self,
        id: int,
        date: int,
        sender: int | None,
        text: str = "",
        entities: list[list[Any]] | None = None,
        *,
        reply: Reply | None = None,
        topic: int | None = None,
        media: Json | None = None,
        album: int | None = None,
        forward: Json | None = None,
        action: Json | None = None,
        author: str | None = None,
        views: int | None = None,
        extra: Json | None = None,
    ) -> None:
        self.id = id
        self.date = date
        self.sender = sender
        self.text = text
        self.entities = entities
        self.reply = reply
        self.topic = topic
        self.media = media
        self.album = album
        self.forward = forward
        self.action = action
        self.author = author
        self.views = views
        self.extra = extra
        self.forwards = 0
        self.comments: int | None = None
        self.reactions: dict[str, int] | None = None
        self.edit_date: int | None = None
        self.is_edit_hidden = False
        self.is_pinned = False
        self.deleted_at: float | None = None
        self.pushed_at: float | None = None
        self.versions: list[tuple[float, str]] | None = None
        self.box_ids: dict[int, int] | None = None
        self.cached: bytes | None = None

    def id_for(self, user_id: int) -> int | None:
        """Return the id this message has for an account, None when it never reached that account's mailbox."""
        return self.id if self.box_ids is None else self.box_ids.get(user_id)


@dataclass(slots=True, kw_only=True)
class Member:
    """How somebody is in a chat."""

    user_id: int
    role: Role = "member"
    joined_at: int = 0
    inviter_id: int = 0
    first_id: int = 1
    """The oldest message that this member may see; above 1 who came while the history was hidden from newcomers."""


@dataclass(slots=True, kw_only=True)
class Topic:
    """A forum topic; 1 is General. Its id is that of the service message that opened it."""

    id: int
    title: str
    created_at: int
    creator: int
    icon_color: int = 0x6FB9F0
    is_closed: bool = False
    last_id: int = 0


@dataclass(slots=True, kw_only=True)
class Chat:
    """A channel, supergroup, forum, basic group or private conversation."""

    kind: ChatKind
    id: int
    title: str
    created_at: int
    username: str | None = None
    about: str = ""
    language: str = "en"
    subject: str = "community"
    members: dict[int, Member] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    alive: int = 0
    box: Box | None = None
    """Channels have their own box; the other kinds live in their members' common boxes."""
    topics: dict[int, Topic] = field(default_factory=dict)
    banned: set[int] = field(default_factory=set)
    has_signatures: bool = False
    is_prehistory_hidden: bool = False
    linked: int | None = None
    migrated_to: int | None = None
    migrated_from: int | None = None
    migrated_from_max: dict[int, int] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    invite: str = ""
    last_event_at: int = 0
    version: int = 1
    peer: int = field(init=False)
    """Its marked id; 0 for a private conversation, which has none of its own."""

    def __post_init__(self) -> None:
        own = ids.channel_peer(self.id) if self.box is not None else ids.chat_peer(self.id)
        self.peer = 0 if self.kind == "private" else own

    @property
    def is_channel(self) -> bool:
        """Say whether it is a channel in Telegram's sense: a broadcast channel or any supergroup."""
        return self.box is not None

    def first_id(self, viewer: int) -> int:
        """Return the oldest message number that somebody may see."""
        member = self.members.get(viewer)
        return 1 if member is None else member.first_id

    def message(self, message_id: int) -> Message | None:
        """Return a message by its number, deleted ones as well."""
        return self.messages[message_id - 1] if 0 < message_id <= len(self.messages) else None


class Shelf:
    """One account's view of a mailbox chat: its own ids beside the messages, both ascending."""

    __slots__ = ("chat", "ids", "messages")

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.ids: list[int] = []
        self.messages: list[Message] = []


class Stay(NamedTuple):
    """A time that an account was in a channel, and which messages it could see."""

    first_id: int
    last_id: int
    left_at: float


@dataclass(slots=True, kw_only=True)
class Account:
    """What a signed-up user owns: the common box, the mailbox and where it has read to."""

    user: User
    box: Box
    mailbox: list[tuple[Chat, Message]] = field(default_factory=list)
    """Position ``n`` holds the message with mailbox id ``n + 1``."""
    shelves: dict[int, Shelf] = field(default_factory=dict)
    """By dialog peer: a basic group's marked id, or the other user's id."""
    chats: dict[int, int] = field(default_factory=dict)
    """Channels and basic groups it is in, by marked id, with when it joined."""
    left: dict[int, float] = field(default_factory=dict)
    """Chats it is in no more, by marked id, with when it last saw them."""
    stays: dict[int, list[Stay]] = field(default_factory=dict)
    """Earlier times in channels, by marked id."""
    seq: int = 1
    """The number of the last numbered container; containers are unordered (0) unless a fault numbers them."""
    read: dict[int, int] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    sent: dict[int, tuple[Chat, Message]] = field(default_factory=dict)
    """What was sent under which random_id, so that a repeated send finds its first result."""


class View(NamedTuple):
    """A chat's history as one account numbers it: ids beside messages, ascending."""

    chat: Chat
    ids: Sequence[int]
    messages: Sequence[Message]
