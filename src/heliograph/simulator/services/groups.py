"""messages.*: basic groups, invite links and forum topics."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import ids, model, tl, tl_peers, views

router = rpc.Router()

MAX_TOPICS = 100


@router.on(functions.messages.CreateChatRequest)
async def create_chat(ctx: rpc.Context, request: functions.messages.CreateChatRequest) -> object:
    """Create a basic group."""
    found = [places.user_of(ctx, user) for user in request.users]
    if not request.title.strip():
        raise rpc.RpcError(400, "CHAT_TITLE_EMPTY")
    members = [user_id for user_id in found if user_id is not None and user_id != ctx.require_user()]
    with ctx.world.acting(ctx.session):
        chat = ctx.world.run("create_group", creator=ctx.require_user(), title=request.title, user_ids=members)
    return types.messages.InvitedUsers(updates=_newest(ctx, chat), missing_invitees=[])


@router.on(functions.messages.AddChatUserRequest)
async def add_chat_user(ctx: rpc.Context, request: functions.messages.AddChatUserRequest) -> object:
    """Add somebody to a basic group."""
    chat = _own_group(ctx, request.chat_id)
    user_id = places.user_of(ctx, request.user_id)
    if user_id is None:
        raise rpc.RpcError(400, "USER_ID_INVALID")
    with ctx.world.acting(ctx.session):
        ctx.world.join(chat, user_id, ctx.require_user())
    return types.messages.InvitedUsers(updates=_newest(ctx, chat), missing_invitees=[])


@router.on(functions.messages.DeleteChatUserRequest)
async def delete_chat_user(ctx: rpc.Context, request: functions.messages.DeleteChatUserRequest) -> object:
    """Leave a basic group, or remove somebody from it."""
    chat = _own_group(ctx, request.chat_id)
    user_id = places.user_of(ctx, request.user_id)
    viewer = ctx.require_user()
    if user_id is None or user_id not in chat.members:
        raise rpc.RpcError(400, "USER_NOT_PARTICIPANT")
    with ctx.world.acting(ctx.session):
        ctx.world.leave(chat, user_id, None if user_id == viewer else viewer)
    return _newest(ctx, chat)


@router.on(functions.messages.EditChatTitleRequest)
async def edit_chat_title(ctx: rpc.Context, request: functions.messages.EditChatTitleRequest) -> object:
    """Rename a basic group."""
    chat = _own_group(ctx, request.chat_id)
    with ctx.world.acting(ctx.session):
        ctx.world.run("set_title", chat=chat.peer, sender=ctx.require_user(), title=request.title)
    return _newest(ctx, chat)


@router.on(functions.messages.MigrateChatRequest)
async def migrate_chat(ctx: rpc.Context, request: functions.messages.MigrateChatRequest) -> object:
    """Turn a basic group into a supergroup."""
    chat = _own_group(ctx, request.chat_id)
    with ctx.world.acting(ctx.session):
        new = ctx.world.run("migrate", chat=chat.peer, sender=ctx.require_user())
    entries = [(chat, chat.messages[-1]), (new, new.messages[-1])]
    listed = [places.event_update(ctx, home, message, "new") for home, message in entries]
    return places.updates(ctx, [types.UpdateChannel(new.id), *listed], entries)


@router.on(functions.messages.GetFullChatRequest)
async def get_full_chat(ctx: rpc.Context, request: functions.messages.GetFullChatRequest) -> object:
    """Return a basic group with its members."""
    chat = ctx.world.chats.get(ids.chat_peer(request.chat_id))
    viewer = ctx.require_user()
    if chat is None or viewer not in chat.members:
        raise rpc.RpcError(400, "CHAT_ID_INVALID")
    listed = [_participant(member) for member in chat.members.values()]
    full = types.ChatFull(
        id=chat.id,
        about=chat.about,
        participants=types.ChatParticipants(chat.id, listed, version=chat.version),
        notify_settings=types.PeerNotifySettings(),
    )
    users, chats = tl_peers.listed(ctx.world, viewer, [chat.peer, *chat.members])
    return types.messages.ChatFull(full_chat=full, chats=chats, users=users)


@router.on(functions.messages.GetChatsRequest)
async def get_chats(ctx: rpc.Context, request: functions.messages.GetChatsRequest) -> object:
    """Return basic groups by id."""
    peers = [ids.chat_peer(number) for number in request.id]
    return types.messages.Chats(tl_peers.listed(ctx.world, ctx.require_user(), peers)[1])


@router.on(functions.messages.ImportChatInviteRequest)
async def import_chat_invite(ctx: rpc.Context, request: functions.messages.ImportChatInviteRequest) -> object:
    """Join by a link."""
    chat = _invited(ctx, request.hash)
    with ctx.world.acting(ctx.session):
        ctx.world.run("join_by_link", chat=chat.peer, user_id=ctx.require_user())
    return types.messages.ChatInviteJoinResultOk(updates=_newest(ctx, chat))


@router.on(functions.messages.CheckChatInviteRequest)
async def check_chat_invite(ctx: rpc.Context, request: functions.messages.CheckChatInviteRequest) -> object:
    """Tell what a link leads to."""
    chat = _invited(ctx, request.hash)
    viewer = ctx.require_user()
    if viewer in chat.members:
        return types.ChatInviteAlready(tl_peers.chat(ctx.world, chat.peer, viewer))
    return types.ChatInvite(
        title=chat.title,
        photo=types.PhotoEmpty(0),
        participants_count=len(chat.members),
        color=0,
        channel=chat.is_channel,
        broadcast=chat.kind == "channel",
        megagroup=chat.kind in ("supergroup", "forum"),
        public=chat.username is not None,
        about=chat.about or None,
    )


@router.on(functions.messages.ExportChatInviteRequest)
async def export_chat_invite(ctx: rpc.Context, request: functions.messages.ExportChatInviteRequest) -> object:
    """Return a chat's link."""
    chat = ctx.world.target(places.peer_of(ctx, request.peer), ctx.require_user())
    return types.ChatInviteExported(
        link=f"https://t.me/+{chat.invite}", admin_id=ctx.world.owner(chat), date=chat.created_at, permanent=True
    )


