"""Channels that another crawler has claimed and can read no more, while an account of this one still does.

Whoever claimed a channel last reads it, for all crawlers. When its accounts lose it the box is given up
(crawler/claims.py), and the next one that looks round goes on from the stored cursor.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from heliograph import errors, log
from heliograph.crawler import engine
from heliograph.domain import identity

LOOK_SECONDS = 2.0

_log = log.get("takeover")


async def run(work: engine.Engine, on_refresh: Callable[[], None]) -> None:
    """Take what is given up, for ever; ``on_refresh`` then offers the channels' history."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            if await _look_round(work):
                on_refresh()


async def _look_round(work: engine.Engine) -> bool:
    links = {each.account_id: each for each in work.accounts}
    found = await work.claims.free(map(identity.AccountId, links))
    for box, account_id in found:
        _log.info("box_taken_back", box=box, account_id=account_id)
        work.resume_channel(links[account_id], box, None, is_dirty=False)
        work.recover(box)
    return bool(found)
