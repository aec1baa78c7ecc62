"""The governor under random demand: what no schedule of requests, refusals and restarts may bring about."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph import clock, config, errors
from heliograph.crawler import families, governor

START = datetime(2026, 1, 2, tzinfo=UTC)
SLOW = {
    "history": config.Budget(per_second=0.5, burst=2, concurrent=2),
    "channel_difference": config.Budget(per_second=2, burst=5, concurrent=3),
    "files": config.Budget(per_second=1, burst=1, concurrent=1),
}
ROUNDING = 1e-6

# A request by family, with the flood wait that it is answered with, 0 for none.
requests = st.tuples(st.sampled_from(sorted(SLOW)), st.sampled_from([0, 0, 0, 0, 1, 7, 300]))
steps = st.lists(
    st.one_of(
        st.lists(requests, min_size=1, max_size=8),
        st.floats(0, 200),
        st.just("restart"),
    ),
    max_size=12,
)


class Account:
    """An account whose process restarts, in virtual time: only what it has stored comes with it."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock(START)
        self.stored: dict[str, datetime] = {}
        self.frozen: dict[str, float] = {}
        """Until when Telegram refuses a family."""
        self.restart()

    def restart(self) -> None:
        self.passed: dict[str, list[float]] = {family: [] for family in SLOW}
        self.governed = governor.Governor(
            SLOW.__getitem__,
            highest=lambda family: SLOW[family].per_second,
            time=self.clock,
            sleep=self.sleep,
            frozen=self.stored,
            on_freeze=self.store,
        )

    async def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def store(self, family: str, until: datetime) -> None:
        self.stored[family] = until

    async def ask(self, family: str, wait: float) -> None:
        try:
            async with self.governed.permit(family):
                now = self.clock.monotonic()
                assert now >= self.frozen.get(family, 0) - ROUNDING, f"{family} passes during its flood wait"
                self.passed[family].append(now)
                await asyncio.sleep(0)
                if wait:
                    now = self.clock.monotonic()
                    self.frozen[family] = max(self.frozen.get(family, 0), now + wait)
                    raise errors.FloodWait(wait, family)
        except errors.FloodWait:
            pass

    def check_pace(self) -> None:
        """Hold the requests between any two moments against the burst and the highest pace."""
        for family, at in self.passed.items():
            for (first, begin), (last, end) in itertools.combinations(enumerate(at), 2):
                allowed = SLOW[family].burst + SLOW[family].per_second * (end - begin)
                assert last - first + 1 <= allowed + ROUNDING, f"{family} is faster than it may be"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps=steps)
async def test_nothing_passes_during_a_flood_wait_or_above_the_highest_pace(steps: list[Any]) -> None:
    account = Account()
    for step in steps:
        if step == "restart":
            account.restart()
        elif isinstance(step, float):
            account.clock.advance(step)
        else:
            await asyncio.gather(*(account.ask(*request) for request in step))
        account.check_pace()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def never(seconds: float) -> None:
    """Sleep for as long as the clock stands still."""
    await asyncio.Event().wait()


AMPLE = {
    "difference": config.Budget(per_second=100, burst=1_000, concurrent=100),
    "history": config.Budget(per_second=1, burst=20, concurrent=100),
    "files": config.Budget(per_second=1, burst=20, concurrent=100),
    "messages": config.Budget(per_second=0.3, burst=3, concurrent=100),
}


class Load:
    """Requests that hold their places until they are told to end."""

    def __init__(self, in_flight: int) -> None:
        self.in_flight = in_flight
        self.governed = governor.Governor(
            AMPLE.__getitem__, time=clock.ManualClock(START), sleep=never, in_flight=in_flight
        )
        self.live_waiting = 0
        self.running: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, family: str, purpose: families.Purpose | None = None) -> None:
        self.tasks.append(asyncio.create_task(self.ask(family, purpose)))

    async def ask(self, family: str, purpose: families.Purpose | None) -> None:
        is_live = family == "difference"
        self.live_waiting += is_live
        try:
            async with self.governed.permit(family, purpose):
                assert is_live or not self.live_waiting, f"{family} goes before a difference that waits"
                self.live_waiting -= is_live
                ends = asyncio.Event()
                self.running.append(ends)
                await ends.wait()
        except errors.FloodWait:
            assert not is_live, "a flood wait of another family stops a difference"

    def check(self) -> None:
        assert not self.live_waiting or len(self.running) == self.in_flight, "a difference waits for nothing"
        for task in self.tasks:
            if task.done():
                task.result()


loads = st.one_of(
    st.tuples(st.sampled_from(["history", "files", "messages"]), st.integers(1, 10)),
    st.tuples(st.just("difference"), st.integers(1, 3)),
    st.tuples(st.just("end"), st.integers(0, 50)),
    st.tuples(st.just("flood"), st.sampled_from(["history", "files", "messages"])),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(in_flight=st.integers(1, 4), steps=st.lists(loads, max_size=30))
async def test_differences_wait_for_no_history_that_has_not_begun(in_flight: int, steps: list[Any]) -> None:
    load = Load(in_flight)
    for kind, given_ in steps:
        if kind == "end" and load.running:
            load.running.pop(given_ % len(load.running)).set()
        elif kind == "flood":
            await load.governed.freeze(given_, 30)
        elif kind != "end":
            for _ in range(given_):
                load.begin(kind)
        await settled()
        load.check()
    for task in load.tasks:
        task.cancel()
    await asyncio.gather(*load.tasks, return_exceptions=True)
