"""The PostgreSQL fault proxy in front of the real server: each fault does what it says, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import psycopg
import pytest
from tests.fixtures.postgres_proxy import postgres_proxy, proxied_dsn, upstream

from heliograph.simulator.postgres_proxy import PostgresProxy
from heliograph.simulator.postgres_wire import classify

__all__ = ["postgres_proxy", "proxied_dsn"]

Connection = psycopg.AsyncConnection
INSERT = "INSERT INTO kept VALUES (%s)"


@pytest.fixture
async def direct(database_dsn: str) -> AsyncIterator[Connection]:
    """A connection around the proxy, and the table that the tests write to."""
    async with await Connection.connect(database_dsn, autocommit=True) as conn:
        await conn.execute("CREATE TABLE kept (n int)")
        yield conn


@pytest.fixture
async def conn(proxied_dsn: str, direct: Connection) -> AsyncIterator[Connection]:
    """A connection through the proxy, on which each statement commits by itself."""
    opened = await Connection.connect(proxied_dsn, autocommit=True)
    yield opened
    await opened.close()


async def kept(direct: Connection) -> list[int]:
    return [row[0] for row in await (await direct.execute("SELECT n FROM kept ORDER BY n")).fetchall()]


async def _until_asleep(direct: Connection) -> None:
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while not await (await direct.execute(sleeping)).fetchone():  # noqa: ASYNC110 another server process
        await asyncio.sleep(0.01)


async def write(conn: Connection, number: int, *, is_pipelined: bool = False) -> None:
    """Write one row in a transaction, in the driver's pipeline mode or not."""
    if is_pipelined:
        async with conn.pipeline(), conn.transaction():
            await conn.execute(INSERT, [number])
    else:
        async with conn.transaction():
            await conn.execute(INSERT, [number])


async def test_without_faults_everything_passes_as_it_is(conn: Connection, direct: Connection):
    await write(conn, 1)
    await write(conn, 2, is_pipelined=True)
    for number in range(3, 10):  # often enough to be prepared
        await conn.execute(INSERT, [number])
    text = "x" * 3_000_000
    (echoed,) = await (await conn.execute("SELECT %s::text", [text])).fetchone() or ("",)
    assert echoed == text
    async with conn.cursor().copy("COPY kept FROM STDIN") as copy:
        await copy.write_row([10])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await conn.execute("SELECT 1/0")
    assert await kept(direct) == list(range(1, 11))


async def test_notifications_pass(conn: Connection, direct: Connection):
    await conn.execute("LISTEN news")
    await direct.execute("NOTIFY news, 'now'")
    async for notice in conn.notifies(timeout=10, stop_after=1):
        assert notice.payload == "now"
        return
    pytest.fail("nothing was heard")


async def test_query_can_be_cancelled_through_the_proxy(conn: Connection, direct: Connection):
    running = asyncio.create_task(conn.execute("SELECT pg_sleep(60)"))
    await asyncio.wait_for(_until_asleep(direct), 10)
    await conn.cancel_safe(timeout=10)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await running


async def test_what_the_server_says_last_arrives(proxied_dsn: str):
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        await Connection.connect(proxied_dsn, dbname="nowhere")


async def test_refusing_cuts_connections_and_refuses_new_ones_until_it_ends(
    conn: Connection, postgres_proxy: PostgresProxy, proxied_dsn: str
):
    port = postgres_proxy.port
    await postgres_proxy.refuse()
    with pytest.raises(psycopg.OperationalError):
        await conn.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        await Connection.connect(proxied_dsn)
    await postgres_proxy.accept()
    assert postgres_proxy.port == port
    async with await Connection.connect(proxied_dsn) as again:
        await again.execute("SELECT 1")
    assert postgres_proxy.counts["refusals"] == 1


async def test_port_stays_reserved_while_connections_are_refused(postgres_proxy: PostgresProxy):
    await postgres_proxy.refuse()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((postgres_proxy.host, postgres_proxy.port))


