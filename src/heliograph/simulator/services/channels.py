"""channels.*: reading, creating, joining, leaving, renaming."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import ids, model, tl_peers

router = rpc.Router()


@router.on(functions.channels.GetChannelsRequest)
async def get_channels(ctx: rpc.Context, request: functions.channels.GetChannelsRequest) -> object:
    """Return channels by id and access hash."""
    peers = [places.channel_of(ctx, given).peer for given in request.id]
    return types.messages.Chats(tl_peers.listed(ctx.world, ctx.require_user(), peers)[1])


@router.on(functions.channels.GetFullChannelRequest)
async def get_full_channel(ctx: rpc.Context, request: functions.channels.GetFullChannelRequest) -> object:
    """Return a channel's particulars, its pts among them."""
    viewer = ctx.require_user()
    chat = places.readable_channel(ctx, request.channel)
    assert chat.box is not None
    mark = ctx.world.accounts[viewer].read.get(chat.peer, 0)
    full = types.ChannelFull(
        id=chat.id,
        about=chat.about,
        read_inbox_max_id=mark,
        read_outbox_max_id=mark,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=chat.box.pts,
        can_view_participants=chat.kind != "channel",
        participants_count=len(chat.members),
        admins_count=sum(member.role != "member" for member in chat.members.values()),
        kicked_count=len(chat.banned),
        banned_count=0,
        migrated_from_chat_id=-chat.migrated_from if chat.migrated_from else None,
        migrated_from_max_id=chat.migrated_from_max.get(viewer) if chat.migrated_from else None,
        pinned_msg_id=chat.pinned[-1] if chat.pinned else None,
        linked_chat_id=ids.split(chat.linked)[1] if chat.linked else None,
        hidden_prehistory=chat.is_prehistory_hidden,
        available_min_id=chat.first_id(viewer) - 1 or None,
        available_reactions=types.ChatReactionsAll(allow_custom=True),
    )
    also = [chat.peer, *([chat.linked] if chat.linked else []), *([chat.migrated_from] if chat.migrated_from else [])]
    users, chats = tl_peers.listed(ctx.world, viewer, also)
    return types.messages.ChatFull(full_chat=full, chats=chats, users=users)


@router.on(functions.channels.GetMessagesRequest)
async def get_messages(ctx: rpc.Context, request: functions.channels.GetMessagesRequest) -> object:
    """Return messages by id; what is not there stands as messageEmpty at its position."""
    chat = places.readable_channel(ctx, request.channel)
    seen = ctx.world.view(ctx.require_user(), chat.peer)
    wanted = [_wanted(chat, given) for given in request.id[: places.MAX_IDS]]
    found = places.by_ids(ctx, seen, wanted)
    alive = [m for number in wanted if (m := chat.message(number)) is not None and m.deleted_at is None]
    users, chats = tl_peers.of_messages(ctx.world, ctx.require_user(), [(chat, message) for message in alive])
    assert chat.box is not None
    return types.messages.ChannelMessages(chat.box.pts, len(found), found, [], chats, users)


@router.on(functions.channels.DeleteMessagesRequest)
async def delete_messages(ctx: rpc.Context, request: functions.channels.DeleteMessagesRequest) -> object:
    """Delete one's own messages, or as an administrator anybody's."""
    viewer = ctx.require_user()
    chat = places.readable_channel(ctx, request.channel)
    assert chat.box is not None
    found = [message for number in request.id if (message := chat.message(number)) is not None]
    if any(message.sender != viewer for message in found) and not is_admin(chat, viewer):
        raise rpc.RpcError(403, "MESSAGE_DELETE_FORBIDDEN")
    before = chat.box.pts
    with ctx.world.acting(ctx.session):
        ctx.world.delete(chat, request.id)
    return types.messages.AffectedMessages(pts=chat.box.pts, pts_count=chat.box.pts - before)


@router.on(functions.channels.JoinChannelRequest)
async def join_channel(ctx: rpc.Context, request: functions.channels.JoinChannelRequest) -> object:
    """Join a public channel."""
    chat = places.readable_channel(ctx, request.channel)
    with ctx.world.acting(ctx.session):
        ctx.world.join(chat, ctx.require_user())
    return types.messages.ChatInviteJoinResultOk(updates=changed(ctx, chat))


@router.on(functions.channels.LeaveChannelRequest)
async def leave_channel(ctx: rpc.Context, request: functions.channels.LeaveChannelRequest) -> object:
    """Leave a channel."""
    chat = places.channel_of(ctx, request.channel)
    with ctx.world.acting(ctx.session):
        ctx.world.leave(chat, ctx.require_user())
    return places.updates(ctx, [types.UpdateChannel(chat.id)])


