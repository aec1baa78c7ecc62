"""Days as people type them, in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from heliograph import errors


def day(text: str | None) -> datetime | None:
    """Return the beginning of a day such as 2026-01-31. Raises BadInput."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise errors.BadInput(f"{text!r} is not a date; write it as 2026-01-31.") from None


def end_of(begun: datetime | None) -> datetime | None:
    """Return the moment before which nothing is after this day; nothing is after the last day of all."""
    return begun + timedelta(days=1) if begun is not None and begun.date() < date.max else None
