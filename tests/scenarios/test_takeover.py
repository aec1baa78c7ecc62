"""Cursors outlive whoever reads: accounts that come and go, channels that are left and joined, other crawlers."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture
def world(installation):
    return installation.world


@pytest.fixture
def owner(installation):
    """Somebody in the world whom nobody mirrors."""
    return next(user for user in installation.world.users if user not in (*installation.users, 777000))


def harbour(world, owner, *members):
    chat = world.run("create_channel", creator=owner, title="Harbour")
    for member in members:
        world.join(chat, member)
    world.post(chat, owner, "the first words")
    return chat


HARBOUR = "SELECT status = %s FROM chats WHERE title = 'Harbour'"
LOSSES = "SELECT count(*) FROM known_losses"


async def test_account_that_runs_for_the_first_time_goes_on_from_the_others_cursors(installation, world, owner):
    first, second = installation.users
    chat = harbour(world, owner, first, second)
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
    world.post(chat, owner, "between the two")
    await installation.enable(second)
    async with installation.crawling():
        await installation.until_stored("between the two")
        world.post(chat, owner, "after the takeover")
        await installation.until_stored("after the takeover")
    assert await installation.one(LOSSES) == 0


async def test_history_mode_ends_for_an_account_that_comes_after_another(installation, world):
    first, second = installation.users
    await installation.enable(first)
    async with installation.crawling(limit=1):
        await installation.until("SELECT count(*) > 8 FROM box_cursors")
    await installation.enable(second)
    async with asyncio.timeout(60), installation.crawling(mode="history") as task:
        await task
    assert await installation.one("SELECT bool_and(is_complete) FROM chats WHERE kind IN ('channel', 'supergroup')")


async def test_channel_that_was_left_goes_on_where_it_stopped_when_it_is_joined_again_later(installation, world, owner):
    member, _ = installation.users
    chat = harbour(world, owner, member)
    async with installation.crawling():
        await installation.until_backfilled()
        world.leave(chat, member)
        await installation.until(HARBOUR, "inactive")
    world.post(chat, owner, "while away")
    async with installation.crawling():
        world.join(chat, member)
        world.post(chat, owner, "after the return")
        await installation.until_stored("after the return")
        await installation.until_stored("while away")
        await installation.until(HARBOUR, "active")
    assert await installation.one(LOSSES) == 0


async def test_channel_that_is_left_and_joined_in_one_run_keeps_its_cursor(installation, world, owner):
    member, _ = installation.users
    chat = harbour(world, owner, member)
    async with installation.crawling():
        await installation.until_backfilled()
        world.leave(chat, member)
        await installation.until(HARBOUR, "inactive")
        assert "No signed-in account" in await installation.one("SELECT last_error FROM chats WHERE title = 'Harbour'")
        world.post(chat, owner, "while away")
        world.join(chat, member)
        await installation.until_stored("while away")
        await installation.until(HARBOUR, "active")
    assert await installation.one("SELECT last_error IS NULL FROM chats WHERE title = 'Harbour'")
    assert await installation.one(LOSSES) == 0


async def test_channel_that_telegram_closes_is_inactive_until_it_opens_again(installation, world, owner):
    member, _ = installation.users
    chat = harbour(world, owner, member)
    async with installation.crawling():
        await installation.until_backfilled()
        cursor = await installation.one("SELECT pts FROM box_cursors WHERE box = %s", chat.id)
        refusal = installation.telegram.faults.refuse(
            "updates.getChannelDifference", "CHANNEL_PRIVATE", 406, times=1_000
        )
        installation.telegram.faults.drop_updates(1)
        world.post(chat, owner, "behind the door")
        await installation.command("refresh")
        await installation.until(HARBOUR, "inactive")
        assert await installation.one("SELECT pts FROM box_cursors WHERE box = %s", chat.id) == cursor
        refusal.times = 0
        await installation.command("refresh")
        await installation.until_stored("behind the door")
        await installation.until(HARBOUR, "active")


async def test_second_accounts_channels_go_on_when_its_session_ends_mid_run(installation, world, owner):
    """The first account holds all basic groups, so that nothing at all may be missing."""
    first, second = installation.users
    harbour(world, owner, first, second)
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
    await installation.enable(first, second)
    unknowable = installation.deleted()
    async with installation.crawling():
        installation.telegram.traffic.start(100)
        await installation.until("SELECT count(*) > 50 FROM outbox WHERE pushed_at IS NOT NULL")
        await installation.end_session(second)
        seen = await installation.outbox()
        await installation.until("SELECT count(*) > %s FROM outbox", seen + 100)
        await installation.telegram.traffic.stop()
        await installation.until_equal(unknowable=unknowable)
    assert await installation.one(LOSSES) == 0


async def test_basic_groups_are_a_known_loss_once_the_session_of_their_mailbox_ends(installation, world, owner):
    first, second = installation.users
    chat = harbour(world, owner, first, second)
    unknowable = installation.deleted()
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
    groups = await installation.all("SELECT chat_id FROM chats WHERE kind = 'group' AND status = 'active'")
    assert groups
    await installation.enable(first, second)
    async with installation.crawling():
        await installation.end_session(first)
        lost = await installation.all("SELECT reason FROM known_losses WHERE space_id = %s", -first)
        assert sorted(lost) == sorted(f"session_ended:{group}" for group in groups)
        assert await installation.one("SELECT bool_and(status = 'inactive') FROM chats WHERE kind = 'group'")
        world.post(chat, owner, "through the other account")
        await installation.until_stored("through the other account")
    installation.telegram.faults.clear()
    await installation.enable(first, second)
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)
    assert await installation.one(LOSSES) == 0
    assert await installation.one("SELECT bool_and(status = 'active') FROM chats WHERE kind = 'group'")


async def test_basic_group_that_its_mirroring_account_leaves_is_a_known_loss_from_then_on(installation, world, owner):
    first, second = installation.users
    group = world.run("create_group", creator=owner, title="Harbour", user_ids=[first, second])
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
    await installation.enable(first, second)
    async with installation.crawling():
        await installation.until("SELECT count(*) = 2 FROM chat_access WHERE peer_id = %s", group.peer)
        world.leave(group, first)
        await installation.until(HARBOUR, "inactive")
    assert await installation.all("SELECT reason FROM known_losses") == [f"left:{group.peer}"]


async def test_lost_leases_silence_a_crawler_until_it_has_them_again(installation, world, owner):
    """Somebody else has them when it is back: two processes on one auth key would cost the session."""
    chat = harbour(world, owner, *installation.users)
    async with installation.crawling() as crawler:
        await installation.until_backfilled()
        unknowable = installation.deleted()
        await installation.hand_over_leases("another-host:1")
        await installation.until_silent()
        world.post(chat, owner, "while another one has the leases")
        await installation.all("UPDATE leases SET released_at = now() RETURNING epoch")
        await installation.until_stored("while another one has the leases")
        assert not crawler.done()
        await installation.until_equal(unknowable=unknowable)
    assert await installation.one("SELECT count(DISTINCT epoch) FROM box_cursors") == 1


async def test_lease_connection_that_is_lost_alone_changes_nothing(installation, world, owner):
    chat = harbour(world, owner, *installation.users)
    leases = "SELECT array_agg(epoch ORDER BY resource) FROM leases"
    async with installation.crawling():
        await installation.until_backfilled()
        before, connections = await installation.one(leases), set(installation.telegram.faults._connections)
        await installation.lose_leases()
        await installation.until("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
        world.post(chat, owner, "as if nothing had happened")
        await installation.until_stored("as if nothing had happened")
        assert await installation.one(leases) == before
        assert set(installation.telegram.faults._connections) == connections


async def test_crawler_takes_over_what_another_one_leaves(installation, world, owner):
    first, second = installation.users
    chat = harbour(world, owner, first, second)
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.enable(first, second)
        async with installation.crawling():
            await installation.until("SELECT count(DISTINCT epoch) = 2 FROM box_cursors")
            world.post(chat, owner, "through the second crawler")
            await installation.until_stored("through the second crawler")
        world.post(chat, owner, "after it left")
        await installation.until_stored("after it left")


async def test_database_that_is_away_for_a_while_costs_no_connection_to_telegram(installation, world, owner):
    chat = harbour(world, owner, *installation.users)
    leases = "SELECT array_agg(epoch ORDER BY resource) FROM leases"
    async with installation.crawling() as crawler:
        await installation.until_backfilled()
        before, connections = await installation.one(leases), set(installation.telegram.faults._connections)
        async with installation.without_database():
            world.post(chat, owner, "while it was away")
            await installation.until_spooled()
        await installation.until_stored("while it was away")
        assert await installation.one(leases) == before
        assert set(installation.telegram.faults._connections) == connections
        assert not crawler.done()
