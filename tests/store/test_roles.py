"""Accounts, leases and commands: what the roles share."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from heliograph import errors
from heliograph.store import accounts, commands, heartbeats, leases, processes
from heliograph.store import database as store_database


async def test_lease_has_one_holder_and_a_new_epoch_each_time(database: store_database.Database) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    epoch = await leases.acquire(first, "account:1", "one")
    with pytest.raises(errors.LeaseHeld):
        await leases.acquire(second, "account:1", "two")
    assert await leases.acquire(second, "account:2", "two") == 1
    await leases.release(first, "account:1")
    assert await leases.acquire(second, "account:1", "two") == epoch + 1
    await first.close()
    await second.close()


async def until_acquired(conn: store_database.Connection, holder: str) -> int:
    """Take the lease as soon as the server has noticed that its last holder's connection is gone."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await leases.acquire(conn, "account:1", holder)
            except errors.LeaseReserved:
                raise
            except errors.LeaseHeld:
                await asyncio.sleep(0.01)


async def gone() -> str:
    """Return the name of a process of this host that has ended."""
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    return named(process.pid)


def named(pid: int, *, place: str | None = None) -> str:
    """Return the name of a process of this host, of this place or of another one that is called the same."""
    host, _, here, _ = processes.name().rsplit(":", 3)
    return f"{host}:{pid}:{place or here}:0"


async def test_lease_ends_with_the_connection_that_held_it(database: store_database.Database) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    await leases.acquire(first, "account:1", await gone())
    await first.close()
    assert await until_acquired(second, "two") == 2
    await second.close()


async def test_lease_that_is_lost_with_its_connection_stays_reserved_for_whoever_may_live(
    database: store_database.Database,
) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    epoch = await leases.acquire(first, "account:1", "elsewhere:1")
    await first.close()
    with pytest.raises(errors.LeaseReserved) as reserved:
        await until_acquired(second, "two")
    assert 0 < reserved.value.seconds <= leases.RESERVED_SECONDS
    third = await database.listen_connection()
    assert await leases.resume(third, {"account:1": epoch}, "elsewhere:1")
    assert await leases.renew(third, {"account:1": epoch}, "elsewhere:1") == (True, True)
    await leases.end(third, {"account:1": epoch}, "elsewhere:1")
    await third.close()
    assert await until_acquired(second, "two") == epoch + 1
    await second.close()


async def test_process_of_another_place_is_never_taken_for_gone(database: store_database.Database) -> None:
    """Regression: two containers of one hostname took each other's leases at once: numbers say nothing there."""
    ended = int((await gone()).split(":")[-3])
    for holder in (named(ended, place="elsewhere"), named(os.getpid(), place="elsewhere"), f"{socket.gethostname()}:1"):
        first, second = await database.listen_connection(), await database.listen_connection()
        await leases.acquire(first, "account:1", holder)
        await first.close()
        with pytest.raises(errors.LeaseReserved):
            await until_acquired(second, processes.name())
        async with database.connection() as conn:
            await conn.execute("DELETE FROM leases")
        await second.close()
    assert processes.is_gone(named(ended)) and not processes.is_gone(processes.name())
    assert heartbeats.holder() == heartbeats.holder() != named(os.getpid())


async def test_lease_is_reserved_from_the_first_connection_on_to_a_stand_by_that_takes_over(
    database: store_database.Database,
) -> None:
    """Regression: a stand-by is up for days when it takes over, and has only old signs of life of who lives on."""
    first = await database.listen_connection()
    await leases.acquire(first, "account:1", "elsewhere:1")
    await first.execute("UPDATE leases SET renewed_at = now() - interval '1 day'")
    age = "SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8"
    async with asyncio.timeout(30):
        while (await (await first.execute(age)).fetchone())[0] < 3:  # noqa: ASYNC110 another process's age
            await asyncio.sleep(0.1)
    await first.close()
    second = await database.listen_connection()
    with pytest.raises(errors.LeaseReserved) as reserved:
        await until_acquired(second, "two")
    assert reserved.value.seconds > leases.RESERVED_SECONDS - 2, "of the server's age nothing is taken off"
    await second.close()


