"""Rows of what the engine decided to apply: one payload (a message or an update) at a time, into one set of lists."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from telethon.tl import types

from heliograph import log
from heliograph.crawler.normalize import messages, peer
from heliograph.crawler.normalize.media import poll
from heliograph.domain import identity, letters, records

_log = log.get("normalize")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What normalising one account's payloads needs to know besides them."""

    self_user_id: int
    account_id: identity.AccountId | None = None
    at: datetime
    """When it was seen: the time of observations and of deletions, which carry none."""
    wants: Callable[[identity.SpaceId, identity.PeerId], bool] = lambda space_id, chat_id: True
    """Whether this chat's messages are mirrored from this space (private chats, groups of another mailbox)."""
    is_forum: Callable[[identity.PeerId], bool] = lambda chat_id: False
    keeps_topics: bool = True
    """Off for history: what a topic was once called must not replace what it is called now."""


@dataclass(kw_only=True)
class Rows:
    """The lists that a batch takes."""

    messages: list[records.Message] = field(default_factory=list)
    tombstones: list[records.Tombstone] = field(default_factory=list)
    pins: list[records.Pin] = field(default_factory=list)
    observations: list[records.Observation] = field(default_factory=list)
    topics: list[records.Topic] = field(default_factory=list)
    dead_letters: list[records.DeadLetter] = field(default_factory=list)

    def add(self, payload: Any, *, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
        """Add what a message or update says. What cannot be normalised becomes a dead letter, never an exception."""
        if payload is None:
            return
        try:
            _PAYLOADS.get(type(payload).CONSTRUCTOR_ID, _ignore)(self, payload, space_id, as_of, context)
        except Exception as error:  # whatever our code gets wrong must cost one row's replay, not the box
            letter = _dead_letter(payload, space_id, as_of, context, error)
            _log.error("normalize_failed", space_id=space_id, error=letter.error)
            self.dead_letters.append(letter)


def _add_message(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    chat_id = peer.peer_id(tl.peer_id)
    if chat_id is None or not context.wants(space_id, chat_id):
        return
    row = messages.message(
        tl,
        space_id=space_id,
        as_of=as_of,
        self_user_id=context.self_user_id,
        is_forum=context.is_forum(chat_id),
    )
    rows.messages.append(row)
    seen = messages.observation(tl, space_id=space_id, observed_at=context.at)
    if seen is not None:
        rows.observations.append(seen)
    if row.service is not None and context.keeps_topics:
        topic = _topic(tl, row)
        if topic is not None:
            rows.topics.append(topic)


def _topic(tl: Any, row: records.Message) -> records.Topic | None:
    kind = type(tl.action)
    if kind is types.MessageActionTopicCreate:
        return records.Topic(
            space_id=row.space_id,
            topic_id=row.message_id,
            title=tl.action.title,
            icon_color=tl.action.icon_color,
            created_at=row.date,
        )
    if kind is types.MessageActionTopicEdit and tl.action.title and row.topic_id:
        return records.Topic(
            space_id=row.space_id,
            topic_id=row.topic_id,
            title=tl.action.title,
            is_closed=bool(tl.action.closed),
        )
    return None


def _add_update_message(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    if not messages.is_empty(tl.message):
        _add_message(rows, tl.message, space_id, as_of, context)


def _add_deletions(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    channel_id = getattr(tl, "channel_id", None)
    # A mailbox's deletion names no chat, so nobody can tell here whether the chat is mirrored: the store looks for a
    # row of this mailbox, and forgets after a while what found none.
    chat_id = None if channel_id is None else identity.channel_peer(channel_id)
    rows.tombstones.extend(
        records.Tombstone(space_id=space_id, message_id=message_id, as_of=as_of, deleted_at=context.at, chat_id=chat_id)
        for message_id in tl.messages
    )


def _add_pins(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    channel_id = getattr(tl, "channel_id", None)
    chat_id = peer.peer_id(tl.peer) if channel_id is None else identity.channel_peer(channel_id)
    if chat_id is None or not context.wants(space_id, chat_id):
        return
    rows.pins.extend(
        records.Pin(space_id=space_id, message_id=message_id, is_pinned=bool(tl.pinned), as_of=as_of)
        for message_id in tl.messages
    )


def _add_counters(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    chat_id = _chat_of(tl)
    if chat_id is None:
        return
    kind, number = identity.split_peer(chat_id)
    space = identity.channel_space(number) if kind == "channel" else identity.mailbox_space(context.self_user_id)
    if not context.wants(space, chat_id):
        return
    rows.observations.append(
        records.Observation(
            space_id=space,
            message_id=getattr(tl, "msg_id", None) or tl.id,
            observed_at=context.at,
            views=getattr(tl, "views", None),
            forwards=getattr(tl, "forwards", None),
            reactions=messages.reactions(tl.reactions) if hasattr(tl, "reactions") else None,
            poll=poll(tl.results) if hasattr(tl, "results") else None,
        )
    )


def _chat_of(tl: Any) -> identity.PeerId | None:
    if hasattr(tl, "channel_id"):
        return identity.channel_peer(tl.channel_id)
    return peer.peer_id(tl.peer) if getattr(tl, "msg_id", None) else None


def _ignore(rows: Rows, tl: Any, space_id: identity.SpaceId, as_of: int, context: Context) -> None:
    """Leave out what makes no row: read marks, folders, an empty message.

    A refreshed link preview (updateWebPage, updateChannelWebPage) names no message: it comes with the next edit.
    """


def _dead_letter(
    payload: Any, space_id: identity.SpaceId, as_of: int, context: Context, error: Exception
) -> records.DeadLetter:
    inner: Any = getattr(payload, "message", None)
    tl: Any = inner if getattr(inner, "CONSTRUCTOR_ID", None) in _MESSAGES else payload
    is_message = tl.CONSTRUCTOR_ID in _MESSAGES
    raw = getattr(tl, "raw", None) or _serialised(tl)
    # The place, not the exception's own words: those may quote the message.
    place = traceback.extract_tb(error.__traceback__)[-1]
    return records.DeadLetter(
        space_id=space_id,
        message_id=tl.id if is_message else getattr(tl, "msg_id", None),
        raw=raw,
        layer=messages.LAYER,
        error=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno} ({type(payload).__name__})",
        kind="message" if is_message else "update",
        version=_version(tl, raw) if is_message else letters.version(raw),
        chat_id=_chat(tl, space_id),
        as_of=as_of,
        account_id=context.account_id,
        received_at=context.at,
    )


def _version(tl: Any, raw: bytes) -> str:
    """Return what makes a letter another one: the text and its time; a service message is what it is."""
    return (
        letters.version("message", tl.message or "", tl.edit_date) if hasattr(tl, "message") else letters.version(raw)
    )


def _chat(tl: Any, space_id: identity.SpaceId) -> identity.PeerId | None:
    if identity.is_channel_space(space_id):
        return identity.channel_peer(space_id)
    try:
        return peer.peer_id(getattr(tl, "peer_id", None) or getattr(tl, "peer", None))
    except Exception:  # the chat may be the very thing that cannot be normalised
        return None


def _serialised(payload: Any) -> bytes:
    try:
        return bytes(payload)
    except Exception:  # an object that does not serialise either is known by its class in the error text
        return b""


_MESSAGES = frozenset({types.Message.CONSTRUCTOR_ID, types.MessageService.CONSTRUCTOR_ID})
_PAYLOADS: dict[int, Callable[[Rows, Any, identity.SpaceId, int, Context], None]] = {
    types.Message.CONSTRUCTOR_ID: _add_message,
    types.MessageService.CONSTRUCTOR_ID: _add_message,
    types.UpdateNewMessage.CONSTRUCTOR_ID: _add_update_message,
    types.UpdateEditMessage.CONSTRUCTOR_ID: _add_update_message,
    types.UpdateNewChannelMessage.CONSTRUCTOR_ID: _add_update_message,
    types.UpdateEditChannelMessage.CONSTRUCTOR_ID: _add_update_message,
    types.UpdateDeleteMessages.CONSTRUCTOR_ID: _add_deletions,
    types.UpdateDeleteChannelMessages.CONSTRUCTOR_ID: _add_deletions,
    types.UpdatePinnedMessages.CONSTRUCTOR_ID: _add_pins,
    types.UpdatePinnedChannelMessages.CONSTRUCTOR_ID: _add_pins,
    types.UpdateMessageReactions.CONSTRUCTOR_ID: _add_counters,
    types.UpdateChannelMessageViews.CONSTRUCTOR_ID: _add_counters,
    types.UpdateChannelMessageForwards.CONSTRUCTOR_ID: _add_counters,
    types.UpdateMessagePoll.CONSTRUCTOR_ID: _add_counters,
}
