"""What readers, the normaliser and the importer hand to each other.

A reader is a generator of ``Event``: a ``ChatHeader``, then the ``Page``s of that chat, then the next header. A page's
messages are dicts in Telegram Desktop's JSON form, whatever file they came from, so that one normaliser serves every
source. What cannot be read is a ``Skip``; a source that breaks off ends with ``Broken``, and what came before it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from heliograph.domain import identity, records
from heliograph.exchange import topics as topic_places

FileStateName = Literal["included", "not_included", "too_large", "unavailable"]
"""What the export itself says of a file. Whether an included one is really there is found out by the importer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands in a source, for people and for going on from there."""

    file: str
    """As the person knows it, e.g. ``result.json`` or ``a.zip!/chats/chat_01/messages.html``."""
    offset: int
    """The byte in JSON, counted from 0; the number of the message in HTML, counted from 0."""
    line: int | None = None
    """Counted from 1; only where it is known."""

    def __str__(self) -> str:
        if self.file.lower().endswith((".html", ".htm")):
            return f"{self.file}, message {self.offset + 1}"
        if self.line is not None:
            return f"{self.file}, line {self.line} (byte {self.offset})"
        return f"{self.file}, byte {self.offset}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatHeader:
    """A chat begins. Its pages follow until the next header or the end."""

    kind: str
    """Desktop's type, such as ``private_supergroup`` or ``personal_chat``; "" when the source has none."""
    number: int | None
    """Telegram's bare id, whatever the dialect writes; None when the source has none."""
    title: str
    owner_user_id: int | None
    """Whose mailbox the chat is in: the account's that was exported, unless an export of ours says another."""
    account_user_id: int | None = None
    """``personal_information.user_id`` of an account's export, for the chats that follow."""
    is_left: bool = False
    is_listed_as_left: bool = False
    """It stands in the list of chats that were left, as those after it do. Elsewhere only our own exports say so."""
    message_count: int | None = None
    """Only where the source knows it before it is read."""
    place: Place
    is_html: bool = False
    """Pages say less than JSON, so their rows rank below (``records.imported_as_of``)."""
    became_kind: str = ""
    became_number: int | None = None
    """Of a basic group: the supergroup that it became and in whose export it stands, type and bare id."""
    mailbox: str | None = None
    """Of a chat of which nobody knows whose it is: what it stands apart under. Only our own exports say so."""
    topics: Sequence[tuple[int, str, bool]] | None = None
    """Topics of a forum, by id, title and whether they are closed. Only our own exports say what is one."""

    EARLIER: ClassVar[str] = " (before it became a supergroup)"
    """What such a group's title ends with, so that the two can be told apart."""

    @property
    def whole(self) -> ChatHeader:
        """The chat that the export calls one: the supergroup for its earlier group, any other chat itself."""
        if self.became_number is None:
            return self
        title = self.title.removesuffix(self.EARLIER)
        return replace(
            self, kind=self.became_kind, number=self.became_number, title=title, became_kind="", became_number=None
        )

    @property
    def earlier(self) -> ChatHeader:
        """The basic group that a supergroup was before; nobody knows its id."""
        return replace(
            self,
            kind="private_group",
            number=None,
            title=f"{self.title}{self.EARLIER}",
            became_kind=self.kind,
            became_number=self.number,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some messages of the present chat in the order of the source, duplicates and all."""

    messages: list[records.Json]
    """Each in Telegram Desktop's JSON message form."""
    places: list[int]
    """``Place.offset`` of each message."""
    offset_after: int
    """Where reading can go on after this page: what ``read(start=…)`` takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """One thing that is left out, and why."""

    reason: str
    """A short stable key such as ``impossible_date``; the sentences for them are in ``exchange/reasons.py``."""
    place: Place
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The source breaks off or cannot be read on. Everything before it counts."""

    sentence: str
    """All that the person needs: the file, what is wrong and where, and what to do; it ends with a full stop."""
    place: Place


LeftOutName = Literal["profile_pictures", "stories", "profile_music", "article_files"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Files of a source that no message here can have: those of the account itself."""

    what: LeftOutName
    count: int


ChatEvent = ChatHeader | Page | Skip | Broken
Event = ChatEvent | LeftOut


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a chat's messages are normalised for."""

    space_id: identity.SpaceId
    chat_id: identity.PeerId
    kind: identity.ChatKind
    self_user_id: int | None
    """The user whose messages are outgoing, and the other half of a private chat; None when nobody knows."""
    timezone: ZoneInfo
    """Of the computer that wrote the export, for local times without ``date_unixtime``."""
    exported_at: datetime | None = None
    """When counters (reactions, views, votes) were seen. None: the later of the message's date and its edit."""
    topics: topic_places.Topics | None = None
    """What is known of the chat's topics so far: one for each reading of a chat, as it learns from message to message.
    None: a topic is found only where the message itself makes it plain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRef:
    """The file that a message carries, as the export speaks of it."""

    path: str | None
    """Relative to the export, with ``/``, exactly as the export names it: not to be trusted."""
    state: FileStateName
    name: str | None = None
    size: int | None = None
    """Bytes."""
    mime_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """An earlier form of a message. Times are aware UTC."""

    text: str
    entities: list[records.Entity] | None = None
    media: records.Json | None = None
    edit_date: datetime | None = None
    """None for the text that was sent first."""
    until_date: datetime | None = None
    """When the next form replaced it, if that is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """One message of an export, normalised for its target."""

    message: records.Message
    observation: records.Observation | None = None
    names: dict[identity.PeerId, str] = field(default_factory=dict)
    """What the export calls the people and chats that this message names."""
    file: FileRef | None = None
    deleted_at: datetime | None = None
    text_date: datetime | None = None
    """Since when the text is as it is, None for the text that was sent first; a file that does not say it has told of
    the last edit."""
    revisions: list[Revision] = field(default_factory=list)
    """Oldest first; only our own exports have any."""
    is_local_time: bool = False
    """Whether its date was converted from the local time of the computer that wrote the export."""
