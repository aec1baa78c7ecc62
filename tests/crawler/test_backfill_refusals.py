"""A backfill that is refused, told to wait or cut off loses nothing and asks nobody twice."""

from __future__ import annotations

import asyncio

from tests.crawler.backfill_run import CHANNEL_CHAT, GROUP_CHAT, Run, Telegram, ids, opened, query, row

from heliograph import errors
from heliograph.crawler import directory, writer
from heliograph.domain import records
from heliograph.store import database as store_database

__all__ = ["opened"]


async def test_short_page_in_the_middle_does_not_end_the_history(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 151))
    telegram.hidden = {50}
    await Run(opened, telegram).to_the_end()
    assert await ids(opened) == [each for each in range(1, 151) if each != 50]


async def test_flood_wait_is_slept_through_and_nothing_is_lost(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 151))
    telegram.refusals = [errors.FloodWait(17, "GetHistory")]
    run = Run(opened, telegram)
    await run.to_the_end()
    assert run.slept == [17]
    assert await ids(opened) == list(range(1, 151))


async def test_long_flood_wait_moves_the_chat_to_another_account(opened: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=8)
    for each in (first, second):
        each.fill(CHANNEL_CHAT, range(1, 151))
    first.refusals = [errors.FloodWait(86_400, "GetHistory")]
    run = Run(opened, first, second)
    await run.to_the_end()
    assert run.slept == []
    assert len(first.asked) == 1
    assert await ids(opened) == list(range(1, 151))


async def test_long_flood_wait_of_one_account_does_not_hold_up_the_others(opened: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=8)
    first.fill(GROUP_CHAT, range(1, 51))
    second.fill(CHANNEL_CHAT, range(1, 51))
    first.history[CHANNEL_CHAT] = {}
    first.refusals = [errors.FloodWait(86_400, "GetHistory")]
    run = Run(opened, first, second, concurrency=1)
    release = asyncio.Event()

    async def sleep(seconds: float) -> None:
        run.slept.append(seconds)
        await release.wait()

    run.backfill.sleep = sleep
    run.known = run.backfill.directory = directory.Directory()
    run.known.learn([], [], [records.Access(account_id=2, peer_id=CHANNEL_CHAT, access_hash=1)])
    done = asyncio.Event()
    run.backfill.on_progress = lambda progress: done.set() if progress.chat_id == CHANNEL_CHAT else None
    async with run.running():
        await run.offer(GROUP_CHAT)
        await run.offer(CHANNEL_CHAT)
        await asyncio.wait_for(done.wait(), 30)
        assert (run.slept, await ids(opened, GROUP_CHAT)) == ([86_400], [])
        release.set()
        await asyncio.wait_for(run.backfill.until_idle(), 30)
    assert await ids(opened, GROUP_CHAT) == list(range(1, 51))


async def test_lost_connection_and_server_errors_are_asked_again(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.refusals = [errors.Disconnected(), errors.RpcTimeout(), errors.RpcFailed("NO_WORKERS_RUNNING", 500)]
    await Run(opened, telegram).to_the_end()
    assert await ids(opened) == list(range(1, 51))


async def test_refused_chat_is_marked_and_the_others_go_on(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.fill(GROUP_CHAT, range(60, 81))
    telegram.refusals = [errors.RpcFailed("CHANNEL_PRIVATE", 406)]
    await Run(opened, telegram, concurrency=1).to_the_end(CHANNEL_CHAT, GROUP_CHAT)
    assert (await row(opened)).status == "error"
    assert await query(opened, "SELECT last_error FROM chats WHERE chat_id = %s", CHANNEL_CHAT) == [
        ("Telegram refuses to show this chat (CHANNEL_PRIVATE).",)
    ]
    assert await ids(opened, GROUP_CHAT) == list(range(60, 81))
    await Run(opened, telegram).to_the_end()
    assert (await row(opened)).status == "active"


async def test_another_account_reads_what_the_first_may_not(opened: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=8)
    for each in (first, second):
        each.fill(CHANNEL_CHAT, range(1, 51))
    first.refusals = [errors.RpcFailed("CHANNEL_PRIVATE", 406)]
    await Run(opened, first, second).to_the_end()
    assert await ids(opened) == list(range(1, 51))


async def test_limit_per_run_stops_and_the_next_run_goes_on(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 301))
    await Run(opened, telegram, limit=130).to_the_end()
    assert await ids(opened) == list(range(1, 131))
    await Run(opened, telegram, limit=1000).to_the_end()
    assert await ids(opened) == list(range(1, 301))


async def test_failed_commit_is_asked_for_again(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 351))
    run = Run(opened, telegram)
    enqueue, failures = run.commits.enqueue, [2]

    def failing(batch: records.Batch) -> asyncio.Future[writer.CommitResult]:
        failures[0] -= 1
        if failures[0] != 0:
            return enqueue(batch)
        lost: asyncio.Future[writer.CommitResult] = asyncio.get_running_loop().create_future()
        lost.set_exception(errors.DatabaseUnreachable())
        return lost

    run.commits.enqueue = failing  # type: ignore[method-assign]
    await run.to_the_end()
    assert await ids(opened) == list(range(1, 351))
    assert (await row(opened)).done == 350
