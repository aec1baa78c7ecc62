"""Plays scenarios: a database for each, the fault, and the verdict once everything has settled."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from tests.fixtures import standby
from tests.fixtures.postgres_proxy import through, upstream

from bench.scenarios import crawlers, oracle
from bench.scenarios.stage import STILL_SECONDS, Stage, set_up
from heliograph.simulator import postgres_proxy
from heliograph.store import server

SETTLE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A story. ``story`` does the fault and calls ``stage.done()`` when nothing hinders the crawler any more."""

    name: str
    title: str
    story: Callable[[Stage], Awaitable[None]]
    settle_seconds: float = SETTLE_SECONDS
    """How long either crawler is given afterwards."""
    still_seconds: float = STILL_SECONDS
    """After so long without anything new it has stopped catching up."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of Heliograph's crawler that make the fault likely, such as a small queue."""
    has_standby: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a scenario ended for one crawler. ``seconds`` is None when something was still missing."""

    verdict: oracle.Verdict
    seconds: float | None


async def play(scenario: Scenario, kind: crawlers.Kind, dsn: str) -> Outcome:
    """Play a scenario on a new database of the server ``dsn``, or on two servers of its own."""
    async with _stage(scenario, kind, dsn) as stage:
        await scenario.story(stage)
        verdict, seconds = await stage.settled(scenario.settle_seconds, scenario.still_seconds)
    return Outcome(verdict=verdict, seconds=seconds)


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """A private server for a run."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        private = server.PrivateServer(Path(folder) / "postgres")
        dsn = await private.start()
        try:
            yield dsn
        finally:
            await private.stop()


@asynccontextmanager
async def _stage(scenario: Scenario, kind: crawlers.Kind, dsn: str) -> AsyncIterator[Stage]:
    if scenario.has_standby:
        with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
            async with standby.pair(Path(folder)) as pair, set_up(kind, pair.proxy, pair.dsn) as stage:
                stage.pair = pair
                yield stage
        return
    async with (
        _database(dsn) as fresh,
        postgres_proxy.PostgresProxy(upstream(fresh)) as proxy,
        set_up(kind, proxy, through(proxy, fresh), options=scenario.options) as stage,
    ):
        yield stage


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[str]:
    name = sql.Identifier(f"bench_{uuid.uuid4().hex}")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield psycopg.conninfo.make_conninfo(dsn, dbname=name.as_string()[1:-1])
        finally:
            await conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
