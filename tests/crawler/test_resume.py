"""A start takes over what is committed, all of it, and once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from heliograph.crawler import claims, directory, reach, resume
from heliograph.domain import identity, records
from heliograph.store import commit

MAILBOX = identity.mailbox_space(99)
CHANNEL = identity.channel_space(1_500_000_001)
ACCOUNT = SimpleNamespace(account_id=1, mailbox=MAILBOX)
BEFORE, AFTER = records.BoxState(pts=10, date=1), records.BoxState(pts=11, date=2)
WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""


@pytest.fixture
def move(database):
    """Move the mailbox's cursor in a transaction that the test ends."""

    async def commit_(conn, before, after, **rows):
        step = records.CursorMove(box=MAILBOX, from_state=before, to_state=after, epoch=1)
        return await commit.commit(conn, [records.Batch(origin="difference", moves=(step,), **rows)])

    return commit_


async def until_waiting(database):
    async with asyncio.timeout(20):
        while True:
            async with database.connection() as conn:
                if await (await conn.execute(WAITING)).fetchone() != (0,):
                    return


async def test_marks_that_came_with_the_cursor_are_taken_over_with_it(database, move):
    """Regression: the marks were read before the cursor was claimed, and a last commit came between the two."""
    async with database.transaction() as conn:
        await move(conn, None, BEFORE)
    mark = records.DirtyMark(box=CHANNEL, reason="account_difference")
    async with database.transaction() as earlier_holder:
        outcome = await move(earlier_holder, BEFORE, AFTER, dirty=[mark])
        loading = asyncio.create_task(
            resume.load(database, [ACCOUNT], directory.Directory(), claims.Claims(database, 2))
        )
        await until_waiting(database)
    taken = await loading
    assert not outcome.conflicts
    assert taken.cursors == {MAILBOX: AFTER}
    assert taken.marks == {CHANNEL}


async def test_channel_that_was_found_stays_found_when_another_account_connects(database):
    """Regression: each account put back what was lost at the start, so that a later loss was never written."""
    channel = identity.channel_peer(1_500_000_001)
    reached = reach.Reach(database, claims.Claims(database, 1))
    taken = resume.Resume(lost=frozenset({channel}))
    reached.load(taken.lost)
    reached.find(channel)
    taken.channels_into(SimpleNamespace(reach=reached), ACCOUNT, with_marks=True)
    assert not reached.is_lost(channel)
