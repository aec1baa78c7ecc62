"""Whoever follows is told when the data is late, why, and when it is on time again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import websockets
from pydantic import SecretStr, TypeAdapter
from tests.fixtures.postgres_proxy import postgres_proxy, proxied_dsn  # noqa: F401

from heliograph import config
from heliograph.store import database as store_database
from heliograph.store import heartbeats
from heliograph.web import delay, schemas

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT: TypeAdapter[schemas.LiveEvent] = TypeAdapter(schemas.LiveEvent)


def beat(age: float = 1.0, role: str = "crawler", **detail: object) -> heartbeats.Heartbeat:
    return heartbeats.Heartbeat(
        role=role, holder="host:1", beat_at=NOW - timedelta(seconds=age), age_seconds=age, detail=dict(detail)
    )


def test_crawler_that_is_well_delays_nothing() -> None:
    assert delay.found([beat(writer_lag_seconds=0.2, spooled_batches=0)], NOW, None) is None


def test_silent_crawler_delays_since_its_last_words() -> None:
    found = delay.found([beat(age=16)], NOW, None)
    assert found == delay.Delay(since=NOW - timedelta(seconds=16), reason="crawler")
    assert delay.found([beat(age=16, role="web")], NOW, None) is None


def test_forgotten_crawler_is_still_silent_and_one_that_ended_in_order_is_not() -> None:
    silent = delay.Delay(since=NOW, reason="crawler")
    assert delay.found([], NOW, silent) == silent
    assert delay.found([], NOW, None) is None
    assert delay.found([], NOW, delay.Delay(since=NOW, reason="catching_up")) is None


def test_spool_delays_since_its_oldest_batch() -> None:
    since = NOW - timedelta(minutes=5)
    found = delay.found([beat(spooled_batches=3, spooled_since=since.timestamp())], NOW, None)
    assert found == delay.Delay(since=since, reason="catching_up")


def test_slow_commits_delay() -> None:
    found = delay.found([beat(writer_lag_seconds=20.0)], NOW, None)
    assert found == delay.Delay(since=NOW - timedelta(seconds=20), reason="catching_up")


def test_oldest_of_several_crawlers_counts() -> None:
    late = [beat(age=16), beat(age=60), beat()]
    found = delay.found(late, NOW, None)
    assert found is not None and found.since == NOW - timedelta(seconds=60)


@pytest.fixture
async def database(settings: config.Settings, proxied_dsn: str) -> AsyncIterator[store_database.Database]:  # noqa: F811
    """The web server's database, behind the proxy."""
    behind = config.Settings(data_dir=settings.data_dir, database=config.Database(url=SecretStr(proxied_dsn)))
    opened = await store_database.open(behind)
    yield opened
    await opened.close()


@asynccontextmanager
async def following(address: str) -> AsyncIterator[Any]:
    """Yield a function that returns the next event of a new client, hellos left out after the first."""
    async with websockets.connect(address.replace("http", "ws") + "/api/live", proxy=None) as socket:

        async def following(kind: str) -> Any:
            async with asyncio.timeout(40):
                while True:
                    text = await socket.recv()
                    event = EVENT.validate_json(text)
                    assert EVENT.dump_python(event, mode="json") == json.loads(text)
                    if event.type == kind:
                        return event
                    assert event.type == "hello"

        yield following


@pytest.mark.parametrize("kind", ["refused", "stalled"])
async def test_clients_are_told_that_the_database_is_away_and_that_it_is_back(
    address: str,
    postgres_proxy: Any,  # noqa: F811
    rows: Any,
    kind: str,
) -> None:
    async with following(address) as upcoming:
        await upcoming("hello")
        before = datetime.now(UTC)
        if kind == "refused":
            await postgres_proxy.refuse()
        else:
            postgres_proxy.stall()
        late = await upcoming("delayed")
        assert late.reason == "database"
        assert late.since >= before - timedelta(seconds=2 * delay.LOOK_SECONDS + delay.ANSWER_SECONDS)
        await postgres_proxy.clear()
        await upcoming("on_time")


async def test_spooling_crawler_is_told_to_those_who_follow_and_to_newcomers(
    address: str, database: store_database.Database
) -> None:
    async with following(address) as upcoming:
        await upcoming("hello")
        since = datetime.now(UTC) - timedelta(minutes=1)
        async with database.connection() as conn:
            await heartbeats.beat(conn, "crawler", "host:1", {"spooled_batches": 7, "spooled_since": since.timestamp()})
        late = await upcoming("delayed")
        assert (late.reason, late.since) == ("catching_up", since)
        async with following(address) as newcomer:
            assert (await newcomer("delayed")).since == since
        async with database.connection() as conn:
            await heartbeats.beat(conn, "crawler", "host:1", {"spooled_batches": 0})
        await upcoming("on_time")
