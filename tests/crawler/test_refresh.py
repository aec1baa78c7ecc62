"""The list of chats over a socket: how a refused reading is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import structlog
from tests.crawler.wire import connection, simulator
from tests.fixtures.simulator import start_simulator

from heliograph import errors
from heliograph.crawler import directory, link, refresh, transport
from heliograph.domain import identity
from heliograph.simulator.faults import rpc as faults
from heliograph.simulator.server import Simulator

__all__ = ["connection", "simulator", "start_simulator"]


class Boxes:
    """An engine whose boxes stand at ``cursors``; the store has a cursor for every other box."""

    def __init__(self) -> None:
        self.cursors: dict[int, int] = {}
        self.listed: dict[int, tuple[int, int | None]] = {}
        """Each box with the server's pts, and the cursor that was adopted for it."""

    def committed(self) -> dict[int, int]:
        return dict(self.cursors)

    async def adopt(self, boxes: Iterator[int]) -> dict[int, int]:
        return {box: 1 for box in boxes if box not in self.cursors}

    def channel(self, account: object, box: int, pts: int, adopted_pts: int | None) -> None:
        self.listed[box] = (pts, adopted_pts)


class Store:
    """A writer to nowhere."""

    async def submit(self, batch: object) -> None:
        pass


class Records:
    """A database that is away."""

    def connection(self) -> object:
        raise errors.DatabaseUnreachable


class Listing:
    """One account's list, whose pauses pass at once and are remembered."""

    def __init__(self, connection: transport.Connection) -> None:
        self.pauses: list[float] = []
        self.paused = asyncio.Semaphore(0)
        self.boxes = Boxes()
        self.told: list[tuple[int, int, int]] = []
        known = directory.Directory()
        account = link.Link(connection, epoch=1, chats=known)
        self.refresh = refresh.Refresh(
            account,
            self.boxes,
            Store(),
            known,
            Records(),
            every_seconds=300,
            on_page=self._take,
            on_standing=lambda *given: self.told.append(given),
            sleep=self._sleep,
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


async def test_list_leaves_it_to_the_sentinel_to_judge_where_a_channel_stands(listing: Listing) -> None:
    """Regression: the list asked for a difference at once, past what was pushed and waited for its turn."""
    await listing.refresh.once()
    assert listing.boxes.listed and all(adopted == 1 for _, adopted in listing.boxes.listed.values())
    assert listing.told == []
    listing.boxes.cursors = {box: pts - 1 for box, (pts, _) in listing.boxes.listed.items()}
    await listing.refresh.once()
    assert all(adopted is None for _, adopted in listing.boxes.listed.values())
    assert sorted(listing.told) == sorted((box, pts - 1, pts) for box, (pts, _) in listing.boxes.listed.items())


async def test_reading_goes_on_after_what_passes_by_itself(simulator: Simulator, listing: Listing) -> None:
    simulator.faults.refuse("messages.getDialogs", "INTERNAL", 500)
    await asyncio.wait_for(listing.refresh.until_read(), 30)
    assert listing.pauses == [refresh.RETRY_SECONDS[0]]


async def test_reading_goes_on_after_a_defect(listing: Listing) -> None:
    """Regression: it ended the crawler."""
    standing = listing.boxes.channel
    told: list[object] = []

    def fail_once(*given: object) -> None:
        told.append(given)
        if len(told) == 1:
            listing.refresh.ask()
            raise KeyError("defect")
        standing(*given)

    listing.boxes.channel = fail_once
    with structlog.testing.capture_logs() as logged:
        await asyncio.wait_for(listing.refresh.until_read(), 30)
    assert [each["error"] for each in logged if each["event"] == "refresh_defect"] == ["KeyError"]
    assert listing.pauses == [refresh.SPACING_SECONDS]


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


async def test_dialog_that_cannot_be_read_is_passed_by_and_the_others_are_listed(
    simulator: Simulator, listing: Listing
) -> None:
    """Regression: one unknown constructor hid the whole list, and every new chat with it."""
    await listing.refresh.once()
    before = dict(listing.boxes.listed)
    spoiled = sorted(before)[len(before) // 2]
    listing.boxes.listed.clear()
    simulator.faults.undecodable_answers(
        "messages.getDialogs", None, chat=identity.channel_peer(identity.SpaceId(spoiled))
    )
    asked = Count()
    simulator.faults.add(asked)
    with structlog.testing.capture_logs() as logged:
        await listing.refresh.once()
        first = asked.requests
        await listing.refresh.once()
    assert set(listing.boxes.listed) == set(before) - {spoiled}
    assert [each["event"] for each in logged].count("dialogs_skipped") == 1
    assert asked.requests - first < first


class Count:
    """Sees how often the list is asked for."""

    is_spent = False
    requests = 0

    def refuse(self, asked: faults.Asked) -> None:
        self.requests += asked.method == "messages.getDialogs"