@router.on(functions.channels.CreateChannelRequest)
async def create_channel(ctx: rpc.Context, request: functions.channels.CreateChannelRequest) -> object:
    """Create a broadcast channel, supergroup or forum."""
    if not request.title.strip():
        raise rpc.RpcError(400, "CHAT_TITLE_EMPTY")
    kind = "forum" if request.forum else "supergroup" if request.megagroup else "channel"
    with ctx.world.acting(ctx.session):
        chat = ctx.world.run(
            "create_channel", creator=ctx.require_user(), title=request.title, kind=kind, about=request.about
        )
    return changed(ctx, chat)


@router.on(functions.channels.EditTitleRequest)
async def edit_title(ctx: rpc.Context, request: functions.channels.EditTitleRequest) -> object:
    """Rename a channel."""
    chat = administered(ctx, request.channel)
    if request.title == chat.title:
        raise rpc.RpcError(400, "CHAT_NOT_MODIFIED")
    with ctx.world.acting(ctx.session):
        ctx.world.run("set_title", chat=chat.peer, sender=ctx.require_user(), title=request.title)
    return changed(ctx, chat)


@router.on(functions.channels.ReadHistoryRequest)
async def read_history(ctx: rpc.Context, request: functions.channels.ReadHistoryRequest) -> object:
    """Move the read mark of a channel; it takes no pts."""
    chat = places.readable_channel(ctx, request.channel)
    ctx.world.run("read", user_id=ctx.require_user(), peer=chat.peer, max_id=request.max_id or len(chat.messages))
    return True


@router.on(functions.channels.ReadMessageContentsRequest)
async def read_message_contents(ctx: rpc.Context, request: functions.channels.ReadMessageContentsRequest) -> object:
    """Take note."""
    places.readable_channel(ctx, request.channel)
    return True


@router.on(functions.channels.CheckUsernameRequest)
async def check_username(ctx: rpc.Context, request: functions.channels.CheckUsernameRequest) -> object:
    """Say whether a public name is free."""
    ctx.require_user()
    return request.username.lower() not in ctx.world.usernames


@router.on(functions.channels.UpdateUsernameRequest)
async def update_username(ctx: rpc.Context, request: functions.channels.UpdateUsernameRequest) -> object:
    """Make a channel public under a name, or private again."""
    chat = administered(ctx, request.channel)
    with ctx.world.acting(ctx.session):
        ctx.world.run("set_username", chat=chat.peer, username=request.username or None)
    return True


@router.on(functions.channels.ToggleForumRequest)
async def toggle_forum(ctx: rpc.Context, request: functions.channels.ToggleForumRequest) -> object:
    """Turn a supergroup into a forum or back."""
    chat = administered(ctx, request.channel)
    with ctx.world.acting(ctx.session):
        ctx.world.run("set_forum", chat=chat.peer, is_forum=bool(request.enabled))
    return changed(ctx, chat, with_message=False)


@router.on(functions.channels.ExportMessageLinkRequest)
async def export_message_link(ctx: rpc.Context, request: functions.channels.ExportMessageLinkRequest) -> object:
    """Return a message's link."""
    chat = places.readable_channel(ctx, request.channel)
    link = f"https://t.me/{chat.username or f'c/{chat.id}'}/{request.id}"
    return types.ExportedMessageLink(link=link, html="")


def administered(ctx: rpc.Context, given: Any) -> model.Chat:
    """Return a channel that the asking account administers, or refuse."""
    chat = places.readable_channel(ctx, given)
    if not is_admin(chat, ctx.require_user()):
        raise rpc.RpcError(400, "CHAT_ADMIN_REQUIRED")
    return chat


def is_admin(chat: model.Chat, user_id: int) -> bool:
    """Say whether a user created or administers a chat."""
    member = chat.members.get(user_id)
    return member is not None and member.role != "member"


def changed(ctx: rpc.Context, chat: model.Chat, *, with_message: bool = True) -> Any:
    """Return updateChannel, and the service message that the request caused if it did."""
    listed: list[Any] = [types.UpdateChannel(chat.id)]
    message = chat.messages[-1]
    if with_message and message.action is not None:
        listed.append(places.event_update(ctx, chat, message, "new"))
    return places.updates(ctx, listed, [(chat, message)])


def _wanted(chat: model.Chat, given: Any) -> int:
    if isinstance(given, int):
        return given
    if isinstance(given, types.InputMessageID):
        return int(given.id)
    if isinstance(given, types.InputMessagePinned):
        return chat.pinned[-1] if chat.pinned else 0
    source = chat.message(getattr(given, "id", 0))
    return source.reply.message_id if source is not None and source.reply is not None else 0
