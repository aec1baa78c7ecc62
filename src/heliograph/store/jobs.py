"""The queue of background work, which is procrastinate's: putting a job in and taking one back, in our transactions.

Whoever wants work done writes the job in the transaction that writes what the job is about, so that there is never one
without the other. Workers take jobs through the library itself (``jobs/app.py``).
"""

from __future__ import annotations

from typing import Any, Final

from psycopg.types.json import Jsonb

from heliograph.store.database import Connection

QUEUE: Final = "heliograph"

_DEFER = """
SELECT unnest(procrastinate_defer_jobs_v1(
    ARRAY[ROW(%s, %s, 0, NULL, NULL, %s, NULL)]::procrastinate_job_to_defer_v1[]
))
"""
_CANCEL = "SELECT procrastinate_cancel_job_v1(%s, true, true)"


async def defer(conn: Connection, task: str, arguments: dict[str, Any]) -> int:
    """Have a worker run a task with these arguments once this transaction is committed. Returns the job's id."""
    row = await (await conn.execute(_DEFER, [QUEUE, task, Jsonb(arguments)])).fetchone()
    assert row is not None
    return int(row[0])


async def cancel(conn: Connection, job_id: int) -> None:
    """Take a job out of the queue, or tell the worker that runs it to stop; nothing happens to one that is over."""
    await conn.execute(_CANCEL, [job_id])
