"""The end of a crawl, in this order: nothing more is read or asked, what is decided commits, then Telegram is left.

Each step takes bounded time. What is not committed by then is in Telegram's log and is asked for again, so that a
database that does not answer costs an end nothing but its patience.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from heliograph import log
from heliograph.crawler import engine, link
from heliograph.store import heartbeats

CANCEL_AGAIN_SECONDS = 5.0
"""Longer than an orderly end takes."""
TELL_SECONDS = 2.0
"""How long the last heartbeat may take."""

_log = log.get("drain")


async def end(
    sequence: engine.Engine,
    heart: heartbeats.Heart,
    *,
    reading: Sequence[asyncio.Task[Any]],
    writing: Sequence[asyncio.Task[Any]],
    links: Sequence[link.Link],
    seconds: float,
) -> None:
    """End a crawl. A stalled one is not waited for, and leaves its heartbeat to say so."""
    is_stalled = heart.state == "stalled"
    if not is_stalled:
        heart.state = "draining"
    await cancel(reading)
    telling = asyncio.create_task(heart.now(), name="heartbeat")
    is_whole = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0 if is_stalled else seconds):
            await sequence.stop()
            is_whole = True
    _log.info("drained", is_whole=is_whole)
    await asyncio.wait({telling}, timeout=TELL_SECONDS)
    await cancel([telling, *writing])
    if not is_stalled:
        forgetting = asyncio.create_task(heart.end(), name="heartbeat")
        await asyncio.wait({forgetting}, timeout=TELL_SECONDS)
        await cancel([forgetting])
    await disconnect(links)


async def disconnect(links: Sequence[link.Link]) -> None:
    """Leave Telegram with every account."""
    await asyncio.gather(*(each.connection.disconnect() for each in links), return_exceptions=True)


async def cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End tasks. One that goes on is told again, since libraries lose a cancellation now and then."""
    while pending := {task for task in tasks if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
