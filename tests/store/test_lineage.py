"""A database that is another one than before, or that went back, gives no position a second time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from heliograph import config
from heliograph.crawler import writer
from heliograph.domain import records
from heliograph.store import database as store_database
from heliograph.store import lineage, migrations, outbox, server


async def counter(database: store_database.Database) -> tuple[str | None, int, int]:
    async with database.connection() as conn:
        return await (await conn.execute("SELECT lineage, epoch, n FROM outbox_counter")).fetchone()


async def check(database: store_database.Database, last: tuple[int, int] | None = None) -> int | None:
    """Return the epoch that the look began."""
    async with database.transaction() as conn:
        epoch, is_begun = await lineage.check(conn, last)
    return epoch if is_begun else None


async def test_first_look_only_remembers(make: Any, write: Any, database: store_database.Database) -> None:
    position = (await write(make.batch(make.message()))).position
    assert await check(database) is None
    known, *now = await counter(database)
    assert known is not None and tuple(now) == position
    assert await check(database) is None
    assert await counter(database) == (known, *position)


@pytest.mark.parametrize("part", range(4), ids=["system identifier", "timeline", "database", "files"])
async def test_each_sign_of_another_database_begins_an_epoch_once(
    make: Any, write: Any, database: store_database.Database, part: int
) -> None:
    await check(database)
    known, epoch, _ = await counter(database)
    signs = known.split("/")
    assert len(signs) == 4 and all(sign.strip("-") for sign in signs)
    signs[part] = "7"
    async with database.connection() as conn:
        await conn.execute("UPDATE outbox_counter SET lineage = %s, n = 40", ["/".join(signs)])
    begun = [each for each in await asyncio.gather(*(check(database) for _ in range(3))) if each is not None]
    assert len(begun) == 1 and begun[0] > epoch
    assert await counter(database) == (known, begun[0], 0)
    assert (await write(make.batch(make.message(2)))).position == (begun[0], 1)


async def test_timeline_is_the_one_that_is_written_now(database: store_database.Database) -> None:
    await check(database)
    async with database.connection() as conn:
        found = await conn.execute(
            "SELECT s.system_identifier, c.timeline_id, d.oid"
            " FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()"
        )
        row = await found.fetchone()
    system, timeline, number, _ = (await counter(database))[0].split("/")
    assert (int(system), int(timeline, 16), int(number)) == row


async def test_lost_commits_begin_an_epoch(database: store_database.Database) -> None:
    await check(database)
    _, epoch, n = await counter(database)
    assert await check(database, (epoch, n)) is None
    assert await check(database, (epoch - 1, n + 50)) is None
    assert await check(database, (epoch, n + 1)) > epoch


async def test_readers_are_woken_by_a_new_epoch(database: store_database.Database) -> None:
    listening = await database.listen_connection()
    try:
        await listening.execute(f"LISTEN {outbox.CHANNEL}")
        async with database.connection() as conn:
            epoch = await outbox.new_epoch(conn)
        notice = await asyncio.wait_for(anext(listening.notifies()), 30)
        assert notice.payload == f"{epoch}.0"
    finally:
        await listening.close()


@pytest.fixture
def hosted(postgres_dsn: str, database_dsn: str) -> Iterator[str]:
    """The database as a role that a hosted server lets do nothing but use its tables."""
    role = "hosted_" + psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"][-8:]
    with psycopg.connect(database_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(role)))
        conn.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(role)))
        # In this database only: others go on at the same time.
        conn.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    yield psycopg.conninfo.make_conninfo(database_dsn, user=role, password="x", passfile="/dev/null")
    with psycopg.connect(database_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


async def test_server_that_does_not_tell_is_passed_over_in_silence(hosted: str) -> None:
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(hosted))))
    try:
        assert await check(opened) is None
        known, epoch, n = await counter(opened)
        assert known is None
        assert await check(opened, (epoch, n + 1)) > epoch, "what went back is seen without the server's help"
    finally:
        await opened.close()


@asynccontextmanager
async def writing(database: store_database.Database) -> AsyncIterator[writer.Writer]:
    made = writer.Writer(database)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_writer_begins_an_epoch_before_its_first_commit_into_a_restored_database(
    make: Any, database: store_database.Database
) -> None:
    async with writing(database) as made:
        await made.submit(make.batch(make.message(1)))
    known, epoch, n = await counter(database)
    assert n == 1
    async with database.connection() as conn:
        # As a dump of another cluster brings it.
        await conn.execute("UPDATE outbox_counter SET lineage = '1/00000001/1/1'")
    async with writing(database) as made:
        await made.submit(make.batch(make.message(2)))
        assert (await counter(database))[0] == known
    _, later, n = await counter(database)
    assert later > epoch and n == 1


async def test_writer_notices_that_its_last_commits_were_lost(make: Any, database: store_database.Database) -> None:
    async with writing(database) as made:
        for number in range(1, 6):
            await made.submit(make.batch(make.message(number)))
        _, epoch, n = await counter(database)
        async with database.connection() as conn:
            # As a fail-over to a replica that lagged leaves it; the old connections are gone.
            await conn.execute("UPDATE outbox_counter SET n = n - 2")
            await conn.execute("DELETE FROM outbox WHERE n > 3")
        async with database.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await conn.close()
        await made.submit(records.Batch(origin="live", moves=(), messages=[make.message(9)]))
    _, later, n = await counter(database)
    assert later > epoch and n == 1


async def test_copied_data_directory_is_another_database(tmp_path: Path) -> None:
    """A backup of the private server is a copy of its files, the same in all but when they were put there."""
    signs = []
    for home in (tmp_path / "first", tmp_path / "restored"):
        if signs:
            await asyncio.to_thread(shutil.copytree, tmp_path / "first", home, symlinks=True)
        private = server.PrivateServer(home)
        dsn = await private.start()
        try:
            await migrations.migrate(dsn)
            opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(dsn))))
            signs.append((await check(opened), await counter(opened)))
            await opened.close()
        finally:
            await private.stop()
    (first, (_, epoch, _)), (begun, (_, later, _)) = signs
    assert first is None
    assert begun == later > epoch
