"""What a message carries, in the descriptors of ``records.Message.media``, and what the export says of its file.

Telegram Desktop tells a file by its path beside the export, or by a sentence in brackets when it did not fetch it. It
knows no file ids. A contact's phone number is never taken out of the raw form; its card is a file like others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import entities

VCARD: Final = "text/vcard"
_PLACEHOLDER: Final = re.compile(r"(?:.* )?\([A-Z][\w ]*? (unavailable|exceeds maximum size|not included)\b[^)]*\)")
_STATES: Final[dict[str, model.FileStateName]] = {
    "unavailable": "unavailable",
    "exceeds maximum size": "too_large",
    "not included": "not_included",
}
_KINDS: Final = {
    "sticker": "sticker",
    "video_message": "round_video",
    "voice_message": "voice",
    "animation": "animation",
    "video_file": "video",
    "audio_file": "audio",
}
_NAMED: Final = frozenset({"document", "audio"})
"""Kinds whose exported file keeps the name that its sender gave it; others get one from Telegram Desktop."""

Found = tuple[records.Json | None, model.FileRef | None]


def read(message: records.Json) -> Found:
    """Return the descriptor and the file of a message that is no service message."""
    for key, types, describe in _READERS:
        if key in message and isinstance(message[key], types):
            return describe(message)
    return None, None


def of_action(message: records.Json) -> Found:
    """Return the picture that a service message is about, and its file."""
    return _photo(message) if isinstance(message.get("photo"), str) else (None, None)


def votes(message: records.Json) -> records.Json | None:
    """Return the counters of a poll as an observation has them; Telegram Desktop leaves out what options are called."""
    poll = message.get("poll")
    if not isinstance(poll, dict) or (total := _count(poll.get("total_voters"))) is None:
        return None
    found = {}
    for index, answer in enumerate(_list(poll.get("answers"))):
        voters = _count(answer.get("voters")) if isinstance(answer, dict) else None
        if voters is not None:
            found[option(index)] = voters
    return {"total": total, "votes": found}


def option(index: int) -> str:
    """Return what Telegram's apps call a poll's option, in hex: the characters from ``0`` on."""
    return f"{ord('0') + index:02x}"


def _photo(message: records.Json) -> Found:
    found: records.Json = {"kind": "photo"}
    _copy(message, found, _count, width="width", height="height")
    return _flagged(message, found), _file(message["photo"], size=_count(message.get("photo_file_size")))


def _document(message: records.Json) -> Found:
    kind = _KINDS.get(_text(message.get("media_type")), "document")
    found: records.Json = {"kind": kind}
    _copy(message, found, _text, mime_type="mime_type", file_name="file_name", title="title", performer="performer")
    _copy(message, found, _text, sticker_emoji="emoji")
    _copy(message, found, _count, file_size="size", width="width", height="height")
    _copy(message, found, _amount, duration_seconds="duration")
    file = _file(
        message["file"],
        size=_count(message.get("file_size")),
        name=_text(message.get("file_name")) or None,
        mime_type=_text(message.get("mime_type")) or None,
        is_named=kind in _NAMED,
    )
    if "file_name" not in found and kind in _NAMED and file.name:
        found["file_name"] = file.name
    return _flagged(message, found), file


def _file(
    path: str, *, size: int | None, name: str | None = None, mime_type: str | None = None, is_named: bool = False
) -> model.FileRef:
    words = _PLACEHOLDER.fullmatch(path) if path.endswith(")") else None
    if words or not path:
        state = _STATES[words[1]] if words else "unavailable"
        return model.FileRef(path=None, state=state, name=name, size=size, mime_type=mime_type)
    if name is None and is_named:
        name = PurePosixPath(path).name or None
    return model.FileRef(path=path, state="included", name=name, size=size, mime_type=mime_type)


def _contact(message: records.Json) -> Found:
    person = _dict(message["contact_information"])
    found = {
        "kind": "contact",
        "first_name": _text(person.get("first_name")),
        "last_name": _text(person.get("last_name")),
    }
    card = message.get("contact_vcard")
    if not isinstance(card, str):
        return found, None
    size = _count(message.get("contact_vcard_file_size"))
    return found, _file(card, size=size, mime_type=VCARD)


def _venue(message: records.Json) -> Found:
    return {
        "kind": "venue",
        **_point(message.get("location_information")),
        "title": _text(message.get("place_name")),
        "address": _text(message.get("address")),
    }, None


def _location(message: records.Json) -> Found:
    kind = "geo_live" if "live_location_period_seconds" in message else "geo"
    return {"kind": kind, **_point(message["location_information"])}, None


def _point(place: Any) -> records.Json:
    latitude, longitude = _degrees(_dict(place).get("latitude"), 90), _degrees(_dict(place).get("longitude"), 180)
    return {} if latitude is None or longitude is None else {"latitude": latitude, "longitude": longitude}


def _poll(message: records.Json) -> Found:
    poll = _dict(message["poll"])
    answers = [each for each in _list(poll.get("answers")) if isinstance(each, dict)]
    return {
        "kind": "poll",
        "question": entities.parse(poll.get("question"))[0],
        "options": [entities.parse(each.get("text"))[0] for each in answers],
        "is_closed": poll.get("closed") is True,
    }, None


def _invoice(message: records.Json) -> Found:
    # Telegram Desktop writes this object as a string.
    value = message["invoice_information"]
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    return {"kind": "invoice", "title": _text(_dict(value).get("title"))}, None


def _todo(message: records.Json) -> Found:
    todo = _dict(message["todo_list"])
    found: records.Json = {"kind": "todo", "title": entities.parse(todo.get("title"))[0]}
    # Telegram Desktop calls them as it calls those of a poll.
    items = [entities.parse(each.get("text"))[0] for each in _list(todo.get("answers")) if isinstance(each, dict)]
    return {**found, "items": items} if items else found, None


def _game(message: records.Json) -> Found:
    return {"kind": "game", "title": _text(message["game_title"])}, None


def _only(kind: str) -> Callable[[records.Json], Found]:
    return lambda message: ({"kind": kind}, None)


def _flagged(message: records.Json, found: records.Json) -> records.Json:
    if message.get("media_spoiler") is True:
        found["is_spoiler"] = True
    seconds = _count(message.get("self_destruct_period_seconds"))
    if seconds:
        found["ttl_seconds"] = seconds
    return found


def _copy(message: records.Json, found: records.Json, read_value: Callable[[Any], Any], **names: str) -> None:
    for theirs, ours in names.items():
        value = read_value(message.get(theirs))
        if value is not None and value != "":
            found[ours] = value


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63 else None


def _amount(value: Any) -> int | float | None:
    return value if isinstance(value, float) and 0 <= value < 1 << 31 else _count(value)


def _degrees(value: Any, limit: int) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and -limit <= value <= limit else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> records.Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_READERS: Final[tuple[tuple[str, tuple[type, ...], Callable[[records.Json], Found]], ...]] = (
    ("photo", (str,), _photo),
    ("file", (str,), _document),
    ("contact_information", (dict,), _contact),
    ("place_name", (str,), _venue),
    ("location_information", (dict, type(None)), _location),
    ("poll", (dict,), _poll),
    ("game_title", (str,), _game),
    ("invoice_information", (str, dict), _invoice),
    ("todo_list", (dict,), _todo),
    ("giveaway_information", (dict,), _only("giveaway")),
    ("giveaway_results", (dict,), _only("giveaway_results")),
    ("paid_stars_amount", (int,), _only("paid_media")),
)
"""Keys in the order in which they decide, and what their values have to be."""
