"""The demo's crawler and web role, as the child processes that `heliograph run` makes of them too."""

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
async def running(arguments: list[str], stop: asyncio.Event) -> AsyncIterator[tuple[child.Child, child.Child]]:
    """Run the crawler and the web role as children. Raises Stopped, TookTooLong or ChildFailed."""
    crawler = child.Child("crawler", [*arguments, "run", "--role", "crawler"])
    web = child.Child("web", [*arguments, "run", "--role", "web"])
    try:
        for each in (web, crawler):
            await patience.within(
                each.start(),
                stop=stop,
                seconds=START_SECONDS,
                otherwise=f"The {each.name} role did not start within {START_SECONDS:g} s; the lines above say why.",
            )
        yield crawler, web
    finally:
        await asyncio.gather(crawler.stop(), web.stop())


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
