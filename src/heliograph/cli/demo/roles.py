"""The demo's crawler and web role, as the child processes that `heliograph run` makes of them too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph.cli import child


@asynccontextmanager
async def running(arguments: list[str]) -> AsyncIterator[tuple[child.Child, child.Child]]:
    """Run the crawler and the web role as children."""
    crawler = child.Child("crawler", [*arguments, "run", "--role", "crawler"])
    web = child.Child("web", [*arguments, "run", "--role", "web"])
    try:
        await web.start()
        await crawler.start()
        yield crawler, web
    finally:
        await asyncio.gather(crawler.stop(), web.stop())
