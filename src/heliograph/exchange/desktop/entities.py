"""Texts in every dialect: a string, a list of strings and parts, or ``text_entities``; offsets become UTF-16 units."""

from __future__ import annotations

from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange.desktop import ids, rich

_NAMES: Final = {"link": "url", "text_link": "text_url", "strikethrough": "strike"}
"""Telegram Desktop's names of entities that differ from TL's."""

Text = tuple[str, list[records.Entity] | None]


def read(message: records.Json) -> Text:
    """Return a message's text and entities."""
    text, parts = message.get("text"), message.get("text_entities")
    if isinstance(text, str) and not _has_entities(parts):
        return text, None
    if isinstance(parts, list) and parts:
        found = _join(parts)
        if not isinstance(text, str) or found[0] == text:
            return found
    if text is None and "rich_message" in message:
        return rich.text(message), None
    return parse(text)


def parse(text: Any) -> Text:
    """Return what a string, or a list of strings and parts, says."""
    if isinstance(text, str):
        return text, None
    return _join(text) if isinstance(text, list) else ("", None)


def _has_entities(parts: Any) -> bool:
    if not isinstance(parts, list) or not parts:
        return False
    return len(parts) > 1 or not isinstance(parts[0], dict) or parts[0].get("type") != "plain"


def _join(parts: list[Any]) -> Text:
    texts: list[str] = []
    entities: list[records.Entity] = []
    offset = 0
    for part in parts:
        text = part if isinstance(part, str) else part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            continue
        length = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
        if isinstance(part, dict) and length:
            kind = part.get("type")
            if isinstance(kind, str) and kind != "plain":
                entities.append([_NAMES.get(kind, kind), offset, length, *_argument(kind, part)])
        texts.append(text)
        offset += length
    return "".join(texts), entities or None


def _argument(kind: str, part: records.Json) -> list[Any]:
    value: Any = None
    if kind == "text_link":
        value = part.get("href")
    elif kind == "pre":
        # TL always has a language, and most often an empty one.
        return [language if isinstance(language := part.get("language"), str) else ""]
    elif kind == "mention_name":
        value = ids.bare_number(part.get("user_id"))
    elif kind == "custom_emoji":
        # Where the picture was exported, its path stands in place of the number.
        value = number(part.get("document_id"))
    elif kind == "formatted_date":
        value = number(part.get("date_unixtime"))
    return [] if value is None else [value]


def number(value: Any) -> int | None:
    """Return a 64-bit number that is written as a number or as its digits, None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    return None
