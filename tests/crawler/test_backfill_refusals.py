"""A backfill that is refused, told to wait or cut off loses nothing and asks nobody twice."""

from __future__ import annotations

import asyncio

from tests.crawler.backfill_run import CHANNEL, CHANNEL_CHAT, GROUP_CHAT, Run, Telegram, ids, opened, query, row

from heliograph import errors
from heliograph.crawler import directory, writer
from heliograph.domain import identity, records
from heliograph.store import chats, commit
from heliograph.store import database as store_database

__all__ = ["opened"]


def progress(*, next_id: int) -> records.BackfillProgress:
    return records.BackfillProgress(
        chat_id=CHANNEL_CHAT,
        space_id=identity.channel_space(CHANNEL),
        next_id=next_id,
        done=next_id,
        total=next_id,
        is_complete=False,
        since=None,
    )


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


async def test_page_that_ends_an_error_says_so_in_its_own_commit(opened: store_database.Database) -> None:
    """A kill between the page and the word about it left a complete chat in error, which nobody looked at again."""
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.refusals = [errors.RpcFailed("CHANNEL_PRIVATE", 406)]
    await Run(opened, telegram).to_the_end()
    run, committed = Run(opened, telegram), asyncio.Event()
    enqueue = run.commits.enqueue

    def unheard(batch: records.Batch) -> asyncio.Future[writer.CommitResult]:
        future = enqueue(batch)
        if batch.progress is None or not batch.progress.is_complete:
            return future
        future.add_done_callback(lambda _: committed.set())
        return asyncio.get_running_loop().create_future()

    run.commits.enqueue = unheard  # type: ignore[method-assign]
    async with run.running():
        await run.offer()
        await asyncio.wait_for(committed.wait(), 30)
    found = await query(opened, "SELECT status, last_error, error_count FROM chats WHERE chat_id = %s", CHANNEL_CHAT)
    assert found == [("active", None, 0)]


async def test_complete_chat_that_is_marked_all_the_same_loses_the_mark(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    await Run(opened, telegram).to_the_end()
    async with opened.connection() as conn:
        await chats.set_status(conn, CHANNEL_CHAT, "error", "Telegram refuses to show this chat (CHANNEL_PRIVATE).")
    telegram.asked.clear()
    await Run(opened, telegram).to_the_end()
    assert ((await row(opened)).status, telegram.asked) == ("active", [])


async def test_chat_that_telegram_keeps_failing_over_leaves_its_place_to_others_and_is_marked(
    opened: store_database.Database,
) -> None:
    """As many of them as there are workers stopped all backfill for ever."""
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.fill(GROUP_CHAT, range(60, 81))
    telegram.broken[CHANNEL_CHAT] = errors.RpcFailed("HISTORY_GET_FAILED", 500)
    run = Run(opened, telegram, concurrency=1)
    others: list[str] = []
    run.backfill.on_progress = lambda _: others.append("fetched") if telegram.broken else None
    async with asyncio.timeout(20):
        await run.to_the_end(CHANNEL_CHAT, GROUP_CHAT)
    assert (others, await ids(opened, GROUP_CHAT)) == (["fetched"], list(range(60, 81)))
    failed = await query(opened, "SELECT status, last_error FROM chats WHERE chat_id = %s", CHANNEL_CHAT)
    assert failed == [("error", str(telegram.broken[CHANNEL_CHAT]))]
    telegram.broken.clear()
    await Run(opened, telegram).to_the_end()
    assert ((await row(opened)).status, await ids(opened)) == ("active", list(range(1, 51)))


async def test_chat_whose_account_is_disconnected_for_long_is_waited_for_and_not_marked(
    opened: store_database.Database,
) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.refusals = [errors.Disconnected() for _ in range(100)]
    told = "SELECT count(*) FROM outbox WHERE kind = 'chat' AND chat_id = %s"
    [(before,)] = await query(opened, told, CHANNEL_CHAT)
    await Run(opened, telegram).to_the_end()
    assert await ids(opened) == list(range(1, 51))
    # Of its end, and not of an error before it.
    assert await query(opened, told, CHANNEL_CHAT) == [(before + 1,)]


async def test_history_that_another_crawler_has_brought_on_is_gone_on_with_from_there(
    opened: store_database.Database,
) -> None:
    """The slower of two wrote its own progress over the other's, completeness included."""
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 351))
    slow, held, begun = Run(opened, telegram), asyncio.Event(), asyncio.Event()
    enqueue = slow.commits.enqueue

    def late(batch: records.Batch) -> asyncio.Future[writer.CommitResult]:
        begun.set()

        async def submit() -> writer.CommitResult:
            await held.wait()
            return await enqueue(batch)

        return asyncio.ensure_future(submit())

    slow.commits.enqueue = late  # type: ignore[method-assign]
    async with slow.running():
        await slow.offer()
        await asyncio.wait_for(begun.wait(), 30)
        await Run(opened, telegram).to_the_end()
        held.set()
        await asyncio.wait_for(slow.backfill.until_idle(), 30)
    found = await row(opened)
    assert (found.is_complete, found.next_id, found.done) == (True, 350, 350)
    assert slow.progress == []


