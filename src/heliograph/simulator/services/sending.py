"""messages.*: sending, forwarding, editing, deleting, reacting, pinning, voting.

Each answer carries the updates that the request caused, with their pts; other sessions get them as pushes.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import input_media, places
from heliograph.simulator.world import ids, model, texts, tl_updates

router = rpc.Router()

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ALBUM = 10


@router.on(functions.messages.SendMessageRequest)
async def send_message(ctx: rpc.Context, request: functions.messages.SendMessageRequest) -> object:
    """Send a text; the same random_id again returns the first result."""
    if not request.message.strip():
        raise rpc.RpcError(400, "MESSAGE_EMPTY")
    _check_length(request.message, MAX_TEXT)
    chat, message = _send(ctx, request, text=request.message)
    return _sent(ctx, chat, [(request.random_id, message)])


@router.on(functions.messages.SendMediaRequest)
async def send_media(ctx: rpc.Context, request: functions.messages.SendMediaRequest) -> object:
    """Send media with a caption."""
    _check_length(request.message, MAX_CAPTION)
    media = input_media.media(ctx, request.media)
    chat, message = _send(ctx, request, text=request.message, media=media)
    return _sent(ctx, chat, [(request.random_id, message)])


@router.on(functions.messages.SendMultiMediaRequest)
async def send_multi_media(ctx: rpc.Context, request: functions.messages.SendMultiMediaRequest) -> object:
    """Send an album."""
    if not 0 < len(request.multi_media) <= MAX_ALBUM:
        raise rpc.RpcError(400, "MULTI_MEDIA_TOO_LONG")
    album = ids.number("album", ctx.require_user(), request.multi_media[0].random_id, bits=60)
    sent, chat = [], None
    for single in request.multi_media:
        media = input_media.media(ctx, single.media)
        chat, message = _send(ctx, request, text=single.message, media=media, single=single, album=album)
        sent.append((single.random_id, message))
    assert chat is not None
    return _sent(ctx, chat, sent)


@router.on(functions.messages.UploadMediaRequest)
async def upload_media(ctx: rpc.Context, request: functions.messages.UploadMediaRequest) -> object:
    """Turn an upload into media without sending it."""
    places.peer_of(ctx, request.peer)
    return input_media.keep(ctx, request.media)


@router.on(functions.messages.ForwardMessagesRequest)
async def forward_messages(ctx: rpc.Context, request: functions.messages.ForwardMessagesRequest) -> object:
    """Forward messages, with or without their origin."""
    source = places.peer_of(ctx, request.from_peer)
    target_peer = places.peer_of(ctx, request.to_peer)
    sent, chat = [], _writable(ctx, target_peer)
    for number, random_id in zip(request.id, request.random_id, strict=True):
        origin = places.own_message(ctx, source, number)
        fields: dict[str, Any] = {"media": origin.media, "entities": origin.entities, "random_id": random_id}
        if not request.drop_author:
            fields["forward"] = origin.forward or _origin(ctx, source, origin)
        if request.top_msg_id:
            fields["topic"] = request.top_msg_id
        with ctx.world.acting(ctx.session):
            sent.append((random_id, ctx.world.post(target_peer, ctx.require_user(), origin.text, **fields)))
    return _sent(ctx, chat, sent)


@router.on(functions.messages.EditMessageRequest)
async def edit_message(ctx: rpc.Context, request: functions.messages.EditMessageRequest) -> object:
    """Change one's own message."""
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    message = places.own_message(ctx, peer, request.id)
    chat = ctx.world.target(peer, viewer)
    if message.sender != viewer and not (chat.kind == "channel" and _is_admin(chat, viewer)):
        raise rpc.RpcError(400, "MESSAGE_AUTHOR_REQUIRED")
    entities = input_media.entities(request.entities)
    media = None if request.media is None else input_media.media(ctx, request.media)
    is_same = request.message in (None, message.text) and (entities or None) == message.entities
    if is_same and media is None:
        raise rpc.RpcError(400, "MESSAGE_NOT_MODIFIED")
    with ctx.world.acting(ctx.session):
        ctx.world.edit(peer, message, request.message, sender=viewer, entities=entities, media=media)
    return places.updates(ctx, [places.event_update(ctx, chat, message, "edit")], [(chat, message)])


@router.on(functions.messages.DeleteMessagesRequest)
async def delete_messages(ctx: rpc.Context, request: functions.messages.DeleteMessagesRequest) -> object:
    """Delete messages of the own mailbox, for everybody."""
    viewer = ctx.require_user()
    account = ctx.world.accounts[viewer]
    before = account.box.pts
    groups: dict[int, list[int]] = {}
    for number in request.id:
        if 0 < number <= len(account.mailbox):
            chat, message = account.mailbox[number - 1]
            peer = next(peer for peer, shelf in account.shelves.items() if shelf.chat is chat)
            groups.setdefault(peer, []).append(message.id)
    with ctx.world.acting(ctx.session):
        for peer, numbers in groups.items():
            ctx.world.delete(peer, numbers, sender=viewer)
    return types.messages.AffectedMessages(pts=account.box.pts, pts_count=account.box.pts - before)