@router.on(functions.messages.GetForumTopicsRequest)
async def get_forum_topics(ctx: rpc.Context, request: functions.messages.GetForumTopicsRequest) -> object:
    """Return a page of a forum's topics, the one with the newest message first."""
    chat = _forum(ctx, request.peer)
    found = sorted(chat.topics.values(), key=lambda topic: (topic.last_id, topic.id), reverse=True)
    if request.q:
        found = [topic for topic in found if request.q.casefold() in topic.title.casefold()]
    page = found
    if request.offset_topic:
        positions = [topic.id for topic in found]
        start = positions.index(request.offset_topic) + 1 if request.offset_topic in positions else len(found)
        page = found[start:]
    return _topics(ctx, chat, page[: max(1, min(request.limit, MAX_TOPICS))], count=len(found))


@router.on(functions.messages.GetForumTopicsByIDRequest)
async def get_forum_topics_by_id(ctx: rpc.Context, request: functions.messages.GetForumTopicsByIDRequest) -> object:
    """Return topics by id, forumTopicDeleted for unknown ones."""
    chat = _forum(ctx, request.peer)
    answer = _topics(ctx, chat, [chat.topics[number] for number in request.topics if number in chat.topics])
    answer.topics += [types.ForumTopicDeleted(number) for number in request.topics if number not in chat.topics]
    return answer


@router.on(functions.messages.CreateForumTopicRequest)
async def create_forum_topic(ctx: rpc.Context, request: functions.messages.CreateForumTopicRequest) -> object:
    """Open a topic."""
    chat = _forum(ctx, request.peer)
    _check_member(ctx, chat)
    with ctx.world.acting(ctx.session):
        ctx.world.run("create_topic", chat=chat.peer, sender=ctx.require_user(), title=request.title)
    return _newest(ctx, chat, random_id=request.random_id)


