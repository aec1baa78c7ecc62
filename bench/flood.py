"""How much of a flood limit of unknown rate the governor uses once it has had ten minutes to learn it.

The real governor runs in virtual time against limiters of several shapes and rates, always from the default budget of
``history``. The baseline is what a governor usually does, in the same run: halve the pace on every flood wait and raise
it by 5 % in every minute without one. It even begins at the true limit, which the governor has to find.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench import limiters, results
from heliograph import clock, config, errors, log
from heliograph.crawler import governor

FAMILY = "history"
LEARNING_SECONDS = 600.0
"""Since the start, or since the limit changed."""
MEASURED_SECONDS = 600.0
CHANGE_AT = 600.0

CASES: dict[str, Callable[[], limiters.Limiter]] = {
    "tokens 0.05/s": lambda: limiters.Tokens(0.05, 5),
    "tokens 0.3/s": lambda: limiters.Tokens(1 / 3, 1),
    "tokens 1/s": lambda: limiters.Tokens(1, 30),
    "tokens 10/s": lambda: limiters.Tokens(10, 100),
    "tokens 30/s": lambda: limiters.Tokens(30, 100),
    "30 in 30 s": lambda: limiters.FixedWindow(30, 30, phase=11),
    "3 in 1 s": lambda: limiters.FixedWindow(3, 1),
    "6 in any 60 s": lambda: limiters.SlidingWindow(6, 60),
    "300 in any 60 s": lambda: limiters.SlidingWindow(300, 60),
    "1/s, waits of 30 s": lambda: limiters.Tokens(1, 5, penalty_seconds=30),
    "10/s, then 2/s": lambda: limiters.Changing([(0, limiters.Tokens(10, 30)), (CHANGE_AT, limiters.Tokens(2, 30))]),
    "1/s, then 4/s": lambda: limiters.Changing([(0, limiters.Tokens(1, 30)), (CHANGE_AT, limiters.Tokens(4, 30))]),
}


@dataclass
class Run:
    """When requests passed and when they were refused in the measured ten minutes, in seconds since the start."""

    begin: float
    passed: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    @property
    def end(self) -> float:
        """When it is over."""
        return self.begin + MEASURED_SECONDS

    def share(self, limiter: limiters.Limiter) -> float:
        """Return what passed of what the limiter would have allowed."""
        return self._count(self.passed) / (limiter.per_second * MEASURED_SECONDS)

    def refusals_per_hour(self) -> float:
        """Return how often it was refused."""
        return self._count(self.refused) * 3600 / MEASURED_SECONDS

    def _count(self, moments: list[float]) -> int:
        return sum(self.begin <= at < self.end for at in moments)


class Virtual:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock(datetime(2026, 1, 1, tzinfo=UTC))

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)


async def governed(limiter: limiters.Limiter) -> Run:
    """Ask for as much as the governor permits."""
    time, found = Virtual(), Run(_begin(limiter))
    settings = config.Crawler()
    under_test = governor.Governor(settings.budget, highest=settings.highest, time=time.clock, sleep=time.sleep)
    while (now := time.clock.monotonic()) < found.end:
        try:
            async with under_test.permit(FAMILY):
                now = time.clock.monotonic()
                if wait := limiter.ask(now):
                    raise errors.FloodWait(wait, FAMILY)
            found.passed.append(now)
        except errors.FloodWait as error:
            found.refused.append(now)
            await time.sleep(error.seconds)
    return found


def halving(limiter: limiters.Limiter, start: float) -> Run:
    """Halve the pace on every flood wait, raise it by 5 % in every minute without one."""
    found, now, rate, raised_at = Run(_begin(limiter)), 0.0, start, 0.0
    while now < found.end:
        if wait := limiter.ask(now):
            found.refused.append(now)
            rate /= 2
            now = raised_at = now + wait
            continue
        found.passed.append(now)
        now += 1 / rate
        if now - raised_at >= 60:
            rate, raised_at = rate * 1.05, now
    return found


def _begin(limiter: limiters.Limiter) -> float:
    return LEARNING_SECONDS + (CHANGE_AT if isinstance(limiter, limiters.Changing) else 0)


async def run() -> list[results.Result]:
    """Measure all cases."""
    log.setup(level="error")
    ours, theirs, refusals, refusals_theirs = [], [], [], []
    for name, make in CASES.items():
        limiter, other = make(), make()
        found = await governed(limiter)
        baseline = halving(other, other.per_second)
        ours.append(found.share(limiter))
        theirs.append(baseline.share(other))
        refusals.append(found.refusals_per_hour())
        refusals_theirs.append(baseline.refusals_per_hour())
        shares = f"{ours[-1]:.1%} of the limit, halving {theirs[-1]:.1%}"
        print(f"  {name:20} {shares}; refusals an hour {refusals[-1]:.0f}, {refusals_theirs[-1]:.0f}", file=sys.stderr)
    count = len(CASES)
    return [
        results.Result(
            name="flood_efficiency",
            value=sum(ours) / count,
            unit="of 1",
            target=0.9,
            baseline=sum(theirs) / count,
            note=f"over {count} limiters, minutes 10 to 20; baseline: halving",
        ),
        results.Result(
            name="flood_efficiency_lowest",
            value=min(ours),
            unit="of 1",
            target=0.9,
            baseline=min(theirs),
            note="the limiter that is used least",
        ),
        results.Result(
            name="flood_refusals",
            value=sum(refusals) / count,
            unit="per hour",
            better="lower",
            baseline=sum(refusals_theirs) / count,
            note="after learning",
        ),
    ]
