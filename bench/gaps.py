"""How soon a gap is noticed and filled, with and without traffic, and how soon a killed crawler is level again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from bench.results import Result
from bench.scenarios import play
from bench.scenarios.crawlers import Kind
from bench.scenarios.stage import Stage
from heliograph.simulator.world import model

LIVE_ROUNDS = 10
SILENT_ROUNDS = 3
STAGGER_SECONDS = 7.0
"""Between the silent gaps of one round, so that they do not all begin at the same point of anybody's period."""
PATIENCE_SECONDS = 75.0
DEAD_SECONDS = 5.0
STEP_SECONDS = 0.02

Measurement = Callable[[Stage], Awaitable[float]]


async def live() -> list[Result]:
    """Measure the time from the update after a lost one until the lost one is stored, at most."""
    return [await _compared("gap_live_s", _live, 1, f"the slowest of {3 * LIVE_ROUNDS} lost updates")]


async def silent() -> list[Result]:
    """Measure the time from a lost update, after which nothing happens, until it is stored, at most."""
    return [await _compared("gap_silent_s", _silent, 60, f"the slowest of {3 * SILENT_ROUNDS} lost updates")]


async def restart() -> list[Result]:
    """Measure the time from the start after SIGKILL until everything is stored, that of the differences included."""
    note = f"killed under load, dead for {DEAD_SECONDS:g} s; with the start of the process and its differences"
    return [await _compared("restart_s", _restart, 2, note)]


async def _compared(name: str, measure: Measurement, target: float, note: str) -> Result:
    values: dict[Kind, float] = {}

    async def story(stage: Stage) -> None:
        values[kind] = await measure(stage)
        stage.done()

    async with play.postgres() as dsn:
        for kind in ("heliograph", "baseline"):
            scenario = play.Scenario(name=name, title=name, story=story, settle_seconds=0)
            await play.play(scenario, kind, dsn)
    if values["baseline"] >= PATIENCE_SECONDS:
        note += f"; the ordinary crawler had not got there after {PATIENCE_SECONDS:g} s"
    return Result(
        name=name,
        value=values["heliograph"],
        unit="s",
        target=target,
        better="lower",
        baseline=values["baseline"],
        note=note,
    )


async def _live(stage: Stage) -> float:
    slowest = 0.0
    for _ in range(LIVE_ROUNDS):
        for chat in stage.chats:
            lost = _drop(stage, chat)
            begun = time.monotonic()
            stage.traffic.post(chat)
            slowest = max(slowest, await _until_stored(stage, chat, lost, begun))
    return slowest


async def _silent(stage: Stage) -> float:
    slowest = 0.0
    for _ in range(SILENT_ROUNDS):
        waiting = []
        for chat in stage.chats:
            lost = _drop(stage, chat)
            waiting.append(asyncio.create_task(_until_stored(stage, chat, lost, time.monotonic())))
            await asyncio.sleep(STAGGER_SECONDS)
        slowest = max(slowest, *(await asyncio.gather(*waiting)))
    return slowest


async def _restart(stage: Stage) -> float:
    await stage.traffic.run(3)
    with stage.away(is_killed=True):
        await stage.crawler.process.kill()
        await stage.traffic.run(DEAD_SECONDS)
    begun = time.monotonic()
    await stage.crawler.process.start()
    while not (await stage.verdict()).is_complete:
        if time.monotonic() - begun > PATIENCE_SECONDS:
            return PATIENCE_SECONDS
        await asyncio.sleep(STEP_SECONDS)
    return time.monotonic() - begun


def _drop(stage: Stage, chat: model.Chat) -> int:
    """Lose the push of a message, and return the message's number."""
    stage.faults.drop_updates(1, chat=chat.peer)
    number = stage.traffic.post(chat).id_for(stage.user)
    assert number is not None
    return number


async def _until_stored(stage: Stage, chat: model.Chat, number: int, begun: float) -> float:
    """Return the seconds since ``begun`` until a message is stored, at most :data:`PATIENCE_SECONDS`."""
    key = (chat.peer, number)
    with contextlib.suppress(TimeoutError):
        await stage.until(lambda stored: key in stored.texts, seconds=PATIENCE_SECONDS, step=STEP_SECONDS)
        return time.monotonic() - begun
    return PATIENCE_SECONDS
