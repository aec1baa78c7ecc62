"""History reaches the store once, oldest first, whatever interrupts it: a real store, and a Telegram that we hold."""

from __future__ import annotations

import asyncio

import pytest
from telethon.tl import types
from tests.crawler.backfill_run import (
    CHANNEL,
    CHANNEL_CHAT,
    GROUP_CHAT,
    NOW,
    Run,
    Telegram,
    ids,
    opened,
    query,
    row,
)

from heliograph.crawler import writer
from heliograph.domain import records
from heliograph.store import database as store_database

__all__ = ["opened"]


async def test_history_comes_oldest_first_and_complete(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 351))
    run = Run(opened, telegram)
    await run.to_the_end()
    assert await ids(opened) == list(range(1, 351))
    assert telegram.page_starts == [0, 100, 200, 300]
    found = await row(opened)
    assert (found.is_complete, found.done, found.total, found.status) == (True, 350, 350, "active")
    assert [each.done for each in run.progress] == [100, 200, 300, 350]


async def test_depth_leaves_older_messages_out(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 401), days=40)
    await Run(opened, telegram, history_depth="10d").to_the_end()
    assert await ids(opened) == list(range(301, 401))


async def test_complete_chat_is_not_fetched_again(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    await Run(opened, telegram, history_depth="14d").to_the_end()
    telegram.asked.clear()
    await Run(opened, telegram, history_depth="14d").to_the_end()
    assert telegram.asked == []


@pytest.mark.parametrize("killed_after", [1, 2, 3])
async def test_kill_after_any_page_costs_no_message(opened: store_database.Database, killed_after: int) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 401))
    first = Run(opened, telegram)
    killed = asyncio.Event()
    first.backfill.on_progress = lambda progress: killed.set() if progress.done >= killed_after * 100 else None
    async with first.running():
        await first.offer()
        await asyncio.wait_for(killed.wait(), 30)
    reached = (await row(opened)).next_id
    telegram.asked.clear()
    await Run(opened, telegram).to_the_end()
    assert telegram.page_starts[0] == reached >= killed_after * 100
    assert await ids(opened) == list(range(1, 401))


async def test_deeper_depth_fetches_only_the_older_part(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 401), days=40)
    await Run(opened, telegram, history_depth="10d").to_the_end()
    telegram.asked.clear()
    await Run(opened, telegram, history_depth="all").to_the_end()
    assert telegram.page_starts == [0, 100, 200]
    assert await ids(opened) == list(range(1, 401))
    found = await row(opened)
    assert (found.is_complete, found.since, found.done) == (True, None, 400)


async def test_kill_inside_the_older_part_resumes_there(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 401), days=40)
    await Run(opened, telegram, history_depth="10d").to_the_end()
    second = Run(opened, telegram, history_depth="all")
    killed = asyncio.Event()
    second.backfill.on_progress = lambda progress: killed.set()
    async with second.running():
        await second.offer()
        await asyncio.wait_for(killed.wait(), 30)
    reached = (await row(opened)).next_id
    telegram.asked.clear()
    await Run(opened, telegram, history_depth="all").to_the_end()
    assert telegram.page_starts[0] == reached > 0
    assert max(telegram.page_starts) < 300
    assert await ids(opened) == list(range(1, 401))


async def test_scan_is_true_for_the_cursor_from_before_the_request(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 11))
    run = Run(opened, telegram)
    telegram.on_request = lambda: run.pts.update({CHANNEL: run.pts[CHANNEL] + 7})
    await run.to_the_end()
    # The first request finds where the depth starts only when there is one; the page was asked at 50.
    assert await query(opened, "SELECT DISTINCT as_of FROM messages") == [(50,)]


async def test_nothing_is_scanned_before_the_box_is_anchored(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 11))
    run = Run(opened, telegram)
    run.pts.clear()
    async with run.running():
        await run.offer()
        while not run.slept:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert telegram.asked == []
        run.pts[CHANNEL] = 50
        await asyncio.wait_for(run.backfill.until_idle(), 30)
    assert await ids(opened) == list(range(1, 11))


async def test_chat_whose_box_is_never_anchored_does_not_keep_others_waiting(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 11))
    telegram.fill(GROUP_CHAT, range(1, 11))
    run = Run(opened, telegram)
    del run.pts[CHANNEL]
    async with run.running():
        await run.offer()
        await run.offer(GROUP_CHAT)
        await asyncio.wait_for(run.backfill.until_idle(), 30)
    assert await query(opened, "SELECT DISTINCT chat_id FROM messages") == [(GROUP_CHAT,)]
    assert await query(opened, "SELECT status FROM chats WHERE chat_id = %s", CHANNEL_CHAT) == [("error",)]


async def test_ids_that_a_channel_page_omits_stay_owed(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, [1, 2, 3, 7, 8])
    await Run(opened, telegram).to_the_end()
    found = await query(opened, "SELECT covered::text, holes::text FROM coverage WHERE chat_id = %s", CHANNEL_CHAT)
    assert found == [("{[1,4),[7,9)}", "{[4,7),[9,2001)}")]


async def test_ids_between_a_groups_messages_are_other_chats_and_count_as_scanned(
    opened: store_database.Database,
) -> None:
    telegram = Telegram()
    telegram.fill(GROUP_CHAT, [3, 90, 400])
    await Run(opened, telegram).to_the_end(GROUP_CHAT)
    found = await query(opened, "SELECT covered::text FROM coverage WHERE chat_id = %s", GROUP_CHAT)
    assert found == [("{[1,401)}",)]
    assert await query(opened, "SELECT DISTINCT as_of FROM messages") == [(60,)]


async def test_page_of_a_group_says_nothing_of_who_is_in_it(opened: store_database.Database) -> None:
    """Regression: one that was answered before the account left ended the loss that had begun then."""
    telegram = Telegram()
    telegram.fill(GROUP_CHAT, [3, 90, 400])
    telegram.described = [
        types.Chat(id=6, title="Later", photo=types.ChatPhotoEmpty(), participants_count=2, date=NOW, version=1)
    ]
    await Run(opened, telegram).to_the_end(GROUP_CHAT)
    assert await query(opened, "SELECT count(*) FROM messages") == [(3,)]
    assert await query(opened, "SELECT count(*) FROM chat_access WHERE peer_id = %s", GROUP_CHAT) == [(0,)]
    assert await query(opened, "SELECT count(*) FROM chats WHERE title = 'Later'") == [(0,)]


async def test_next_page_is_asked_while_the_last_one_commits(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 301))
    run = Run(opened, telegram)
    held: list[tuple[records.Batch, asyncio.Future[writer.CommitResult]]] = []

    def hold(batch: records.Batch) -> asyncio.Future[writer.CommitResult]:
        future: asyncio.Future[writer.CommitResult] = asyncio.get_running_loop().create_future()
        held.append((batch, future))
        return future

    run.commits.enqueue = hold  # type: ignore[method-assign]
    async with run.running():
        await run.offer()
        async with asyncio.timeout(30):
            while len(telegram.page_starts) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert [batch.progress and batch.progress.next_id for batch, _ in held] == [100]
        assert telegram.page_starts == [0, 100]


async def test_people_of_a_page_are_written_once(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 251))
    run = Run(opened, telegram)
    batches: list[records.Batch] = []
    enqueue = run.commits.enqueue
    run.commits.enqueue = lambda batch: (batches.append(batch), enqueue(batch))[1]  # type: ignore[method-assign]
    await run.to_the_end()
    assert [len(batch.users) for batch in batches] == [3, 0, 0]
