"""Events of a box as TL updates, for live pushes and for differences alike."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model, tl, tl_media
from heliograph.simulator.world.boxes import Event

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

UNKNOWN_CONSTRUCTOR = 0x5EED0BAD


def channel_update(world: World, chat: model.Chat, event: Event, viewer: int, pts: int, count: int) -> Any | None:
    """Return a channel's event as an update with the given counters, None when its message is gone since."""
    if event.kind == "delete":
        return types.UpdateDeleteChannelMessages(chat.id, list(event.ids), pts, count)
    if event.kind in ("pin", "unpin"):
        return types.UpdatePinnedChannelMessages(
            chat.id, list(event.ids), pts, count, pinned=event.kind == "pin" or None
        )
    message = chat.message(event.ids[0])
    if message is None or message.deleted_at is not None or message.id < chat.first_id(viewer):
        return None
    make = types.UpdateNewChannelMessage if event.kind == "new" else types.UpdateEditChannelMessage
    return make(tl.raw(world, chat, message, viewer), pts, count)


def mailbox_update(world: World, account: model.Account, event: Event, pts: int, count: int) -> Any | None:
    """Return a common box's event as an update with the given counters, None when its message is gone since."""
    if event.kind == "delete":
        return types.UpdateDeleteMessages(list(event.ids), pts, count)
    if event.kind in ("pin", "unpin"):
        return types.UpdatePinnedMessages(
            tl.peer(event.peer), list(event.ids), pts, count, pinned=event.kind == "pin" or None
        )
    if event.kind == "read":
        return types.UpdateReadHistoryInbox(
            peer=tl.peer(event.peer), max_id=event.ids[0], still_unread_count=0, pts=pts, pts_count=count
        )
    chat, message = account.mailbox[event.ids[0] - 1]
    if message.deleted_at is not None:
        return None
    make = types.UpdateNewMessage if event.kind == "new" else types.UpdateEditMessage
    return make(tl.raw(world, chat, message, account.user.id), pts, count)


def short(chat: model.Chat, message: model.Message, viewer: int, event: Event) -> Any | None:
    """Return a plain text message in its short form, which names its sender by id alone; None when it does not fit."""
    is_plain = not (message.media or message.action or message.forward or message.reply or message.extra)
    if not is_plain or message.sender is None or message.sender < 0 or message.sender == viewer:
        return None
    entities = tl.entities(message.entities) if message.entities else None
    mailbox_id = event.ids[0]
    if chat.kind == "group":
        return types.UpdateShortChatMessage(
            id=mailbox_id,
            from_id=message.sender,
            chat_id=chat.id,
            message=message.text,
            pts=event.pts,
            pts_count=event.moved,
            date=message.date,
            entities=entities,
        )
    return types.UpdateShortMessage(
        id=mailbox_id,
        user_id=message.sender,
        message=message.text,
        pts=event.pts,
        pts_count=event.moved,
        date=message.date,
        entities=entities,
    )


def reactions(chat: model.Chat, message: model.Message, viewer: int) -> Any:
    """Return updateMessageReactions; it belongs to no box and is never replayed."""
    in_topic = message.topic is not None and message.topic != 1
    return types.UpdateMessageReactions(
        peer=tl.peer(tl.dialog_peer(chat, viewer)),
        msg_id=message.id_for(viewer) or 0,
        reactions=tl.reactions(chat, message, viewer),
        top_msg_id=message.topic if in_topic else None,
    )


def poll(message: model.Message) -> Any:
    """Return updateMessagePoll with a poll's new counts; it belongs to no box."""
    spec = message.media or {}
    return types.UpdateMessagePoll(poll_id=spec["id"], results=tl_media.poll_results(spec))


def unknown() -> rpc.Raw:
    """Return an object that no client can read: no TL schema has its constructor."""
    return rpc.Raw(struct.pack("<I", UNKNOWN_CONSTRUCTOR))


def too_long(peer: int, pts: int | None = None) -> Any:
    """Return updateChannelTooLong, which names the bare channel id."""
    return types.UpdateChannelTooLong(ids.split(peer)[1], pts)
