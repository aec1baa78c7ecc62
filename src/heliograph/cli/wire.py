"""How the parts are put together from settings: the database with its schema, and the vault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph import config, errors, log
from heliograph.cli import child, console, notify, stopping
from heliograph.store import database as store_database
from heliograph.store import migrations

logger = log.get("wire")


@asynccontextmanager
async def database(
    settings: config.Settings, stop: stopping.Stop | None = None
) -> AsyncIterator[store_database.Database]:
    """Open the database, bring its schema up to date, and close it at the end, also when ``stop`` is one at once.

    Raises DatabaseUnreachable, DiskFull or SchemaTooNew.
    """
    opened = await _open(settings, stop)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def awaited_database(
    settings: config.Settings, stop: stopping.Stop, manager: notify.Manager
) -> AsyncIterator[store_database.Database]:
    """Do as :func:`database`, for what runs for ever: a server that is away is waited for, the private one apart.

    After a reboot it may come minutes later than we do, and a service manager starts us again so often and no more.
    Raises at once what waiting does not mend, DatabaseUnusable, DiskFull or SchemaTooNew, and Stopped.
    """
    opened = await (_open(settings, stop) if settings.is_private_server else _await(settings, stop, manager))
    try:
        yield opened
    finally:
        await opened.close()


async def _await(settings: config.Settings, stop: stopping.Stop, manager: notify.Manager) -> store_database.Database:
    failures = 0
    while not stop.is_set():
        attempt = asyncio.create_task(_open(settings, stop))
        telling = asyncio.create_task(stop.wait())
        try:
            # A network that swallows everything holds up an attempt, but no stop.
            await asyncio.wait({attempt, telling}, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                break
            opened = attempt.result()
        except errors.DatabaseUnusable:
            raise
        except errors.DatabaseUnreachable as error:
            if not failures:
                manager.status("Waiting for the database")
                console.note(f"Waiting for the database. {error}")
        else:
            logger.info("database_opened", attempts=failures + 1)
            return opened
        finally:
            for task in (attempt, telling):
                task.cancel()
            await asyncio.gather(attempt, telling, return_exceptions=True)
        await child.wait(stop, child.pause_seconds(failures))
        failures += 1
    manager.stopping()
    raise stopping.Stopped


async def _open(settings: config.Settings, stop: stopping.Stop | None) -> store_database.Database:
    opened = await store_database.open(settings)
    try:
        if stop is not None:
            stop.last_acts.append(opened.abandon)
        await migrations.migrate(opened)
    except BaseException:
        await opened.close()
        raise
    return opened