async def test_stalled_connections_stay_open_and_go_on_where_they_were(
    conn: Connection, postgres_proxy: PostgresProxy, proxied_dsn: str, direct: Connection
):
    postgres_proxy.stall()
    written = asyncio.create_task(conn.execute(INSERT, [1]))
    connected = asyncio.create_task(Connection.connect(proxied_dsn))
    done, _ = await asyncio.wait([written, connected], timeout=0.3)
    assert not done
    assert await kept(direct) == []
    postgres_proxy.resume()
    async with asyncio.timeout(10):
        await written
        await (await connected).close()
    assert await kept(direct) == [1]


@pytest.mark.parametrize("is_pipelined", [False, True])
async def test_cut_after_commit_leaves_the_rows_and_no_answer(
    conn: Connection, postgres_proxy: PostgresProxy, direct: Connection, is_pipelined: bool
):
    fault = postgres_proxy.cut_after_commit()
    with pytest.raises(psycopg.OperationalError):
        await write(conn, 1, is_pipelined=is_pipelined)
    # At the moment of the cut, not some time later: the commit came first.
    assert await kept(direct) == [1]
    assert fault.happened.is_set()
    assert postgres_proxy.counts["cuts_after_commit"] == 1


@pytest.mark.parametrize("is_pipelined", [False, True])
async def test_cut_before_commit_leaves_nothing(
    conn: Connection, postgres_proxy: PostgresProxy, direct: Connection, is_pipelined: bool
):
    fault = postgres_proxy.cut_before_commit()
    with pytest.raises(psycopg.OperationalError):
        await write(conn, 1, is_pipelined=is_pipelined)
    assert fault.happened.is_set()
    # The table can be locked once the server has noticed that nobody is there any more.
    async with direct.transaction():
        await direct.execute("LOCK TABLE kept")
    assert await kept(direct) == []


async def test_cut_spares_transactions_that_write_nothing_or_elsewhere(
    conn: Connection, postgres_proxy: PostgresProxy, direct: Connection, proxied_dsn: str
):
    await direct.execute("CREATE TABLE other (n int)")
    fault = postgres_proxy.cut_after_commit(touching="kept")
    async with conn.transaction():
        await conn.execute("SELECT n FROM kept FOR UPDATE")
    async with conn.transaction():
        await conn.execute("INSERT INTO other VALUES (1)")
    assert not fault.happened.is_set()
    with pytest.raises(psycopg.OperationalError):
        await write(conn, 1)


async def test_cut_takes_prepared_statements_too(conn: Connection, postgres_proxy: PostgresProxy, direct: Connection):
    for number in range(8):
        await write(conn, number)
    postgres_proxy.cut_after_commit(touching="kept")
    with pytest.raises(psycopg.OperationalError):
        await write(conn, 8)
    assert await kept(direct) == list(range(9))


async def test_commit_that_the_server_turns_into_a_rollback_is_not_cut(
    conn: Connection, postgres_proxy: PostgresProxy, direct: Connection
):
    fault = postgres_proxy.cut_after_commit()
    await conn.execute("BEGIN")
    await conn.execute(INSERT, [1])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await conn.execute("SELECT 1/0")
    await conn.execute("COMMIT")
    assert not fault.happened.is_set()
    assert await kept(direct) == []


@pytest.mark.parametrize("is_pipelined", [False, True])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disk_full", psycopg.errors.DiskFull),
        ("read_only", psycopg.errors.ReadOnlySqlTransaction),
        ("deadlock", psycopg.errors.DeadlockDetected),
    ],
)
async def test_failure_of_a_write_is_the_servers_own_answer(
    conn: Connection,
    postgres_proxy: PostgresProxy,
    direct: Connection,
    name: str,
    expected: type[psycopg.Error],
    is_pipelined: bool,
):
    fault = getattr(postgres_proxy, name)()
    with pytest.raises(expected):
        await write(conn, 1, is_pipelined=is_pipelined)
    (readable,) = await (await conn.execute("SELECT 2")).fetchone() or (0,)
    assert readable == 2
    assert postgres_proxy.counts[expected.sqlstate] == 1
    fault.end()
    await write(conn, 2, is_pipelined=is_pipelined)
    assert await kept(direct) == [2]


