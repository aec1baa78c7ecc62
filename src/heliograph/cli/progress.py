"""How far backfill is, for people who wait and for commands that go on when it is complete."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich import progress as rich_progress

from heliograph import errors
from heliograph.cli import child, console
from heliograph.store import database as store_database
from heliograph.store.reads import status, views

STALL_SECONDS = 60.0
_POLL_SECONDS = 0.25
_STEADY_POLLS = 6
"""So many polls in a row must find nothing left: chats appear page by page, and each is complete for itself."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Messages that backfill fetched, and the seconds it took."""

    messages: int
    seconds: float


class Stalled(errors.HeliographError):
    """History does not come to its end; run `heliograph doctor` to see why."""


async def until_complete(
    database: store_database.Database, stop: asyncio.Event, *, stall_seconds: float = STALL_SECONDS
) -> Finished:
    """Wait until every known chat has its history, or until ``stop`` is set.

    Raises Stalled when it is not complete and nothing has come for ``stall_seconds``.
    """
    begun = time.monotonic()
    steady, completed_at = 0, begun
    moved, moved_at = (0, 0), begun
    while True:
        found = await _look(database)
        is_complete = found is not None and found.chats > 0 and found.backfill.is_complete
        now = time.monotonic()
        if not is_complete or not steady:
            completed_at = now
        steady = steady + 1 if is_complete else 0
        if steady >= _STEADY_POLLS or stop.is_set():
            return Finished(messages=found.backfill.done if found else 0, seconds=completed_at - begun)
        if found is not None and moved != (moved := (found.chats, found.backfill.done)):
            moved_at = now
        if not is_complete and now - moved_at > stall_seconds:
            raise Stalled(_describe(moved, stall_seconds))
        await child.wait(stop, _POLL_SECONDS)


def _describe(moved: tuple[int, int], seconds: float) -> str:
    chats, done = moved
    return (
        f"History is not complete, and nothing of it has come for {seconds:g} s ({done} messages of {chats} chats so "
        "far); run `heliograph doctor` to see why."
    )


@asynccontextmanager
async def backfill(database: store_database.Database, *, shown: bool) -> AsyncIterator[None]:
    """Show a bar on stderr while the body runs."""
    if not shown:
        yield
        return
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("messages, {task.fields[chats]} chats"),
        rich_progress.TimeElapsedColumn(),
    )
    with rich_progress.Progress(*columns, console=console.stderr, transient=True) as bar:
        # Told to end rather than cancelled: a query that is cut short looks like a database that is away.
        done = asyncio.Event()
        task = asyncio.create_task(_draw(database, bar, done))
        try:
            yield
        finally:
            done.set()
            await task


async def _draw(database: store_database.Database, bar: rich_progress.Progress, done: asyncio.Event) -> None:
    task = bar.add_task("History", total=None, chats=0)
    while not done.is_set():
        found = await _look(database)
        if found is not None:
            total = max(found.backfill.total, found.backfill.done) or None
            bar.update(task, completed=found.backfill.done, total=total, chats=found.chats)
        await child.wait(done, _POLL_SECONDS)


async def _look(database: store_database.Database) -> views.Status | None:
    # The bar must not end the work that it watches: a database that is away for a moment is asked again.
    with contextlib.suppress(errors.DatabaseUnreachable):
        async with database.connection() as conn:
            return await status.status(conn)
    return None
