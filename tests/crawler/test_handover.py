"""A channel that is lost is left to others with all that was received of it, over a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon.tl import functions, types
from tests.crawler.test_engine import CHANNEL, MAILBOX, NOW, USER, Telegram, new

from heliograph import clock
from heliograph.crawler import claims, directory, engine, link, reach, transport, writer
from heliograph.domain import identity, records
from heliograph.domain.sync import machine
from heliograph.domain.sync.rules import State
from heliograph.store import accounts, commit
from heliograph.store import database as store_database

PEER = identity.channel_peer(CHANNEL)
EPOCH = 7
ANCHORS = {CHANNEL: records.BoxState(pts=10), MAILBOX: records.BoxState(pts=5, date=int(NOW.timestamp()))}
REMOVED = types.ChannelForbidden(id=CHANNEL, access_hash=5, title="Harbour", megagroup=True)
WAIT_SECONDS = 10


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Let the other tasks run until something holds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.002)


class Crawl:
    """One account that reads one channel, with everything between Telegram and the store at work."""

    def __init__(self, database: store_database.Database, account_id: identity.AccountId) -> None:
        self.database = database
        self.telegram, self.chats, self.machine = Telegram(), directory.Directory(), machine.Machine()
        self.telegram.account_id = account_id
        self.writer, self.claims = writer.Writer(database), claims.Claims(database, EPOCH)
        self.reach = reach.Reach(database, self.claims)
        self.engine = engine.Engine(
            self.machine,
            self.writer,
            self.chats,
            claimed=self.claims,
            reached=self.reach,
            time=clock.SystemClock(),
        )
        self.account = link.Link(self.telegram, epoch=EPOCH, chats=self.chats)
        self.jobs = [asyncio.create_task(each) for each in (self.writer.run(), self.reach.run())]

    async def start(self) -> None:
        access = records.Access(account_id=self.account.account_id, peer_id=PEER, access_hash=5, role="member")
        chat = records.Chat(chat_id=PEER, space_id=CHANNEL, kind="supergroup", title="Harbour")
        moves = tuple(
            records.CursorMove(box=box, from_state=None, to_state=state, epoch=EPOCH) for box, state in ANCHORS.items()
        )
        async with self.database.transaction() as conn:
            await commit.commit(conn, [records.Batch(origin="anchor", chats=[chat], accesses=[access], moves=moves)])
        self.chats.learn([], [chat], [access])
        self.machine.load(CHANNEL, ANCHORS[CHANNEL])
        self.telegram.will_answer(functions.updates.GetDifferenceRequest, types.updates.DifferenceEmpty(NOW, 0))
        self.engine.add(self.account, ANCHORS[MAILBOX])
        self.engine.channel(self.account, CHANNEL, 10, 10)
        await until(self.is_live)
        await self.writer.until_idle()

    async def is_live(self) -> bool:
        return self.machine.boxes[MAILBOX].state is State.LIVE

    def push(self, *updates: Any, chats: tuple[Any, ...] = ()) -> None:
        container = types.Updates(updates=list(updates), users=[], chats=list(chats), date=NOW, seq=0)
        self.engine._take(self.account, [transport.Incoming(kind="container", container=container, pushed_at=NOW)])

    def lose(self, *texts: str) -> None:
        """Receive messages, and at once the word that the account was removed."""
        for number, text in enumerate(texts, start=1):
            self.push(new(number, 10 + number, text))
        self.push(types.UpdateChannel(channel_id=CHANNEL), chats=(REMOVED,))

    async def fetch(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.connection() as conn:
            return await (await conn.execute(query)).fetchall()

    async def until(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        """Wait until the store says so."""

        async def says() -> bool:
            return await self.fetch(query) == rows

        await until(says)

    async def end(self) -> None:
        await self.engine.stop()
        for job in self.jobs:
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)


@pytest.fixture
async def crawl(database: store_database.Database) -> Any:
    async with database.connection() as conn:
        account_id = await accounts.save(conn, label="a", user_id=USER, phone_hint="00", dc_id=2)
    made = Crawl(database, account_id)
    await made.start()
    yield made
    await made.end()


@pytest.mark.parametrize("count", [1, 2, 30])
async def test_what_was_received_before_a_channel_was_lost_is_stored_before_it_is_left_to_others(
    crawl: Crawl, count: int
) -> None:
    """Regression: the epoch went back while commits were under way, which conflicted and were dropped unrecorded."""
    texts = [f"text {number}" for number in range(count)]
    crawl.lose(*texts)
    await crawl.until(f"SELECT epoch FROM box_cursors WHERE box = {CHANNEL}", [(0,)])
    stored = await crawl.fetch("SELECT text FROM messages ORDER BY message_id")
    assert stored == [(text,) for text in texts]
    assert await crawl.fetch(f"SELECT pts FROM box_cursors WHERE box = {CHANNEL}") == [(10 + count,)]
    assert await crawl.fetch("SELECT status FROM chats") == [("inactive",)]


async def test_stop_stores_what_was_received_of_a_lost_channel_and_leaves_it_to_others(crawl: Crawl) -> None:
    """Regression: a stop ended what says so, and the channel stayed with a process that was gone."""
    crawl.jobs.pop().cancel()
    crawl.lose("one", "two", "three")
    await crawl.engine.stop()
    assert await crawl.fetch("SELECT text FROM messages ORDER BY message_id") == [("one",), ("two",), ("three",)]
    assert await crawl.fetch(f"SELECT epoch FROM box_cursors WHERE box = {CHANNEL}") == [(0,)]
    assert await crawl.fetch("SELECT status FROM chats") == [("inactive",)]