@router.on(functions.messages.SendReactionRequest)
async def send_reaction(ctx: rpc.Context, request: functions.messages.SendReactionRequest) -> object:
    """Set one's reaction, or take it back."""
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    message = places.own_message(ctx, peer, request.msg_id)
    chosen = request.reaction[0] if request.reaction else None
    name = f"custom:{chosen.document_id}" if isinstance(chosen, types.ReactionCustomEmoji) else None
    name = chosen.emoticon if isinstance(chosen, types.ReactionEmoji) else name
    if chosen is not None and not name and not isinstance(chosen, types.ReactionEmpty):
        raise rpc.RpcError(400, "REACTION_INVALID")
    with ctx.world.acting(ctx.session):
        ctx.world.react(peer, message, viewer, name)
    chat = ctx.world.target(peer, viewer)
    return places.updates(ctx, [tl_updates.reactions(chat, message, viewer)], [(chat, message)])


@router.on(functions.messages.UpdatePinnedMessageRequest)
async def update_pinned_message(ctx: rpc.Context, request: functions.messages.UpdatePinnedMessageRequest) -> object:
    """Pin a message, or unpin it."""
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    message = places.own_message(ctx, peer, request.id)
    chat = ctx.world.target(peer, viewer)
    if chat.is_channel and not _is_admin(chat, viewer):
        raise rpc.RpcError(400, "CHAT_ADMIN_REQUIRED")
    with ctx.world.acting(ctx.session):
        ctx.world.pin(peer, message, sender=viewer, is_pinned=not request.unpin)
    listed = [places.event_update(ctx, chat, message, "unpin" if request.unpin else "pin")]
    if not request.unpin:
        listed.append(places.event_update(ctx, chat, chat.messages[-1], "new"))
    return places.updates(ctx, listed, [(chat, chat.messages[-1])])


@router.on(functions.messages.SendVoteRequest)
async def send_vote(ctx: rpc.Context, request: functions.messages.SendVoteRequest) -> object:
    """Vote in a poll."""
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    message = places.own_message(ctx, peer, request.msg_id)
    if not message.media or message.media["kind"] != "poll":
        raise rpc.RpcError(400, "MESSAGE_ID_INVALID")
    options = [option[0] for option in request.options]
    with ctx.world.acting(ctx.session):
        ctx.world.run("vote", chat=peer, user_id=viewer, message_id=message.id, options=options)
    return places.updates(ctx, [tl_updates.poll(message)])


def _send(
    ctx: rpc.Context,
    request: Any,
    *,
    text: str,
    media: model.Json | None = None,
    single: Any = None,
    album: int | None = None,
) -> tuple[model.Chat, model.Message]:
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    chat = _writable(ctx, peer)
    part = single or request
    fields: dict[str, Any] = {"entities": input_media.entities(part.entities), "random_id": part.random_id}
    fields |= _reply(ctx, peer, chat, request.reply_to)
    if media is not None:
        fields |= {"media": media, "album": album}
    if request.silent:
        fields["extra"] = {"is_silent": True}
    with ctx.world.acting(ctx.session):
        return chat, ctx.world.post(peer, viewer, text, **fields)


def _writable(ctx: rpc.Context, peer: int) -> model.Chat:
    """Return the chat that this account may write to, or refuse."""
    viewer = ctx.require_user()
    chat: model.Chat = ctx.world.target(peer, viewer)
    if chat.is_channel and viewer in chat.banned:
        raise rpc.RpcError(400, "USER_BANNED_IN_CHANNEL")
    if chat.kind != "private" and (viewer not in chat.members or chat.migrated_to is not None):
        raise rpc.RpcError(403, "CHAT_WRITE_FORBIDDEN")
    if chat.kind == "channel" and not _is_admin(chat, viewer):
        raise rpc.RpcError(400, "CHAT_ADMIN_REQUIRED")
    return chat


def _reply(ctx: rpc.Context, peer: int, chat: model.Chat, given: Any) -> dict[str, Any]:
    """Return the reply and topic that an InputReplyTo means; in a topic its first message is no reply."""
    if not isinstance(given, types.InputReplyToMessage):
        return {}
    source = peer if given.reply_to_peer_id is None else places.peer_of(ctx, given.reply_to_peer_id)
    found = places.own_message(ctx, source, given.reply_to_msg_id)
    fields: dict[str, Any] = {"reply_to": found.id, "quote": given.quote_text}
    if source != peer:
        fields["reply_chat"] = source
    if chat.kind == "forum" and source == peer:
        fields["topic"] = given.top_msg_id or found.topic
        if found.id in chat.topics and given.quote_text is None:
            return {"topic": found.id}
    return fields


def _sent(ctx: rpc.Context, chat: model.Chat, sent: list[tuple[int, model.Message]]) -> Any:
    """Return the updates of sent messages, each with the id that its random_id became."""
    viewer = ctx.require_user()
    named = [types.UpdateMessageID(id=message.id_for(viewer) or 0, random_id=number) for number, message in sent]
    fresh = [places.event_update(ctx, chat, message, "new") for _number, message in sent]
    return places.updates(ctx, [*named, *(update for update in fresh if update)], [(chat, m) for _n, m in sent])


def _origin(ctx: rpc.Context, source: int, message: model.Message) -> model.Json:
    chat = ctx.world.target(source, ctx.require_user())
    if chat.kind == "channel":
        origin = {"from_id": chat.peer, "date": message.date, "message_id": message.id}
        return origin | ({"author_signature": message.author} if message.author else {})
    return {"from_id": message.sender, "date": message.date}


def _is_admin(chat: model.Chat, user_id: int) -> bool:
    member = chat.members.get(user_id)
    return member is not None and member.role != "member"


def _check_length(text: str, most: int) -> None:
    if texts.utf16_length(text) > most:
        raise rpc.RpcError(400, "MESSAGE_TOO_LONG" if most == MAX_TEXT else "MEDIA_CAPTION_TOO_LONG")
