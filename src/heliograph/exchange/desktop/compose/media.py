"""What a message carries, in Desktop's form: paths or placeholders of files, and the keys of what is no file."""

from __future__ import annotations

from typing import Final

import orjson

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import media as desktop_media

PLACEHOLDERS: Final[dict[str, str]] = {
    "unavailable": "(File unavailable, please try again later)",
    "too_large": "(File exceeds maximum size. Change data exporting settings to download.)",
    "not_included": "(File not included. Change data exporting settings to download.)",
}
"""Desktop's words for a file that is not there, by ``model.FileStateName``."""

MEDIA_TYPES: Final = {
    "sticker": "sticker",
    "round_video": "video_message",
    "voice": "voice_message",
    "animation": "animation",
    "video": "video_file",
    "audio": "audio_file",
}
"""Our kind to ``media_type``; a plain document has none."""


def keys(message: records.Message, file: model.FileRef | None, poll: records.Json | None) -> records.Json:
    """Return the keys of a message's media. ``poll`` are its counters, as an observation has them."""
    media = message.media
    if media is None:
        return {}
    kind = media["kind"]
    if kind == "photo":
        return _photo(media, file)
    if kind in MEDIA_TYPES or kind == "document":
        return _document(media, file)
    if kind == "poll":
        return {"poll": _poll(media, poll or {})}
    if kind == "contact":
        return _contact(media, file)
    return _others(kind, media)


def votes(counters: records.Json, index: int) -> int:
    """Return the votes for a poll's option. Options are bytes that whoever made the poll chose.

    Apps take the characters from ``0`` on, of which ``:`` and ``;`` follow the digits; programs its number in digits or
    as it is.
    """
    told = counters.get("votes") or {}
    chosen = (desktop_media.option(index), str(index).encode().hex(), f"{index:02x}")
    return int(next((told[each] for each in chosen if told.get(each)), 0))


def _others(kind: str, media: records.Json) -> records.Json:
    if kind in ("geo", "geo_live"):
        return {"location_information": _point(media)}
    if kind == "venue":
        found = {"place_name": media.get("title"), "address": media.get("address")}
        if (point := _point(media)) is not None:
            found["location_information"] = point
        return {key: value for key, value in found.items() if value}
    if kind == "todo":
        return {"todo_list": _todo(media)}
    if kind == "game":
        return {"game_title": media["title"]} if media.get("title") else {}
    if kind == "invoice":
        # Desktop writes this object as a string: a slip that its readers have learned to expect.
        inner = orjson.dumps({"title": media.get("title") or ""}, option=orjson.OPT_INDENT_2)
        return {"invoice_information": inner.decode()}
    return {}


def _contact(media: records.Json, file: model.FileRef | None) -> records.Json:
    # A phone number is kept in the raw bytes only, so that none leaves here but in the contact's own card.
    person = {"first_name": media.get("first_name") or "", "last_name": media.get("last_name") or ""}
    found: records.Json = {"contact_information": {**person, "phone_number": ""}}
    if file is not None:
        found["contact_vcard"] = _where(file)
        if file.size is not None:
            found["contact_vcard_file_size"] = file.size
    return found


def _where(file: model.FileRef | None) -> str:
    if file is None:
        return PLACEHOLDERS["not_included"]
    if file.state == "included" and file.path:
        return file.path
    return PLACEHOLDERS.get(file.state, PLACEHOLDERS["unavailable"])


def _photo(media: records.Json, file: model.FileRef | None) -> records.Json:
    found: records.Json = {"photo": _where(file)}
    if file is not None and file.size is not None:
        found["photo_file_size"] = file.size
    return {**found, **_size(media), **_flags(media)}


def _document(media: records.Json, file: model.FileRef | None) -> records.Json:
    found: records.Json = {"file": _where(file)}
    name = media.get("file_name") or (file.name if file else None)
    if name:
        found["file_name"] = name
    size = media.get("size") if media.get("size") is not None else (file.size if file else None)
    if size is not None:
        found["file_size"] = size
    kind = media["kind"]
    if kind in MEDIA_TYPES:
        found["media_type"] = MEDIA_TYPES[kind]
    if kind == "sticker" and media.get("emoji"):
        found["sticker_emoji"] = media["emoji"]
    if kind == "audio":
        found.update({key: media[key] for key in ("performer", "title") if media.get(key)})
    mime_type = media.get("mime_type") or (file.mime_type if file else None)
    if mime_type:
        found["mime_type"] = mime_type
    if media.get("duration"):
        found["duration_seconds"] = int(media["duration"])
    return {**found, **_size(media), **_flags(media)}


def _size(media: records.Json) -> records.Json:
    if media.get("width") and media.get("height"):
        return {"width": media["width"], "height": media["height"]}
    return {}


def _flags(media: records.Json) -> records.Json:
    found: records.Json = {}
    if media.get("is_spoiler"):
        found["media_spoiler"] = True
    if media.get("ttl_seconds"):
        found["self_destruct_period_seconds"] = media["ttl_seconds"]
    return found


def _point(media: records.Json) -> records.Json | None:
    if media.get("latitude") is None or media.get("longitude") is None:
        return None
    return {"latitude": media["latitude"], "longitude": media["longitude"]}


def _todo(media: records.Json) -> records.Json:
    items = [{"text": text, "id": number} for number, text in enumerate(media.get("items") or [], 1)]
    rights = {"others_can_append": False, "others_can_complete": False}
    return {"title": media.get("title") or "", **rights, "answers": items}


def _poll(media: records.Json, counters: records.Json) -> records.Json:
    options = media.get("options") or []
    return {
        "question": media.get("question") or "",
        "closed": bool(media.get("is_closed")),
        "total_voters": counters.get("total") or 0,
        "answers": [
            {"text": text, "voters": votes(counters, index), "chosen": False} for index, text in enumerate(options)
        ],
    }
