"""How the crawler ends and is ended: in order by SIGTERM, at once by a second one, by a new start after a stall.

The crawler is a process of its own. The database is slowed by holding the row that every commit ends with.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tomllib
from collections.abc import AsyncIterator

import pytest
from tests.scenarios.measured import measured

from heliograph import config
from heliograph.cli import child

STATE = "SELECT count(*) > 0 FROM heartbeats WHERE role = 'crawler' AND detail->>'state' = %s"


def configure(installation, **crawler):
    """Change settings of the crawler's process."""
    content = tomllib.loads(installation.settings.config_file.read_text())
    content["crawler"].update(crawler)
    config.write(installation.settings.config_file, content)


@contextlib.asynccontextmanager
async def slow_database(installation) -> AsyncIterator[None]:
    """Let no commit end until the block does."""
    async with installation.database.transaction() as conn:
        await conn.execute("SELECT FROM outbox_counter FOR UPDATE")
        yield


async def until_pending(installation, events=1):
    """Wait until the crawler knows of events that are not committed."""
    async with asyncio.timeout(30):
        while await measured(installation, "heliograph_box_lag_events") < events:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def harbour(installation):
    world = installation.world
    owner = next(user for user in world.users if user not in (*installation.users, 777000))
    chat = world.run("create_channel", creator=owner, title="Harbour")
    world.join(chat, installation.users[0])
    return chat, owner


@pytest.fixture
async def crawling(installation):
    """A crawler in a process of its own that has caught up, with a channel to write in."""
    chat = harbour(installation)
    await installation.start_process()
    await installation.until_backfilled()
    await installation.until("SELECT count(*) = 1 FROM chats WHERE title = 'Harbour'")
    return chat


async def test_sigterm_at_full_load_ends_in_order_and_loses_nothing(installation, crawling):
    """Reading stops, what was read commits, the crawler leaves with exit code 0; the next start goes on from there."""
    unknowable = installation.deleted()
    installation.look_away()  # the machine is busy, so that pushes may be long on their way
    installation.telegram.traffic.start(400)
    seen = await installation.outbox()
    await installation.until("SELECT count(*) > %s FROM outbox", seen + 500)
    assert await installation.stop_process() == 0
    assert await installation.one("SELECT count(*) = 0 FROM heartbeats"), "it has taken leave"
    await installation.until_silent()
    await installation.start_process()
    await installation.telegram.traffic.stop()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0


async def test_sigterm_stops_reading_commits_and_only_then_leaves_telegram(installation, crawling):
    """While the database is slow the line stays; what came before the signal is stored, what came after is not yet."""
    chat, owner = crawling
    async with slow_database(installation):
        installation.world.post(chat, owner, "before the signal")
        await until_pending(installation)
        installation._process.send_signal(signal.SIGTERM)
        await installation.until(STATE, "draining")
        installation.world.post(chat, owner, "after the signal")
        assert installation.connections == len(installation.users)
        assert installation._process.returncode is None
    assert await installation.stop_process() == 0
    texts = await installation.all("SELECT text FROM messages WHERE text LIKE '%%the signal'")
    assert texts == ["before the signal"]
    await installation.start_process()
    await installation.until_stored("after the signal")
    assert await installation.stop_process() == 0


async def test_database_that_does_not_answer_cannot_hold_up_an_end(installation, crawling):
    """The drain is bounded; what could not be committed is asked of Telegram again."""
    chat, owner = crawling
    await installation.stop_process()
    configure(installation, drain_seconds=0.5)
    await installation.start_process()
    await installation.until(STATE, "running")
    async with slow_database(installation):
        installation.world.post(chat, owner, "in vain at first")
        await until_pending(installation)
        assert await installation.stop_process() == 0
    await installation.start_process()
    await installation.until_stored("in vain at first")
    assert await installation.stop_process() == 0


async def test_second_sigterm_ends_at_once_and_loses_nothing(installation, crawling):
    """It ends amid a commit; cursors and rows agree, and the next start has everything."""
    chat, owner = crawling
    unknowable = installation.deleted()
    installation.look_away()
    async with slow_database(installation):
        installation.telegram.traffic.start(200)
        await until_pending(installation, events=20)
        installation.world.post(chat, owner, "amid it all")
        installation._process.send_signal(signal.SIGTERM)
        await installation.until(STATE, "draining")
        async with asyncio.timeout(15):
            while installation._process.returncode is None:
                installation._process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.1)
        assert installation._process.returncode == 128 + signal.SIGTERM
    await installation.telegram.traffic.stop()
    await installation.start_process()
    await installation.until_stored("amid it all")
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0


@contextlib.asynccontextmanager
async def supervised(installation, **crawler):
    """Run the crawler as ``heliograph run`` does: a child that is started again."""
    configure(installation, **crawler)
    environment = installation.settings.database.url.get_secret_value()
    os.environ["HELIOGRAPH_DATABASE__URL"] = environment
    made = child.Child(
        "crawler",
        [*("--data-dir", str(installation.settings.data_dir), "--log-level", "warning"), "run", "--role", "crawler"],
        stall_seconds=crawler["stall_seconds"],
    )
    try:
        await made.start()
        yield made
    finally:
        del os.environ["HELIOGRAPH_DATABASE__URL"]
        await made.stop()


async def test_crawler_whose_loop_is_blocked_is_killed_and_started_again(installation):
    """SIGSTOP stands for what blocks it: status says stalled, then a new process has everything."""
    chat, owner = harbour(installation)
    async with supervised(installation, stall_seconds=3) as crawler:
        await installation.until_backfilled()
        first = crawler.pid
        os.kill(first, signal.SIGSTOP)
        installation.world.post(chat, owner, "while it was blocked")
        async with asyncio.timeout(60):
            await crawler.until_started(2)
        assert crawler.pid != first
        await installation.until_stored("while it was blocked")
    assert installation.telegram.violations == []


async def test_commit_that_hangs_is_seen_in_the_heartbeat_and_ends_in_a_new_start(installation, crawling):
    """The old process says that it is stalled before it ends, and the new one has everything."""
    chat, owner = crawling
    await installation.stop_process()
    async with supervised(installation, stall_seconds=1.5) as crawler:
        await installation.until(STATE, "running")
        first = crawler.pid
        async with slow_database(installation):
            installation.world.post(chat, owner, "while it hung")
            await installation.until(
                "SELECT count(*) > 0 FROM heartbeats WHERE detail->>'state' = 'stalled'"
                " AND (detail->>'writer_lag_seconds')::float8 > 1"
            )
            async with asyncio.timeout(60):
                await crawler.until_started(2)
        assert crawler.pid != first
        await installation.until_stored("while it hung")
        assert await measured(installation, "heliograph_stalls") >= 1
