"""Where a chat of an export goes: into the space that Telegram numbers it in, or into a mailbox of its own.

A channel or supergroup has one numbering for everybody, so its id decides. A basic group or private chat is numbered by
each account's mailbox: it is merged only when it is known whose export it is, and when the store has the chat from that
same mailbox. Everything else would put two numberings into one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.domain import identity, records
from heliograph.exchange import model, topics
from heliograph.exchange.desktop import entities
from heliograph.store import imports
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
_LARGEST_USER: Final = 1 << 52
_LARGEST_GROUP: Final = 500_000_000_000
_LARGEST_CHANNEL: Final = 1 << 41
"""Telegram's own bounds lie below these; what is above would leave the range of its kind."""

_NOBODYS: Final = (
    "It is not known whose export this is, so the chat has a mailbox of its own; with --account it is merged with what "
    "that account mirrors."
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
_OTHERS: Final = (
    "The store has this chat from another account's mailbox, which numbers its messages differently, so this copy "
    "stands apart."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A chat's place in the store."""

    target: model.Target
    chat: records.Chat
    note: str | None = None
    """A sentence for the person when it is not where one would look."""


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


def called(header: model.ChatHeader) -> str:
    """Return what to call a chat in a summary: Telegram Desktop gives no name to some."""
    if header.title or _KINDS.get(header.kind) != "private":
        return header.title
    return "Saved messages" if header.kind == "saved_messages" else "Deleted account"


async def resolve(
    conn: Connection,
    header: model.ChatHeader,
    first: records.Json | None,
    owner: Owner,
    *,
    source: str,
    named: identity.PeerId | None = None,
) -> Resolved:
    """Find a chat's place. ``first`` is the message by which a mailbox of its own is found again.

    ``named`` is the chat that the person says a page is of. What is new is written with the caller's transaction.
    """
    chat_id = chat_id_of(header)
    if chat_id is None and header.is_html:
        # An id that was given selects among the chats of a JSON export; put into each without one, it would merge them.
        chat_id = named
    user_id = owner.user_id or header.owner_user_id
    if header.kind == "saved_messages" and user_id is not None:
        chat_id = identity.user_peer(user_id)
    space_id = _space(chat_id, user_id)
    note = _note(header, chat_id)
    if chat_id is not None and space_id is not None:
        held_by = await imports.space_of(conn, chat_id)
        if held_by is None or held_by == space_id:
            return placed(header, space_id, chat_id, owner, None)
        note = _OTHERS
    space_id, chat_id = await imports.own_mailbox(conn, _key(header, first, source))
    return placed(header, space_id, chat_id, owner, note)


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


def placed(
    header: model.ChatHeader,
    space_id: identity.SpaceId,
    chat_id: identity.PeerId,
    owner: Owner,
    note: str | None,
) -> Resolved:
    """Return a chat's place as it was decided, now or by an earlier run."""
    kind = _KINDS.get(header.kind) or _FALLBACK[identity.split_peer(chat_id)[0]]
    return Resolved(
        target=model.Target(
            space_id=space_id,
            chat_id=chat_id,
            kind=kind,
            self_user_id=owner.user_id or header.owner_user_id,
            timezone=owner.timezone,
            topics=topics.Topics() if kind == "supergroup" else None,
        ),
        chat=records.Chat(
            chat_id=chat_id,
            space_id=space_id,
            kind=kind,
            title=header.title,
            is_min=True,
            is_left=header.is_left,
        ),
        note=note,
    )


def _key(header: model.ChatHeader, first: records.Json | None, source: str) -> str:
    """Return what the same chat is recognised by when it is exported again by the same person.

    Two people's copies of a chat number and date their first message differently. A chat without a number has nothing
    else of its own: every group begins with message 1, so its name and the words of a message have to tell it apart.
    """
    number = header.number or header.became_number
    if first is None:
        return f"{header.kind}:{number}:{header.title if number is None else ''}:{source}"
    key = f"{header.kind}:{number}:{first.get('id')}:{first.get('date_unixtime') or first.get('date')}"
    return key if number is not None else f"{key}:{_digest(header.title, entities.read(first)[0])}"


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _is_within(number: int | None, largest: int) -> bool:
    return number is not None and 0 < number < largest
