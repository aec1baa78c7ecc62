"""A text and its entities as Desktop's flat list of parts.

Desktop knows no nesting: an entity that begins before the one in front of it ends is left out of the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from heliograph.domain import records

_TYPES: Final = {
    **{name: name for name in ("mention", "hashtag", "bot_command", "email", "bold", "italic", "code", "pre")},
    **{name: name for name in ("mention_name", "phone", "cashtag", "underline", "blockquote", "bank_card", "spoiler")},
    "url": "link",
    "text_url": "text_link",
    "strike": "strikethrough",
    "custom_emoji": "custom_emoji",
}
"""Our name of an entity to Desktop's; any other is called alike."""


def both(text: str, entities: Sequence[records.Entity] | None) -> records.Json:
    """Return the keys ``text`` (a string, or strings and parts) and ``text_entities`` (parts only)."""
    if not text:
        return {"text": "", "text_entities": []}
    parts = _parts(text, entities or ())
    if len(parts) == 1 and parts[0]["type"] == "plain":
        return {"text": text, "text_entities": parts}
    mixed = [part["text"] if part["type"] == "plain" else part for part in parts]
    return {"text": mixed, "text_entities": parts}


def _parts(text: str, entities: Sequence[records.Entity]) -> list[records.Json]:
    if not entities:
        return [{"type": "plain", "text": text}]
    # Offsets count UTF-16 units, which are two bytes each in this form.
    units = text.encode("utf-16-le", "surrogatepass")
    size = len(units) // 2
    parts: list[records.Json] = []
    done = 0

    def cut(start: int, end: int) -> str:
        return units[2 * start : 2 * end].decode("utf-16-le", "replace")

    for kind, offset, length, *argument in entities:
        if offset < done or length <= 0 or offset + length > size:
            continue
        if offset > done:
            parts.append({"type": "plain", "text": cut(done, offset)})
        done = offset + length
        parts.append({"type": _TYPES.get(kind, kind), "text": cut(offset, done), **_argument(kind, argument)})
    if done < size:
        parts.append({"type": "plain", "text": cut(done, size)})
    return parts


def _argument(kind: str, argument: Sequence[Any]) -> records.Json:
    value = argument[0] if argument else None
    if kind == "mention_name":
        return {} if value is None else {"user_id": value}
    if kind == "text_url":
        return {"href": str(value or "")}
    if kind == "pre":
        return {"language": str(value or "")}
    if kind == "custom_emoji":
        return {"document_id": str(value or "")}
    if kind == "formatted_date":
        return {"date_unixtime": str(value or 0)}
    return {"collapsed": False} if kind == "blockquote" else {}
