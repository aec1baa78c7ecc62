"""Telegram Desktop's JSON exports for the import benchmarks, of the corpus that DESIGN.md fixes.

The texts are the simulator's phrasebooks: 108 characters on average, five languages, a quarter with entities, a fifth
replies, 8 % media. The form is Desktop's: one space of indentation a level, text as a list of parts where it has any.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliograph.simulator.world import texts

SEED = 7
CHAT_ID = 1_700_000_007
START = 1_600_000_000
_SENDERS = 400
_PARTS = {
    "url": "link",
    "text_url": "text_link",
    "strike": "strikethrough",
    **{name: name for name in ("hashtag", "mention", "code", "pre", "bot_command", "email", "custom_emoji")},
    **{name: name for name in ("bold", "italic", "spoiler", "mention_name", "blockquote", "underline")},
}
_ARGUMENTS = {"text_link": "href", "mention_name": "user_id", "pre": "language", "custom_emoji": "document_id"}
_MEDIA: tuple[dict[str, Any], ...] = (
    {
        "photo": "(File not included. Change data exporting settings to download.)",
        "photo_file_size": 81_920,
        "width": 1280,
        "height": 960,
    },
    {
        "file": "(File not included. Change data exporting settings to download.)",
        "file_name": "plan.pdf",
        "file_size": 234_567,
        "mime_type": "application/pdf",
    },
    {
        "file": "(File not included. Change data exporting settings to download.)",
        "file_size": 34_567,
        "media_type": "voice_message",
        "mime_type": "audio/ogg",
        "duration_seconds": 17,
    },
)


def write(path: Path, messages: int, *, chat_id: int = CHAT_ID, seed: int = SEED) -> int:
    """Write an export of one supergroup with so many messages of the corpus; returns its size in bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(_head(chat_id))
        for number, message in enumerate(corpus(messages, seed), 1):
            text = json.dumps(message, ensure_ascii=False, indent=1).replace("\n", "\n  ")
            file.write(f"{',' if number > 1 else ''}\n  {text}")
        file.write("\n ]\n}\n")
    return path.stat().st_size


def write_large(path: Path, size: int, *, chat_id: int = CHAT_ID + 1) -> int:
    """Write an export of at least ``size`` bytes whose messages have the most text that Telegram takes; return their
    number."""
    words = [message["text"] for message in corpus(400, SEED) if isinstance(message["text"], str) and message["text"]]
    rng = random.Random(SEED)
    bodies = [json.dumps(_long(words, rng), ensure_ascii=False) for _ in range(64)]
    written, number = 0, 0
    with path.open("w", encoding="utf-8", buffering=2**20) as file:
        file.write(_head(chat_id))
        while written < size:
            number += 1
            body = bodies[number % len(bodies)]
            at = START + number
            date = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            text = (
                f'{"," if number > 1 else ""}\n  {{"id": {number}, "type": "message", "date": "{date}",'
                f' "date_unixtime": "{at}", "from": "Aino", "from_id": "user{5_000_000 + number % _SENDERS}",'
                f' "text": {body}, "text_entities": [{{"type": "plain", "text": {body}}}]}}'
            )
            written += len(text.encode())
            file.write(text)
        file.write("\n ]\n}\n")
    return number


def corpus(messages: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield messages in Desktop's form, ids 1, 2, 3, …"""
    rng = random.Random(seed)
    books = [texts.Phrasebook(language, "community", seed) for language in texts.LANGUAGE_CYCLE]
    names = [f"{words.FIRST_NAMES[0]} {n}" for n, words in enumerate([*texts.LANGUAGES.values()] * 80)]
    for number in range(1, messages + 1):
        yield _message(rng, books[number // 500 % len(books)], names, number)


def _message(rng: random.Random, book: texts.Phrasebook, names: list[str], number: int) -> dict[str, Any]:
    sender = rng.randrange(_SENDERS)
    text, entities = book.compose(rng, decorated=rng.random() < 0.28)
    at = START + number * 60
    message: dict[str, Any] = {
        "id": number,
        "type": "message",
        **_dates("date", at),
        "from": names[sender],
        "from_id": f"user{5_000_000 + sender}",
    }
    roll = rng.random()
    if roll < 0.04:
        message |= _dates("edited", at + 90)
    if 0.04 < roll < 0.25 and number > 50:
        message["reply_to_message_id"] = number - rng.randrange(1, 50)
    if 0.25 < roll < 0.29:
        message["forwarded_from"] = names[rng.randrange(_SENDERS)]
    if 0.3 < roll < 0.38:
        message |= _MEDIA[number % len(_MEDIA)]
    parts = _parts(text, entities or [])
    message["text"] = [part if kind == "plain" else whole for kind, part, whole in parts] if entities else text
    message["text_entities"] = [whole for _, _, whole in parts]
    if roll > 0.9:
        message["reactions"] = [{"type": "emoji", "count": 1 + number % 9, "emoji": "👍"}]
    return message


def _dates(name: str, at: int) -> dict[str, str]:
    return {name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S"), f"{name}_unixtime": str(at)}


def _parts(text: str, entities: list[texts.Entity]) -> list[tuple[str, str, dict[str, Any]]]:
    """Cut a text into Desktop's parts: kind, text, and the part as an object. They never overlap there."""
    units = text.encode("utf-16-le")
    parts: list[tuple[str, str, dict[str, Any]]] = []
    at = 0

    def add(kind: str, end: int, **more: Any) -> None:
        nonlocal at
        if end > at:
            piece = units[2 * at : 2 * end].decode("utf-16-le")
            parts.append((kind, piece, {"type": kind, "text": piece, **more}))
            at = end

    for name, offset, length, *argument in sorted(entities, key=lambda entity: entity[1]):
        if offset < at:
            continue
        kind = _PARTS[name]
        add("plain", offset)
        more = {_ARGUMENTS[kind]: argument[0]} if argument and kind in _ARGUMENTS else {}
        add(kind, offset + length, **more)
    add("plain", len(units) // 2)
    return parts


def _long(words: list[str], rng: random.Random) -> str:
    text = ""
    while len(text) < 4096:
        text += rng.choice(words) + "\n"
    return text[:4096]


def _head(chat_id: int) -> str:
    return f'{{\n "name": "Bench",\n "type": "private_supergroup",\n "id": {chat_id},\n "messages": ['
