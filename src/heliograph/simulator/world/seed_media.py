"""Seeded media and service messages of every kind, as the model's dicts."""

from __future__ import annotations

import random
from typing import Any

from heliograph.simulator.world import ids, model

Key = tuple[int, int, int]

CAPTIONED = frozenset({"photo", "video", "animation", "document", "audio"})

# Photos most, as in real chats; every other kind turns up now and then.
_KINDS = (
    *("photo",) * 24,
    *("video",) * 8,
    *("sticker",) * 8,
    *("voice",) * 5,
    *("document",) * 6,
    *("web_page",) * 8,
    *("animation",) * 4,
    *("audio",) * 3,
    *("round_video",) * 3,
    *("poll",) * 4,
    *("geo",) * 2,
    *("venue",) * 2,
    *("contact",) * 2,
    *("dice",) * 3,
    "game",
    "geo_live",
    "invoice",
    "todo",
)
_WORDS = ("plan", "list", "map", "photo", "notes", "table", "draft", "minutes")


def single(rng: random.Random, key: Key) -> model.Json:
    """Return one piece of media of a random kind; ``key`` names it for good."""
    kind = _KINDS[int(rng.random() * len(_KINDS))]
    return _MAKERS[kind](rng, kind, ids.number("media", *key))


def album_item(rng: random.Random, key: Key) -> model.Json:
    """Return a photo or video for an album."""
    kind = "photo" if rng.random() < 0.8 else "video"
    return _MAKERS[kind](rng, kind, ids.number("media", *key))


def service(rng: random.Random, people: list[int], chat: model.Chat, key: Key) -> model.Json:
    """Return a service action that can happen in this kind of chat."""
    someone = people[int(rng.random() * len(people))]
    common: list[model.Json] = [
        {"type": "pin_message"},
        {"type": "pin_message"},
        {"type": "chat_edit_title", "title": chat.title},
        {"type": "chat_edit_photo", "_photo_id": ids.number("chat photo", *key)},
        {"type": "chat_delete_photo"},
        {"type": "group_call", "duration": 60 + int(600 * rng.random())},
        {"type": "set_messages_ttl", "period": 604_800},
    ]
    grouped: list[model.Json] = [
        {"type": "chat_add_user", "user_ids": [someone]},
        {"type": "chat_joined_by_link", "inviter_id": people[0]},
        {"type": "chat_delete_user", "user_id": someone},
        {"type": "invite_to_group_call", "user_ids": [someone]},
    ]
    shared: list[model.Json] = [{"type": "chat_joined_by_request"}, {"type": "boost_apply", "boosts": 2}]
    options = common if chat.kind == "channel" else common + grouped * 2
    if chat.kind in ("supergroup", "forum"):
        options = options + shared
    return options[int(rng.random() * len(options))]


def _photo(rng: random.Random, kind: str, number: int) -> model.Json:
    spec: model.Json = {"kind": kind, "id": number, "width": 1280, "height": (720, 960, 1280)[int(rng.random() * 3)]}
    if rng.random() < 0.04:
        spec["is_spoiler"] = True
    return spec


def _moving(rng: random.Random, kind: str, number: int) -> model.Json:
    width, height = (384, 384) if kind == "round_video" else (1280, 720)
    spec: model.Json = {
        "kind": kind,
        "id": number,
        "mime_type": "video/mp4",
        "size": 100_000 + int(4_000_000 * rng.random()),
        "duration": 2 + int(120 * rng.random()),
        "width": width,
        "height": height,
    }
    if kind != "round_video":
        spec["file_name"] = f"{kind}_{number % 10_000}.mp4"
    return spec


def _sound(rng: random.Random, kind: str, number: int) -> model.Json:
    spec: model.Json = {
        "kind": kind,
        "id": number,
        "mime_type": "audio/ogg" if kind == "voice" else "audio/mpeg",
        "size": 20_000 + int(900_000 * rng.random()),
        "duration": 3 + int(200 * rng.random()),
    }
    if kind == "audio":
        word = _WORDS[number % len(_WORDS)]
        spec |= {"title": f"Song of the {word}", "performer": "The Gatekeepers", "file_name": f"{word}.mp3"}
    return spec


def _document(rng: random.Random, kind: str, number: int) -> model.Json:
    name, mime = (
        ("pdf", "application/pdf"),
        ("txt", "text/plain"),
        ("zip", "application/zip"),
    )[number % 3]
    return {
        "kind": kind,
        "id": number,
        "mime_type": mime,
        "size": 1_000 + int(2_000_000 * rng.random()),
        "file_name": f"{_WORDS[number % len(_WORDS)]}_{number % 1000}.{name}",
    }


def _sticker(_rng: random.Random, kind: str, number: int) -> model.Json:
    return {
        "kind": kind,
        "id": number,
        "mime_type": "image/webp",
        "size": 24_000,
        "width": 512,
        "height": 512,
        "emoji": ("😀", "🐻", "🌻", "👋")[number % 4],
    }


def _web_page(_rng: random.Random, kind: str, number: int) -> model.Json:
    word = _WORDS[number % len(_WORDS)]
    return {
        "kind": kind,
        "url": f"https://example.org/{word}/{number % 997}",
        "title": f"The {word}, step by step",
        "description": f"All about the {word}, invented for this page.",
        "site_name": "Example",
    }


def _poll(rng: random.Random, kind: str, number: int) -> model.Json:
    options = ["Yes", "No", "Ask me later", "Only if it rains"][: 2 + int(rng.random() * 3)]
    return {
        "kind": kind,
        "id": number,
        "question": f"Shall we move the {_WORDS[number % len(_WORDS)]}?",
        "options": options,
        "is_quiz": False,
        "is_multiple": rng.random() < 0.3,
        "is_closed": rng.random() < 0.3,
        "_votes": [int(20 * rng.random()) for _ in options],
    }


def _place(rng: random.Random, kind: str, number: int) -> model.Json:
    spec: model.Json = {
        "kind": kind,
        "latitude": round(-60 + 120 * rng.random(), 5),
        "longitude": round(-170 + 340 * rng.random(), 5),
    }
    if kind == "venue":
        spec |= {"title": "The Old Mill", "address": f"Mill Lane {number % 90 + 1}"}
    return spec


def _contact(_rng: random.Random, kind: str, number: int) -> model.Json:
    return {"kind": kind, "first_name": "Nell", "last_name": f"Marsh {number % 90}", "user_id": 0, "_phone": "10000000"}


def _dice(_rng: random.Random, kind: str, number: int) -> model.Json:
    return {"kind": kind, "emoji": "🎲", "value": number % 6 + 1}


def _titled(_rng: random.Random, kind: str, number: int) -> model.Json:
    spec: dict[str, Any] = {"kind": kind, "title": f"The {_WORDS[number % len(_WORDS)]}"}
    if kind == "todo":
        spec["items"] = ["bring chairs", "water the plants"]
    return spec


_MAKERS = {
    "photo": _photo,
    **dict.fromkeys(("video", "round_video", "animation"), _moving),
    **dict.fromkeys(("audio", "voice"), _sound),
    "document": _document,
    "sticker": _sticker,
    "web_page": _web_page,
    "poll": _poll,
    **dict.fromkeys(("geo", "geo_live", "venue"), _place),
    "contact": _contact,
    "dice": _dice,
    **dict.fromkeys(("game", "invoice", "todo"), _titled),
}
