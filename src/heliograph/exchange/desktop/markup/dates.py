"""Times as pages write them: ``31.12.2020 23:59:58 UTC+03:00``, and since when the zone was not written, without it.

A page names each day in a line of its own in words, which decides between day and month where figures leave it open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_DAY: Final = re.compile(r"(\d{1,2}) ([A-Za-z]+) (\d{4})")
_TIME: Final = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4}),?[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?:UTC|GMT)(?:([+-])(\d{1,2})(?::?(\d{2}))?)?)?"
)
OFFSET: Final = re.compile(rb'title="[^"<>]{10,40}UTC([+-])(\d{1,2}):(\d{2})"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A local time and, when the page says it, how far that is from UTC."""

    local: datetime
    offset: timedelta | None = None

    def keys(self, name: str = "date") -> dict[str, str]:
        """Return it as Desktop's JSON form has it."""
        found = {name: self.local.isoformat()}
        if self.offset is not None:
            found[f"{name}_unixtime"] = str(self.unix)
        return found

    @property
    def unix(self) -> int:
        """Unix seconds; a time without an offset counts as UTC."""
        return int(self.local.replace(tzinfo=timezone(self.offset) if self.offset else UTC).timestamp())


def parse(text: str, day: date | None = None) -> Moment | None:
    """Return the time that a title says, None when there is none like it. ``day`` is the day that the page is at."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    first, second, third = (int(each) for each in found.group(1, 2, 3))
    hour = int(found[4])
    if found[7]:
        hour = hour % 12 + (12 if found[7] in "Pp" else 0)
    candidates = [
        moment
        for year, month, month_day in _orders(first, second, third, is_american=bool(found[7]))
        if (moment := _datetime(year, month, month_day, hour, int(found[5]), int(found[6] or 0)))
    ]
    if not candidates:
        return None
    local = next((each for each in candidates if each.date() == day), candidates[0])
    try:
        return Moment(local=local, offset=_offset(text, found))
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """Return the day that a line such as ``31 December 2020`` names."""
    found = _DAY.fullmatch(text.strip())
    if found is None or found[2].lower() not in _MONTHS:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    except ValueError:
        return None


def first_offset(page: bytes) -> timedelta | None:
    """Return the offset of the first time in the beginning of a page."""
    found = OFFSET.search(page)
    if found is None or int(found[2]) > 23:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -size if found[1] == b"-" else size


def _orders(first: int, second: int, third: int, *, is_american: bool) -> list[tuple[int, int, int]]:
    if first > 31:
        return [(first, second, third)]
    year = third if third > 99 else 2000 + third
    days_first = [(year, second, first), (year, first, second)]
    return days_first[::-1] if is_american else days_first


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local to whoever exported
    except ValueError:
        return None


def _offset(text: str, found: re.Match[str]) -> timedelta | None:
    if "UTC" not in text and "GMT" not in text:
        return None
    size = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    timezone(size)
    return -size if found[8] == "-" else size
