"""Killed at each point of a batch's way: row 25 of TELEGRAM.md section 6.

The crawler is a process of its own that writes through the proxy. Each point is one where something outside of it is
waiting for it: Telegram's socket, the proxy, a lock of PostgreSQL, the file system. Then it is killed with SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.fixtures import fatal_fsync
from tests.scenarios import quiet
from tests.scenarios.measured import measured

from heliograph import config
from heliograph.store import database as store_database

DEPTH = "heliograph_queue_depth"
WAITING = """
SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""
ROWS = "SELECT count(*) FROM messages WHERE text LIKE 'doomed %%'"
SHOWN = """
SELECT text FROM messages WHERE text LIKE 'doomed %%'
UNION ALL SELECT text FROM revisions WHERE text LIKE 'doomed %%'
"""
"""Every text once: a version that is stored twice, or a row that a replay made again, would show."""


@pytest.fixture
async def telegram():
    async with quiet.telegram() as simulator:
        yield simulator


@pytest.fixture
async def harbour(installation):
    return await quiet.harbour(installation)


@pytest.fixture
async def proxy(installation, postgres_proxy, proxied_dsn):
    """The proxy that the crawler's database is behind; the test itself goes past it."""
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(proxied_dsn))))
    past, installation.crawlers_database = installation.database, opened
    yield postgres_proxy
    await postgres_proxy.clear()
    await opened.close()
    installation.crawlers_database = past


async def started(installation, *wrapper):
    await installation.start_process(*wrapper)
    await installation.until_verified()
    await installation.until(quiet.SETTLED)


def speak(installation, chat, name, count=20):
    """Post, delete every fifth message and edit the others; return the texts that were ever shown.

    What is deleted has one text only: nobody who is dead between an edit and a deletion learns of the edit.
    """
    world, user, shown = installation.world, installation.users[0], []
    for number in range(count):
        message = world.post(chat, user, f"doomed {name} {number}")
        shown.append(message.text)
        if number % 5 == 0:
            world.delete(chat, [message], sender=user)
        else:
            shown.append(f"doomed {name} {number}, edited")
            world.edit(chat, message, shown[-1])
    return shown


async def until_depth(installation, queue, least):
    async with asyncio.timeout(30):
        while await measured(installation, DEPTH, queue=queue) < least:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def locked(installation, statement):
    async with installation.database.transaction() as conn:
        await conn.execute(statement)
        yield


@contextlib.asynccontextmanager
async def received(installation, proxy, chat):
    """Telegram has sent it and the machine has it; the process, which is stopped, has not read it."""
    os.kill(installation._process.pid, signal.SIGSTOP)
    speak(installation, chat, "received")
    await asyncio.sleep(0)
    yield


@contextlib.asynccontextmanager
async def read(installation, proxy, chat):
    """The process has read it and has not looked at it: it takes no more while a commit hangs."""
    async with locked(installation, "SELECT FROM outbox_counter FOR UPDATE"):
        number = 0
        async with asyncio.timeout(30):
            while await measured(installation, DEPTH, queue="updates") < 1:
                speak(installation, chat, f"read {number}")
                await asyncio.sleep(0.02)
                number += 1
        yield


@contextlib.asynccontextmanager
async def normalised(installation, proxy, chat):
    """Its batch waits behind another one, whose transaction cannot begin."""
    proxy.stall()
    speak(installation, chat, "normalised")
    await until_depth(installation, "writer", 1)
    yield


@contextlib.asynccontextmanager
async def begun(installation, proxy, chat):
    """BEGIN has passed, and the transaction waits for the cursors that it is about to compare."""
    async with locked(installation, "LOCK TABLE box_cursors IN ACCESS EXCLUSIVE MODE"):
        speak(installation, chat, "begun")
        await installation.until(WAITING)
        yield


@contextlib.asynccontextmanager
async def written(installation, proxy, chat):
    """Cursor and rows are written, and the transaction waits for its last statement."""
    async with locked(installation, "SELECT FROM outbox_counter FOR UPDATE"):
        speak(installation, chat, "written")
        await installation.until(WAITING)
        yield


@contextlib.asynccontextmanager
async def committing(installation, proxy, chat):
    """COMMIT has left the process, and PostgreSQL never sees it."""
    cut = proxy.cut_before_commit(touching="box_cursors")
    speak(installation, chat, "committing")
    await asyncio.wait_for(cut.happened.wait(), 30)
    yield


@contextlib.asynccontextmanager
async def committed(installation, proxy, chat):
    """PostgreSQL has carried COMMIT out, and the process never hears of it."""
    cut = proxy.cut_after_commit(touching="box_cursors")
    speak(installation, chat, "committed")
    await asyncio.wait_for(cut.happened.wait(), 30)
    yield


@pytest.mark.parametrize("point", [received, read, normalised, begun, written, committing, committed])
async def test_row_25_killed_between_telegram_and_the_store_ends_in_the_same_state(installation, harbour, proxy, point):
    """Equal final state, whatever the process was about; cursor and rows are either both there or both not."""
    await started(installation)
    before = await installation.one("SELECT pts FROM box_cursors WHERE box = %s", harbour.id)
    installation.look_away()
    async with point(installation, proxy, harbour):
        await installation.kill_process()
    await proxy.clear()
    stored = await installation.one(ROWS)
    moved = await installation.one("SELECT pts FROM box_cursors WHERE box = %s", harbour.id) - before
    assert (stored > 0) == (moved > 0), "one without the other"
    if point is not committed:
        assert stored == 0
    else:
        assert stored > 0
    unknowable = installation.deleted()
    await installation.start_process()
    installation.world.post(harbour, installation.users[0], "after the kill")
    await installation.until_stored("after the kill")
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    texts = await installation.all(SHOWN)
    assert len(texts) == len(set(texts)), "a version is there twice"
    assert await installation.one("SELECT pts FROM box_cursors WHERE box = %s", harbour.id) == harbour.box.pts


@pytest.mark.parametrize("when", ["before", "torn", "after"])
async def test_row_25_killed_about_an_fsync_of_the_spool_ends_in_the_same_state(installation, harbour, proxy, when):
    """Equal final state; every text that was fsynced before the kill is kept as a version, none is there twice."""
    await started(installation, sys.executable, str(Path(fatal_fsync.__file__)), when)
    process = installation._process
    installation.look_away()
    await proxy.refuse()
    shown = []
    async with asyncio.timeout(60):
        while process.returncode is None:
            shown.append(speak(installation, harbour, f"spooled {len(shown)}", 5))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.3)
    assert process.returncode == -signal.SIGKILL
    await proxy.accept()
    unknowable = installation.deleted()
    await installation.start_process()
    await installation.until_equal(unknowable=unknowable)
    await installation.until(quiet.SETTLED)
    assert await installation.stop_process() == 0
    texts = await installation.all(SHOWN)
    assert len(texts) == len(set(texts)), "a version is there twice"
    # The first group was fsynced before any other was written.
    assert set(shown[0]) <= set(texts)
    assert list((installation.settings.data_dir / "spool").glob("*.spool")) == []
