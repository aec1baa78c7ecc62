"""What a message carries, from the boxes that a page shows it in to the keys of Desktop's JSON form.

Sizes in bytes are rounded on pages, so they are left out. A file that the export leaves out has Desktop's words for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from heliograph.domain import records
from heliograph.exchange import paths
from heliograph.exchange.desktop.markup import nodes

NOT_INCLUDED: Final = "(File not included. Change data exporting settings to download.)"
TOO_LARGE: Final = "(File exceeds maximum size. Change data exporting settings to download.)"
UNAVAILABLE: Final = "(File unavailable, please try again later)"

_PLACEHOLDERS: Final = (("Not included", NOT_INCLUDED), ("Exceeds maximum size", TOO_LARGE))
_SHOWN: Final = {
    "photo_wrap": None,
    "sticker_wrap": "sticker",
    "animated_wrap": "animation",
    "video_file_wrap": "video_file",
}
"""The classes of media that a page shows, and their media_type."""
_TITLES: Final = {
    "Video message": "video_message",
    "Voice message": "voice_message",
    "Video file": "video_file",
    "Animation": "animation",
    "Sticker": "sticker",
}
_DURATION: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:,|\Z)")
_SIZE: Final = re.compile(r"(\d{1,6})\s*[x×]\s*(\d{1,6})")
_FILE_SIZE: Final = re.compile(r"(?:, )?[\d.]+ ?[KMG]?B\Z")
_POINT: Final = re.compile(
    r"[?&]q=(-?\d{1,3}(?:\.\d{1,18})?),(-?\d{1,3}(?:\.\d{1,18})?)|(-?\d{1,3}\.\d{1,18}), (-?\d{1,3}\.\d{1,18})"
)
_VOTES: Final = re.compile(r"(\d{1,9}) votes?")
_CALL: Final = re.compile(r"(\w+)(?: \((\d{1,9}) seconds\))?")
_REASONS: Final = {"Missed": "missed", "Cancelled": "missed", "Declined": "busy"}


def keys(wrap: nodes.Node, folder: str) -> records.Json:
    """Return the keys of the box ``.media_wrap``; ``folder`` is that of the page, which its links start from."""
    parts = nodes.Parts(wrap)
    for shown, media_type in _SHOWN.items():
        if node := parts.first(shown):
            return _file(paths.within(folder, nodes.attribute(node, "href")), media_type, _duration(node))
    if poll := parts.first("media_poll"):
        is_todo = nodes.text(nodes.Parts(poll).first("details")) == "To-do List"
        return {"todo_list": _todo(poll)} if is_todo else {"poll": _poll(poll)}
    if giveaway := parts.first("media_giveaway"):
        return {"giveaway_information": {"text": nodes.text(giveaway)}}
    box = parts.first("media")
    return _boxed(box, folder) if box is not None else {}


def call(wrap: nodes.Node) -> records.Json | None:
    """Return the keys of a call, which is a service message in Desktop's JSON; None when it is none."""
    box = nodes.Parts(wrap).first("media", "media_call")
    if box is None:
        return None
    found = _CALL.match(nodes.text(nodes.within(box, ".status")))
    keys: records.Json = {"action": "phone_call"}
    if found and found[2]:
        keys["duration_seconds"] = int(found[2])
    keys["discard_reason"] = _REASONS.get(found[1], "hangup") if found else "hangup"
    return keys


class _Box:
    """Title, description, status and link of media that a page shows as a line of text."""

    def __init__(self, node: nodes.Node, folder: str) -> None:
        self.title = nodes.text(nodes.within(node, ".title"))
        self.description = nodes.text(nodes.within(node, ".description"))
        self.status = nodes.text(nodes.within(node, ".status"))
        self.href = nodes.attribute(node, "href")
        self.path = paths.within(folder, self.href) if self.href else None

    @property
    def place(self) -> str:
        """The file's path, or Desktop's words for why it is not there."""
        if self.path:
            return self.path
        for beginning, words in _PLACEHOLDERS:
            if self.description.startswith(beginning):
                return words
        return UNAVAILABLE


def _boxed(node: nodes.Node, folder: str) -> records.Json:
    box = _Box(node, folder)
    for name, build in _BOXES.items():
        if name in nodes.classes(node):
            return build(box)
    return {}


