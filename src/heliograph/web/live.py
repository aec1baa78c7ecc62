"""The live stream: the outbox is read once for all clients, each event becomes JSON once, and nobody waits for anybody.

One connection per process LISTENs. On each notification the feed reads what is new and hands the same texts to every
client's bounded queue. A client that is too slow is disconnected and may come back with the last position it saw:
it is then brought up to the feed's position from the outbox, and goes on from its queue, which began at exactly that
position; so nothing is missed and nothing repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import WebSocket, WebSocketDisconnect

from heliograph import clock, errors, log, metrics
from heliograph.store import database as store_database
from heliograph.store.reads import outbox, views
from heliograph.web import delay, live_events

HEARTBEAT_SECONDS = 15.0
QUEUE_LENGTH = 10_000
"""Events that a client may be behind before it is disconnected."""
RETRY_SECONDS = 1.0
READ_SECONDS = 30.0
"""After so long a read of the outbox has failed: the network may have died in silence."""
START_SECONDS = 10.0
TOO_SLOW = 4008
"""Close code: reconnect with the last position."""
NOT_NOW = 1013
_YIELD_EVERY = 64

_logger = log.get("live")


class Client:
    """A client's queue, from ``start`` on."""

    def __init__(self, start: views.Position) -> None:
        self.start = start
        self.is_too_slow = asyncio.Event()
        self._items: deque[live_events.Item] = deque()
        self._is_filled = asyncio.Event()

    def put(self, items: list[live_events.Item]) -> None:
        """Queue items, or declare the client too slow."""
        if len(self._items) + len(items) > QUEUE_LENGTH:
            self.is_too_slow.set()
        else:
            self._items.extend(items)
            self._is_filled.set()

    async def take(self) -> list[live_events.Item]:
        """Return all that is queued; an empty list after a quiet while."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._is_filled.wait()
        except TimeoutError:
            return []
        items = list(self._items)
        self._items.clear()
        self._is_filled.clear()
        return items


class Feed:
    """Reads the outbox for all clients of this process."""

    def __init__(self, database: store_database.Database, time: clock.Clock | None = None) -> None:
        self.database = database
        self.clock = time or clock.SystemClock()
        self._position: views.Position | None = None
        self._is_ready = asyncio.Event()
        self._clients: set[Client] = set()
        self._late: live_events.Item | None = None
        """What newcomers must know: that the data is late."""

    async def run(self) -> None:
        """Follow the outbox until cancelled, over every outage of the database, and tell clients of each."""
        async with asyncio.TaskGroup() as both:
            both.create_task(delay.Watch(self.database, self._tell, self.clock).run())
            both.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except errors.DatabaseUnreachable:
                _logger.warning("live_feed_interrupted")
            await asyncio.sleep(RETRY_SECONDS)

    async def ready(self) -> views.Position:
        """Wait until the feed knows its position, and return it. Raises TimeoutError."""
        async with asyncio.timeout(START_SECONDS):
            await self._is_ready.wait()
        assert self._position is not None
        return self._position

    @asynccontextmanager
    async def attached(self) -> AsyncIterator[Client]:
        """Queue everything after the present position for a new client."""
        client = Client(await self.ready())
        if self._late is not None:
            client.put([self._late])
        self._clients.add(client)
        metrics.LIVE_CLIENTS.inc()
        try:
            yield client
        finally:
            self._clients.discard(client)
            metrics.LIVE_CLIENTS.dec()

    async def _follow(self) -> None:
        conn = await self.database.listen_connection()
        try:
            with store_database.translating():
                await conn.execute(f"LISTEN {outbox.CHANNEL}")
                await self._find_place(conn)
                while True:
                    with store_database.deadline(conn, READ_SECONDS):
                        await self._read(conn)
                    async for _ in conn.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                        pass
        finally:
            await conn.close()

    async def _find_place(self, conn: store_database.Connection) -> None:
        """Start now, or go on where the last connection ended; if that place is gone, everybody must start again."""
        if self._position is None:
            self._position = await outbox.position(conn)
        elif not await outbox.can_resume(conn, self._position):
            self._start_again(await outbox.position(conn))
        self._is_ready.set()

    def _start_again(self, position: views.Position) -> None:
        self._position = position
        self._publish([live_events.Item(position=position, text=live_events.resync(position), is_resync=True)])

    async def _read(self, conn: store_database.Connection) -> None:
        while self._position is not None:
            if not self._clients:
                now = await outbox.position(conn)
                # Somebody who came during the query counts on everything after the old position.
                if not self._clients:
                    self._position = now
                    return
            events = await outbox.read(conn, self._position)
            if not events:
                now = await outbox.position(conn)
                if now.epoch != self._position.epoch:
                    # The database is another one than before, which a connection need not notice.
                    self._start_again(now)
                return
            self._position = events[-1].position
            self._publish(list(live_events.rendered(events)))
            if len(events) < outbox.PAGE:
                # Whatever commits after this read notifies after it, and the connection keeps that for us.
                return

    def _tell(self, late: delay.Delay | None) -> None:
        word = live_events.lateness(late)
        self._late = word if late else None
        self._publish([word])

    def _publish(self, items: list[live_events.Item]) -> None:
        for client in self._clients:
            client.put(items)


async def follow(feed: Feed, socket: WebSocket, after: str | None) -> None:
    """Serve one accepted WebSocket until it closes, is too slow, or the feed has no database."""
    stream = asyncio.create_task(_stream(feed, socket, live_events.parse(after)))
    gone = asyncio.create_task(_until_gone(socket))
    try:
        await asyncio.wait({stream, gone}, return_when=asyncio.FIRST_COMPLETED)
        if stream.done() and not stream.cancelled():
            await _close(socket, *stream.result())
    finally:
        stream.cancel()
        gone.cancel()
        await asyncio.gather(stream, gone, return_exceptions=True)


async def _stream(feed: Feed, socket: WebSocket, after: views.Position | None) -> tuple[int, str]:
    """Send events until it must end; return the close code and reason."""
    try:
        place = await feed.ready()
        if after is not None:
            async with feed.database.connection() as conn:
                can_resume = await outbox.can_resume(conn, after)
            await socket.send_text(live_events.hello(after if can_resume else place))
            if can_resume:
                after = await _catch_up(feed, socket, after, None)
        async with feed.attached() as client:
            place = client.start
            if after is None:
                await socket.send_text(live_events.hello(place))
            elif not can_resume:
                await socket.send_text(live_events.resync(place))
            else:
                place = await _catch_up(feed, socket, after, place)
            return await _pump_or_slow(feed, socket, client, place)
    except WebSocketDisconnect:
        return 1000, ""
    except (TimeoutError, errors.DatabaseUnreachable):
        return NOT_NOW, "the database does not answer; reconnect with the last position"


async def _catch_up(
    feed: Feed, socket: WebSocket, after: views.Position, until: views.Position | None
) -> views.Position:
    """Send what the outbox has after a position, up to ``until`` or its end; return the position reached."""
    while until is None or after.n < until.n:
        async with feed.database.connection() as conn:
            events = await outbox.read(conn, after, until=until.n if until else None)
        for item in live_events.rendered(events):
            await socket.send_text(item.text)
        if events:
            after = events[-1].position
        if len(events) < outbox.PAGE:
            break
    return after


async def _pump_or_slow(feed: Feed, socket: WebSocket, client: Client, place: views.Position) -> tuple[int, str]:
    pump = asyncio.create_task(_pump(feed, socket, client, place))
    slow = asyncio.create_task(client.is_too_slow.wait())
    try:
        await asyncio.wait({pump, slow}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            await pump
        return TOO_SLOW, "too slow; reconnect with the last position"
    finally:
        pump.cancel()
        slow.cancel()
        await asyncio.gather(pump, slow, return_exceptions=True)


async def _pump(feed: Feed, socket: WebSocket, client: Client, place: views.Position) -> None:
    while True:
        items = await client.take()
        if not items:
            # Whoever waits behind a proxy learns here that the connection is gone.
            await socket.send_text(live_events.hello(place))
        for number, item in enumerate(items, 1):
            if item.position is None:
                await socket.send_text(item.text)
                continue
            # Catching up may have read further than the feed had.
            if item.position.epoch == place.epoch and item.position.n <= place.n and not item.is_resync:
                continue
            await socket.send_text(item.text)
            if item.pushed_at is not None:
                metrics.DELIVERY_LATENCY.observe((feed.clock.now() - item.pushed_at).total_seconds())
            place = item.position
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            # What a client says is not looked at.
            await socket.receive_text()


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        # A full buffer takes no close frame either; the connection ends with this coroutine then.
        async with asyncio.timeout(1):
            await socket.close(code, reason)
