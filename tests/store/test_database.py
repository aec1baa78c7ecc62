"""Opening the database: transactions, and what is said when it does not work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import psycopg_pool
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


@pytest.mark.parametrize(
    "error", [psycopg.errors.StatementTooComplex("stack depth"), psycopg.errors.ProgramLimitExceeded("too long")]
)
def test_what_no_database_takes_is_not_called_an_outage(error: psycopg.Error) -> None:
    with pytest.raises(errors.BadInput), store_database.translating():
        raise error


class SlowServer:
    """A private server whose start, when it is cancelled, needs a while to give its share back."""

    def __init__(self) -> None:
        self.is_starting = asyncio.Event()
        self.has_share = True

    async def start(self) -> None:
        self.has_share = False
        self.is_starting.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(100):
                await asyncio.sleep(0)
            self.has_share = True

    async def stop(self) -> None:
        assert self.has_share


async def test_server_that_is_being_revived_is_given_up_after_the_start_has_ended() -> None:
    """Regression: the share was in the hands of the start that was cancelled, so that closing found none to give up."""
    dsn = "postgresql:///nowhere?host=/no/such/folder"
    slow = SlowServer()
    pool = psycopg_pool.AsyncConnectionPool(dsn, open=False)
    opened = store_database.Database(dsn, pool, 160000, slow)
    with pytest.raises(errors.DatabaseUnreachable):
        await opened.listen_connection()
    await asyncio.wait_for(slow.is_starting.wait(), 10)
    await opened.close()


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


async def test_server_that_only_reads_counts_as_away_and_its_connection_is_given_up(
    database: store_database.Database,
) -> None:
    """Regression: after a fail-over the driver's own error ended the crawler."""
    with pytest.raises(errors.DatabaseUnreachable):
        async with database.transaction() as conn:
            await conn.execute("SET TRANSACTION READ ONLY")
            await conn.execute("CREATE TABLE t (n int)")
    assert conn.closed


async def test_commits_are_on_disk_whatever_the_server_s_default_is(
    settings: config.Settings, database: store_database.Database
) -> None:
    """Regression: with it off a crash forgets commits, and their positions in the outbox were given again."""
    async with database.connection() as conn:
        await conn.execute(f'ALTER DATABASE "{conn.info.dbname}" SET synchronous_commit = off')
    opened = await store_database.open(settings)
    async with opened.connection() as pooled, await opened.listen_connection() as listening:
        for conn in (pooled, listening):
            assert await (await conn.execute("SHOW synchronous_commit")).fetchone() == ("on",)
    await opened.close()


async def test_dead_network_is_noticed_within_half_a_minute_unless_the_url_says_otherwise(
    settings: config.Settings,
) -> None:
    url = settings.database.url.get_secret_value()
    for given, expected in ((url, "30000"), (psycopg.conninfo.make_conninfo(url, tcp_user_timeout=5), "5")):
        opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(given))))
        async with opened.connection() as conn:
            found = conn.info.get_parameters()
        await opened.close()
        assert (found["tcp_user_timeout"], found["keepalives_idle"]) == (expected, "10")


async def test_reader_s_plans_don_t_read_whole_tables(private: store_database.Database) -> None:
    async with private.connection() as conn:
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("on",)
    private.prefer_indexes()
    for conn in (await private.listen_connection(), await private.listen_connection()):
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("off",)
        await conn.close()
    async with private.connection() as conn:
        assert await (await conn.execute("SHOW enable_seqscan")).fetchone() == ("off",)