def _photo_box(box: _Box) -> records.Json:
    if box.title == "Sticker":
        emoji = _FILE_SIZE.sub("", box.status)
        return {"file": box.place, "media_type": "sticker", **({"sticker_emoji": emoji} if emoji else {})}
    if (size := _SIZE.match(box.status)) and int(size[1]) and int(size[2]):
        return {"photo": box.place, "width": int(size[1]), "height": int(size[2])}
    return {"photo": box.place}


def _timed_box(box: _Box) -> records.Json:
    return _file(box.place, _TITLES.get(box.title, "video_file"), _seconds(box.status))


def _audio_box(box: _Box) -> records.Json:
    performer, dash, title = box.title.partition(" – ")
    names = {"performer": performer, "title": title} if dash else {}
    return {**_file(box.place, "audio_file", _seconds(box.status)), **names}


def _file_box(box: _Box) -> records.Json:
    return {"file": box.place, **({"file_name": box.title} if box.title not in ("", "File") else {})}


def _contact(box: _Box) -> records.Json:
    first, _, last = box.title.partition(" ")
    phone = box.status.removesuffix(" - vCard")
    found: records.Json = {"contact_information": {"first_name": first, "last_name": last, "phone_number": phone}}
    if box.path:
        found["contact_vcard"] = box.path
    return found


def _location(box: _Box) -> records.Json:
    return {"location_information": _point(box)}


def _live_location(box: _Box) -> records.Json:
    return {"location_information": _point(box), "live_location_period_seconds": 0}


def _venue(box: _Box) -> records.Json:
    found: records.Json = {"place_name": box.title, "address": box.description}
    point = _point(box)
    return {**found, "location_information": point} if point else found


def _game(box: _Box) -> records.Json:
    found = {"game_title": box.title, "game_description": box.description, "game_link": box.href}
    return {key: value for key, value in found.items() if value}


def _invoice(box: _Box) -> records.Json:
    return {"invoice_information": {"title": box.title, "description": box.description, "price": box.status}}


_BOXES: Final[dict[str, Callable[[_Box], records.Json]]] = {
    "media_photo": _photo_box,
    "media_video": _timed_box,
    "media_voice_message": _timed_box,
    "media_audio_file": _audio_box,
    "media_file": _file_box,
    "media_contact": _contact,
    "media_live_location": _live_location,
    "media_location": _location,
    "media_venue": _venue,
    "media_game": _game,
    "media_invoice": _invoice,
}


def _file(place: str | None, media_type: str | None, duration: int | None) -> records.Json:
    if media_type is None:
        return {"photo": place or UNAVAILABLE}
    found: records.Json = {"file": place or UNAVAILABLE, "media_type": media_type}
    return {**found, "duration_seconds": duration} if duration else found


def _point(box: _Box) -> records.Json | None:
    found = _POINT.search(box.href) or _POINT.search(box.status)
    if found is None:
        return None
    return {"latitude": float(found[1] or found[3]), "longitude": float(found[2] or found[4])}


def _duration(node: nodes.Node) -> int | None:
    return _seconds(nodes.text(nodes.within(node, ".video_duration")))


def _seconds(status: str) -> int | None:
    found = _DURATION.match(status)
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None


def _poll(node: nodes.Node) -> records.Json:
    parts = nodes.Parts(node)
    return {
        "question": nodes.text(parts.first("question")),
        "closed": nodes.text(parts.first("details")) == "Final results",
        "total_voters": _votes(nodes.text(parts.first("total"))),
        "answers": [_answer(answer) for answer in parts.all("answer")],
    }


def _todo(node: nodes.Node) -> records.Json:
    parts = nodes.Parts(node)
    answers = [{"text": _answer(answer)["text"]} for answer in parts.all("answer")]
    return {"title": nodes.text(parts.first("question")), "answers": answers}


def _answer(node: nodes.Node) -> records.Json:
    details = nodes.text(nodes.Parts(node).first("details"))
    return {
        "text": nodes.text(node).removesuffix(details).strip().removeprefix("- "),
        "voters": _votes(details),
        "chosen": details.endswith(", chosen vote"),
    }


def _votes(text: str) -> int:
    found = _VOTES.match(text)
    return int(found[1]) if found else 0
