"""Where a chat of an export goes: into the space that Telegram numbers it in, or into a mailbox of its own.

A channel or supergroup has one numbering for everybody, so its id decides. A basic group or private chat is numbered by
each account's mailbox: it is merged only when it is known whose export it is, and when the store has the chat from that
same mailbox. Everything else would put two numberings into one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.domain import identity, records
from heliograph.exchange import model, topics
from heliograph.exchange.importer import copies, forums
from heliograph.store import import_chats, import_handover, import_places, import_topics
from heliograph.store.database import Connection

_KINDS: Final[dict[str, identity.ChatKind]] = {
    "personal_chat": "private",
    "bot_chat": "private",
    "saved_messages": "private",
    "replies": "private",
    "verification_codes": "private",
    "private_group": "group",
    "private_supergroup": "supergroup",
    "public_supergroup": "supergroup",
    "private_channel": "channel",
    "public_channel": "channel",
}
_FALLBACK: Final[dict[identity.PeerKind, identity.ChatKind]] = {
    "user": "private",
    "chat": "group",
    "channel": "supergroup",
}
_NAMED: Final[dict[identity.PeerKind, str]] = {
    "user": "personal_chat",
    "chat": "private_group",
    "channel": "private_supergroup",
}
"""Telegram Desktop's type of a chat that was named by its id."""
_NAMELESS: Final = {
    "saved_messages": "Saved messages",
    "replies": "Replies",
    "verification_codes": "Verification codes",
    "personal_chat": import_chats.NOBODY,
    "bot_chat": import_chats.NOBODY,
}
"""What to call a chat to which Telegram Desktop gives no name, by its type."""
_LARGEST_USER: Final = 1 << 52
_LARGEST_GROUP: Final = 500_000_000_000
_LARGEST_CHANNEL: Final = 1 << 41
"""Telegram's own bounds lie below these; what is above would leave the range of its kind."""

