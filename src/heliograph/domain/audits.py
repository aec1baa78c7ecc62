"""How often stored messages are looked at again: the younger the more often. Pure, so that whoever shows it agrees.

What a chat's live updates say needs no audit; this finds what they never said. The ages are counted from the message's
date at the moment the round begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LATE: Final = 1.5
"""A round that takes longer than its target by this factor missed it; a shorter delay is the flood budget at work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """Messages that are older than ``from_age`` and younger than ``to_age``."""

    name: str
    from_age: timedelta
    to_age: timedelta | None
    """None means however old."""
    period: timedelta
    """Within this time each of them is looked at once."""

    def is_late(self, seconds: float) -> bool:
        """Say whether a round of so many seconds misses the target."""
        return seconds > self.period.total_seconds() * LATE


_DAY: Final = timedelta(days=1)
TIERS: Final[Sequence[Tier]] = (
    Tier(name="day", from_age=timedelta(0), to_age=_DAY, period=timedelta(hours=1)),
    Tier(name="week", from_age=_DAY, to_age=7 * _DAY, period=_DAY),
    Tier(name="month", from_age=7 * _DAY, to_age=30 * _DAY, period=7 * _DAY),
    Tier(name="older", from_age=30 * _DAY, to_age=None, period=30 * _DAY),
)
"""The table ``audits`` names them by their index here."""


def tier_of(age: timedelta) -> int:
    """Return the index of the tier that a message of this age belongs to."""
    return next(index for index, tier in enumerate(TIERS) if tier.to_age is None or age < tier.to_age)
