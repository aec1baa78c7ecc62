"""One message in Desktop's form."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.exchange.desktop import extra, normalise
from heliograph.exchange.desktop.compose import media, peers, service, text

_PLACE: Final = model.Place(file="", offset=0)
_GUESSED: Final = ("topic_id", "reply_to_message_id")


def compose(
    original: model.Imported,
    target: model.Target,
    *,
    names: peers.Names | None = None,
    usernames: peers.Names | None = None,
    has_topics: bool = False,
) -> records.Json:
    """Return a message as Desktop writes it, with the key ``heliograph`` when Desktop's form does not say all of it.

    What the form says is asked of the normaliser itself, so that reading it again gives the same row whatever
    either of them learns. Local times are those of ``target.timezone``, and its ``topics`` stay unset. ``names`` are
    instead of the original's own; ``usernames`` are those of bots, without their @. Topics are guessed when a file
    is read, from the messages in front: ``has_topics`` leaves nothing of them to guess.
    """
    form = _form(original, target, original.names if names is None else names, usernames or {})
    understood = normalise.normalise(form, target, _PLACE)
    if isinstance(understood, model.Imported):
        more = extra.write(original, understood, always=_GUESSED if has_topics else ())
        if more:
            form[extra.KEY] = more
    return form


def _form(original: model.Imported, target: model.Target, names: peers.Names, usernames: peers.Names) -> records.Json:
    message = original.message
    form: records.Json = {
        "id": message.message_id,
        "type": "service" if message.service is not None else "message",
        **_moment("date", message.date, target),
    }
    if message.edit_date is not None:
        form.update(_moment("edited", message.edit_date, target))
    if message.service is not None:
        form.update(service.action(message, target.kind, names))
    else:
        form.update(_head(message, target.kind, names, usernames))
    counters = original.observation
    form.update(media.keys(message, original.file, counters.poll if counters else None))
    form.update(text.both(message.text, message.entities))
    if counters is not None and counters.reactions:
        form["reactions"] = [_reaction(each) for each in counters.reactions]
    return form


def _moment(key: str, moment: datetime, target: model.Target) -> records.Json:
    local = moment.astimezone(target.timezone).replace(microsecond=0, tzinfo=None)
    return {key: local.isoformat(), f"{key}_unixtime": str(int(moment.timestamp()))}


def _head(
    message: records.Message, kind: identity.ChatKind, names: peers.Names, usernames: peers.Names
) -> records.Json:
    form = peers.sender("from", message, kind, names)
    if message.author_signature:
        form["author"] = message.author_signature
    form.update(_forward(message.forward or {}, names))
    reply = message.reply_to_message_id or _topic_root(message)
    if reply:
        form["reply_to_message_id"] = reply
        if message.reply_to_chat_id:
            form["reply_to_peer_id"] = peers.peer(message.reply_to_chat_id)
    bot = peers.name(usernames, message.via_bot_id)
    if bot:
        form["via_bot"] = f"@{bot}"
    return form


def _topic_root(message: records.Message) -> int | None:
    """Desktop writes what a message of a topic hangs from, the topic's first message, as what it answers."""
    return message.topic_id if message.topic_id not in (None, 1) else None


def _forward(forward: records.Json, names: peers.Names) -> records.Json:
    form: records.Json = {}
    if forward.get("from_id"):
        form["forwarded_from"] = peers.name(names, forward["from_id"])
        form["forwarded_from_id"] = peers.peer(forward["from_id"])
    elif forward.get("from_name"):
        is_unknown = forward["from_name"] == normalise.UNKNOWN_NAME
        form["forwarded_from"] = None if is_unknown else forward["from_name"]
    if forward.get("saved_from_id"):
        form["saved_from"] = peers.name(names, forward["saved_from_id"])
    return form


def _reaction(reaction: records.Json) -> records.Json:
    count: Any = reaction.get("count", 0)
    if "emoji" in reaction:
        return {"type": "emoji", "count": count, "emoji": reaction["emoji"]}
    if "custom_emoji_id" in reaction:
        # An import may not know which one it was; Desktop's word for a picture that it left is the empty one.
        return {"type": "custom_emoji", "count": count, "document_id": str(reaction["custom_emoji_id"] or "")}
    return {"type": "paid", "count": count}
