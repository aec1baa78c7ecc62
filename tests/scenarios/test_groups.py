"""Basic groups go on in one mailbox only: leaving them loses what comes then, and no loss goes unrecorded."""

from __future__ import annotations

import psycopg
import pytest

from heliograph.store import mailboxes

COUNT = 8
LEFT = "SELECT count(*) = %s FROM chats WHERE title = 'Harbour' AND status = 'inactive'"
LOSSES = "SELECT reason FROM known_losses ORDER BY reason"
OPEN = f"SELECT count(*) FROM known_losses WHERE to_pts = {mailboxes.OPEN}"
REASONS = "SELECT count(*) FROM chats WHERE title = 'Harbour' AND last_error = %s"
WAITING = """
SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""


@pytest.fixture
def world(installation):
    return installation.world


@pytest.fixture
def owner(installation):
    """Somebody in the world whom nobody mirrors."""
    return next(user for user in installation.world.users if user not in (*installation.users, 777000))


@pytest.fixture
def member(installation):
    return installation.users[0]


@pytest.fixture
async def groups(installation, world, owner, member):
    """Several basic groups that one account mirrors."""
    await installation.enable(member)
    return [world.run("create_group", creator=owner, title="Harbour", user_ids=[member]) for _ in range(COUNT)]


def leave(world, groups, member):
    for group in groups:
        world.leave(group, member)


def expected(groups):
    return sorted(f"left:{group.peer}" for group in groups)


async def test_each_of_many_groups_left_at_once_is_a_known_loss(installation, world, groups, member):
    async with installation.crawling():
        await installation.until_backfilled()
        leave(world, groups, member)
        await installation.until(LEFT, COUNT)
        assert await installation.all(LOSSES) == expected(groups)
        assert await installation.one(REASONS, mailboxes.LEFT) == COUNT


async def test_each_of_many_groups_left_while_nobody_looked_is_a_known_loss(installation, world, groups, member):
    async with installation.crawling():
        await installation.until_backfilled()
    leave(world, groups, member)
    async with installation.crawling():
        await installation.until(LEFT, COUNT)
        assert await installation.all(LOSSES) == expected(groups)
        assert await installation.one(REASONS, mailboxes.LEFT) == COUNT


async def test_kill_beside_the_record_of_a_loss_leaves_none_unrecorded(installation, world, owner, groups, member):
    """Killed where the loss is about to be written; then the account misses something, and comes back."""
    await installation.start_process()
    try:
        await installation.until_backfilled()
        blocker = await psycopg.AsyncConnection.connect(installation.database.dsn)
        await blocker.execute("LOCK TABLE known_losses IN EXCLUSIVE MODE")
        leave(world, groups, member)
        await installation.until(WAITING)
    finally:
        await installation.kill_process()
    await blocker.close()
    for group in groups:
        world.post(group, owner, f"unheard in {group.peer}")
    async with installation.crawling():
        await installation.until(f"SELECT ({OPEN}) = %s", COUNT)
        for group in groups:
            world.join(group, member, owner)
            world.post(group, owner, f"back in {group.peer}")
        for group in groups:
            await installation.until_stored(f"back in {group.peer}")
        await installation.until("SELECT bool_and(status = 'active') FROM chats WHERE title = 'Harbour'")
    assert await installation.all(LOSSES) == expected(groups)
    assert await installation.one(OPEN) == 0


async def test_start_records_the_groups_that_were_left_without_a_record(installation, world, groups, member):
    async with installation.crawling():
        await installation.until_backfilled()
        leave(world, groups, member)
        await installation.until(LEFT, COUNT)
    async with installation.database.connection() as conn:
        await conn.execute("DELETE FROM known_losses")
        await conn.execute("UPDATE chats SET last_error = NULL")
    async with installation.crawling():
        assert await installation.all(LOSSES) == expected(groups)
        assert await installation.one(REASONS, mailboxes.LEFT) == COUNT
