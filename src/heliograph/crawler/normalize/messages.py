"""One TL message to one row. This runs for every message that is fetched, hence the plain code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from telethon.tl import types

from heliograph.crawler.normalize.media import media, picture, poll
from heliograph.crawler.normalize.peer import peer_id
from heliograph.crawler.normalize.service import service
from heliograph.crawler.normalize.text import entities, unix
from heliograph.domain import identity, records

LAYER = 229
"""The TL layer that Telethon 1.45 speaks; raw bytes are read back with it."""

GENERAL_TOPIC = 1

_SERVICE = types.MessageService.CONSTRUCTOR_ID
_EMPTY = types.MessageEmpty.CONSTRUCTOR_ID


def is_empty(tl: Any) -> bool:
    """Say whether a TL message only tells that there is none with this id."""
    return bool(tl.CONSTRUCTOR_ID == _EMPTY)


def message(
    tl: Any, *, space_id: identity.SpaceId, as_of: int, self_user_id: int, is_forum: bool = False
) -> records.Message:
    """Return the row of a Message or MessageService (not of a MessageEmpty) as of the pts ``as_of``."""
    if tl.CONSTRUCTOR_ID == _SERVICE:
        return _service(tl, space_id, as_of, self_user_id, is_forum)
    chat_id = peer_id(tl.peer_id)
    assert chat_id is not None
    reply_id, reply_chat, quote, topic = (
        (None, None, None, GENERAL_TOPIC if is_forum else None)
        if tl.reply_to is None
        else _reply(tl.reply_to, chat_id, is_forum)
    )
    return records.Message(
        space_id=space_id,
        message_id=tl.id,
        chat_id=chat_id,
        date=tl.date,
        as_of=as_of,
        sender_id=_sender(tl, chat_id, self_user_id) if tl.from_id is None else peer_id(tl.from_id),
        author_signature=tl.post_author,
        text=tl.message or "",
        entities=entities(tl.entities) if tl.entities else None,
        reply_to_message_id=reply_id,
        reply_to_chat_id=reply_chat,
        reply_quote=quote,
        topic_id=topic,
        album_id=tl.grouped_id,
        forward=None if tl.fwd_from is None else _forward(tl.fwd_from),
        media=None if tl.media is None else media(tl.media),
        edit_date=tl.edit_date,
        is_edit_hidden=bool(tl.edit_hide),
        is_outgoing=bool(tl.out),
        is_pinned=bool(tl.pinned),
        via_bot_id=None if tl.via_bot_id is None else identity.user_peer(tl.via_bot_id),
        ttl_seconds=tl.ttl_period,
        raw=getattr(tl, "raw", b""),
        layer=LAYER,
    )


def observation(tl: Any, *, space_id: identity.SpaceId, observed_at: datetime) -> records.Observation | None:
    """Return the counters that a message carries, or None when it has none."""
    if tl.CONSTRUCTOR_ID == _SERVICE:
        if tl.reactions is None:
            return None
        return records.Observation(
            space_id=space_id, message_id=tl.id, observed_at=observed_at, reactions=reactions(tl.reactions)
        )
    counts = poll(tl.media.results) if type(tl.media) is types.MessageMediaPoll else None
    if tl.views is None and tl.forwards is None and tl.replies is None and tl.reactions is None and counts is None:
        return None
    return records.Observation(
        space_id=space_id,
        message_id=tl.id,
        observed_at=observed_at,
        views=tl.views,
        forwards=tl.forwards,
        replies=None if tl.replies is None else tl.replies.replies,
        reactions=None if tl.reactions is None else reactions(tl.reactions),
        poll=counts,
    )


def reactions(tl: Any) -> list[records.Json]:
    """Return ``[{"emoji": …, "count": …}]``; a custom emoji has ``custom_emoji_id``, a paid star ``is_paid``."""
    found = []
    for each in tl.results:
        kind = type(each.reaction)
        if kind is types.ReactionEmoji:
            found.append({"emoji": each.reaction.emoticon, "count": each.count})
        elif kind is types.ReactionCustomEmoji:
            found.append({"custom_emoji_id": each.reaction.document_id, "count": each.count})
        elif kind is types.ReactionPaid:
            found.append({"is_paid": True, "count": each.count})
    return found


def _service(tl: Any, space_id: identity.SpaceId, as_of: int, self_user_id: int, is_forum: bool) -> records.Message:
    chat_id = peer_id(tl.peer_id)
    assert chat_id is not None
    reply_id, reply_chat, quote, topic = (
        (None, None, None, GENERAL_TOPIC if is_forum else None)
        if tl.reply_to is None
        else _reply(tl.reply_to, chat_id, is_forum)
    )
    if is_forum and type(tl.action) is types.MessageActionTopicCreate:
        topic = tl.id
    return records.Message(
        space_id=space_id,
        message_id=tl.id,
        chat_id=chat_id,
        date=tl.date,
        as_of=as_of,
        sender_id=_sender(tl, chat_id, self_user_id) if tl.from_id is None else peer_id(tl.from_id),
        reply_to_message_id=reply_id,
        reply_to_chat_id=reply_chat,
        reply_quote=quote,
        topic_id=topic,
        media=picture(tl.action),
        service=service(tl.action, reply_to_message_id=reply_id),
        is_outgoing=bool(tl.out),
        ttl_seconds=tl.ttl_period,
        raw=getattr(tl, "raw", b""),
        layer=LAYER,
    )


def _sender(tl: Any, chat_id: identity.PeerId, self_user_id: int) -> identity.PeerId | None:
    """Return who sent a message without from_id: a private chat has two people, a channel's post has nobody."""
    if chat_id > 0:
        return identity.user_peer(self_user_id) if tl.out else chat_id
    return None


_Reply = tuple[int | None, identity.PeerId | None, str | None, int | None]


def _reply(tl: Any, chat_id: identity.PeerId, is_forum: bool) -> _Reply:
    """Return the message replied to, its chat when it is another one, the quote, and the topic.

    A reply to a story has a chat and no message: stories are not messages. A message that only stands in a topic
    points at the topic's first message and is no reply to it.
    """
    if type(tl) is not types.MessageReplyHeader:
        return None, peer_id(getattr(tl, "peer", None)), None, GENERAL_TOPIC if is_forum else None
    topic = GENERAL_TOPIC if is_forum else None
    if tl.forum_topic:
        topic = tl.reply_to_top_id or tl.reply_to_msg_id
        if tl.reply_to_top_id is None and not tl.quote and tl.reply_to_peer_id is None:
            return None, None, None, topic
    other = None if tl.reply_to_peer_id is None else peer_id(tl.reply_to_peer_id)
    return tl.reply_to_msg_id, None if other == chat_id else other, tl.quote_text, topic


def _forward(tl: Any) -> records.Json:
    found: records.Json = {"date": unix(tl.date)}
    for key, value in (
        ("from_id", peer_id(tl.from_id)),
        ("from_name", tl.from_name),
        ("message_id", tl.channel_post),
        ("author_signature", tl.post_author),
        ("saved_from_id", peer_id(tl.saved_from_peer)),
        ("saved_message_id", tl.saved_from_msg_id),
    ):
        if value is not None:
            found[key] = value
    return found
