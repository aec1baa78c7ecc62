"""The texts that a message had, in order, whatever order we learned of them in.

A *stretch* is one content from the first edit date it was seen under to the last: edits that change nothing a
reader sees only make it longer. The present text is a stretch like the others, marked as such. A stretch remembers
its two ends, which is enough for the order of the texts: when a late one falls into it, it was there before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """One content of a message between two edit dates; None is before the first edit."""

    fingerprint: int
    first: datetime | None
    last: datetime | None
    source: int
    """Where the content is: an index that means something to the caller."""
    is_present: bool = False


def _order(moment: datetime | None) -> tuple[bool, datetime | None]:
    return (moment is not None, moment)


def add(stretches: Sequence[Stretch], *, fingerprint: int, at: datetime | None, source: int) -> list[Stretch]:
    """Return the stretches, oldest first, with a sighting of ``fingerprint`` under edit date ``at`` among them."""
    known = sorted(stretches, key=lambda item: (_order(item.first), _order(item.last)))
    if any(item.fingerprint == fingerprint and covers(item, at) for item in known):
        return known
    sighting = Stretch(fingerprint=fingerprint, first=at, last=at, source=source)
    for index, item in enumerate(known):
        if _order(item.first) < _order(at) < _order(item.last):
            early = replace(item, last=item.first, is_present=False)
            return [*known[:index], early, sighting, replace(item, first=item.last), *known[index + 1 :]]
    place = sum(_order(item.first) <= _order(at) for item in known)
    if place > 0 and known[place - 1].fingerprint == fingerprint:
        return [*known[: place - 1], replace(known[place - 1], last=at), *known[place:]]
    if place < len(known) and known[place].fingerprint == fingerprint:
        return [*known[:place], replace(known[place], first=at), *known[place + 1 :]]
    return [*known[:place], sighting, *known[place:]]


def covers(item: Stretch, at: datetime | None) -> bool:
    """Say whether a stretch had begun at an edit date and not ended."""
    return _order(item.first) <= _order(at) <= _order(item.last)
