"""Messages as TL, built from the model and kept as bytes: history is served from these caches.

A channel's message is the same for every account except its sender's, whose copy says ``out``; a mailbox message
carries another id for each account and is built anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model, tl_actions, tl_bytes, tl_media

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World


def peer(marked: int) -> Any:
    """Return the TL Peer of a marked id."""
    kind, number = ids.split(marked)
    return _PEERS[kind](number)


def raw(world: World, chat: model.Chat, message: model.Message, viewer: int) -> rpc.Raw:
    """Return a message's bytes as ``viewer`` sees it."""
    if message.cached is not None and message.sender != viewer:
        return rpc.Raw(message.cached)
    if message.action is None:
        data = tl_bytes.ordinary(world, chat, message, viewer)
    else:
        data = build(world, chat, message, viewer)._bytes()
    # A reaction of the viewer's own is marked as his, so that such a message is not kept for everybody.
    if chat.is_channel and message.sender != viewer and not (message.extra and "reactors" in message.extra):
        message.cached = data
    return rpc.Raw(data)


def build(world: World, chat: model.Chat, message: model.Message, viewer: int) -> Any:
    """Return a Message or MessageService as ``viewer`` sees it."""
    build_one = _service if message.action is not None else _ordinary
    return build_one(world, chat, message, viewer)


def empty(message_id: int, marked: int | None) -> Any:
    """Return what stands at the position of an id that has no message (any more)."""
    return types.MessageEmpty(id=message_id, peer_id=peer(marked) if marked else None)


def dialog_peer(chat: model.Chat, viewer: int) -> int:
    """Return the marked id under which ``viewer`` has this chat in its list."""
    if chat.kind != "private":
        return chat.peer
    others = [user_id for user_id in chat.members if user_id != viewer]
    return others[0] if others else viewer


def reactions(chat: model.Chat, message: model.Message, viewer: int | None = None) -> Any:
    """Return MessageReactions, empty when there are none."""
    mine = ((message.extra or {}).get("reactors") or {}).get(str(viewer))
    results = [
        types.ReactionCount(reaction(name), count, chosen_order=0 if name == mine else None)
        for name, count in (message.reactions or {}).items()
    ]
    return types.MessageReactions(results=results, can_see_list=chat.kind != "channel")


def reaction(name: str) -> Any:
    """Return the TL Reaction of ``👍`` or ``custom:<document id>``."""
    if name.startswith("custom:"):
        return types.ReactionCustomEmoji(int(name[7:]))
    return types.ReactionEmoji(name)


def entities(specs: list[list[Any]]) -> list[Any]:
    """Return the TL entities of ``[type, offset, length, argument?]`` lists."""
    return [_ENTITIES[spec[0]](*spec[1:]) for spec in specs]


def entity_specs(found: list[Any] | None) -> list[list[Any]] | None:
    """Return a client's TL entities as lists; kinds that only clients send become what the server makes of them."""
    specs = []
    for entity in found or []:
        if isinstance(entity, types.InputMessageEntityMentionName):
            specs.append(["mention_name", entity.offset, entity.length, getattr(entity.user_id, "user_id", 0)])
            continue
        name = _ENTITY_NAMES.get(type(entity))
        if name is not None:
            argument = next((getattr(entity, key) for key in _ARGUMENTS if hasattr(entity, key)), None)
            specs.append([name, entity.offset, entity.length, *([] if argument is None else [argument])])
    return specs or None


def _ordinary(world: World, chat: model.Chat, message: model.Message, viewer: int) -> Any:
    extra = message.extra or {}
    is_post = chat.kind == "channel"
    return types.Message(
        id=message.id_for(viewer) or 0,
        peer_id=peer(dialog_peer(chat, viewer)),
        date=message.date,
        message=message.text,
        out=message.sender == viewer,
        post=is_post,
        silent=extra.get("is_silent", False),
        edit_hide=message.is_edit_hidden,
        pinned=message.is_pinned,
        from_id=_from_id(chat, message, viewer),
        fwd_from=forward(message.forward) if message.forward else None,
        via_bot_id=extra.get("via_bot_id"),
        reply_to=reply(world, chat, message, viewer),
        media=tl_media.media(message.media) if message.media else None,
        entities=entities(message.entities) if message.entities else None,
        views=message.views,
        forwards=None if message.views is None else message.forwards,
        replies=comments(chat, message),
        edit_date=message.edit_date,
        post_author=message.author,
        grouped_id=message.album,
        reactions=reactions(chat, message, viewer) if message.reactions else None,
        ttl_period=extra.get("ttl_period"),
    )


