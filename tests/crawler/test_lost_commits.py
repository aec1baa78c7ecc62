"""Commits that a fail-over has lost, as every crawler and each connection finds them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

from pydantic import SecretStr

from heliograph import config, errors
from heliograph.crawler import committer
from heliograph.domain import records
from heliograph.store import database as store_database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def batch(number):
    row = records.Message(space_id=11, message_id=number, chat_id=-1000000000011, date=NOW, as_of=number, text="x")
    return records.Batch(origin="live", moves=(), messages=[row])


async def lose_newest_commit(database):
    """Leave what a fail-over to a replica that lagged leaves: a counter that stands lower, and no old connection."""
    async with database.connection() as conn:
        await conn.execute("UPDATE outbox_counter SET n = n - 1")
        await conn.execute("DELETE FROM outbox WHERE n > (SELECT n FROM outbox_counter)")
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await conn.close()


async def test_each_of_two_crawlers_notices_that_commits_were_lost(database):
    """Regression: the epoch was news only to whoever began it; the other one never read its cursors again."""
    resets = [[], []]
    first, second = (committer.Committer(database, 1, committer.LIVE_SECONDS, None) for _ in resets)
    first.on_reset, second.on_reset = (seen.append for seen in resets)
    await second.write(0, [batch(1)])
    await first.write(0, [batch(2)])
    assert resets == [[], []]
    await lose_newest_commit(database)
    for each in (first, second):
        while True:
            try:
                await each.look()
                break
            except errors.DatabaseUnreachable:
                continue
    await second.write(0, [batch(3)])
    for each in (first, second):
        await each.look()
        await each.close()
    assert resets == [[None], [None]], "once each, however many connections are made anew"


async def test_epoch_whose_commit_nobody_heard_of_is_noticed_all_the_same(database, proxied_dsn, postgres_proxy):
    """Regression: the next look found an epoch of its own that was not news any more."""
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(proxied_dsn))))
    made, resets = committer.Committer(opened, 1, committer.LIVE_SECONDS, None), []
    made.on_reset = resets.append
    try:
        await made.write(0, [batch(1)])
        await lose_newest_commit(database)
        fault = postgres_proxy.cut_after_commit(touching="outbox_counter")
        while not fault.happened.is_set():
            with contextlib.suppress(errors.DatabaseUnreachable):
                await made.look()
        assert resets == []
        await made.look()
        assert resets == [None]
    finally:
        await made.close()
        await opened.close()
