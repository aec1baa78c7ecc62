"""procrastinate, set up for this database: which tasks there are, and what happens to a job that does not end.

A task never fails in procrastinate's eyes: what went wrong with an export is in its own row, in a sentence. A job that
a stop interrupts goes back into the queue (:class:`PutBack`); a job of a worker that died is put back by the next one
(``rescue.py``). Jobs that are over leave the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import procrastinate
from procrastinate import job_context

from heliograph import log
from heliograph.jobs import exports, parts, schedule
from heliograph.store import database as store_database
from heliograph.store import exports as store_exports
from heliograph.store import jobs as store_jobs

PARTS: Final = "parts"
"""In the worker's context."""
_CONNECTIONS = 4

_logger = log.get("jobs")


def create(
    database: store_database.Database, periodic: Sequence[schedule.Periodic] = schedule.PERIODIC
) -> procrastinate.App:
    """Return the queue of a database with all its tasks; :meth:`procrastinate.App.open_async` connects it."""
    connector = procrastinate.PsycopgConnector(conninfo=database.dsn, min_size=1, max_size=_CONNECTIONS)
    app = procrastinate.App(connector=connector)
    again = procrastinate.RetryStrategy(retry_exceptions={exports.PutBack})
    app.task(name=store_exports.TASK, queue=store_jobs.QUEUE, pass_context=True, retry=again)(_make_export)
    for each in periodic:
        task = app.task(name=each.name, queue=store_jobs.QUEUE, queueing_lock=each.name, pass_context=True)
        app.periodic(cron=each.cron)(task(_periodic(each)))
    return app


async def _make_export(context: job_context.JobContext, export_id: int) -> None:
    """Make an export; a stop of the worker puts it back, a cancellation by a person ends it."""
    await exports.make(
        _parts(context), export_id, is_stopping=lambda: context.abort_reason() is job_context.AbortReason.SHUTDOWN
    )


def _periodic(each: schedule.Periodic) -> Callable[..., Awaitable[None]]:
    async def run(context: job_context.JobContext, timestamp: int) -> None:
        try:
            await each.work(_parts(context))
        except Exception as error:
            # It comes round again; the library would log the error with the words that are in it.
            _logger.error("periodic_work_failed", work=each.name, **log.cause(error))

    return run


def _parts(context: job_context.JobContext) -> parts.Parts:
    found: Any = context.additional_context[PARTS]
    assert isinstance(found, parts.Parts)
    return found
