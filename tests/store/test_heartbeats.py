"""What processes say of themselves: written anew, shown while they live, and gone with an end in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from heliograph.store import database as store_database
from heliograph.store import heartbeats, leases
from heliograph.store.reads import heartbeats as reads
from heliograph.store.reads import status

HERE = "harbour:1"


async def say(database, detail, *, role="crawler", holder=HERE, age_seconds=0.0):
    async with database.connection() as conn:
        await heartbeats.beat(conn, role, holder, detail)
        await conn.execute(
            "UPDATE heartbeats SET beat_at = beat_at - %s WHERE holder = %s", [timedelta(seconds=age_seconds), holder]
        )


async def shown(database):
    async with database.connection() as conn:
        return await reads.crawlers(conn)


async def summary(database):
    async with database.connection() as conn:
        return (await status.status(conn)).crawler


@pytest.fixture
async def leased(database):
    """A connection that holds a lease in the name of a process."""
    conn = await database.listen_connection()
    await leases.acquire(conn, "account:1", HERE)
    yield conn
    await conn.close()


async def test_process_has_one_row_with_its_newest_words(database):
    await say(database, {"state": "running", "writer_lag_seconds": 1})
    await say(database, {"state": "draining", "writer_lag_seconds": 0})
    async with database.connection() as conn:
        (found,) = await heartbeats.load(conn)
    assert (found.role, found.holder, found.detail) == (
        "crawler",
        HERE,
        {"state": "draining", "writer_lag_seconds": 0},
    )


async def test_crawler_is_shown_with_its_lags(database):
    await say(
        database,
        {"state": "running", "writer_lag_seconds": 1.5, "feed_lag_seconds": 2.5, "loop_lag_seconds": 0.25}
        | {"spooled_batches": 3, "spooled_bytes": 400},
    )
    await say(database, {"state": "running"}, role="web", holder="harbour:2")
    (found,) = await shown(database)
    assert (found.holder, found.state) == (HERE, "running")
    assert (found.writer_lag_seconds, found.feed_lag_seconds, found.loop_lag_seconds) == (1.5, 2.5, 0.25)
    assert (found.spooled_batches, found.spooled_bytes) == (3, 400)


async def test_silent_crawler_that_holds_a_lease_is_stalled_by_its_silence(database, leased):
    await say(database, {"state": "running", "loop_lag_seconds": 0.1}, age_seconds=20)
    (found,) = await shown(database)
    assert found.state == "stalled"
    assert found.loop_lag_seconds >= 20
    assert await summary(database) == "stalled"


async def test_silent_crawler_without_a_lease_is_gone(database):
    await say(database, {"state": "running"}, age_seconds=20)
    assert await shown(database) == []
    assert await summary(database) == "stopped"


async def test_crawler_that_calls_itself_stalled_is_shown_so(database, leased):
    await say(database, {"state": "stalled", "writer_lag_seconds": 61})
    assert [each.state for each in await shown(database)] == ["stalled"]
    assert await summary(database) == "stalled"


async def test_running_crawler_is_running(database, leased):
    await say(database, {"state": "running"})
    assert await summary(database) == "running"


async def until(condition):
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_heart_beats_forgets_the_long_dead_and_takes_its_row_along(database):
    await say(database, {}, holder="harbour:9", age_seconds=3600)
    heart = heartbeats.Heart(database, "crawler", describe=lambda: {"writer_lag_seconds": 4})
    running = asyncio.create_task(heart.run())

    async def beats():
        return [(each.holder, each.writer_lag_seconds) for each in await shown(database)] == [(heartbeats.holder(), 4)]

    await until(beats)
    async with database.connection() as conn:
        assert [each.holder for each in await heartbeats.load(conn)] == [heartbeats.holder()]
    running.cancel()
    await asyncio.wait({running})
    await heart.end()
    assert await shown(database) == []


async def test_loop_that_is_kept_waiting_shows_in_the_next_beat(database):
    heart = heartbeats.Heart(database, "web")
    running = asyncio.create_task(heart.run())
    await asyncio.sleep(0)

    async def is_seen():
        # The loop's own clock goes on while nothing else of it does.
        busy_until = asyncio.get_running_loop().time() + heartbeats.TURN_SECONDS + 0.2
        while asyncio.get_running_loop().time() < busy_until:
            sum(range(1000))
        await asyncio.sleep(0.05)
        return heart.detail()["loop_lag_seconds"] > 0

    await until(is_seen)
    running.cancel()


async def test_beats_are_left_out_while_the_database_is_away(settings, database):
    away = store_database.Database("postgresql:///nowhere?host=/nowhere", database.pool, 180000, None)
    heart = heartbeats.Heart(away, "crawler")
    await database.pool.close()
    await heart.now()
    await heart.end()
