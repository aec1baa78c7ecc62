"""Housekeeping: what readers of the live stream can no longer ask for goes, and so do deletions of what never came."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from heliograph import errors
from heliograph.store import database, outbox, tombstones

EVERY_SECONDS = 3600.0
PAUSE_SECONDS = 0.5


async def keep(opened: database.Database, outbox_age: timedelta) -> None:
    """Tidy up every hour, for ever, in bites between which others may commit."""
    while True:
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            async with opened.connection() as conn:
                while await outbox.trim(conn, outbox_age):  # noqa: ASYNC110 - others may commit between two bites
                    await asyncio.sleep(PAUSE_SECONDS)
                while await tombstones.forget(conn):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.sleep(EVERY_SECONDS)
