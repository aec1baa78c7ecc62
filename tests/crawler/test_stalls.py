"""What stalls and what does not while the database is away: the writer's part and the feeds, over a real spool."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.crawler.test_outage import batch, proxied, running
from tests.crawler.test_watch import STALL_SECONDS, Line, Waiting

from heliograph import clock
from heliograph.crawler import watch, writer
from heliograph.crawler.spool import journal, segments
from heliograph.simulator.postgres_proxy import PostgresProxy
from heliograph.store import database as store_database

__all__ = ["proxied"]


class Disk:
    """Ends no fsync while it is told to hang."""

    def __init__(self) -> None:
        self.moves = threading.Event()
        self.moves.set()

    def fsync(self, descriptor: int) -> None:
        self.moves.wait(60)
        os.fsync(descriptor)


@pytest.fixture
def time() -> clock.ManualClock:
    return clock.ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def away(
    proxied: store_database.Database,
    postgres_proxy: PostgresProxy,
    time: clock.ManualClock,
    disk: Disk,
    tmp_path: Path,
) -> AsyncIterator[writer.Writer]:
    """A writer that knows that its database is away, and has spooled what it had."""
    spool = journal.Journal(segments.Segments(tmp_path / "spool", 2**20, fsync=disk.fsync), time)
    with contextlib.closing(spool):
        async with running(proxied, spool=spool, time=time) as made:
            await made.submit(batch(None, 1))
            await postgres_proxy.refuse()
            await made.submit(batch(1, 2))
            assert made.is_away
            try:
                yield made
            finally:
                disk.moves.set()


def stalled(made: writer.Writer, *lines: Line) -> tuple[watch.Part, float] | None:
    return watch.Watch(made, lambda: lines, stall_seconds=STALL_SECONDS).stalled()


async def test_outage_that_lasts_stalls_nothing_by_itself(away: writer.Writer, time: clock.ManualClock) -> None:
    time.advance(3600)
    assert stalled(away, Line()) is None


async def test_commit_that_waits_for_a_database_that_is_away_stalls_nothing(
    proxied: store_database.Database,
    postgres_proxy: PostgresProxy,
    time: clock.ManualClock,
) -> None:
    """A lane of history may still hang on a line that is dead when the live one has found out."""
    async with running(proxied, time=time) as made:
        await made.submit(batch(None, 1))
        postgres_proxy.stall()
        hanging = made.enqueue(batch(None, 1, box=12, origin="backfill"))
        async with asyncio.timeout(30):
            while made.stuck_seconds == 0:
                time.advance(1)
                await asyncio.sleep(0)
        time.advance(STALL_SECONDS)
        assert stalled(made) is not None
        made._outage.begin(made._outage.reason)
        assert stalled(made) is None
        assert not hanging.done()
        hanging.add_done_callback(lambda done: done.exception())


async def test_feed_that_nobody_takes_from_stalls_in_an_outage_too(away: writer.Writer) -> None:
    """Regression: while the database was away nobody looked at the feeds."""
    assert stalled(away, Line(), Line(inbox=Waiting(61, 61))) == ("feed", 61)
    assert stalled(away, Line(silence_seconds=90)) == ("feed", 90)
    assert stalled(away, Line(inbox=Waiting(300, 2)), Line(is_connected=False, silence_seconds=300)) is None


async def test_spooling_that_hangs_is_a_stalled_writer(
    away: writer.Writer, time: clock.ManualClock, disk: Disk
) -> None:
    """Regression: an fsync that never ended held up everything, and nothing noticed."""
    disk.moves.clear()
    waiting = away.enqueue(batch(2, 3))
    async with asyncio.timeout(30):
        while stalled(away, Line()) is None:
            time.advance(1)
            await asyncio.sleep(0.001)
    part, seconds = stalled(away, Line()) or ("feed", 0.0)
    assert part == "writer"
    assert seconds > STALL_SECONDS
    disk.moves.set()
    async with asyncio.timeout(30):
        assert not (await waiting).is_conflict
    assert stalled(away, Line()) is None
    assert away.stuck_seconds == 0
