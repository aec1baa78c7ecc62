"""Opening the database: transactions, and what is said when it does not work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from heliograph import config, errors
from heliograph.store import database as store_database


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[store_database.Database]:
    """A database on a private server of its own."""
    opened = await store_database.open(config.Settings(data_dir=tmp_path))
    yield opened
    await opened.close()


async def test_failed_transaction_keeps_nothing(private: store_database.Database) -> None:
    async with private.connection() as conn:
        await conn.execute("CREATE TABLE t (n int)")
    with pytest.raises(RuntimeError):
        async with private.transaction() as conn:
            await conn.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError
    async with private.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM t")).fetchone() == (0,)


async def test_killed_private_server_is_revived(private: store_database.Database, tmp_path: Path) -> None:
    pid = int((tmp_path / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while True:
            try:
                async with private.connection() as conn:
                    assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
                    break
            except errors.DatabaseUnreachable:
                await asyncio.sleep(0.05)


async def test_times_come_back_in_utc(private: store_database.Database) -> None:
    async with private.connection() as conn:
        row = await (await conn.execute("SELECT timestamptz '1969-12-31 23:59:59+00'")).fetchone()
    assert row and row[0].isoformat() == "1969-12-31T23:59:59+00:00"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://heliograph:hunter2@127.0.0.1:1/nowhere",
        "postgresql:///nowhere?host=/no/such/folder&password=hunter2",
        "hunter2 is no dsn",
    ],
)
async def test_unreachable_database_is_one_sentence_without_the_password(url: str) -> None:
    settings = config.Settings(database=config.Database(url=SecretStr(url)))
    with pytest.raises(errors.DatabaseUnreachable) as caught:
        await store_database.open(settings)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_full_disk_has_its_own_error() -> None:
    assert isinstance(store_database.translated(psycopg.errors.DiskFull()), errors.DiskFull)


async def test_reader_s_plans_don_t_read_whole_tables(private: store_database.Database) -> None:
    async with private.connection() as conn:
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("on",)
    private.prefer_indexes()
    for conn in (await private.listen_connection(), await private.listen_connection()):
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("off",)
        await conn.close()
    async with private.connection() as conn:
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("off",)
