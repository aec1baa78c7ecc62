"""When something happened: Unix seconds since 2022, before that the local time of the computer that exported."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

FIRST: Final = int(datetime(2013, 1, 1, tzinfo=UTC).timestamp())
"""Telegram began in 2013. The first versions wrote the year 1970 for what was never edited."""
LAST: Final = (1 << 31) - 1
"""TL's dates are 32-bit Unix seconds."""


def read(unix: Any, local: Any, timezone: tzinfo) -> tuple[datetime | None, bool]:
    """Return the moment in UTC, None when it is impossible, and whether a local time was converted.

    A local time that the clock shows twice, when summer time ends, is taken for the first; one that it leaves out, when
    summer time begins, for what the clock would have shown an hour later.
    """
    if unix is not None:
        return _from_unix(unix), False
    if not isinstance(local, str):
        return None, False
    try:
        found = datetime.fromisoformat(local)
    except ValueError:
        return None, False
    is_local = found.tzinfo is None
    try:
        return possible((found.replace(tzinfo=timezone) if is_local else found).astimezone(UTC)), is_local
    except OverflowError:
        return None, False


def _from_unix(unix: Any) -> datetime | None:
    try:
        seconds = int(unix)
    except (TypeError, ValueError, OverflowError):
        return None
    return datetime.fromtimestamp(seconds, UTC) if FIRST <= seconds <= LAST else None


def possible(found: datetime) -> datetime | None:
    """Return a moment that a message of Telegram can have, None for any other."""
    return found if FIRST <= found.timestamp() <= LAST else None
