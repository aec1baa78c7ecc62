"""The governor's promises, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from telethon.tl import functions, types

from heliograph import clock, config, errors
from heliograph.crawler import families, governor

START = datetime(2026, 1, 2, tzinfo=UTC)
BUDGETS = {
    "history": config.Budget(per_second=0.5, burst=2),
    "difference": config.Budget(per_second=100, burst=100, concurrent=10),
    "other": config.Budget(per_second=100, burst=100, concurrent=10),
}


class VirtualTime:
    """A clock that a sleep moves."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock(START)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def governor(self, **settings: object) -> governor.Governor:
        return governor.Governor(BUDGETS.__getitem__, time=self.clock, sleep=self.sleep, **settings)


async def use(governed: governor.Governor, family: str) -> None:
    async with governed.permit(family):
        pass


async def test_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    time = VirtualTime()
    governed = time.governor()
    for _ in range(5):
        await use(governed, "history")
    assert time.clock.monotonic() == pytest.approx(6)


async def test_unused_tokens_do_not_pile_up_beyond_the_burst() -> None:
    time = VirtualTime()
    governed = time.governor()
    await use(governed, "history")
    time.clock.advance(3600)
    for _ in range(3):
        await use(governed, "history")
    assert time.clock.monotonic() == pytest.approx(3602)


async def test_flood_wait_is_obeyed_to_the_second() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    time.clock.advance(299)
    with pytest.raises(errors.FloodWait) as refused:
        await use(governed, "history")
    assert refused.value.seconds == pytest.approx(1)
    time.clock.advance(1)
    await use(governed, "history")


async def test_flood_wait_stops_its_own_family_only() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    await use(governed, "difference")


async def test_shorter_flood_wait_does_not_end_a_longer_one() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    await governed.freeze("history", 5)
    assert governed.frozen_seconds("history") == 300


async def test_flood_wait_is_stored_and_holds_after_a_restart() -> None:
    time = VirtualTime()
    stored: dict[str, datetime] = {}

    async def store(family: str, until: datetime) -> None:
        stored[family] = until

    await time.governor(on_freeze=store).freeze("history", 300)
    assert stored == {"history": START + timedelta(seconds=300)}
    time.clock.advance(100)
    restarted = time.governor(frozen=stored)
    with pytest.raises(errors.FloodWait) as refused:
        await use(restarted, "history")
    assert refused.value.seconds == pytest.approx(200)


async def test_only_so_many_requests_of_a_family_run_at_once() -> None:
    time = VirtualTime()
    governed = time.governor()
    release = asyncio.Event()
    running: list[int] = []

    async def hold(number: int) -> None:
        async with governed.permit("history"):
            running.append(number)
            await release.wait()

    tasks = [asyncio.create_task(hold(number)) for number in range(2)]
    await until_settled()
    assert running == [0]
    release.set()
    await asyncio.gather(*tasks)
    assert running == [0, 1]


async def test_difference_passes_waiting_history() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    passed: list[str] = []

    async def run(family: str) -> None:
        async with governed.permit(family):
            passed.append(family)

    async with governed.permit("other"):
        tasks = [asyncio.create_task(run(family)) for family in ("history", "other", "difference")]
        await until_settled()
        assert passed == []
    await asyncio.gather(*tasks)
    assert passed == ["difference", "other", "history"]


async def test_cancelled_waiter_gives_its_turn_to_the_next() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    async with governed.permit("other"):
        first = asyncio.create_task(use(governed, "difference"))
        second = asyncio.create_task(use(governed, "difference"))
        await until_settled()
        first.cancel()
        await until_settled()
    await asyncio.wait_for(second, 5)


async def test_freeze_while_waiting_refuses_the_request() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    async with governed.permit("other"):
        waiting = asyncio.create_task(use(governed, "difference"))
        await until_settled()
        await governed.freeze("difference", 10)
    with pytest.raises(errors.FloodWait):
        await waiting


def test_requests_are_charged_to_their_families() -> None:
    peer = types.InputPeerSelf()
    history = functions.messages.GetHistoryRequest(peer, 0, None, 0, 100, 0, 0, 0)
    assert families.of(history) == "history"
    assert families.of(functions.updates.GetStateRequest()) == "difference"
    assert families.of(functions.help.GetConfigRequest()) == "other"


async def until_settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