async def test_disk_that_fills_up_before_the_commit_refuses_it(
    conn: Connection, postgres_proxy: PostgresProxy, direct: Connection
):
    with pytest.raises(psycopg.errors.DiskFull):
        async with conn.transaction():
            await conn.execute(INSERT, [1])
            postgres_proxy.disk_full()
    assert await kept(direct) == []


async def test_transaction_of_a_failed_write_has_failed(conn: Connection, postgres_proxy: PostgresProxy):
    await conn.execute("BEGIN")
    postgres_proxy.disk_full(1)
    with pytest.raises(psycopg.errors.DiskFull):
        await conn.execute(INSERT, [1])
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await conn.execute(INSERT, [1])


async def test_deadlock_happens_once(conn: Connection, postgres_proxy: PostgresProxy, direct: Connection):
    postgres_proxy.deadlock()
    with pytest.raises(psycopg.errors.DeadlockDetected):
        await write(conn, 1)
    await write(conn, 1)
    assert await kept(direct) == [1]


async def test_connection_is_killed_by_its_number(conn: Connection, postgres_proxy: PostgresProxy, proxied_dsn: str):
    async with await Connection.connect(proxied_dsn, autocommit=True) as second:
        assert postgres_proxy.connections == 2
        await postgres_proxy.kill(0)
        with pytest.raises(psycopg.OperationalError):
            await conn.execute("SELECT 1")
        await second.execute("SELECT 1")
        assert postgres_proxy.connections == 1
    with pytest.raises(IndexError):
        await postgres_proxy.kill(5)


async def test_delay_holds_each_message_back(conn: Connection, postgres_proxy: PostgresProxy):
    loop = asyncio.get_running_loop()
    postgres_proxy.delay_seconds = 0.2
    begun = loop.time()
    await conn.execute("SELECT 1")
    # At least this long: a slow machine makes it longer, never shorter.
    assert loop.time() - begun >= 0.2


async def test_fail_over_leads_new_connections_to_another_server(
    conn: Connection, postgres_proxy: PostgresProxy, proxied_dsn: str, direct: Connection, database_dsn: str
):
    async with PostgresProxy(upstream(database_dsn)) as other:
        there = upstream(psycopg.conninfo.make_conninfo(database_dsn, host=other.host, port=other.port))
        await postgres_proxy.point_to(there)
        with pytest.raises(psycopg.OperationalError):
            await conn.execute("SELECT 1")
        async with await Connection.connect(proxied_dsn) as again:
            await again.execute("SELECT 1")
            assert other.connections == 1


async def test_clear_ends_every_fault(
    conn: Connection, postgres_proxy: PostgresProxy, proxied_dsn: str, direct: Connection
):
    postgres_proxy.cut_after_commit()
    postgres_proxy.disk_full()
    postgres_proxy.delay_seconds = 60
    postgres_proxy.stall()
    await postgres_proxy.refuse()
    await postgres_proxy.clear()
    async with await Connection.connect(proxied_dsn, autocommit=True) as again:
        await write(again, 1)
    assert await kept(direct) == [1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BEGIN", "begin"),
        ("COMMIT", "commit"),
        ("COMMIT PREPARED 'a'", "read"),
        ("SELECT 1; COMMIT;", "commit"),
        ("SELECT * FROM cursors WHERE box = 1 FOR UPDATE", "read"),
        ("SELECT n FROM a FOR NO KEY UPDATE OF a", "read"),
        ("WITH gone AS (DELETE FROM a RETURNING n) SELECT n FROM gone", "write"),
        ("insert into a values (1)", "write"),
        ("UPDATE a SET n = 1", "write"),
        ("COPY a (n) FROM STDIN", "write"),
        ("COPY a TO STDOUT", "read"),
        ("SELECT last_update FROM a", "read"),
        ("ROLLBACK", "read"),
    ],
)
def test_statement_is_classified_by_what_it_does(text: str, kind: str):
    assert classify(text) == kind
