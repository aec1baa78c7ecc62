"""``python -m tests.chaos``: random schedules for some minutes, or one again by its seed.

``engine`` runs the pure sequence engine against models of Telegram and the store, without a clock: a seed repeats all
of it exactly, a failure included. ``client`` runs the crawler over a sender without a socket, ``processes`` runs it as
a process over sockets, with kill -9, SIGSTOP and a proxy before PostgreSQL. There a seed repeats the plan: what is
written, edited and deleted, which trouble comes, in which order and after which pauses. How long each thing takes, and
so which message meets which trouble, is the machine's. Prints what fails with its plan and the seed that repeats it;
the last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import logging
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from tests.chaos import client, engine, home, processes
from tests.chaos.outcome import Outcome

from heliograph import log

Run = Callable[[int], Awaitable[tuple[Outcome, str | None]]]

SHARES = {"engine": 0.15, "client": 0.4, "processes": 0.45}
"""Parts of the time that each level gets."""


async def main() -> int:
    """Run what the arguments ask for; 1 when a schedule failed."""
    asked = _arguments()
    log.setup(level="critical")
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # connections are cut here all the time
    seed = asked.seed if asked.seed is not None else str(random.SystemRandom().randrange(2**32))
    print(f"seed {seed}", file=sys.stderr)
    total = Outcome()
    level, _, number = seed.rpartition(":")
    if level:
        async with _level(level) as run:
            await _run(run, level, int(number), total)
    else:
        levels = asked.level or list(SHARES)
        for each in levels:
            seconds = asked.minutes * 60 * SHARES[each] / sum(SHARES[name] for name in levels)
            async with _level(each) as run:
                await _run_level(run, each, seed, _Limit(seconds, asked.schedules), total)
    print(json.dumps({**dataclasses.asdict(total), "seed": seed}))
    return 1 if total.failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on")
    parser.add_argument("--schedules", type=int, help="so many of each level, however long they take")
    parser.add_argument("--seed", help="a number for a whole run, or level:number for one schedule of it")
    parser.add_argument("--level", action="append", choices=list(SHARES), help="only these levels")
    return parser.parse_args()


@contextlib.asynccontextmanager
async def _level(name: str) -> AsyncIterator[Run]:
    """Prepare a level and return what runs one schedule of it."""
    if name == "engine":

        async def run_engine(number: int) -> tuple[Outcome, str | None]:
            return engine.run(number)

        yield run_engine
        return
    module = {"client": client, "processes": processes}[name]
    async with home.home() as made:
        yield lambda number: module.run(number, made)


class _Limit:
    """Until when a level goes on: so many schedules, or so many seconds."""

    def __init__(self, seconds: float, schedules: int | None) -> None:
        self._ends_at = time.monotonic() + seconds
        self._left = schedules

    def allows(self) -> bool:
        """Say whether another schedule may begin."""
        if self._left is None:
            return time.monotonic() < self._ends_at
        self._left -= 1
        return self._left >= 0


async def _run_level(run: Run, level: str, seed: str, limit: _Limit, total: Outcome) -> None:
    before, begun = total.schedules, time.monotonic()
    for number in _numbers(seed, level):
        if not limit.allows():
            break
        await _run(run, level, number, total)
    count, seconds = total.schedules - before, time.monotonic() - begun
    print(f"{level}: {count} schedules in {seconds:.0f} s, {count / seconds * 60:.0f} a minute", file=sys.stderr)


def _numbers(seed: str, level: str) -> Iterator[int]:
    rng = random.Random(f"{seed}/{level}")
    while True:
        yield rng.randrange(2**48)


async def _run(run: Run, level: str, number: int, total: Outcome) -> None:
    outcome, error = await run(number)
    total.add(outcome)
    if error is not None:
        print(f"FAILED {level}:{number}: {error} (again: make chaos SEED={level}:{number})", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
