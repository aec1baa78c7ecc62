"""More than anybody can take: row 46 of TELEGRAM.md section 6, over a process. ``test_outages`` looks at its queues."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tests.scenarios import quiet
from tests.scenarios.measured import measured, resident_mb

BURST = 8_000
TEXT = "tide " * 400
QUEUE = 500
"""Containers that may wait. With room for the whole burst it costs the process twice of ``ROOM_MB``."""
ROOM_MB = 40


@pytest.fixture
async def telegram():
    async with quiet.telegram() as simulator:
        yield simulator


@pytest.fixture
async def harbour(installation):
    return await quiet.harbour(installation)


@contextlib.asynccontextmanager
async def unwritable(installation):
    """Let no commit end until the block does."""
    async with installation.database.transaction() as conn:
        await conn.execute("SELECT FROM outbox_counter FOR UPDATE")
        yield


async def test_row_46_burst_leaves_the_memory_of_the_process_as_it_was_and_is_complete_later(installation, harbour):
    """Memory bound kept, the box is due for a difference before anything is forgotten, and all of it is there later.

    The burst comes as fast as the simulator and a socket let it, while nothing can be written.
    """
    world, user = installation.world, installation.users[0]
    installation.reconfigure(queue_size=QUEUE, stall_seconds=600)
    await installation.start_process()
    await installation.until_verified()
    await installation.until(quiet.SETTLED)
    for number in range(500):
        world.post(harbour, user, f"to warm up {number}")
    await installation.until_stored("to warm up 499")
    process = installation._process
    before, most, deepest = resident_mb(process.pid), 0.0, 0.0

    async def look():
        nonlocal most, deepest
        most = max(most, resident_mb(process.pid))
        deepest = max(deepest, await measured(installation, "heliograph_queue_depth", queue="updates"))

    installation.look_away()
    async with unwritable(installation):
        for number in range(BURST):
            world.post(harbour, user, f"burst {number} {TEXT}")
            if number % 400 == 0:
                await look()
        async with asyncio.timeout(60):
            while deepest < QUEUE:
                await look()
        # The line to Telegram stays.
        assert installation.connections == 1
    async with asyncio.timeout(90):
        while not await installation.one(
            "SELECT pts = %s FROM box_cursors WHERE box = %s", harbour.box.pts, harbour.id
        ):
            await look()
            await asyncio.sleep(0.1)
    assert most - before < ROOM_MB, f"{before:.0f} MB became {most:.0f} MB"
    # One place is always kept for the word that something was dropped.
    assert QUEUE <= deepest <= QUEUE + 8
    await installation.until_equal()
    await installation.until("SELECT count(*) > 0 AND bool_and(closed_at IS NOT NULL) FROM gaps WHERE cause <> 'start'")
    assert await installation.stop_process() == 0
    burst = "SELECT count(*) FROM messages m JOIN outbox USING (space_id, message_id) WHERE text LIKE 'burst %%'"
    assert await installation.one(burst) == BURST
    # What was dropped came by differences.
    assert await installation.one(f"{burst} AND pushed_at IS NULL") > BURST / 4
    # Nobody knows whether what there was no room for said anything besides: that it was dropped is on record.
    assert set(await installation.all("SELECT reason FROM known_losses")) <= {"not_kept"}
