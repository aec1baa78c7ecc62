"""What a scenario plays on: a Telegram, a PostgreSQL behind a fault proxy, and a crawler between them."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from tests.fixtures import standby

from bench.scenarios import crawlers, oracle, traffic
from heliograph.simulator import postgres_proxy
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model

KINDS: tuple[model.ChatKind, ...] = ("supergroup", "channel")
READY_SECONDS = 60.0
POLL_SECONDS = 0.2
STILL_SECONDS = 10.0
"""Whoever has not stored anything that was missing for so long has stopped catching up."""
FOLLOWING = 5
"""Messages in each chat once the fault is over."""
IN_FLIGHT_SECONDS = 1.0
"""What was pushed so shortly before a kill may not have arrived."""


class Stage:
    """One crawler that is level with Telegram in a supergroup, a broadcast channel and a basic group."""

    def __init__(self, simulator: Simulator, proxy: postgres_proxy.PostgresProxy, crawler: crawlers.Crawler, dsn: str):
        self.simulator = simulator
        self.world = simulator.world
        self.faults = simulator.faults
        self.proxy = proxy
        self.crawler = crawler
        self.ended_at = 0.0
        """Monotonic time from which the crawler could make up for what it had missed."""
        self.begun_at = 0.0
        self.pair: standby.Pair | None = None
        """Both servers, where there is a stand-by."""
        self._dsn = dsn
        self._aways: list[oracle.Away] = []
        self._following: asyncio.Task[None] | None = None
        (self.user,) = self.world.accounts
        self.chats = [self.world.run("create_channel", creator=self.user, title=kind, kind=kind) for kind in KINDS]
        self.chats.append(self.world.run("create_group", creator=self.user, title="group", user_ids=[]))
        self.supergroup, self.channel, self.group = self.chats
        self.traffic = traffic.Traffic(self.world, self.chats, self.user)

    async def begin(self) -> None:
        """Start the crawler and have it store a message of each chat; stop and start it once, so that it saves."""
        for text in ("first", "second"):
            await self.crawler.process.start()
            for chat in self.chats:
                self.world.post(chat, self.user, text)
            await self._until_all_say(text)
            if text == "first":
                await self.crawler.process.stop()
        # The world's log counts in whole seconds.
        await asyncio.sleep(math.ceil(time.time()) - time.time() + 0.01)
        self.begun_at = math.floor(time.time())
        self.done()

    def done(self) -> None:
        """Say that from now on nothing hinders the crawler."""
        self.ended_at = time.monotonic()

    @contextmanager
    def away(self, *, is_killed: bool = False) -> Iterator[None]:
        """Say that the crawler hears nothing of Telegram meanwhile; after a kill, nor what was still on its way."""
        begun = time.time() - (IN_FLIGHT_SECONDS if is_killed else 0)
        yield
        self._aways.append(oracle.Away(math.floor(begun), time.time()))

    async def verdict(self) -> oracle.Verdict:
        """Hold the store as it is against what has happened until now."""
        boxes = [(chat.id, chat.box.log) for chat in self.chats if chat.box is not None]
        boxes.append((-self.user, self.world.accounts[self.user].box.log))
        expected = oracle.events(boxes, since=self.begun_at, aways=self._aways)
        stored = await self.crawler.read(self.direct)
        return await asyncio.to_thread(oracle.judge, expected, stored)

    async def until(
        self, condition: Callable[[oracle.Stored], bool], seconds: float = READY_SECONDS, step: float = POLL_SECONDS
    ) -> None:
        """Wait until a condition holds of what is stored. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition(await self.crawler.read(self.direct)):  # noqa: ASYNC110 another process's store
                await asyncio.sleep(step)

    def follow(self) -> None:
        """Let life go on from now: a message a second in each chat, for some seconds."""
        self.done()
        self._following = asyncio.create_task(self._follow())

    async def settled(self, seconds: float, still: float = STILL_SECONDS) -> tuple[oracle.Verdict, float | None]:
        """Wait until nothing is missing; give up ``seconds`` after :meth:`done`, but not while a crawler catches up.

        Whoever has brought nothing for ``still`` seconds has stopped catching up. Returns how it is then, and after how
        long everything was there for the first time, None when it is not.
        """
        level_at: float | None = None
        least, moved_at = math.inf, 0.0
        while True:
            found, passed = await self.verdict(), time.monotonic() - self.ended_at
            if found.is_complete and level_at is None:
                level_at = passed
            if found.lost < least:
                least, moved_at = found.lost, passed
            is_quiet = self._following is None or self._following.done()
            is_over = passed > seconds and passed > moved_at + still
            if (found.is_complete and is_quiet) or is_over:
                return found, level_at if found.is_complete else None
            await asyncio.sleep(POLL_SECONDS)

    @property
    def direct(self) -> str:
        """The database around the proxy, on whichever server it is."""
        upstream = self.proxy.upstream
        return psycopg.conninfo.make_conninfo(self._dsn, host=upstream.host, port=upstream.port)

    async def _follow(self) -> None:
        for _ in range(FOLLOWING):
            for chat in self.chats:
                self.traffic.post(chat)
            await asyncio.sleep(1)

    async def _until_all_say(self, text: str) -> None:
        await self.until(lambda stored: sum(said == text for said in stored.texts.values()) == len(self.chats))


@asynccontextmanager
async def set_up(
    kind: crawlers.Kind,
    proxy: postgres_proxy.PostgresProxy,
    dsn: str,
    *,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Make a stage with a crawler of this kind on an empty database; ``options`` are of Heliograph's crawler."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-bench-")))
        simulator = await stack.enter_async_context(Simulator(chats=3, days=1, messages=60))
        crawler: crawlers.Crawler
        if kind == "heliograph":
            crawler = crawlers.Heliograph(directory, simulator, dsn, options or {})
        else:
            crawler = crawlers.Baseline(directory, simulator, dsn)
        await crawler.prepare()
        stack.push_async_callback(crawler.process.stop)
        stage = Stage(simulator, proxy, crawler, dsn)
        await stage.begin()
        yield stage
