"""What a message carries besides its text, as a small descriptor ``{"kind": …}``; unset keys are absent.

Kinds and their keys: ``photo`` id, width, height; ``video``, ``round_video``, ``animation``, ``audio``, ``voice``,
``sticker``, ``document`` id, mime_type, size, file_name, duration, width, height, title, performer, emoji;
``web_page`` url, title, description, site_name; ``poll`` id, question, options, is_quiz, is_multiple, is_closed;
``contact`` first_name, last_name, user_id (a phone number is never kept outside the raw bytes); ``geo``, ``geo_live``
latitude, longitude; ``venue`` title, address, latitude, longitude; ``dice`` emoji, value; ``game``, ``invoice`` title;
``todo`` title, items; ``story``, ``giveaway``, ``giveaway_results``, ``paid_media``, ``video_stream``,
``unsupported``. Photos and files add ``is_spoiler`` and ``ttl_seconds``. A service message about a picture carries it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import types

from heliograph.crawler.normalize import text
from heliograph.domain import records


def media(tl: Any) -> records.Json | None:
    """Return the descriptor of a MessageMedia, None when there is none. A kind of a newer layer is ``unsupported``."""
    if tl is None:
        return None
    describe = _KINDS.get(type(tl))
    return {"kind": "unsupported"} if describe is None else describe(tl)


def picture(action: Any) -> records.Json | None:
    """Return the picture that a service message is about, None when it is about none.

    It is named by no id: whoever reads the message sees that there is one, and an import may have its file.
    """
    if type(action) not in (types.MessageActionChatEditPhoto, types.MessageActionSuggestProfilePhoto):
        return None
    return {"kind": "photo", **_dimensions(action.photo)}


def poll(tl: Any) -> records.Json | None:
    """Return the counters of a PollResults: ``{"total": …, "votes": {option index or bytes in hex: count}}``."""
    if tl is None or tl.total_voters is None:
        return None
    votes = {each.option.hex(): each.voters for each in tl.results or () if each.voters is not None}
    return {"total": tl.total_voters, "votes": votes}


def _with_flags(found: records.Json, tl: Any) -> records.Json:
    if tl.spoiler:
        found["is_spoiler"] = True
    if tl.ttl_seconds:
        found["ttl_seconds"] = tl.ttl_seconds
    return found


def _photo(tl: Any) -> records.Json:
    found: records.Json = {"kind": "photo"}
    photo = tl.photo
    if photo is not None:
        found["id"] = photo.id
    return _with_flags({**found, **_dimensions(photo)}, tl)


def _dimensions(photo: Any) -> records.Json:
    sizes = [
        (size.w, size.h)
        for size in getattr(photo, "sizes", None) or ()
        if getattr(size, "w", None) is not None and getattr(size, "h", None) is not None
    ]
    if not sizes:
        return {}
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return {"width": width, "height": height}


def _document(tl: Any) -> records.Json:
    found: records.Json = {"kind": "document"}
    document = tl.document
    if document is not None:
        found["id"] = document.id
    if type(document) is types.Document:
        found["mime_type"] = document.mime_type
        found["size"] = document.size
        flags: set[str] = set()
        for attribute in document.attributes:
            read = _ATTRIBUTES.get(type(attribute))
            if read is not None:
                read(attribute, found, flags)
        found["kind"] = next((kind for kind in _PRECEDENCE if kind in flags), "document")
    elif tl.voice or tl.round or tl.video:
        found["kind"] = "voice" if tl.voice else "round_video" if tl.round else "video"
    return _with_flags(found, tl)


_PRECEDENCE = ("sticker", "round_video", "animation", "voice", "video", "audio")
"""A sticker may be a video, and an animation always is one: the first that fits names the kind."""


def _video(attribute: Any, found: records.Json, flags: set[str]) -> None:
    flags.add("round_video" if attribute.round_message else "video")
    found.update(duration=_seconds(attribute.duration), width=attribute.w, height=attribute.h)


def _audio(attribute: Any, found: records.Json, flags: set[str]) -> None:
    flags.add("voice" if attribute.voice else "audio")
    found["duration"] = attribute.duration
    if attribute.title:
        found["title"] = attribute.title
    if attribute.performer:
        found["performer"] = attribute.performer


def _sticker(attribute: Any, found: records.Json, flags: set[str]) -> None:
    flags.add("sticker")
    if attribute.alt:
        found["emoji"] = attribute.alt


def _file_name(attribute: Any, found: records.Json, flags: set[str]) -> None:
    found["file_name"] = attribute.file_name


def _image_size(attribute: Any, found: records.Json, flags: set[str]) -> None:
    found.update(width=attribute.w, height=attribute.h)


def _animated(attribute: Any, found: records.Json, flags: set[str]) -> None:
    flags.add("animation")


_ATTRIBUTES: dict[type, Callable[[Any, records.Json, set[str]], None]] = {
    types.DocumentAttributeVideo: _video,
    types.DocumentAttributeAudio: _audio,
    types.DocumentAttributeSticker: _sticker,
    types.DocumentAttributeFilename: _file_name,
    types.DocumentAttributeImageSize: _image_size,
    types.DocumentAttributeAnimated: _animated,
}


def _web_page(tl: Any) -> records.Json:
    found: records.Json = {"kind": "web_page"}
    for key in ("url", "title", "description", "site_name"):
        value = getattr(tl.webpage, key, None)
        if value:
            found[key] = value
    return found


def _poll(tl: Any) -> records.Json:
    asked = tl.poll
    return {
        "kind": "poll",
        "id": asked.id,
        "question": text.plain(asked.question),
        "options": [text.plain(getattr(answer, "text", "")) for answer in asked.answers],
        "is_quiz": bool(asked.quiz),
        "is_multiple": bool(asked.multiple_choice),
        "is_closed": bool(asked.closed),
    }


def _contact(tl: Any) -> records.Json:
    return {"kind": "contact", "first_name": tl.first_name, "last_name": tl.last_name, "user_id": tl.user_id}


def _place(kind: str, geo: Any) -> records.Json:
    if type(geo) is not types.GeoPoint:
        return {"kind": kind}
    return {"kind": kind, "latitude": geo.lat, "longitude": geo.long}


def _venue(tl: Any) -> records.Json:
    return {**_place("venue", tl.geo), "title": tl.title, "address": tl.address}


def _titled(kind: str, title: Any) -> records.Json:
    return {"kind": kind, "title": text.plain(title)}


def _todo(tl: Any) -> records.Json:
    found = _titled("todo", tl.todo.title)
    items = [text.plain(each.title) for each in tl.todo.list]
    return {**found, "items": items} if items else found


def _seconds(duration: float) -> float:
    """Return whole seconds as an integer: TL sends video durations as doubles."""
    return int(duration) if duration == duration // 1 else duration


_KINDS: dict[type, Callable[[Any], records.Json | None]] = {
    types.MessageMediaEmpty: lambda tl: None,
    types.MessageMediaPhoto: _photo,
    types.MessageMediaDocument: _document,
    types.MessageMediaWebPage: _web_page,
    types.MessageMediaPoll: _poll,
    types.MessageMediaContact: _contact,
    types.MessageMediaGeo: lambda tl: _place("geo", tl.geo),
    types.MessageMediaGeoLive: lambda tl: _place("geo_live", tl.geo),
    types.MessageMediaVenue: _venue,
    types.MessageMediaDice: lambda tl: {"kind": "dice", "emoji": tl.emoticon, "value": tl.value},
    types.MessageMediaGame: lambda tl: _titled("game", tl.game.title),
    types.MessageMediaInvoice: lambda tl: _titled("invoice", tl.title),
    types.MessageMediaStory: lambda tl: {"kind": "story"},
    types.MessageMediaGiveaway: lambda tl: {"kind": "giveaway"},
    types.MessageMediaGiveawayResults: lambda tl: {"kind": "giveaway_results"},
    types.MessageMediaPaidMedia: lambda tl: {"kind": "paid_media"},
    types.MessageMediaToDo: _todo,
    types.MessageMediaVideoStream: lambda tl: {"kind": "video_stream"},
    types.MessageMediaUnsupported: lambda tl: {"kind": "unsupported"},
}
