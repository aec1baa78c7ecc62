"""The live stream: from a position, in order, nothing missing, nothing twice, whatever happens on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from pydantic import TypeAdapter

from heliograph import errors, metrics
from heliograph.store import outbox as written
from heliograph.store.reads import outbox, views
from heliograph.web import live, live_events, schemas

CHAT = -1_000_000_000_001
EVENT: TypeAdapter[schemas.LiveEvent] = TypeAdapter(schemas.LiveEvent)


class Listener:
    """A client that checks each text against the schema."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            text = await self.socket.recv()
        event = EVENT.validate_json(text)
        assert EVENT.dump_python(event, mode="json") == json.loads(text)
        return event

    async def take(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]


@pytest.fixture
def connect(address: str) -> Callable[..., Any]:
    @asynccontextmanager
    async def connect(after: str | None = None, **options: Any) -> AsyncIterator[Listener]:
        query = "" if after is None else f"?after={after}"
        url = address.replace("http", "ws") + "/api/live" + query
        async with websockets.connect(url, proxy=None, **options) as socket:
            yield Listener(socket)

    return connect


@pytest.fixture
async def chat(rows: Any) -> int:
    await rows.chat(CHAT)
    await rows.user(5)
    return CHAT


async def test_hello_comes_first_and_then_what_happens(connect: Any, rows: Any, chat: int) -> None:
    async with connect() as client:
        hello = await client.next()
        assert hello.type == "hello"
        first = await rows.post(chat, 1, "one", sender_id=5, entities=[["bold", 0, 3]])
        await rows.event("range", chat, space_id=1, first_id=1, last_id=9, count=9)
        await rows.event("chat", chat)
        message, history, changed = await client.take(3)
    assert (message.type, message.change, message.position) == ("message", "new", first)
    assert (message.message.text, message.message.sender.name) == ("one", "Aino")
    assert (history.first_id, history.last_id, history.count) == (1, 9, 9)
    assert (changed.type, changed.chat_id) == ("chat", chat)


async def test_all_clients_get_the_same(connect: Any, rows: Any, chat: int) -> None:
    async with connect() as first, connect() as second:
        await asyncio.gather(first.next(), second.next())
        for each in range(1, 6):
            await rows.post(chat, each)
        assert await first.take(5) == await second.take(5)


async def test_reconnection_goes_on_after_its_position(connect: Any, rows: Any, chat: int) -> None:
    async with connect() as client:
        await client.next()
        positions = [await rows.post(chat, each) for each in range(1, 4)]
        (seen,) = await client.take(1)
    positions += [await rows.post(chat, each) for each in range(4, 7)]
    async with connect(seen.position) as client:
        assert (await client.next()).type == "hello"
        assert [event.position for event in await client.take(5)] == positions[1:]


async def test_catching_up_under_traffic_neither_misses_nor_repeats(connect: Any, rows: Any, chat: int) -> None:
    start = str(await current(rows))
    for _ in range(1, outbox.PAGE + 100):
        await rows.event("chat", chat)

    async def traffic() -> None:
        for _ in range(200):
            await rows.event("chat", chat)

    async def follow() -> list[int]:
        async with connect(start) as client:
            await client.next()
            return [int(event.position.partition(".")[2]) for event in await client.take(outbox.PAGE + 299)]

    _, *seen = await asyncio.gather(traffic(), *(follow() for _ in range(3)))
    for each in seen:
        assert each == list(range(1, outbox.PAGE + 300))


@pytest.mark.parametrize("shift", ["epoch", "future", "dropped"])
async def test_position_that_cannot_be_gone_on_from_resyncs(connect: Any, rows: Any, chat: int, shift: str) -> None:
    for _ in range(3):
        newest = await rows.event("chat", chat)
    epoch = newest.partition(".")[0]
    after = {"epoch": "1.0", "future": f"{epoch}.99", "dropped": f"{epoch}.0"}[shift]
    if shift == "dropped":
        async with rows.database.connection() as conn:
            await conn.execute("DELETE FROM outbox WHERE n = 1")
    async with connect(after) as client:
        hello, resync = await client.take(2)
        assert (hello.type, resync.type, resync.position) == ("hello", "resync", newest)
        next_position = await rows.event("chat", chat)
        assert (await client.next()).position == next_position


