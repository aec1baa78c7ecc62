"""The demo's roles, as the child processes that `heliograph run` makes of them too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from heliograph.cli import child
from heliograph.cli.demo import patience

T = TypeVar("T")

START_SECONDS = 60.0


@asynccontextmanager
async def running(
    arguments: list[str], stop: asyncio.Event
) -> AsyncIterator[tuple[child.Child, child.Child, child.Child]]:
    """Run the crawler, the web role and the worker as children. Raises Stopped, TookTooLong or ChildFailed."""
    crawler, web, worker = (_child(role, arguments) for role in ("crawler", "web", "worker"))
    try:
        for each in (web, crawler, worker):
            await patience.within(
                each.start(),
                stop=stop,
                seconds=START_SECONDS,
                otherwise=f"The {each.name} role did not start within {START_SECONDS:g} s; the lines above say why.",
            )
        yield crawler, web, worker
    finally:
        await asyncio.gather(crawler.stop(), web.stop(), worker.stop())


async def attended(work: Coroutine[Any, Any, T], *children: child.Child) -> T:
    """Return what ``work`` returns. Raises ChildFailed when one of the children ends for good meanwhile."""
    task = asyncio.create_task(work)
    failures = [asyncio.create_task(each.until_failed()) for each in children]
    try:
        await asyncio.wait([task, *failures], return_when=asyncio.FIRST_COMPLETED)
        for failure in failures:
            if failure.done() and not task.done():
                failure.result()
        return task.result()
    finally:
        for each in (task, *failures):
            each.cancel()
        await asyncio.gather(task, *failures, return_exceptions=True)


def _child(role: str, arguments: list[str]) -> child.Child:
    return child.Child(role, [*arguments, "run", "--role", role])
