"""Telegram's containers and difference answers in the words of the sequence engine: which box, which pts.

Nothing is judged here. An update with pts and pts_count is an event of the common box or of a channel's box; what has
no pts goes to ``rest``; every row is made later, by :mod:`heliograph.crawler.normalize.rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from telethon.tl import types

from heliograph.crawler.normalize import peer, text
from heliograph.domain import identity, records
from heliograph.domain.sync import events

_CHANNEL_MESSAGE = frozenset({types.UpdateNewChannelMessage, types.UpdateEditChannelMessage})
_SHORT_MESSAGE = frozenset({types.UpdateShortMessage, types.UpdateShortChatMessage})

IsKnown = Callable[[identity.PeerId], bool]


def container(
    tl: Any, *, self_user_id: int, pushed_at: datetime | None, is_known: IsKnown | None = None
) -> events.Container:
    """Return a pushed Updates object as the engine takes it.

    ``is_known`` says whether a peer's full record is stored: a short update names people without describing them.
    """
    mailbox = identity.mailbox_space(self_user_id)
    kind = type(tl)
    if kind is types.UpdatesTooLong:
        return events.Container(account=mailbox, needs_difference=True, pushed_at=pushed_at)
    if kind is types.Updates or kind is types.UpdatesCombined:
        sorted_ = _sort(tl.updates, mailbox, pushed_at)
        return events.Container(
            account=mailbox,
            events=tuple(sorted_.events),
            too_long=tuple(sorted_.too_long),
            rest=tuple(sorted_.rest),
            needs_difference=sorted_.is_unclear,
            users=tuple(tl.users),
            chats=tuple(tl.chats),
            seq_start=getattr(tl, "seq_start", tl.seq),
            seq=tl.seq,
            date=text.unix(tl.date) or 0,
            pushed_at=pushed_at,
        )
    if kind is types.UpdateShort:
        update, is_unknown = tl.update, False
    elif kind in _SHORT_MESSAGE:
        update = _expand(tl, self_user_id)
        is_unknown = is_known is not None and not all(is_known(each) for each in _named(tl))
    else:
        # updateShortSentMessage only answers one's own calls: it takes pts, and its text is not told.
        event = events.Event(box=mailbox, pts=tl.pts, pts_count=tl.pts_count, pushed_at=pushed_at)
        return events.Container(account=mailbox, events=(event,), pushed_at=pushed_at)
    sorted_ = _sort([update], mailbox, pushed_at)
    return events.Container(
        account=mailbox,
        events=tuple(sorted_.events),
        too_long=tuple(sorted_.too_long),
        rest=tuple(sorted_.rest),
        needs_difference=sorted_.is_unclear or is_unknown,
        date=text.unix(tl.date) or 0,
        pushed_at=pushed_at,
    )


def difference(tl: Any, *, asked: records.BoxState, self_user_id: int) -> events.Page | events.Lost:
    """Return an answer of updates.getDifference, which was asked from ``asked``."""
    kind = type(tl)
    if kind is types.updates.DifferenceTooLong:
        return events.Lost(to=_moved(asked, pts=tl.pts))
    if kind is types.updates.DifferenceEmpty:
        return events.Page(to=_moved(asked, date=text.unix(tl.date) or asked.date, seq=tl.seq))
    is_final = kind is types.updates.Difference
    state = tl.state if is_final else tl.intermediate_state
    to = records.BoxState(pts=state.pts, qts=state.qts, seq=state.seq, date=text.unix(state.date) or 0)
    mailbox = identity.mailbox_space(self_user_id)
    own: list[events.Event] = []
    others: list[events.Event] = []
    too_long: list[events.TooLong] = []
    for message in tl.new_messages:
        channel = _channel_of(message)
        if channel is None:
            own.append(events.Event(box=mailbox, pts=to.pts, pts_count=0, payload=message))
        else:
            # A channel's message without its pts proves nothing about the channel's box: have it asked.
            too_long.append(events.TooLong(box=channel))
    sorted_ = _sort(tl.other_updates, mailbox)
    for event in sorted_.events:
        (own if event.box == mailbox else others).append(event)
    return events.Page(
        to=to,
        is_final=is_final,
        events=tuple(own),
        channel_events=tuple(others),
        too_long=tuple(too_long + sorted_.too_long),
        rest=tuple(sorted_.rest),
        users=tuple(tl.users),
        chats=tuple(tl.chats),
    )


def channel_difference(
    tl: Any, *, box: identity.SpaceId, asked: records.BoxState, self_user_id: int
) -> events.Page | events.Lost:
    """Return an answer of updates.getChannelDifference for ``box``."""
    kind = type(tl)
    if kind is types.updates.ChannelDifferenceTooLong:
        pts = getattr(tl.dialog, "pts", None)
        return events.Lost(
            to=_moved(asked, pts=asked.pts if pts is None else pts),
            events=_messages(tl.messages, box, pts or asked.pts),
            top_id=tl.dialog.top_message,
            users=tuple(tl.users),
            chats=tuple(tl.chats),
        )
    to = _moved(asked, pts=tl.pts)
    if kind is types.updates.ChannelDifferenceEmpty:
        return events.Page(to=to, is_final=bool(tl.final))
    sorted_ = _sort(tl.other_updates, identity.mailbox_space(self_user_id))
    return events.Page(
        to=to,
        is_final=bool(tl.final),
        events=_messages(tl.new_messages, box, tl.pts) + tuple(each for each in sorted_.events if each.box == box),
        rest=tuple(sorted_.rest),
        users=tuple(tl.users),
        chats=tuple(tl.chats),
    )


class _Sorted(NamedTuple):
    events: list[events.Event]
    too_long: list[events.TooLong]
    rest: list[Any]
    is_unclear: bool
    """An update takes pts of a box that it does not name."""


def _sort(updates: Iterable[Any], mailbox: identity.SpaceId, pushed_at: datetime | None = None) -> _Sorted:
    found: list[events.Event] = []
    too_long: list[events.TooLong] = []
    rest: list[Any] = []
    is_unclear = False
    for update in updates:
        kind = type(update)
        if kind is types.UpdateChannelTooLong:
            too_long.append(events.TooLong(box=identity.channel_space(update.channel_id), pts=update.pts))
            continue
        count = getattr(update, "pts_count", None)
        if count is None:
            rest.append(update)
            continue
        if kind in _CHANNEL_MESSAGE:
            box = _channel_of(update.message)
        else:
            channel_id = getattr(update, "channel_id", None)
            box = mailbox if channel_id is None else identity.channel_space(channel_id)
        if box is None:
            is_unclear = True
        else:
            found.append(events.Event(box=box, pts=update.pts, pts_count=count, payload=update, pushed_at=pushed_at))
    return _Sorted(found, too_long, rest, is_unclear)


def _channel_of(message: Any) -> identity.SpaceId | None:
    chat = message.peer_id
    return identity.channel_space(chat.channel_id) if type(chat) is types.PeerChannel else None


def _messages(messages: Iterable[Any], box: identity.SpaceId, pts: int) -> tuple[events.Event, ...]:
    return tuple(events.Event(box=box, pts=pts, pts_count=0, payload=message) for message in messages)


def _moved(
    asked: records.BoxState, *, pts: int | None = None, seq: int | None = None, date: int | None = None
) -> records.BoxState:
    return records.BoxState(
        pts=asked.pts if pts is None else pts,
        qts=asked.qts,
        seq=asked.seq if seq is None else seq,
        date=asked.date if date is None else date,
    )


def _expand(tl: Any, self_user_id: int) -> Any:
    """Return the updateNewMessage that an updateShortMessage or updateShortChatMessage abbreviates."""
    if type(tl) is types.UpdateShortMessage:
        dialog: Any = types.PeerUser(tl.user_id)
        sender = types.PeerUser(self_user_id) if tl.out else None
    else:
        dialog, sender = types.PeerChat(tl.chat_id), types.PeerUser(tl.from_id)
    message = types.Message(
        id=tl.id,
        peer_id=dialog,
        from_id=sender,
        date=tl.date,
        message=tl.message,
        out=tl.out,
        mentioned=tl.mentioned,
        media_unread=tl.media_unread,
        silent=tl.silent,
        fwd_from=tl.fwd_from,
        via_bot_id=tl.via_bot_id,
        reply_to=tl.reply_to,
        entities=tl.entities,
        ttl_period=tl.ttl_period,
    )
    # No message came over the wire to keep the bytes of; the long form says the same.
    message.raw = bytes(message)
    return types.UpdateNewMessage(message=message, pts=tl.pts, pts_count=tl.pts_count)


def _named(tl: Any) -> list[identity.PeerId]:
    if type(tl) is types.UpdateShortMessage:
        named = [identity.user_peer(tl.user_id)]
    else:
        named = [identity.user_peer(tl.from_id), identity.chat_peer(tl.chat_id)]
    if tl.via_bot_id:
        named.append(identity.user_peer(tl.via_bot_id))
    forwarded = peer.peer_id(tl.fwd_from.from_id) if tl.fwd_from else None
    return [*named, forwarded] if forwarded is not None else named
