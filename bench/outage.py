"""PostgreSQL away while Telegram goes on: what is lost and what is stored twice, beside an ordinary crawler."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.results import Result
from bench.scenarios import databases, play

SHORT_SECONDS = (2, 20)
LONG_SECONDS = (*SHORT_SECONDS, 300)
SETTLE_SECONDS = 120.0


async def run() -> list[Result]:
    """Measure outages of 2 s and 20 s at 50 new messages, 50 edits and 10 deletions a second."""
    return await _measure(SHORT_SECONDS)


async def run_long() -> list[Result]:
    """Measure the outage of 5 minutes as well."""
    return await _measure(LONG_SECONDS)


async def _measure(lengths: Sequence[int]) -> list[Result]:
    lost: list[tuple[int, int]] = []
    twice: list[tuple[int, int]] = []
    notes = []
    async with play.postgres() as dsn:
        for seconds in lengths:
            print(f"  PostgreSQL away for {seconds} s …", file=sys.stderr)
            scenario = play.Scenario(
                name=f"outage_{seconds}",
                title=f"PostgreSQL away for {seconds} s",
                story=databases.outage(seconds),
                settle_seconds=SETTLE_SECONDS,
            )
            ours = await play.play(scenario, "heliograph", dsn)
            theirs = await play.play(scenario, "baseline", dsn)
            lost.append((ours.verdict.lost + ours.verdict.recorded, theirs.verdict.lost))
            twice.append((ours.verdict.duplicated, theirs.verdict.duplicated))
            level = "not level" if ours.seconds is None else f"level after {ours.seconds:.1f} s"
            notes.append(
                f"{seconds} s: {lost[-1][0]:,} of {ours.verdict.events:,}, {level} (baseline {theirs.verdict.lost:,})"
            )
    return [_total("outage_lost", lost, "; ".join(notes)), _total("outage_duplicated", twice, "")]


def _total(name: str, counted: Sequence[tuple[int, int]], note: str) -> Result:
    ours, theirs = (sum(pair[index] for pair in counted) for index in (0, 1))
    return Result(name=name, value=ours, unit="events", target=0, better="lower", baseline=theirs, note=note)
