"""Flood waits that Telegram imposes while the database is away (invariant 15)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from heliograph import config
from heliograph.crawler import waits
from heliograph.store import accounts
from heliograph.store import database as store_database

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def proxied(proxied_dsn):
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(proxied_dsn))))
    yield opened
    await opened.close()


async def test_flood_wait_of_an_outage_is_stored_once_the_database_is_back(database, proxied, postgres_proxy):
    """Regression: it was obeyed by the process that met it and known to no later one."""
    async with database.connection() as conn:
        account_id = await accounts.save(conn, label="one", user_id=1, dc_id=2)
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    owed = waits.Waits(proxied, sleep=sleep)
    postgres_proxy.read_only(1)
    until = {"history": UNTIL, "difference": UNTIL + timedelta(seconds=9)}
    await asyncio.gather(*(owed.freeze(account_id, *each) for each in until.items()))
    assert owed.of(account_id) == until, "what begins anew in this process knows it too"
    task = asyncio.create_task(owed.run())
    try:
        async with asyncio.timeout(20):
            while owed.of(account_id):  # noqa: ASYNC110 the database is another process
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert pauses
    async with database.connection() as conn:
        assert await accounts.frozen(conn, account_id) == until
