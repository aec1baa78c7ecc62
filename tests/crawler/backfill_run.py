"""A backfill of one process over a real store, and a Telegram that is held in the hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon.tl import functions, types

from heliograph import clock, config, errors
from heliograph.crawler import backfill, claims, directory, governor, link, writer
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
        self.broken: dict[int, Exception] = {}
        """By chat: what every request about it is answered with."""
        self.unreadable: set[int] = set()
        """Ids of messages that make every answer unreadable that holds them."""
        self.described: list[Any] = []
        """The chats that come with every page of a group."""
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
        if chat_id in self.broken:
            raise self.broken[chat_id]
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
        if self.unreadable & {each.id for each in found}:
            raise errors.Undecodable
        people = [types.User(id=number, first_name="A") for number in (40, 41, 42)]
        if is_channel:
            return types.messages.ChannelMessages(
                pts=99, count=len(dates), messages=found, topics=[], chats=[], users=people
            )
        return types.messages.MessagesSlice(
            count=len(dates), messages=found, topics=[], chats=self.described, users=people
        )

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
        self.claims = claims.Claims(opened, epoch=1)
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
            claimed=self.claims,
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
