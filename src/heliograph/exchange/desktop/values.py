"""Values from a file that anybody may have written: each is read as its type, or is :data:`INVALID`.

Whatever is taken here has to be written again in every format, so a value that one of them cannot hold is not taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from heliograph.exchange.desktop import times

INVALID: Final = object()
"""What has the wrong type or an impossible value."""

Read = Callable[[Any], Any]

_DEEPEST: Final = 16
"""Levels of nesting that are taken."""


def time(value: Any) -> Any:
    """Read ISO 8601 with a zone as UTC, within the years that Telegram has."""
    try:
        moment = datetime.fromisoformat(value)
        found = times.possible(moment.astimezone(UTC)) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        found = None
    return INVALID if found is None else found


def text(value: Any) -> Any:
    """Read a text that PostgreSQL takes."""
    return value if isinstance(value, str) and "\0" not in value else INVALID


def flag(value: Any) -> Any:
    """Read true or false."""
    return value if isinstance(value, bool) else INVALID


def number(bits: int) -> Read:
    """Return what reads signed whole numbers of so many bits."""
    limit = 2 ** (bits - 1)
    return lambda value: value if type(value) is int and -limit <= value < limit else INVALID


def amount(value: Any) -> Any:
    """Read a whole or decimal number whose whole part has 64 bits."""
    if isinstance(value, float):
        return value if math.isfinite(value) and abs(value) < 2**63 else INVALID
    return number(64)(value)


def optional(read: Read) -> Read:
    """Return what reads ``null`` too."""
    return lambda value: None if value is None else read(value)


def many(read: Read) -> Read:
    """Return what reads a list, whose items all have to be right."""

    def read_many(value: Any) -> Any:
        return value if isinstance(value, list) and all(read(each) is not INVALID for each in value) else INVALID

    return read_many


def mapping(read: Read) -> Read:
    """Return what reads an object of any keys, whose values all have to be right."""

    def read_mapping(value: Any) -> Any:
        if not isinstance(value, dict) or not _is_plain(value, _DEEPEST):
            return INVALID
        return value if all(read(each) is not INVALID for each in value.values()) else INVALID

    return read_mapping


def record(fields: Mapping[str, Read], *required: str) -> Read:
    """Return what reads an object. Fields that are not in ``fields`` may hold anything; the others may be null."""

    def read_record(value: Any) -> Any:
        if not isinstance(value, dict) or not _is_plain(value, _DEEPEST):
            return INVALID
        if any(value.get(name) is None for name in required):
            return INVALID
        wrong = (name for name, told in value.items() if told is not None and name in fields)
        return INVALID if any(fields[name](value[name]) is INVALID for name in wrong) else value

    return read_record


def one_of(*allowed: str) -> Read:
    """Return what reads one of these words."""
    return lambda value: value if isinstance(value, str) and value in allowed else INVALID


def entity(value: Any) -> Any:
    """Read ``[type, offset, length]`` or ``[type, offset, length, argument]``."""
    is_one = (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(type(each) is int and 0 <= each < 2**31 for each in value[1:3])
        and _is_plain(value, _DEEPEST)
    )
    return value if is_one else INVALID


def _is_plain(value: Any, depth: int) -> bool:
    """Say whether PostgreSQL's jsonb takes a value: it has no NUL, and nobody needs deep nesting."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(key, 0) and _is_plain(each, depth - 1) for key, each in value.items())
    return value is None or isinstance(value, (bool, int, float))
