"""What several services need: which chat an input names, and messages as an answer carries them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.services import people
from heliograph.simulator.world import ids, model, tl, tl_peers, tl_updates, views

MAX_IDS = 200
"""Ids per getMessages; Telegram serves this many and passes over the rest."""


def peer_of(ctx: rpc.Context, given: Any) -> int:
    """Return the marked id that an InputPeer names, or refuse as Telegram does: hashes are checked."""
    viewer = ctx.require_user()
    if isinstance(given, types.InputPeerSelf):
        return viewer
    if isinstance(given, types.InputPeerChat):
        if ids.chat_peer(given.chat_id) not in ctx.world.chats:
            raise rpc.RpcError(400, "CHAT_ID_INVALID")
        return ids.chat_peer(given.chat_id)
    if isinstance(given, types.InputPeerChannel | types.InputPeerChannelFromMessage):
        return channel_of(ctx, given).peer
    user_id = user_of(ctx, given)
    if user_id is None:
        raise rpc.RpcError(400, "PEER_ID_INVALID")
    return user_id


def user_of(ctx: rpc.Context, given: Any) -> int | None:
    """Return the user that an InputUser or InputPeer names, None when it names nobody this account may reach."""
    viewer = ctx.require_user()
    if isinstance(given, types.InputUserSelf | types.InputPeerSelf):
        return viewer
    if isinstance(given, types.InputPeerUserFromMessage | types.InputUserFromMessage):
        _check_source(ctx, given.peer, given.msg_id)
        return int(given.user_id) if given.user_id in ctx.world.users else None
    if isinstance(given, types.InputPeerUser):
        given = types.InputUser(given.user_id, given.access_hash)
    return people.input_user(ctx, given)


def channel_of(ctx: rpc.Context, given: Any) -> model.Chat:
    """Return the channel that an InputChannel or InputPeerChannel names; a wrong hash is CHANNEL_INVALID."""
    viewer = ctx.require_user()
    peer = ids.channel_peer(getattr(given, "channel_id", 0))
    chat: model.Chat | None = ctx.world.chats.get(peer)
    if isinstance(given, types.InputChannelFromMessage | types.InputPeerChannelFromMessage):
        _check_source(ctx, given.peer, given.msg_id)
    elif chat is None or given.access_hash != ctx.world.access_hash(viewer, peer):
        raise rpc.RpcError(400, "CHANNEL_INVALID")
    if chat is None:
        raise rpc.RpcError(400, "CHANNEL_INVALID")
    return chat


def readable_channel(ctx: rpc.Context, given: Any) -> model.Chat:
    """Return a channel that the asking account may read; others are CHANNEL_PRIVATE."""
    chat = channel_of(ctx, given)
    views.check_access(chat, ctx.require_user())
    return chat


def own_message(ctx: rpc.Context, peer: int, message_id: int) -> model.Message:
    """Return the message that an id means in a dialog of the asking account, or refuse."""
    message = views.find(views.view(ctx.world, ctx.require_user(), peer), message_id)
    if message is None:
        raise rpc.RpcError(400, "MESSAGE_ID_INVALID")
    return message


def page(ctx: rpc.Context, seen: model.View, entries: list[views.Entry], *, total: int) -> Any:
    """Return messages as history answers carry them: with the channel's pts, or with a count when there are more."""
    viewer = ctx.require_user()
    chat = seen.chat
    raw = [tl.raw(ctx.world, chat, message, viewer) for _id, message in entries]
    users, chats = tl_peers.of_messages(ctx.world, viewer, [(chat, message) for _id, message in entries])
    if chat.box is not None:
        topics: list[Any] = []
        return types.messages.ChannelMessages(chat.box.pts, total, raw, topics, chats, users)
    if total <= len(entries):
        return types.messages.Messages(raw, [], chats, users)
    return types.messages.MessagesSlice(total, raw, [], chats, users)


def by_ids(ctx: rpc.Context, seen: model.View, wanted: Iterable[int]) -> list[Any]:
    """Return one message for each id at its position, messageEmpty for what is not there (any more)."""
    viewer = ctx.require_user()
    peer = tl.dialog_peer(seen.chat, viewer)
    found = []
    for message_id in wanted:
        message = views.find(seen, message_id)
        found.append(tl.empty(message_id, peer) if message is None else tl.raw(ctx.world, seen.chat, message, viewer))
    return found


def updates(ctx: rpc.Context, listed: list[Any], entries: Iterable[tuple[model.Chat, model.Message]] = ()) -> Any:
    """Return the ``updates`` container that answers a request which changed something."""
    users, chats = tl_peers.of_messages(ctx.world, ctx.require_user(), entries)
    return types.Updates(updates=listed, users=users, chats=chats, date=int(ctx.server.now()), seq=0)


def event_update(ctx: rpc.Context, chat: model.Chat, message: model.Message, kind: str) -> Any:
    """Return the update of the newest event of a kind about a message, with the counters it has in this account."""
    viewer = ctx.require_user()
    account = ctx.world.accounts[viewer]
    box = chat.box if chat.box is not None else account.box
    own = message.id_for(viewer)
    event = next((each for each in reversed(box.events) if each.kind == kind and own in each.ids), None)
    if event is None:
        raise rpc.RpcError(400, "MESSAGE_ID_INVALID")
    if chat.box is not None:
        return tl_updates.channel_update(ctx.world, chat, event, viewer, event.pts, event.moved)
    return tl_updates.mailbox_update(ctx.world, account, event, event.pts, event.moved)


def unix(moment: datetime | int | None) -> int:
    """Return a request's date in Unix seconds, 0 for none."""
    return int(moment.timestamp()) if isinstance(moment, datetime) else int(moment or 0)


def _check_source(ctx: rpc.Context, peer: Any, message_id: int) -> None:
    """A min peer is reached through a message that names it; the message must be there for this account."""
    own_message(ctx, peer_of(ctx, peer), message_id)