async def test_lease_that_somebody_else_has_had_is_not_resumed(database: store_database.Database) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    holder = await gone()
    epoch = await leases.acquire(first, "account:1", holder)
    await first.close()
    await until_acquired(second, "two")
    third = await database.listen_connection()
    assert not await leases.resume(third, {"account:1": epoch}, holder)
    for conn in (second, third):
        await conn.close()


async def test_another_crawler_is_known_by_its_leases_and_by_its_heartbeat(database: store_database.Database) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    one = {"account:1": await leases.acquire(first, "account:1", "one")}
    assert (await leases.renew(first, one, "one"))[1]
    two = {"account:2": await leases.acquire(second, "account:2", "two")}
    assert not (await leases.renew(first, one, "one"))[1]
    await leases.end(second, two, "two")
    assert (await leases.renew(first, one, "one"))[1]
    await heartbeats.beat(second, "crawler", "two", {})
    assert not (await leases.renew(first, one, "one"))[1]
    for conn in (first, second):
        await conn.close()


async def test_flood_wait_is_remembered_per_account_and_family(database: store_database.Database) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    async with database.connection() as conn:
        one = await accounts.save(conn, label="one", user_id=1, dc_id=2)
        two = await accounts.save(conn, label="two", user_id=2, dc_id=2)
        await accounts.freeze(conn, one, "history", until)
        await accounts.freeze(conn, one, "resolve", until)
        assert await accounts.frozen(conn, one) == {"history": until, "resolve": until}
        assert await accounts.frozen(conn, two) == {}


async def test_session_is_kept_with_the_id_of_its_key(database: store_database.Database) -> None:
    async with database.connection() as conn:
        account_id = await accounts.save(conn, label="one", user_id=1, dc_id=2, phone_hint="+358…67")
        with pytest.raises(errors.SessionEnded):
            await accounts.session(conn, account_id)
        await accounts.set_session(conn, account_id, b"sealed", "k1")
        await accounts.set_state(conn, account_id, "paused")
        assert await accounts.session(conn, account_id) == (b"sealed", "k1")
        again = await accounts.save(conn, label="renamed", user_id=1, dc_id=4, session_ciphertext=b"new", key_id="k2")
        assert again == account_id
        (account,) = await accounts.load_all(conn)
    assert (account.label, account.dc_id, account.state, account.key_id) == ("renamed", 4, "active", "k2")


async def test_label_belongs_to_one_account(database: store_database.Database) -> None:
    async with database.connection() as conn:
        await accounts.save(conn, label="one", user_id=1, dc_id=2)
        with pytest.raises(errors.BadInput):
            await accounts.save(conn, label="one", user_id=2, dc_id=2)


async def test_command_is_taken_once_and_answered(database: store_database.Database) -> None:
    async with database.connection() as conn, database.connection() as other:
        command_id = await commands.submit(conn, "crawl", {"chat_id": 5}, 60)
        await commands.submit(conn, "restart", {}, 60)
        taken = await asyncio.gather(commands.take(conn, ["crawl"]), commands.take(other, ["crawl"]))
        (command,) = [item for item in taken if item is not None]
        assert (command.command_id, command.request) == (command_id, {"chat_id": 5})
        await commands.finish(conn, command_id, "done", {"queued": 1})
        done = await commands.get(conn, command_id)
        assert done is not None
        assert (done.state, done.result) == ("done", {"queued": 1})


async def test_expired_command_is_never_taken(database: store_database.Database) -> None:
    async with database.connection() as conn:
        command_id = await commands.submit(conn, "crawl", {}, 0.001)
        async with asyncio.timeout(10):
            while (command := await commands.get(conn, command_id)) is not None and command.state == "queued":
                assert await commands.take(conn, ["nothing"]) is None
        assert command is not None
        assert command.state == "expired"
        assert await commands.take(conn, ["crawl"]) is None
