"""The worker role: takes jobs from the queue until it is told to stop, and goes on by itself after an outage."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from heliograph import config, errors, log
from heliograph.jobs import app, parts, rescue
from heliograph.store import database as store_database
from heliograph.store import heartbeats

CONCURRENCY: Final = 2
"""Jobs at once: an export, and what takes a moment only."""
GRACE_SECONDS: Final = 10.0
"""How long a stop lets a job go on that may be about to end; then it goes back into the queue."""
END_SECONDS: Final = 3.0
POLL_SECONDS: Final = 2.0
"""How often the queue is looked at besides: a notification that comes while nobody listens yet is lost."""
_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the queue is tried again, growing with every attempt that fails."""

_logger = log.get("jobs")


async def run(
    settings: config.Settings,
    database: store_database.Database,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Work until ``stop`` is set. A job that does not end within ``grace_seconds`` then is put back."""
    heart = heartbeats.Heart(database, "worker")
    beating = asyncio.create_task(heart.run(), name="heart")
    telling = asyncio.create_task(stop.wait(), name="stop")
    try:
        await _work(settings, database, telling, on_ready, grace_seconds)
    finally:
        for task in (beating, telling):
            task.cancel()
        await asyncio.wait({beating, telling}, timeout=END_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(heart.end(), END_SECONDS)


async def _work(
    settings: config.Settings,
    database: store_database.Database,
    telling: asyncio.Task[bool],
    on_ready: Callable[[], None],
    grace_seconds: float,
) -> None:
    failures = 0

    def ready() -> None:
        nonlocal failures, on_ready
        failures = 0
        on_ready()
        # A parent hears of it once, however often the queue is opened again.
        on_ready = _say_nothing

    while not telling.done():
        working = asyncio.create_task(_session(settings, database, ready, grace_seconds), name="queue")
        try:
            await asyncio.wait({working, telling}, return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            await working
        except asyncio.CancelledError:
            if not telling.done():
                raise
        except Exception as error:
            # Whatever it is, the next session begins anew: an outage is the usual reason.
            _logger.warning("queue_lost", **log.cause(error))
        finally:
            working.cancel()
        if not telling.done():
            await asyncio.wait({telling}, timeout=_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1


async def _session(
    settings: config.Settings,
    database: store_database.Database,
    on_ready: Callable[[], None],
    grace_seconds: float,
) -> None:
    """Work until cancelled. Ends early, with an error or without, when the queue's connection is lost."""
    # Asked through our own pool first: its error is a sentence, and it revives a private server that has died.
    async with database.connection():
        pass
    queue = app.create(database)
    async with queue.open_async():
        work = parts.Parts(settings=settings, database=database, queue=queue)
        await rescue.put_back_at_start(work)
        on_ready()
        await queue.run_worker_async(
            name="heliograph",
            concurrency=CONCURRENCY,
            delete_jobs="always",
            fetch_job_polling_interval=POLL_SECONDS,
            abort_job_polling_interval=POLL_SECONDS,
            install_signal_handlers=False,
            shutdown_graceful_timeout=grace_seconds,
            stalled_worker_timeout=rescue.STALLED_SECONDS,
            additional_context={app.PARTS: work},
        )
    raise errors.DatabaseUnreachable


def _say_nothing() -> None:
    """Do nothing."""
