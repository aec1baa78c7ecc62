"""Databases that are away, that hang, refuse to write, cut or lose commits, and rows that they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bench.scenarios.play import Scenario
from bench.scenarios.stage import Stage
from heliograph.simulator import postgres_proxy

AROUND_SECONDS = 2.0
"""Traffic before and after."""
TROUBLE_SECONDS = 10.0
"""How long a database hangs, or writes nothing."""
CUTS = 5

Trouble = Callable[[postgres_proxy.PostgresProxy], Callable[[], None]]
"""Begins a fault and returns what ends it."""


def outage(seconds: float) -> Callable[[Stage], Awaitable[None]]:
    """Return a story: PostgreSQL is away, and everything goes on in Telegram."""

    async def story(stage: Stage) -> None:
        await stage.traffic.run(AROUND_SECONDS)
        await stage.proxy.refuse()
        await stage.traffic.run(seconds)
        await stage.proxy.accept()
        stage.done()
        await stage.traffic.run(AROUND_SECONDS)

    return story


def trouble(begin: Trouble) -> Callable[[Stage], Awaitable[None]]:
    """Return a story: PostgreSQL is there and of no use, and everything goes on in Telegram."""

    async def story(stage: Stage) -> None:
        await stage.traffic.run(AROUND_SECONDS)
        end = begin(stage.proxy)
        await stage.traffic.run(TROUBLE_SECONDS)
        end()
        stage.done()
        await stage.traffic.run(AROUND_SECONDS)

    return story


def black_hole(proxy: postgres_proxy.PostgresProxy) -> Callable[[], None]:
    """Connections open and stay, and nothing passes."""
    proxy.stall()
    return proxy.resume


def read_only(proxy: postgres_proxy.PostgresProxy) -> Callable[[], None]:
    """Whatever writes is refused, as by a stand-by."""
    return proxy.read_only().end


def disk_full(proxy: postgres_proxy.PostgresProxy) -> Callable[[], None]:
    """Whatever writes finds no room."""
    return proxy.disk_full().end


async def cut_after_commit(stage: Stage) -> None:
    """Connections break after a COMMIT that was carried out, before its answer arrives."""
    fault = stage.proxy.cut_after_commit(CUTS, touching="messages")
    await stage.traffic.run(5)
    fault.end()
    stage.done()


async def fail_over(stage: Stage) -> None:
    """The primary is lost with the commits of the last seconds; its stand-by takes over."""
    assert stage.pair is not None
    await stage.traffic.run(AROUND_SECONDS)
    await asyncio.sleep(AROUND_SECONDS)
    await stage.pair.hold_back()
    await stage.traffic.run(3)
    await stage.pair.fail_over()
    stage.follow()


async def poison(stage: Stage) -> None:
    """A message whose text PostgreSQL cannot store as it is, among ordinary ones."""
    stage.traffic.post(stage.supergroup, "before")
    stage.world.post(stage.supergroup, stage.user, "a zero \0 byte")
    await stage.traffic.run(1)
    stage.done()


SCENARIOS = (
    Scenario(name="outage_2", title="PostgreSQL away for 2 s", story=outage(2)),
    Scenario(name="outage_20", title="PostgreSQL away for 20 s", story=outage(20)),
    Scenario(name="black_hole", title="PostgreSQL black-holed for 10 s", story=trouble(black_hole)),
    Scenario(name="read_only", title="PostgreSQL read-only for 10 s", story=trouble(read_only)),
    Scenario(name="disk_full", title="PostgreSQL's disk full for 10 s", story=trouble(disk_full)),
    Scenario(name="cut_commit", title=f"connection cut after COMMIT, {CUTS} times", story=cut_after_commit),
    Scenario(name="fail_over", title="fail-over that loses commits", story=fail_over, has_standby=True),
    Scenario(name="poison", title="a text with a zero byte, which PostgreSQL refuses", story=poison),
)
