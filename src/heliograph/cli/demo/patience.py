"""Waiting that ends: with what was waited for, with Ctrl-C, or with a sentence when it takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from heliograph import errors
from heliograph.cli import child

T = TypeVar("T")


class Stopped(errors.HeliographError):
    """Stopped before the end, so there is no result."""

    exit_code = 130


class TookTooLong(errors.HeliographError):
    """Something that the demo waits for does not come."""


async def within(work: Coroutine[Any, Any, T], *, stop: asyncio.Event, seconds: float, otherwise: str) -> T:
    """Return what ``work`` returns. Raises Stopped when ``stop`` is set first, TookTooLong after ``seconds``."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        for each in (task, stopped):
            each.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
    if stop.is_set():
        raise Stopped
    raise TookTooLong(otherwise)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Let time pass. Raises Stopped when ``stop`` is set."""
    await child.wait(stop, seconds)
    if stop.is_set():
        raise Stopped
