"""Connections and processes that end, and what is found out afterwards by differences."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from bench.scenarios.play import Scenario
from bench.scenarios.stage import Stage
from heliograph.simulator.faults import PtsStyle, TooLong

RECONNECT_SECONDS = 3.0
PAUSE_SECONDS = 1.2
"""The world's log counts in whole seconds: nothing of before is taken for something of afterwards."""
HEARD_SECONDS = 10.0


async def reconnect(stage: Stage) -> None:
    """The connection is cut; meanwhile there are messages, edits and deletions."""
    await stage.traffic.run(2)
    await _heard(stage)
    await asyncio.sleep(PAUSE_SECONDS)
    with stage.away():
        stage.faults.cut(RECONNECT_SECONDS)
        await stage.traffic.run(RECONNECT_SECONDS - 0.5)
        await asyncio.sleep(0.5)
    stage.follow()


async def kill_live(stage: Stage) -> None:
    """The crawler is killed while it stores."""
    await stage.traffic.run(3)
    with stage.away(is_killed=True):
        await stage.crawler.process.kill()
        await stage.traffic.run(3)
    await _restart(stage)


async def kill_in_difference(stage: Stage) -> None:
    """The crawler is killed again and again while it reads a long difference in small slices."""
    stage.faults.difference_limit = 20
    await stage.traffic.run(2)
    with stage.away(is_killed=True):
        await stage.crawler.process.kill()
        await stage.traffic.run(10)
    for _ in range(3):
        await _start_and_kill(stage)
    await _restart(stage)


def difference(style: PtsStyle) -> Callable[[Stage], Awaitable[None]]:
    """Return a story: edits and deletions in a difference, their counters in one of the known styles."""

    async def story(stage: Stage) -> None:
        stage.faults.pts_style = style
        await stage.traffic.run(2)
        await _heard(stage)
        await stage.crawler.process.stop()
        with stage.away():
            await stage.traffic.run(4)
        await _restart(stage)

    return story


def too_long(reading: TooLong) -> Callable[[Stage], Awaitable[None]]:
    """Return a story: so much happens in a channel meanwhile that no difference is given for it any more."""

    async def story(stage: Stage) -> None:
        await stage.traffic.run(2)
        await _heard(stage)
        await stage.crawler.process.stop()
        with stage.away():
            await stage.traffic.run(10)
        stage.faults.too_long = reading
        if reading == "page":
            for channel in (stage.supergroup, stage.channel):
                stage.faults.retain(channel.peer, events=50)
        await _restart(stage)

    return story


async def _heard(stage: Stage) -> None:
    """Let the crawler hear what was sent so far: what is still on its way when it stops, it has not been told.

    One that never hears it is judged by what is missing in the end.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HEARD_SECONDS):
            while not (await stage.verdict()).is_complete:  # noqa: ASYNC110 another process's store
                await asyncio.sleep(0.1)


async def _restart(stage: Stage) -> None:
    """Start the crawler; recovery is reckoned from here, and once it runs life goes on."""
    begun = time.monotonic()
    await stage.crawler.process.start()
    stage.follow()
    stage.ended_at = begun


async def _start_and_kill(stage: Stage) -> None:
    """Start the crawler and kill it as soon as it has stored something new."""
    before = len((await stage.crawler.read(stage.direct)).texts)
    await stage.crawler.process.start()
    # A crawler that never gets so far is judged by what is missing in the end.
    with contextlib.suppress(TimeoutError):
        await stage.until(lambda stored: len(stored.texts) > before, seconds=5)
    await stage.crawler.process.kill()


SCENARIOS = (
    Scenario(name="reconnect", title="disconnected for 3 s", story=reconnect),
    Scenario(name="kill_live", title="kill -9 while live", story=kill_live),
    Scenario(
        name="kill_slices", title="kill -9 three times within a difference of many slices", story=kill_in_difference
    ),
    *(
        Scenario(
            name=f"difference_{style}",
            title=f"edits and deletions while away, pts style {style}",
            story=difference(style),
        )
        for style in ("real", "final", "zero")
    ),
    *(
        Scenario(name=f"too_long_{reading}", title=f"channelDifferenceTooLong ({reading})", story=too_long(reading))
        for reading in ("page", "strict")
    ),
)
