"""A worker in this process, over a chat with some messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from heliograph import config
from heliograph.jobs import service
from heliograph.store import database as store_database
from heliograph.store import exports

CHAT = -1_000_000_004_711
MESSAGES = 3
OVER = ("done", "failed", "cancelled")

Worker = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def worker(settings: config.Settings, database: store_database.Database) -> Worker:
    """Run a worker while a block runs; ``grace_seconds`` is how long its end waits for a job."""

    @contextlib.asynccontextmanager
    async def running(grace_seconds: float = 0.0) -> AsyncIterator[None]:
        stop, ready = asyncio.Event(), asyncio.Event()
        work = service.run(settings, database, stop=stop, on_ready=ready.set, grace_seconds=grace_seconds)
        task = asyncio.create_task(work)
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
            await task

    return running


class Exports:
    """Asks for exports and looks at them."""

    def __init__(self, database: store_database.Database) -> None:
        self.database = database

    async def add(self, **request: Any) -> int:
        async with self.database.transaction() as conn:
            return (await exports.add(conn, {"format": "jsonl", "chat_ids": [CHAT], **request})).export_id

    async def get(self, export_id: int) -> exports.Export:
        async with self.database.connection() as conn:
            found = await exports.get(conn, export_id)
        assert found is not None
        return found

    async def until(self, export_id: int, *states: str) -> exports.Export:
        """Wait until an export is in one of these states, by default one that is over."""
        async with asyncio.timeout(30):
            while (found := await self.get(export_id)).state not in (states or OVER):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def asked(database: store_database.Database, rows: Any) -> Exports:
    await rows.chat(CHAT, title="Harbour/watch")
    for number in range(1, MESSAGES + 1):
        await rows.message(CHAT, number, f"text {number}")
    return Exports(database)


@contextlib.asynccontextmanager
async def held_up(database: store_database.Database) -> AsyncIterator[None]:
    """Let nobody read messages while the block runs: an export that has begun does not get on."""
    async with database.transaction() as conn:
        await conn.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        yield
