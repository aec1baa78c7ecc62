"""``heliograph run --role worker`` as a process: killed, stopped, and on a disk that is full."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import PATIENCE_SECONDS, Start
from tests.fixtures import namespaces

from heliograph.jobs import exports as jobs_exports
from heliograph.store import database as store_database
from heliograph.store import exports

CHAT = -1_000_000_004_711
INSIDE = """
set -e
mount -t tmpfs -o size=256k,mode=700 tmpfs "$0"
exec "$@" run --role worker
"""


@pytest.fixture
async def asked(configure: Callable[..., None], rows: Any, data_dir: Path) -> exports.Export:
    """An export that waits, of a chat with a megabyte of text."""
    configure()
    (data_dir / "exports").mkdir(mode=0o700)
    await rows.chat(CHAT)
    for number in range(1, 11):
        await rows.message(CHAT, number, secrets.token_hex(50_000))
    async with rows.database.transaction() as conn:
        return await exports.add(conn, {"format": "jsonl", "chat_ids": [CHAT]})


async def until(database: store_database.Database, export_id: int, *states: str) -> exports.Export:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with database.connection() as conn:
                found = await exports.get(conn, export_id)
            assert found is not None
            if found.state in states:
                return found
            await asyncio.sleep(0.05)


@asynccontextmanager
async def held_up(database: store_database.Database) -> AsyncIterator[None]:
    """Let nobody read messages while the block runs."""
    async with database.transaction() as conn:
        await conn.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        yield


async def test_what_a_killed_worker_was_making_the_next_one_makes_and_sigterm_ends_that(
    start: Start, asked: exports.Export, database: store_database.Database, data_dir: Path
) -> None:
    folder = data_dir / "exports" / str(asked.export_id)
    first = await start("run", "--role", "worker")
    async with held_up(database):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (folder / "1").is_dir():  # noqa: ASYNC110 - a process of its own announces nothing
                await asyncio.sleep(0.02)
        first.process.kill()
        await first.process.wait()
    assert (folder / "1").is_dir()
    second = await start("run", "--role", "worker")
    found = await until(database, asked.export_id, "done", "failed")
    assert (found.state, found.attempt, found.done) == ("done", 2, 10)
    assert [path.name for path in folder.iterdir()] == ["2.zip"]
    second.process.send_signal(signal.SIGTERM)
    ended = await second.end()
    assert (ended.code, "Traceback" in ended.err) == (0, False)


async def test_full_disk_is_told_in_a_sentence_and_nothing_half_written_is_left(
    asked: exports.Export, database: store_database.Database, data_dir: Path
) -> None:
    namespaces.require()
    shelf = data_dir / "exports"
    command = (sys.executable, "-m", "heliograph", "--data-dir", str(data_dir))
    process = await asyncio.create_subprocess_exec(
        *(*namespaces.COMMAND, "sh", "-c", INSIDE, str(shelf), *command),
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "400"},
    )
    try:
        found = await until(database, asked.export_id, "done", "failed")
        assert (found.state, found.error) == ("failed", jobs_exports.DISK_FULL)
        inside = Path(f"/proc/{process.pid}/root{shelf}")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while list(inside.iterdir()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        process.kill()
        await process.wait()
