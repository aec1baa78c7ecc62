"""The list of chats over a socket: how a refused reading is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.crawler.wire import connection, simulator
from tests.fixtures.simulator import start_simulator

from heliograph import errors
from heliograph.crawler import directory, link, refresh, transport
from heliograph.simulator.server import Simulator

__all__ = ["connection", "simulator", "start_simulator"]


class Boxes:
    """An engine without boxes."""

    def committed(self) -> dict[int, int]:
        return {}

    async def adopt(self, boxes: Iterator[int]) -> dict[int, int]:
        return dict.fromkeys(boxes, 1)

    def channel(self, *_: object) -> None:
        pass


class Store:
    """A writer to nowhere."""

    async def submit(self, batch: object) -> None:
        pass


class Listing:
    """One account's list, whose pauses pass at once and are remembered."""

    def __init__(self, connection: transport.Connection) -> None:
        self.pauses: list[float] = []
        self.paused = asyncio.Semaphore(0)
        known = directory.Directory()
        account = link.Link(connection, epoch=1, chats=known)
        self.refresh = refresh.Refresh(
            account, Boxes(), Store(), known, every_seconds=300, on_page=self._take, sleep=self._sleep
        )

    async def _take(self, tops: dict[int, int]) -> None:
        pass

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.refresh.ask()
        self.paused.release()
        await asyncio.sleep(0)


@pytest.fixture
def listing(connection: transport.Connection) -> Listing:
    return Listing(connection)


async def test_list_that_telegram_refuses_is_asked_for_once_a_minute_however_often_it_is_wanted(
    simulator: Simulator, listing: Listing
) -> None:
    """Regression: an account whose methods are frozen was asked every few seconds, for ever."""
    simulator.faults.refuse("messages.getDialogs", "FROZEN_METHOD_INVALID", 420, times=1_000)
    reading = asyncio.create_task(listing.refresh.run())
    for _ in range(3):
        await asyncio.wait_for(listing.paused.acquire(), 30)
    reading.cancel()
    assert listing.pauses[:3] == [refresh.REFUSED_SECONDS] * 3


async def test_reading_goes_on_after_what_passes_by_itself(simulator: Simulator, listing: Listing) -> None:
    simulator.faults.refuse("messages.getDialogs", "INTERNAL", 500)
    await asyncio.wait_for(listing.refresh.until_read(), 30)
    assert listing.pauses == [refresh.RETRY_SECONDS[0]]


async def test_refusal_that_no_other_try_changes_is_raised(simulator: Simulator, listing: Listing) -> None:
    simulator.faults.refuse("messages.getDialogs", "FROZEN_METHOD_INVALID", 420)
    with pytest.raises(errors.RpcFailed, match="FROZEN_METHOD_INVALID"):
        await listing.refresh.until_read()
    assert listing.pauses == []


async def test_forum_whose_topics_are_refused_does_not_hold_up_the_list(simulator: Simulator, listing: Listing) -> None:
    refusal = simulator.faults.refuse("messages.getForumTopics", "CHANNEL_FORUM_MISSING", times=1_000)
    await asyncio.wait_for(listing.refresh.until_read(), 30)
    assert refusal.times < 1_000
    assert listing.pauses == []
