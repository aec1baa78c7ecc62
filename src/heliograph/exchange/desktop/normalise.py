"""One message in Telegram Desktop's form to one row, whatever version wrote it. Runs for every imported message.

Nothing in a file is trusted: what has the wrong type or an impossible value is as if it were not there, and a message
without a possible id and date is left out with the reason. ``reasons.py`` has a sentence for each.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.exchange.desktop import counters, entities, extra, ids, media, service, times

_MAX_ID: Final = (1 << 31) - 1
_OLD_GROUP_SHIFT: Final = 1_000_000_000
"""Telegram Desktop moves the ids of a supergroup's earlier basic group below zero by this much."""
UNKNOWN_NAME: Final = "Deleted Account"
"""What Telegram calls somebody without a name; Telegram Desktop writes null."""

_PLAIN: Final = frozenset(
    {
        *("id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "from", "from_id", "text"),
        *("text_entities", "reply_to_message_id", "heliograph"),
    }
)
"""Keys of the messages that most messages are."""
_EXPRESSED: Final = _PLAIN | {
    *("forwarded_date", "forwarded_date_unixtime"),
    *("author", "forwarded_from", "forwarded_from_id", "reply_to_peer_id", "reactions", "views", "forwards", "replies"),
    *("photo", "photo_file_size", "width", "height", "file", "file_name", "file_size", "media_type", "mime_type"),
    *("thumbnail", "thumbnail_file_size", "duration_seconds", "performer", "title", "sticker_emoji", "media_spoiler"),
    *("self_destruct_period_seconds", "place_name", "address", "location_information", "poll", "game_title"),
}
"""Keys that columns, counters and the file's state express; any other keeps the message's JSON in ``raw``."""


def normalise(message: records.Json, target: model.Target, place: model.Place) -> model.Imported | model.Skip:
    """Return the row of a message for the chat that ``target`` is, or why there is none."""
    message_id = message.get("id")
    if type(message_id) is not int or not 0 < message_id <= _MAX_ID:
        return _without_id(message_id, place)
    date, is_local = times.read(message.get("date_unixtime"), message.get("date"), target.timezone)
    if date is None:
        reason = "unsupported" if message.get("type") == "unsupported" else "impossible_date"
        return model.Skip(reason=reason, place=place, message_id=message_id)
    if message.get("type") == "service":
        found = _service(message, message_id, date, is_local, target)
    else:
        found = _message(message, message_id, date, is_local, target)
    return found if extra.KEY not in message else extra.read(message[extra.KEY], found)


def _without_id(message_id: Any, place: model.Place) -> model.Skip:
    is_number = type(message_id) is int
    if is_number and -_OLD_GROUP_SHIFT < message_id < 0:
        return model.Skip(reason="old_group", place=place, message_id=message_id)
    return model.Skip(reason="impossible_id", place=place, message_id=message_id if is_number else None)


def _message(
    message: records.Json, message_id: int, date: datetime, is_local: bool, target: model.Target
) -> model.Imported:
    text, found_entities = entities.read(message)
    names: dict[identity.PeerId, str] = {}
    sender = _sender(message, "from", target, names)
    edited = _edited(message, target)
    reply, topic = _reply(message, message_id, target)
    carried: records.Json | None = None
    file, seen, forward, reply_chat, raw = None, None, None, None, b""
    if not message.keys() <= _PLAIN:
        carried, file = media.read(message)
        seen = counters.read(message, target, message_id, edited or date)
        forward = _forward(message, names, target)
        reply_chat = _other_chat(message, target) if reply is not None else None
        raw = _raw(message)
    return model.Imported(
        message=records.Message(
            space_id=target.space_id,
            message_id=message_id,
            chat_id=target.chat_id,
            date=date,
            as_of=_rank(message, "from"),
            sender_id=sender,
            author_signature=_signature(message, "from"),
            text=text,
            entities=found_entities,
            reply_to_message_id=reply,
            reply_to_chat_id=reply_chat,
            topic_id=topic,
            forward=forward,
            media=carried,
            edit_date=edited,
            is_outgoing=sender is not None and sender == target.self_user_id,
            raw=raw,
        ),
        observation=seen,
        names=names,
        file=file,
        text_date=edited,
        is_local_time=is_local,
    )


def _service(
    message: records.Json, message_id: int, date: datetime, is_local: bool, target: model.Target
) -> model.Imported:
    names: dict[identity.PeerId, str] = {}
    label = "actor" if "actor_id" in message or "actor" in message else "from"
    sender = _sender(message, label, target, names)
    if "to_id" in message:
        _sender(message, "to", target, names)
    action = service.read(message)
    if message.get("members") == [message.get(label)] and sender is not None and names.get(sender):
        action = service.done_alone(action, sender)
    reply = service.answered(message)
    carried, file = media.of_action(message)
    topic = None
    if target.topics is not None:
        is_new = action["type"] == service.TOPIC
        topic = target.topics.create(message_id) if is_new else target.topics.place(message_id, reply)
        reply = None if target.topics.is_root(reply) and action["type"] != "pin_message" else reply
    elif action["type"] == service.TOPIC:
        topic = message_id
    return model.Imported(
        message=records.Message(
            space_id=target.space_id,
            message_id=message_id,
            chat_id=target.chat_id,
            date=date,
            as_of=_rank(message, label),
            sender_id=sender,
            author_signature=_signature(message, label),
            text="" if action["type"] == "web_view_data_sent" else entities.read(message)[0],
            reply_to_message_id=reply,
            reply_to_chat_id=_other_chat(message, target) if reply is not None else None,
            topic_id=topic,
            media=carried,
            service=action,
            is_outgoing=sender is not None and sender == target.self_user_id,
            raw=b"" if service.is_whole(message) else orjson.dumps(message),
        ),
        observation=counters.read(message, target, message_id, date),
        names=names,
        file=file,
        is_local_time=is_local,
    )


def _sender(
    message: records.Json, label: str, target: model.Target, names: dict[identity.PeerId, str]
) -> identity.PeerId | None:
    """Return who sent a message. What a channel or a group says itself has no sender, as in TL."""
    value = message.get(f"{label}_id")
    if value is None:
        return None
    sender = ids.peer(value, is_modern="date_unixtime" in message)
    name = message.get(label)
    if sender is not None and isinstance(name, str) and name:
        names[sender] = name
    return None if sender == target.chat_id and sender is not None and sender < 0 else sender


def _rank(message: records.Json, label: str) -> int:
    """Return the ``as_of``: what names its sender and has no id for them comes from a page, by whatever way."""
    return records.imported_as_of(is_page=_is_of_page(message, label), is_local_time=False)


def _signature(message: records.Json, label: str) -> str | None:
    """Return the author's name; that of a sender without an id has no other place in a row."""
    if "author" in message and (author := _text(message["author"])):
        return author
    return _text(message[label]) if _is_of_page(message, label) else None


def _is_of_page(message: records.Json, label: str) -> bool:
    return label in message and message.get(f"{label}_id") is None


def _edited(message: records.Json, target: model.Target) -> datetime | None:
    if "edited" not in message and "edited_unixtime" not in message:
        return None
    return times.read(message.get("edited_unixtime"), message.get("edited"), target.timezone)[0]


def _reply(message: records.Json, message_id: int, target: model.Target) -> tuple[int | None, int | None]:
    """Return the message that is answered, and the topic."""
    value = message.get("reply_to_message_id")
    reply = value if type(value) is int and 0 < value <= _MAX_ID else None
    topics = target.topics
    if topics is None:
        return reply, None
    if "reply_to_peer_id" in message:
        return reply, topics.place(message_id, None, is_said=True)
    topic = topics.place(message_id, reply, is_said=True)
    return None if topics.is_root(reply) else reply, topic


def _other_chat(message: records.Json, target: model.Target) -> identity.PeerId | None:
    chat = ids.peer(message.get("reply_to_peer_id"), is_modern=True)
    return None if chat == target.chat_id else chat


def _forward(message: records.Json, names: dict[identity.PeerId, str], target: model.Target) -> records.Json | None:
    if "forwarded_from" not in message and "forwarded_from_id" not in message:
        return None
    name = message.get("forwarded_from")
    if name is not None and not isinstance(name, str):
        return None
    origin = ids.peer(message.get("forwarded_from_id"), is_modern=True)
    found: records.Json = {"from_name": name or UNKNOWN_NAME} if origin is None else {"from_id": origin}
    if name and origin is not None:
        names[origin] = name
    # Only pages tell when the original was sent.
    sent = times.read(message.get("forwarded_date_unixtime"), message.get("forwarded_date"), target.timezone)[0]
    return found if sent is None else {**found, "date": int(sent.timestamp())}


def _raw(message: records.Json) -> bytes:
    """Return the message's JSON when it says more than the columns: a bot's name, a phone number, who reacted."""
    if message.keys() <= _EXPRESSED and counters.is_whole(message):
        return b""
    return orjson.dumps(message)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