@pytest.mark.parametrize("after", ["", "x", "1", "1.2.3", "-1.0", "9" * 40 + ".1"])
async def test_position_that_is_none_is_refused(connect: Any, after: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(after):
            pass
    assert refused.value.response.status_code == 422
    assert json.loads(refused.value.response.body)["detail"].startswith("after: ")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_other_sites_cannot_listen(connect: Any, headers: dict[str, str]) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(additional_headers=headers):
            pass
    assert refused.value.response.status_code == 403
    assert refused.value.response.headers["content-type"] == "application/problem+json"


async def test_feed_survives_the_loss_of_its_connection(connect: Any, rows: Any, chat: int) -> None:
    async with connect() as client:
        await client.next()
        first = await rows.event("chat", chat)
        assert (await client.next()).position == first
        async with rows.database.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%outbox%%'"
            )
        lost = [await _retried(rows, chat) for _ in range(3)]
        assert [event.position for event in await client.take(3)] == lost


async def test_new_epoch_tells_every_client_to_start_again(connect: Any, rows: Any, chat: int) -> None:
    async with connect() as client:
        await client.next()
        async with rows.database.connection() as conn:
            await conn.execute("UPDATE outbox_counter SET epoch = epoch + 1, n = 0")
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%outbox%%'"
            )
        assert (await client.next()).type == "resync"


async def test_new_epoch_is_noticed_without_a_lost_connection(connect: Any, rows: Any, chat: int) -> None:
    """After a fail-over that the web did not feel, the crawler begins an epoch and readers are told at once."""
    async with connect() as client:
        await client.next()
        await rows.event("chat", chat)
        assert (await client.next()).type == "chat"
        async with rows.database.connection() as conn:
            epoch = await written.new_epoch(conn)
        resync = await client.next()
        assert (resync.type, resync.position) == ("resync", f"{epoch}.0")
        position = await rows.event("chat", chat)
        assert (position, (await client.next()).position) == (f"{epoch}.1", position)


async def test_slow_client_is_disconnected_and_told_to_come_back(
    connect: Any, rows: Any, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUEUE_LENGTH", 20)
    async with connect(max_queue=1) as slow, connect() as quick:
        await slow.next()
        await quick.next()
        async with rows.database.transaction() as conn:
            await conn.execute(
                "WITH c AS (UPDATE outbox_counter SET n = n + 30 RETURNING epoch, n)"
                " INSERT INTO outbox (epoch, n, kind, chat_id)"
                " SELECT epoch, n - 30 + i, 'chat', %s FROM c, generate_series(1, 30) i",
                [chat],
            )
            await conn.execute("NOTIFY heliograph_outbox")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await slow.take(31)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == live.TOO_SLOW
    assert "reconnect with the last position" in closed.value.rcvd.reason


async def test_queue_is_bounded() -> None:
    client = live.Client(views.Position(epoch=1, n=0))
    item = live_events.Item(position=views.Position(epoch=1, n=1), text="{}", pushed_at=None)
    client.put([item] * live.QUEUE_LENGTH)
    assert not client.is_too_slow.is_set()
    client.put([item])
    assert client.is_too_slow.is_set()
    assert len(await client.take()) == live.QUEUE_LENGTH


async def test_quiet_connection_beats(connect: Any, monkeypatch: pytest.MonkeyPatch, chat: int) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    async with connect() as client:
        assert [event.type for event in await client.take(3)] == ["hello"] * 3


async def test_delivery_latency_is_observed_once_per_client(connect: Any, rows: Any, chat: int) -> None:
    before = observed()
    async with connect() as client:
        await client.next()
        await rows.post(chat, 1)
        await rows.event("chat", chat)
        await client.take(2)
        async with asyncio.timeout(5):
            while observed() == before:  # noqa: ASYNC110 - a metric has no event
                await asyncio.sleep(0)
    assert observed() == before + 1


def observed() -> float:
    (family,) = metrics.DELIVERY_LATENCY.collect()
    return next(sample.value for sample in family.samples if sample.name.endswith("_count"))


async def current(rows: Any) -> views.Position:
    async with rows.database.connection() as conn:
        return await outbox.position(conn)


async def _retried(rows: Any, chat: int) -> str:
    """Commit an event over the connections that were cut together with the feed's."""
    while True:
        try:
            position: str = await rows.event("chat", chat)
            return position
        except errors.DatabaseUnreachable:
            continue