def _service(world: World, chat: model.Chat, message: model.Message, viewer: int) -> Any:
    return types.MessageService(
        id=message.id_for(viewer) or 0,
        peer_id=peer(dialog_peer(chat, viewer)),
        date=message.date,
        out=message.sender == viewer,
        post=chat.kind == "channel",
        from_id=_from_id(chat, message, viewer),
        reply_to=reply(world, chat, message, viewer),
        action=tl_actions.action(message.action or {}),
        reactions=reactions(chat, message, viewer) if message.reactions else None,
    )


def _from_id(chat: model.Chat, message: model.Message, viewer: int) -> Any:
    # A received private message carries no from_id: its sender is the dialog itself.
    if message.sender is None or (chat.kind == "private" and message.sender != viewer):
        return None
    return peer(message.sender)


def forward(spec: dict[str, Any]) -> Any:
    """Return the MessageFwdHeader of a forward dict."""
    return types.MessageFwdHeader(
        date=spec["date"],
        from_id=peer(spec["from_id"]) if "from_id" in spec else None,
        from_name=spec.get("from_name"),
        channel_post=spec.get("message_id"),
        post_author=spec.get("author_signature"),
        saved_from_peer=peer(spec["saved_from_id"]) if "saved_from_id" in spec else None,
        saved_from_msg_id=spec.get("saved_message_id"),
    )


def reply(world: World, chat: model.Chat, message: model.Message, viewer: int) -> Any:
    """Return what a message answers and which topic it stands in, None for neither."""
    answered, topic = message.reply, message.topic
    # The message that opens a topic stands in it without saying so.
    in_topic = topic is not None and topic not in (1, message.id)
    if answered is None:
        return types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=topic) if in_topic else None
    home = chat if answered.chat is None else world.chats.get(answered.chat)
    target = home.message(answered.message_id) if home is not None else None
    target_id = answered.message_id if target is None else target.id_for(viewer)
    if target_id is None:
        return None
    return types.MessageReplyHeader(
        reply_to_msg_id=target_id,
        reply_to_top_id=topic if in_topic and topic != target_id else None,
        forum_topic=in_topic,
        reply_to_peer_id=peer(answered.chat) if answered.chat is not None else None,
        quote=answered.quote is not None,
        quote_text=answered.quote,
    )


def comments(chat: model.Chat, message: model.Message) -> Any:
    """Return how many comments a channel post has, None when it takes none."""
    if message.comments is None or chat.linked is None:
        return None
    return types.MessageReplies(
        replies=message.comments, replies_pts=1, comments=True, channel_id=ids.split(chat.linked)[1]
    )


_PEERS: dict[str, Callable[[int], Any]] = {
    "user": types.PeerUser,
    "chat": types.PeerChat,
    "channel": types.PeerChannel,
}
_ARGUMENTS = ("url", "user_id", "language", "document_id")
_ENTITIES: dict[str, Callable[..., Any]] = {
    "unknown": types.MessageEntityUnknown,
    "mention": types.MessageEntityMention,
    "hashtag": types.MessageEntityHashtag,
    "bot_command": types.MessageEntityBotCommand,
    "url": types.MessageEntityUrl,
    "email": types.MessageEntityEmail,
    "bold": types.MessageEntityBold,
    "italic": types.MessageEntityItalic,
    "code": types.MessageEntityCode,
    "pre": types.MessageEntityPre,
    "text_url": types.MessageEntityTextUrl,
    "mention_name": types.MessageEntityMentionName,
    "phone": types.MessageEntityPhone,
    "cashtag": types.MessageEntityCashtag,
    "underline": types.MessageEntityUnderline,
    "strike": types.MessageEntityStrike,
    "bank_card": types.MessageEntityBankCard,
    "spoiler": types.MessageEntitySpoiler,
    "custom_emoji": types.MessageEntityCustomEmoji,
    "blockquote": types.MessageEntityBlockquote,
}
_ENTITY_NAMES = {kind: name for name, kind in _ENTITIES.items()}
