"""What refuses for a moment, or for one account, costs no more than that: Telegram, the database, a session."""

from __future__ import annotations

import asyncio

import pytest

from heliograph import errors
from heliograph.crawler import service

REFUSE_STATES = """
CREATE SEQUENCE attempts;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('attempts');
    RAISE 'the database system is starting up' USING ERRCODE = 'cannot_connect_now';
END $$;
CREATE TRIGGER refuse BEFORE UPDATE OF state ON accounts FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def crawler_tasks():
    return [task for task in asyncio.all_tasks() if "/crawler/" in task.get_coro().cr_code.co_filename]


async def in_history_mode(installation, **options):
    async with asyncio.timeout(60):
        await service.run(installation.settings, installation.database, stop=asyncio.Event(), mode="history", **options)


async def test_no_account_of_a_crawl_goes_on_after_another_one_has_failed(installation):
    """Regression: the other accounts followed, listed and reconnected beside the next tenure."""
    first, _ = installation.users
    async with installation.database.connection() as conn:
        await conn.execute(REFUSE_STATES)
    installation.telegram.faults.refuse("*", "AUTH_KEY_UNREGISTERED", 401, times=1_000).user_id = first
    async with installation.crawling():
        await installation.until("SELECT is_called FROM attempts")
    assert crawler_tasks() == []
    assert installation.connections == 0


async def test_history_mode_waits_out_what_hinders_the_list_of_chats(installation):
    """Regression: one flood wait, or one 500, for messages.getDialogs ended sync."""
    await installation.enable(installation.users[0])
    installation.telegram.faults.refuse("messages.getDialogs", "INTERNAL", 500)
    installation.telegram.faults.flood("messages.getDialogs", 1)
    await in_history_mode(installation, limit=5)
    assert await installation.one("SELECT count(*) FROM chats WHERE message_count > 0") > 3


async def test_history_mode_ends_when_telegram_refuses_the_list_of_chats_for_good(installation):
    await installation.enable(installation.users[0])
    installation.telegram.faults.refuse("messages.getDialogs", "FROZEN_METHOD_INVALID", 420, times=1_000)
    with pytest.raises(errors.RpcFailed, match="FROZEN_METHOD_INVALID"):
        await in_history_mode(installation)


async def test_session_that_ends_while_history_is_fetched_is_noted(installation):
    first, _ = installation.users
    await installation.enable(first)
    installation.telegram.faults.refuse("messages.getHistory", "AUTH_KEY_UNREGISTERED", 401, times=1_000)
    with pytest.raises(errors.SessionEnded):
        await in_history_mode(installation)
    assert await installation.one("SELECT state FROM accounts WHERE user_id = %s", first) == "signed_out"


async def test_limit_of_history_counts_over_all_tenures_of_a_run(installation):
    first, _ = installation.users
    world = installation.world
    await installation.enable(first)
    chat = world.run("create_channel", creator=first, title="Harbour")
    for number in range(20):
        world.post(chat, first, f"word {number}")
    stored = "SELECT count(*) FROM messages m JOIN chats c USING (chat_id) WHERE c.title = %s"
    async with installation.crawling(limit=5):
        await installation.until(f"SELECT ({stored}) = 5", "Harbour")
        later = world.run("create_channel", creator=first, title="Quay")
        world.post(later, first, "the first word")
        world.post(chat, first, "live")
        await installation.until(f"SELECT ({stored}) = 6", "Harbour")
        epoch = await installation.one("SELECT max(epoch) FROM leases")
        await installation.hand_over_leases("another-host:1", is_over=True)
        await installation.until("SELECT max(epoch) > %s FROM leases", epoch)
        await installation.until("SELECT is_complete FROM chats WHERE title = 'Quay'")
    assert await installation.one(stored, "Harbour") == 6


async def test_database_that_only_reads_is_one_that_is_away(installation):
    """A fail-over leaves a server that answers and takes nothing, on connections that stay as they were."""
    first, _ = installation.users
    world = installation.world
    await installation.enable(first)
    chat = world.run("create_channel", creator=first, title="Harbour")
    async with installation.crawling():
        await installation.until_backfilled()
        async with installation.read_only_database():
            world.post(chat, first, "said meanwhile")
            await installation.until_spooled()
        await installation.until_stored("said meanwhile")
