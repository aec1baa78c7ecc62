"""Accounts, leases and commands: what the roles share."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from heliograph import errors
from heliograph.store import accounts, commands, leases
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


async def test_lease_ends_with_the_connection_that_held_it(database: store_database.Database) -> None:
    first, second = await database.listen_connection(), await database.listen_connection()
    await leases.acquire(first, "account:1", "one")
    await first.close()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await leases.acquire(second, "account:1", "two") == 2
                break
            except errors.LeaseHeld:
                await asyncio.sleep(0.01)
    await second.close()


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