async def test_history_that_a_later_crawler_has_brought_on_is_left_to_it(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 351))
    slow, begun = Run(opened, telegram), asyncio.Event()
    telegram.on_request = begun.set
    async with slow.running():
        async with opened.connection() as conn, conn.transaction():
            await commit.commit(conn, [records.Batch(origin="backfill", progress=progress(next_id=100))])
            await conn.execute("INSERT INTO box_cursors (box, pts, epoch) VALUES (%s, 50, 2)", [CHANNEL])
            await slow.offer()
            await asyncio.wait_for(begun.wait(), 30)
        await asyncio.wait_for(slow.backfill.until_idle(), 30)
    found = await row(opened)
    assert (found.next_id, found.status, slow.progress) == (100, "initializing", [])


async def test_history_of_a_channel_that_another_crawler_reads_is_left_to_it(opened: store_database.Database) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 351))
    run = Run(opened, telegram)
    telegram.on_request = lambda: run.claims.foreign.add(identity.channel_space(CHANNEL))
    await run.to_the_end()
    assert telegram.page_starts == [0]
    assert (await row(opened)).status != "error"
    telegram.asked.clear()
    await run.to_the_end()
    assert telegram.asked == []


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
    run.known.load_people([90])
    await run.to_the_end()
    assert run.known.is_known(identity.PeerId(90)), "a short update of theirs would cost a difference"
    assert await ids(opened) == list(range(1, 351))
    assert (await row(opened)).done == 350


async def test_message_that_cannot_be_read_stays_owed_and_the_history_goes_on(
    opened: store_database.Database,
) -> None:
    """Regression: one unknown constructor ended a chat's history for ever."""
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 251))
    telegram.unreadable = {70, 250}
    run = Run(opened, telegram)
    await run.to_the_end()
    assert await ids(opened) == [each for each in range(1, 250) if each != 70]
    assert (await row(opened)).is_complete
    holes = await query(opened, "SELECT holes::text FROM coverage WHERE chat_id = %s", CHANNEL_CHAT)
    assert holes == [("{[70,71),[250,2001)}",)]
    found = await query(opened, "SELECT kind, chat_id, message_id FROM crawl_errors ORDER BY 3")
    assert found == [("history_skipped", CHANNEL_CHAT, 70), ("history_skipped", CHANNEL_CHAT, 250)]
    assert len(telegram.asked) < 40


async def test_ids_around_a_message_of_a_mailbox_that_cannot_be_read_stay_owed(
    opened: store_database.Database,
) -> None:
    """Ids of a mailbox have gaps: which one the message has is not known."""
    telegram = Telegram()
    telegram.fill(GROUP_CHAT, [10, 20, 25, 30, 80])
    telegram.unreadable = {25}
    await Run(opened, telegram).to_the_end(GROUP_CHAT)
    assert await ids(opened, GROUP_CHAT) == [10, 20, 30, 80]
    assert (await query(opened, "SELECT holes @> int8range(21, 29) FROM coverage WHERE chat_id = %s", GROUP_CHAT)) == [
        (True,)
    ]


async def test_depth_that_begins_at_a_message_that_cannot_be_read_begins_a_little_earlier(
    opened: store_database.Database,
) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 201), days=20)
    telegram.unreadable = {99, 100}
    await Run(opened, telegram, history_depth="10d").to_the_end()
    assert (await row(opened)).is_complete
    assert set(range(101, 201)) <= set(await ids(opened)) <= set(range(90, 201))


async def test_chat_of_which_nothing_can_be_read_is_marked_and_its_history_stays_where_it_is(
    opened: store_database.Database,
) -> None:
    telegram = Telegram()
    telegram.fill(CHANNEL_CHAT, range(1, 51))
    telegram.unreadable = set(range(1, 51))
    await Run(opened, telegram).to_the_end()
    assert ((await row(opened)).status, (await row(opened)).next_id) == ("error", 0)
