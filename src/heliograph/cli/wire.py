"""How the parts are put together from settings: the database with its schema, and the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph import config
from heliograph.store import database as store_database
from heliograph.store import migrations


@asynccontextmanager
async def database(settings: config.Settings) -> AsyncIterator[store_database.Database]:
    """Open the database, bring its schema up to date, and close it at the end.

    Raises DatabaseUnreachable, DiskFull or SchemaTooNew.
    """
    opened = await store_database.open(settings)
    try:
        await migrations.migrate(opened)
        yield opened
    finally:
        await opened.close()
