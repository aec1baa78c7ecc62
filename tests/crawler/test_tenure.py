"""The right to work over an outage: kept while nobody else can have it, given up in time where somebody can."""

from __future__ import annotations

import asyncio
import contextlib
import os
import types
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from heliograph import clock, config
from heliograph.crawler import absence, tenure
from heliograph.store import accounts, heartbeats, leases
from heliograph.store import database as store_database

HOLDER = "here:1"


@pytest.fixture
def time():
    return clock.ManualClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
async def account(database):
    async with database.connection() as conn:
        await accounts.save(conn, label="one", user_id=1, dc_id=2)
        (found,) = await accounts.load_all(conn)
    return found


@pytest.fixture
async def proxied(proxied_dsn):
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(proxied_dsn))))
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def kept(opened, account, time, **options):
    """A tenure under way: its task, how often it came back, and its epochs."""
    made = tenure.Tenure(opened, HOLDER, time=time, **options)
    await made.take([account])
    returned = asyncio.Event()
    task = asyncio.create_task(made.keep([], lambda command: None, on_return=returned.set))
    try:
        yield task, returned
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.end()


async def epoch(database):
    async with database.connection() as conn:
        found = await conn.execute("SELECT epoch, released_at FROM leases WHERE resource = 'account:1'")
        return await found.fetchone()


async def until_renewed(database):
    """Wait until the tenure has had a look at the company that it has: it had the answer before it looked again."""
    seen = set()
    async with asyncio.timeout(20):
        while len(seen) < 2:
            async with database.connection() as conn:
                found = await conn.execute(
                    "SELECT renewed_at FROM leases WHERE resource = 'account:1'"
                    " AND renewed_at > (SELECT max(beat_at) FROM heartbeats)"
                )
                seen.update(await found.fetchall())
            await asyncio.sleep(0.05)


async def in_company(database):
    async with database.connection() as conn:
        await heartbeats.beat(conn, "crawler", "elsewhere:1", {})
    await until_renewed(database)


async def test_crawler_that_is_cut_off_from_a_remote_database_falls_silent(
    database, proxied, postgres_proxy, account, time
):
    async with kept(proxied, account, time, place=lambda conn: "elsewhere") as (task, _):
        await in_company(database)
        postgres_proxy.stall()
        time.advance(absence.YOUNG_SECONDS)
        with pytest.raises(tenure.Over):
            await asyncio.wait_for(task, 30)


async def test_crawler_whose_server_refuses_everybody_goes_on_under_the_same_epoch(
    database, proxied, postgres_proxy, account, time
):
    async with kept(proxied, account, time, place=lambda conn: "elsewhere") as (task, returned):
        await in_company(database)
        before = await epoch(database)
        await postgres_proxy.refuse()
        time.advance(100 * absence.YOUNG_SECONDS)
        await asyncio.sleep(0)
        await postgres_proxy.accept()
        await asyncio.wait_for(returned.wait(), 30)
        assert not task.done()
        assert await epoch(database) == before


@pytest.mark.parametrize("why", ["local", "alone"])
async def test_crawler_that_nobody_can_take_over_from_waits_for_a_silent_database(
    database, proxied, postgres_proxy, account, time, why
):
    async with kept(proxied, account, time, place=lambda conn: "here" if why == "local" else "forwarded") as (
        task,
        returned,
    ):
        if why == "local":
            await in_company(database)
        else:
            async with database.connection() as conn:
                await heartbeats.beat(conn, "crawler", HOLDER, {})
            await until_renewed(database)
        postgres_proxy.stall()
        time.advance(100 * absence.YOUNG_SECONDS)
        await asyncio.wait({task}, timeout=tenure.PULSE_SECONDS + tenure.ANSWER_SECONDS + 1)
        assert not task.done()
        postgres_proxy.resume()
        await asyncio.wait_for(returned.wait(), 30)


async def test_refusal_at_the_end_of_a_tunnel_is_no_word_of_the_server(
    database, proxied, postgres_proxy, account, time
):
    """Regression: a tunnel that was down counted as a server that is down for everybody, for as long as it lasted."""
    async with kept(proxied, account, time, place=lambda conn: "forwarded") as (task, _):
        await in_company(database)
        await postgres_proxy.refuse()
        time.advance(absence.YOUNG_SECONDS)
        with pytest.raises(tenure.Over):
            await asyncio.wait_for(task, 30)


async def test_crawler_without_company_waits_for_a_tunnel_that_refuses(
    database, proxied, postgres_proxy, account, time
):
    async with kept(proxied, account, time, place=lambda conn: "forwarded") as (task, returned):
        async with database.connection() as conn:
            await heartbeats.beat(conn, "crawler", HOLDER, {})
        await until_renewed(database)
        await postgres_proxy.refuse()
        time.advance(100 * absence.YOUNG_SECONDS)
        await asyncio.wait({task}, timeout=1)
        assert not task.done()
        await postgres_proxy.accept()
        await asyncio.wait_for(returned.wait(), 30)


@pytest.mark.parametrize("backend", ["the server's", "another's"])
async def test_loopback_is_this_machine_only_where_the_servers_process_is(proxied, backend):
    """Regression: any 127.0.0.1 was believed to be here, the end of an SSH tunnel as well."""
    conn = await proxied.listen_connection()
    here = os.getpid() if backend == "another's" else conn.info.backend_pid
    info = types.SimpleNamespace(host=conn.info.host, hostaddr=conn.info.hostaddr, backend_pid=here)
    expected = "here" if backend == "the server's" else "forwarded"
    assert tenure.place_of(types.SimpleNamespace(info=info)) == expected
    await conn.close()


async def test_tenure_that_ends_in_order_gives_its_leases_back(database, account, time):
    async with kept(database, account, time):
        assert (await epoch(database))[1] is None
    assert (await epoch(database))[1] is not None
    conn = await database.listen_connection()
    assert await leases.acquire(conn, "account:1", "elsewhere:1") == 2
    await conn.close()
