"""How the parts are put together from settings: the database with its schema, and the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph import config
from heliograph.cli import stopping
from heliograph.store import database as store_database
from heliograph.store import migrations


@asynccontextmanager
async def database(
    settings: config.Settings, stop: stopping.Stop | None = None
) -> AsyncIterator[store_database.Database]:
    """Open the database, bring its schema up to date, and close it at the end, also when ``stop`` is one at once.

    Raises DatabaseUnreachable, DiskFull or SchemaTooNew.
    """
    opened = await store_database.open(settings)
    try:
        if stop is not None:
            stop.last_acts.append(opened.abandon)
        await migrations.migrate(opened)
        yield opened
    finally:
        await opened.close()
