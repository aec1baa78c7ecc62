"""A small world of which one channel is mirrored, and where nothing is asked for by timer.

What updates and differences bring is not hidden by what a look at the list of chats, or the sentinel, would find.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.scenarios.asked import Asked

from heliograph.simulator.server import Simulator

SETTLED = "SELECT count(*) = 0 FROM dirty_boxes"
TIMERS = {"refresh_seconds": 3600, "sentinel_hot_seconds": 3600, "sentinel_cold_seconds": 3600}


def telegram() -> Simulator:
    """A few chats with a few messages."""
    return Simulator(chats=6, days=1, messages=60)


async def harbour(installation: Any) -> Any:
    """A group that only the first account, the only one that is mirrored with, is in."""
    first = installation.users[0]
    await installation.enable(first)
    installation.users = [first]
    installation.reconfigure(**TIMERS)
    return installation.world.run("create_channel", creator=first, title="Harbour", kind="supergroup")


@contextlib.asynccontextmanager
async def following(installation: Any, **options: object) -> AsyncIterator[Asked]:
    """Run the crawler until it has caught up, and tell what it asks for from then on."""
    async with installation.crawling(**options):
        await installation.until_verified()
        await installation.until_current()
        yield Asked(installation.telegram)


async def mirrored(installation: Any) -> None:
    """Mirror everything that there is, and end."""
    async with following(installation):
        pass
