"""History reaches the store once, oldest first, whatever interrupts it: a real store, and a Telegram that we hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon.tl import functions, types

from heliograph import clock, config, errors
from heliograph.crawler import backfill, directory, governor, link, writer
from heliograph.domain import identity, records
from heliograph.store import chats as stored_chats
from heliograph.store import commit
from heliograph.store import database as store_database

NOW = datetime(2026, 1, 20, tzinfo=UTC)
SELF = 7
MAILBOX = identity.mailbox_space(SELF)
CHANNEL = 5
CHANNEL_CHAT = identity.channel_peer(CHANNEL)
GROUP_CHAT = identity.chat_peer(6)


class Telegram:
    """One account's connection: getHistory over messages that are given, and refusals that are put in."""

    def __init__(self, account_id: int = 1, user_id: int = SELF) -> None:
        self.account_id, self.user_id = account_id, user_id
        self.governor = governor.Governor(lambda family: config.Budget(per_second=1e6, burst=1e6, concurrent=100))
        self.is_ended = False
        self.history: dict[int, dict[int, datetime]] = {}
        self.hidden: set[int] = set()
        self.asked: list[Any] = []
        self.refusals: list[Exception] = []
        self.on_request: Callable[[], None] = lambda: None

    def fill(self, chat_id: int, ids: range | list[int], *, days: float = 10) -> None:
        """Spread messages evenly over the days before now."""
        step = timedelta(days=days) / max(1, len(ids))
        self.history[chat_id] = {each: NOW - timedelta(days=days) + step * n for n, each in enumerate(ids)}

    async def call(self, request: Any, **_: Any) -> Any:
        await asyncio.sleep(0)
        self.asked.append(request)
        self.on_request()
        if self.refusals:
            raise self.refusals.pop(0)
        return self._history(request)

    def _history(self, request: Any) -> Any:
        assert isinstance(request, functions.messages.GetHistoryRequest)
        is_channel = isinstance(request.peer, types.InputPeerChannel)
        chat_id = CHANNEL_CHAT if is_channel else -request.peer.chat_id
        dates = self.history[chat_id]
        newest_first = sorted(dates, reverse=True)
        before = [each for each in newest_first if request.offset_id == 0 or each < request.offset_id]
        if request.offset_date is not None:
            before = [each for each in before if dates[each] < request.offset_date]
        start = max(0, len(newest_first) - len(before) + request.add_offset)
        found = [
            types.Message(
                id=each,
                peer_id=types.PeerChannel(CHANNEL) if is_channel else types.PeerChat(6),
                from_id=types.PeerUser(40 + each % 3),
                date=dates[each],
                message=f"text {each}",
            )
            for each in newest_first[start : start + request.limit]
            if each not in self.hidden
        ]
        people = [types.User(id=number, first_name="A") for number in (40, 41, 42)]
        if is_channel:
            return types.messages.ChannelMessages(
                pts=99, count=len(dates), messages=found, topics=[], chats=[], users=people
            )
        return types.messages.MessagesSlice(count=len(dates), messages=found, topics=[], chats=[], users=people)

    @property
    def page_starts(self) -> list[int]:
        return [request.offset_id - 1 for request in self.asked if request.add_offset]


class Run:
    """One process's backfill, from start to kill."""

    def __init__(self, opened: store_database.Database, *accounts: Telegram, **settings: Any) -> None:
        self.opened = opened
        self.telegrams = accounts
        self.known = directory.Directory()
        self.commits = writer.Writer(opened)
        self.pts: dict[identity.SpaceId, int] = {identity.channel_space(CHANNEL): 50, MAILBOX: 60}
        self.slept: list[float] = []
        self.progress: list[records.BackfillProgress] = []
        self.limit = settings.pop("limit", None)
        self.settings = config.Crawler(**{"history_depth": "all", "concurrency": 2, **settings})
        self.backfill = backfill.Backfill(
            self.settings,
            self.commits,
            opened,
            self.known,
            committed=self.pts.get,
            limit=self.limit,
            time=clock.ManualClock(NOW),
            on_progress=self.progress.append,
            sleep=self.sleep,
        )
        self.links = [link.Link(each, epoch=1, chats=self.known) for each in accounts]
        for each in self.links:
            self.backfill.add(each)
            self.known.learn([], [], [records.Access(account_id=each.account_id, peer_id=CHANNEL_CHAT, access_hash=1)])

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.commits.run())]
        tasks.append(asyncio.create_task(self.backfill.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def offer(self, chat_id: int = CHANNEL_CHAT) -> None:
        top_id = max(self.telegrams[0].history[chat_id], default=0)
        self.backfill.offer(await row(self.opened, chat_id), top_id)

    async def to_the_end(self, *chat_ids: int) -> None:
        async with self.running():
            for chat_id in chat_ids or (CHANNEL_CHAT,):
                await self.offer(chat_id)
            await asyncio.wait_for(self.backfill.until_idle(), 30)


@pytest.fixture
async def opened(database: store_database.Database) -> store_database.Database:
    """A store that knows a channel and a basic group, both with a hole over all ids."""
    batch = records.Batch(
        origin="peers",
        chats=[
            records.Chat(chat_id=CHANNEL_CHAT, space_id=identity.channel_space(CHANNEL), kind="supergroup", title="S"),
            records.Chat(chat_id=GROUP_CHAT, space_id=MAILBOX, kind="group", title="G"),
        ],
        coverage=[
            records.Coverage(space_id=CHANNEL, chat_id=CHANNEL_CHAT, first_id=1, last_id=2000, as_of=0, source="hole"),
            records.Coverage(space_id=MAILBOX, chat_id=GROUP_CHAT, first_id=1, last_id=2000, as_of=0, source="hole"),
        ],
    )
    async with database.transaction() as conn:
        await commit.commit(conn, [batch])
    return database


async def query(opened: store_database.Database, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with opened.connection() as conn:
        return await (await conn.execute(statement, values)).fetchall()


async def ids(opened: store_database.Database, chat_id: int = CHANNEL_CHAT) -> list[int]:
    found = await query(opened, "SELECT message_id FROM messages WHERE chat_id = %s ORDER BY message_id", chat_id)
    return [each[0] for each in found]


async def row(opened: store_database.Database, chat_id: int = CHANNEL_CHAT) -> stored_chats.ChatRow:
    async with opened.connection() as conn:
        return next(each for each in await stored_chats.load(conn) if each.chat_id == chat_id)


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