_NOBODYS: Final = (
    "It is not known whose export this is, so the chat has a mailbox of its own; with --account it is merged with what "
    "that account mirrors."
)
_STANDS_APART: Final = (
    "An earlier import brought messages of this chat when nothing said where they belong: they stand apart as {}, and "
    "`heliograph unimport {}` takes them back."
)
_UNNAMED: Final = "The export does not say which chat this is, so it has a mailbox of its own."
_PAGES: Final = (
    "HTML does not say which chat this is, so it has a mailbox of its own; its pages alone, with --chat and the chat's "
    "id, are merged with what is mirrored."
)
_EARLIER: Final = (
    "This is the group as it was before it became a supergroup. The export does not say which group that was, so its "
    "messages have a mailbox of their own."
)
OTHERS: Final = (
    "The store has this chat from another account's mailbox, which numbers its messages differently, so this copy "
    "stands apart."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What the beginning of an export says of its chat."""

    title: str
    found: forums.Found = forums.NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A chat's place in the store."""

    target: model.Target
    chat: records.Chat
    note: str | None = None
    """A sentence for the person when it is not where one would look."""
    found: forums.Found = forums.NOTHING
    """Whether one topic is exported alone."""
    topics: Sequence[records.Topic] = ()
    """What the export says of them at its beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose the exports are, as far as it was said, and the zone of the computer that wrote them."""

    user_id: int | None
    timezone: ZoneInfo


def chat_id_of(header: model.ChatHeader) -> identity.PeerId | None:
    """Return the marked id that Telegram knows the chat by, None when the export has none."""
    kind = _KINDS.get(header.kind)
    if kind == "private" and _is_within(header.number, _LARGEST_USER):
        return identity.user_peer(header.number or 0)
    if kind == "group" and _is_within(header.number, _LARGEST_GROUP):
        return identity.chat_peer(header.number or 0)
    if kind in ("supergroup", "channel") and _is_within(header.number, _LARGEST_CHANNEL):
        return identity.channel_peer(header.number or 0)
    return None


def told(header: model.ChatHeader, named: identity.PeerId | None) -> model.ChatHeader:
    """Return the header of a chat with the id that the person says pages are of; JSON says itself what it is.

    An id that was given selects among the chats of a JSON export; put into each without one, it would merge them.
    """
    if named is None or not header.is_html or header.number is not None:
        return header
    kind, number = identity.split_peer(named)
    return replace(header, kind=header.kind or _NAMED[kind], number=number)


async def resolve(
    conn: Connection,
    header: model.ChatHeader,
    opening: Sequence[records.Json],
    owner: Owner,
    *,
    source: str,
) -> Resolved:
    """Find a chat's place. ``opening`` are its first messages, by which a mailbox of its own is found again.

    What is new is written with the caller's transaction.
    """
    chat_id = chat_id_of(header)
    user_id = owner.user_id or header.owner_user_id
    if header.kind == "saved_messages" and user_id is not None:
        chat_id = identity.user_peer(user_id)
    space_id = _space(chat_id, user_id)
    kind = _KINDS.get(header.kind)
    if chat_id is None or space_id is None:
        note: str | None = _note(header, chat_id)
        space_id, chat_id = await copies.place(conn, header, kind, opening, owner.timezone, source)
    elif (known := await import_places.known(conn, chat_id)) is None or known.space_id == space_id:
        apart = await copies.apart(conn, header, kind, opening, owner.timezone)
        ids = " ".join(map(str, apart))
        note = _STANDS_APART.format(ids, ids) if apart else None
    else:
        note = OTHERS
        space_id, chat_id = await beside(conn, header, space_id, chat_id)
    return await placed(conn, header, space_id, chat_id, owner, note, opening=opening)


async def beside(
    conn: Connection, header: model.ChatHeader, space_id: identity.SpaceId, chat_id: identity.PeerId
) -> tuple[identity.SpaceId, identity.PeerId]:
    """Return where a mailbox's copy of a chat is that another mailbox has under its id."""
    gone = await import_places.mailbox(conn, import_handover.moved_key(space_id, chat_id))
    if gone is not None and (moved := await import_places.known(conn, gone[1])) is not None:
        return moved.space_id, gone[1]
    key = f"beside:{space_id}:{chat_id}"
    return await import_places.own_mailbox(conn, key, kind=header.kind, number=header.number)


def _note(header: model.ChatHeader, chat_id: identity.PeerId | None) -> str:
    """Return why a chat stands apart whose place is not known."""
    if header.became_number is not None:
        return _EARLIER
    if chat_id is not None:
        return _NOBODYS
    return _PAGES if header.is_html else _UNNAMED


def contradiction(header: model.ChatHeader, owner: Owner) -> str | None:
    """Return the sentence for an export of another account than the person says, None when there is no such thing."""
    if owner.user_id is None or header.owner_user_id in (None, owner.user_id):
        return None
    return (
        f"{header.place.file} was exported by the account {header.owner_user_id}, and --account says {owner.user_id}; "
        "leave --account out, or name the account that it is of."
    )


def _space(chat_id: identity.PeerId | None, user_id: int | None) -> identity.SpaceId | None:
    """Return where Telegram numbers a chat's messages; None when that is not known."""
    if chat_id is None:
        return None
    kind, number = identity.split_peer(chat_id)
    if kind == "channel":
        return identity.channel_space(number)
    return None if user_id is None else identity.mailbox_space(user_id)


async def placed(
    conn: Connection,
    header: model.ChatHeader,
    space_id: identity.SpaceId,
    chat_id: identity.PeerId,
    owner: Owner,
    note: str | None,
    *,
    opening: Sequence[records.Json] = (),
    decided: Decided | None = None,
) -> Resolved:
    """Return a chat's place as it was decided, now or by an earlier run, with what is known of the chat by now.

    ``decided`` is what an earlier run found at the chat's beginning; now ``opening`` tells.
    """
    kind = _KINDS.get(header.kind) or _FALLBACK[identity.split_peer(chat_id)[0]]
    known = await import_places.known(conn, chat_id)
    title = header.title or (known.title if known else "") or _NAMELESS.get(header.kind, "")
    places = None
    if kind == "supergroup":
        places, titles = await _topics(conn, space_id)
        decided = decided or _decided(header, title, opening, known, places, titles)
        if decided.found.topic_id is not None:
            places.read_alone(decided.found.topic_id, is_certain=decided.found.is_titled)
    decided = decided or Decided(title=title)
    return Resolved(
        target=model.Target(
            space_id=space_id,
            chat_id=chat_id,
            kind=kind,
            self_user_id=owner.user_id or header.owner_user_id,
            timezone=owner.timezone,
            topics=places,
        ),
        chat=records.Chat(
            chat_id=chat_id,
            space_id=space_id,
            kind="forum" if kind == "supergroup" and header.topics is not None else kind,
            title=decided.title,
            is_min=True,
            is_left=header.is_left,
        ),
        note=note,
        found=decided.found,
        topics=[
            records.Topic(space_id=space_id, topic_id=number, title=name, is_closed=is_closed)
            for number, name, is_closed in header.topics or ()
        ],
    )


def _decided(
    header: model.ChatHeader,
    title: str,
    opening: Sequence[records.Json],
    known: import_places.Known | None,
    places: topics.Topics,
    titles: Mapping[int, str],
) -> Decided:
    """Return what a group is called, and whether the export is of one topic of it."""
    is_topics_title = known is not None and forums.is_topics_title(header, titles, known.kind)
    found = forums.NOTHING
    if is_topics_title or known is None or known.title != title:
        found = forums.recognise(header, opening, places)
    if known and known.title and (found.topic_id is not None or found.may_be_topic or is_topics_title):
        title = known.title
    elif found.topic_id is not None:
        title = f"{title}{import_chats.ONE_TOPIC}"
    return Decided(title=title, found=found)


def of_whole(placed: Resolved, header: model.ChatHeader) -> Resolved:
    """Return the place of a chat whose export turns out not to be of one topic, as its beginning let it seem."""
    is_stand_in = placed.chat.title == f"{header.title}{import_chats.ONE_TOPIC}"
    chat = replace(placed.chat, title=header.title) if is_stand_in else placed.chat
    return replace(placed, chat=chat, found=forums.NOTHING)


async def _topics(conn: Connection, space_id: identity.SpaceId) -> tuple[topics.Topics, dict[int, str]]:
    """Return what the store knows of a chat's topics, whoever told of them, and their titles."""
    found = await import_topics.load(conn, space_id)
    places = topics.Topics()
    places.restore((each for each in found.titles if each != topics.GENERAL), found.message_ids, found.topic_ids)
    return places, found.titles


def _is_within(number: int | None, largest: int) -> bool:
    return number is not None and 0 < number < largest
