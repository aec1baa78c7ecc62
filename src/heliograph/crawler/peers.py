"""What an account can see: its dialogs page by page, and the topics of forums.

A page yields the rows of its chats and people, and for each chat where its box stands. A chat that is new here opens
a hole over all its ids in the commit that makes it known, so that nothing about it counts as known before a scan has
brought it (invariant 12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.tl import functions, types

from heliograph import errors
from heliograph.crawler import isolation, normalize, transport
from heliograph.domain import identity, records

PAGE = 100
STRIDE = 8
"""So much further back each try goes to get past what cannot be read; then the way back is halved."""
DATES_KEPT = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialog:
    """One chat of an account's list."""

    chat_id: identity.PeerId
    space_id: identity.SpaceId
    """The channel's, or this account's mailbox."""
    top_id: int
    """The newest message's id, 0 when there is none."""
    pts: int | None
    """Where a channel's box stands; None for chats of the common box."""
    access_hash: int | None
    is_forum: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One answer of messages.getDialogs."""

    dialogs: list[Dialog]
    batch: records.Batch


IsNew = Callable[[identity.PeerId], bool]


@dataclass(kw_only=True, slots=True)
class Unreadable:
    """What a list of chats holds that cannot be read, kept from one reading to the next."""

    count: int = 0
    error: errors.Undecodable | None = None
    dates: set[datetime] = field(default_factory=set)
    """From before these moments on the list could be read again."""


async def dialogs(
    connection: transport.Connection, *, is_new: IsNew, unreadable: Unreadable | None = None
) -> AsyncIterator[Page]:
    """Read an account's whole list, archived chats included; ``is_new`` says which chats the store does not know.

    Dialogs that cannot be read are passed by, and ``unreadable`` counts them. Raises what ``Connection.call`` raises.
    """
    seen: set[identity.PeerId] = set()
    offset, size = _Offset(), isolation.PageSize(PAGE)
    passed = unreadable if unreadable is not None else Unreadable()
    has_trouble = False
    while True:
        limit = size.limit
        try:
            answer = await connection.call(_listing(offset, limit, is_without_pins=bool(seen) or has_trouble))
        except errors.Undecodable as error:
            # Pinned ones stand out of order: a short page of them would not say where the next one begins.
            has_trouble = True
            if not size.shrink(limit):
                offset = await _beyond(connection, offset, passed, error)
                size.pass_by()
            continue
        size.read(len(answer.dialogs))
        page = _page(answer, connection, seen, is_new)
        # A page that brings nothing new is the end: servers answer fewer than asked in the middle as well.
        if not page.dialogs:
            break
        yield page
        if type(answer) is types.messages.Dialogs:
            break
        offset = _next_offset(answer, connection)
    if has_trouble:
        try:
            answer = await connection.call(functions.messages.GetPinnedDialogsRequest(folder_id=0))
        except errors.Undecodable as error:
            passed.count, passed.error = passed.count + 1, error
        else:
            yield _page(answer, connection, seen, is_new)


async def topics(connection: transport.Connection, space_id: identity.SpaceId, access_hash: int) -> list[records.Topic]:
    """Read the topics of a forum, General among them. Raises what ``Connection.call`` raises."""
    found: dict[int, records.Topic] = {}
    offset: tuple[Any, int, int] = (None, 0, 0)
    while True:
        answer = await connection.call(
            functions.messages.GetForumTopicsRequest(
                peer=types.InputPeerChannel(space_id, access_hash),
                offset_date=offset[0],
                offset_id=offset[1],
                offset_topic=offset[2],
                limit=PAGE,
            )
        )
        fresh = [each for each in answer.topics if type(each) is types.ForumTopic and each.id not in found]
        for each in fresh:
            found[each.id] = _topic(each, space_id)
        if not fresh or len(found) >= answer.count:
            return list(found.values())
        dates = {message.id: getattr(message, "date", None) for message in answer.messages}
        last = fresh[-1]
        offset = (last.date if answer.order_by_create_date else dates.get(last.top_message), last.top_message, last.id)


def input_peer(chat_id: identity.PeerId, access_hash: int | None) -> Any:
    """Return how a request names a chat."""
    kind, number = identity.split_peer(chat_id)
    if kind == "chat":
        return types.InputPeerChat(number)
    if kind == "channel":
        return types.InputPeerChannel(number, access_hash or 0)
    return types.InputPeerUser(number, access_hash or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offset:
    date: Any = None
    message_id: int = 0
    peer: Any = field(default_factory=types.InputPeerEmpty)


def _listing(offset: _Offset, limit: int, *, is_without_pins: bool) -> Any:
    return functions.messages.GetDialogsRequest(
        offset_date=offset.date,
        offset_id=offset.message_id,
        offset_peer=offset.peer,
        limit=limit,
        hash=0,
        exclude_pinned=is_without_pins or None,
    )


async def _beyond(
    connection: transport.Connection, offset: _Offset, passed: Unreadable, error: errors.Undecodable
) -> _Offset:
    """Return an offset behind the dialog that cannot be read: the newest moment before which there is an answer.

    Raises ``error`` when there is none.
    """

    async def can_read(date: datetime) -> bool:
        try:
            await connection.call(_listing(_Offset(date=date), 1, is_without_pins=True))
        except errors.Undecodable:
            return False
        return True

    start = offset.date or datetime.now(UTC)
    passed.count, passed.error = passed.count + 1, error
    for date in sorted((each for each in passed.dates if each < start), reverse=True)[:1]:
        if await can_read(date):
            return _Offset(date=date)
    near, far = 0, 1
    while not await can_read(start - timedelta(seconds=far)):
        near, far = far, far * STRIDE
        if start.timestamp() <= far:
            raise error
    while far - near > 1:
        middle = (near + far) // 2
        near, far = (near, middle) if await can_read(start - timedelta(seconds=middle)) else (middle, far)
    date = start - timedelta(seconds=far)
    passed.dates = {date, *sorted(passed.dates)[-DATES_KEPT:]}
    return _Offset(date=date)


def _page(answer: Any, connection: transport.Connection, seen: set[identity.PeerId], is_new: IsNew) -> Page:
    rows = normalize.peers(
        answer.users, answer.chats, account_id=connection.account_id, self_user_id=connection.user_id
    )
    users, chats, accesses = rows
    known = {chat.chat_id: chat for chat in chats}
    hashes = {access.peer_id: access.access_hash for access in accesses}
    found: list[Dialog] = []
    for tl in answer.dialogs:
        chat_id = normalize.peer_id(getattr(tl, "peer", None)) if type(tl) is types.Dialog else None
        if chat_id is None or chat_id in seen:
            continue
        seen.add(chat_id)
        chat = known.get(chat_id)
        if (chat is None and chat_id < 0) or (chat is not None and chat.is_left):
            continue
        found.append(_dialog(tl, chat_id, chat, hashes.get(chat_id), connection.user_id))
    chats.extend(_private_chats(found, users, connection.user_id))
    holes = [_hole(each) for each in found if each.top_id > 0 and is_new(each.chat_id)]
    batch = records.Batch(origin="peers", users=users, chats=chats, accesses=accesses, coverage=holes)
    return Page(dialogs=found, batch=batch)


def _dialog(
    tl: Any, chat_id: identity.PeerId, chat: records.Chat | None, access_hash: int | None, self_user_id: int
) -> Dialog:
    is_channel = identity.split_peer(chat_id)[0] == "channel"
    return Dialog(
        chat_id=chat_id,
        space_id=chat.space_id if chat is not None else identity.mailbox_space(self_user_id),
        top_id=tl.top_message,
        pts=tl.pts if is_channel else None,
        access_hash=access_hash,
        is_forum=chat is not None and chat.kind == "forum",
    )


def _private_chats(found: list[Dialog], users: list[records.User], self_user_id: int) -> list[records.Chat]:
    """Return the conversations among the dialogs, named after the other person."""
    people = {user.user_id: user for user in users}
    return [
        records.Chat(
            chat_id=dialog.chat_id,
            space_id=dialog.space_id,
            kind="private",
            title=_name(people.get(dialog.chat_id)),
            username=people[dialog.chat_id].username if dialog.chat_id in people else None,
        )
        for dialog in found
        if dialog.chat_id > 0
    ]


def _name(user: records.User | None) -> str:
    names = (user.first_name, user.last_name) if user else ()
    return " ".join(name for name in names if name)


def _hole(dialog: Dialog) -> records.Coverage:
    # Nothing was lost yet, so that whatever is asked from now on closes it.
    return records.Coverage(
        space_id=dialog.space_id,
        chat_id=dialog.chat_id,
        first_id=1,
        last_id=dialog.top_id,
        as_of=0,
        source="owed",
    )


def _next_offset(answer: Any, connection: transport.Connection) -> _Offset:
    """Return where the next page starts: at the last dialog whose message came along, since pins upset the order."""
    dates = {
        (normalize.peer_id(message.peer_id), message.id): message.date
        for message in answer.messages
        if not normalize.is_empty(message)
    }
    _, _, accesses = normalize.peers(
        answer.users, answer.chats, account_id=connection.account_id, self_user_id=connection.user_id
    )
    hashes = {access.peer_id: access.access_hash for access in accesses}
    for tl in reversed(answer.dialogs):
        chat_id = normalize.peer_id(getattr(tl, "peer", None)) if type(tl) is types.Dialog else None
        date = dates.get((chat_id, getattr(tl, "top_message", 0)))
        if chat_id is not None and date is not None:
            return _Offset(date=date, message_id=tl.top_message, peer=input_peer(chat_id, hashes.get(chat_id)))
    return _Offset()


def _topic(tl: Any, space_id: identity.SpaceId) -> records.Topic:
    return records.Topic(
        space_id=space_id,
        topic_id=tl.id,
        title=tl.title,
        icon_color=tl.icon_color,
        is_closed=bool(tl.closed),
        created_at=tl.date,
    )