@router.on(functions.messages.EditForumTopicRequest)
async def edit_forum_topic(ctx: rpc.Context, request: functions.messages.EditForumTopicRequest) -> object:
    """Rename a topic."""
    chat = _forum(ctx, request.peer)
    _check_member(ctx, chat)
    if request.topic_id not in chat.topics:
        raise rpc.RpcError(400, "TOPIC_ID_INVALID")
    title = request.title or chat.topics[request.topic_id].title
    with ctx.world.acting(ctx.session):
        ctx.world.run("edit_topic", chat=chat.peer, sender=ctx.require_user(), topic_id=request.topic_id, title=title)
    return _newest(ctx, chat)


def _own_group(ctx: rpc.Context, chat_id: int) -> model.Chat:
    chat: model.Chat | None = ctx.world.chats.get(ids.chat_peer(chat_id))
    if chat is None or chat.is_channel or ctx.require_user() not in chat.members:
        raise rpc.RpcError(400, "CHAT_ID_INVALID")
    return chat


def _forum(ctx: rpc.Context, peer: Any) -> model.Chat:
    chat: model.Chat = ctx.world.view(ctx.require_user(), places.peer_of(ctx, peer)).chat
    if chat.kind != "forum":
        raise rpc.RpcError(400, "CHANNEL_FORUM_MISSING")
    return chat


def _check_member(ctx: rpc.Context, chat: model.Chat) -> None:
    if ctx.require_user() not in chat.members:
        raise rpc.RpcError(403, "CHAT_WRITE_FORBIDDEN")


def _invited(ctx: rpc.Context, link: str) -> model.Chat:
    ctx.require_user()
    peer = ctx.world.invites.get(link)
    if peer is None:
        raise rpc.RpcError(400, "INVITE_HASH_INVALID")
    chat: model.Chat = ctx.world.chats[peer]
    return chat


def _newest(ctx: rpc.Context, chat: model.Chat, *, random_id: int | None = None) -> Any:
    """Return the updates of the service message that has just been posted."""
    message = chat.messages[-1]
    listed = [places.event_update(ctx, chat, message, "new")] if message.id_for(ctx.require_user()) else []
    if random_id is not None:
        listed.insert(0, types.UpdateMessageID(id=message.id, random_id=random_id))
    return places.updates(ctx, listed, [(chat, message)])


def _participant(member: model.Member) -> Any:
    if member.role == "creator":
        return types.ChatParticipantCreator(member.user_id)
    make = types.ChatParticipantAdmin if member.role == "admin" else types.ChatParticipant
    return make(user_id=member.user_id, inviter_id=member.inviter_id, date=member.joined_at)


def _topics(ctx: rpc.Context, chat: model.Chat, page: list[model.Topic], count: int | None = None) -> Any:
    viewer = ctx.require_user()
    assert chat.box is not None
    seen = ctx.world.view(viewer, chat.peer)
    tops = [message for topic in page if (message := views.find(seen, topic.last_id)) is not None]
    authors = [topic.creator for topic in page]
    users, chats = tl_peers.of_messages(ctx.world, viewer, [(chat, message) for message in tops], also=authors)
    return types.messages.ForumTopics(
        count=len(page) if count is None else count,
        topics=[_topic(chat, topic, viewer) for topic in page],
        messages=[tl.raw(ctx.world, chat, message, viewer) for message in tops],
        chats=chats,
        users=users,
        pts=chat.box.pts,
    )


def _topic(chat: model.Chat, topic: model.Topic, viewer: int) -> Any:
    return types.ForumTopic(
        id=topic.id,
        date=topic.created_at,
        peer=tl.peer(chat.peer),
        title=topic.title,
        icon_color=topic.icon_color,
        top_message=topic.last_id,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        from_id=types.PeerUser(topic.creator),
        notify_settings=types.PeerNotifySettings(),
        my=topic.creator == viewer,
        closed=topic.is_closed,
    )
