"""Exports that people ask for: what was asked, how far it is, and until when its file is kept.

Asking and cancelling change the row and the queue in one transaction. A worker writes only under the attempt that it
began: one that was taken for dead and lives on changes nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from heliograph.store import jobs
from heliograph.store.database import Connection

State = Literal["queued", "running", "done", "failed", "cancelled"]

TASK: Final = "make_export"
"""The task of ``jobs/exports.py``; its argument is ``export_id``."""
LOST: Final = "This export was lost, perhaps with a database that was restored from a backup; ask for it again."


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """One export as it stands. Times are aware UTC."""

    export_id: int
    request: dict[str, Any]
    state: State
    job_id: int | None
    attempt: int
    broken_off: int
    """Attempts before this one that never said how they ended."""
    holder: str | None
    done: int
    """Messages written."""
    total: int | None
    """Messages to write, once they are counted."""
    file_name: str | None
    """How the download is called."""
    bytes: int | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    """When its file is deleted, and it is forgotten."""


_COLUMNS: Final = ", ".join(Export.__slots__)
_ADD = "INSERT INTO exports (request) VALUES (%s) RETURNING export_id"
_SET_JOB = f"UPDATE exports SET job_id = %s WHERE export_id = %s RETURNING {_COLUMNS}"
_GET = f"SELECT {_COLUMNS} FROM exports WHERE export_id = %s"
_LIST = f"""
SELECT {_COLUMNS} FROM exports WHERE %(before)s::bigint IS NULL OR export_id < %(before)s
ORDER BY export_id DESC LIMIT %(limit)s
"""
_BEGIN = f"""
UPDATE exports
SET state = 'running', attempt = attempt + 1, broken_off = broken_off + (state = 'running')::integer, holder = %s,
    done = 0, total = NULL, started_at = now()
WHERE export_id = %s AND state IN ('queued', 'running') RETURNING {_COLUMNS}
"""
_OURS = "export_id = %(export_id)s AND attempt = %(attempt)s AND state = 'running'"
_PROGRESS = f"UPDATE exports SET done = %(done)s, total = %(total)s WHERE {_OURS} RETURNING 1"
_PUT_BACK = f"""
UPDATE exports SET state = 'queued', holder = NULL, done = 0, total = NULL, started_at = NULL WHERE {_OURS}
"""
_FINISH = f"""
UPDATE exports
SET state = 'done', done = %(done)s, total = %(done)s, file_name = %(file_name)s, bytes = %(bytes)s,
    finished_at = now(), expires_at = now() + %(keep)s
WHERE {_OURS} RETURNING 1
"""
_FAIL = f"""
UPDATE exports SET state = 'failed', error = %(error)s, finished_at = now(), expires_at = now() + %(keep)s
WHERE {_OURS}
"""
_CANCEL = """
UPDATE exports SET state = 'cancelled', finished_at = now(), expires_at = now() + %s
WHERE export_id = %s AND state IN ('queued', 'running')
"""
_LOCK = f"SELECT {_COLUMNS} FROM exports WHERE export_id = %s FOR UPDATE"
_REMOVE = "DELETE FROM exports WHERE export_id = %s"
_EXPIRE = "DELETE FROM exports WHERE expires_at <= now()"
_RUNNING = f"""
SELECT {_COLUMNS} FROM exports e
WHERE state = 'running' AND EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = e.job_id AND j.status = 'doing')
ORDER BY export_id
"""
_FAIL_LOST = """
UPDATE exports e SET state = 'failed', error = %s, finished_at = now(), expires_at = now() + %s
WHERE state IN ('queued', 'running') AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = e.job_id)
"""
_KEPT = "SELECT export_id FROM exports"


async def add(conn: Connection, request: dict[str, Any]) -> Export:
    """Put an export into the queue, in the caller's transaction."""
    row = await (await conn.execute(_ADD, [Jsonb(request)])).fetchone()
    assert row is not None
    job_id = await jobs.defer(conn, TASK, {"export_id": row[0]})
    return await _one(conn, _SET_JOB, [job_id, row[0]])


async def get(conn: Connection, export_id: int) -> Export | None:
    """Return an export, None when there is none."""
    row = await (await conn.execute(_GET, [export_id])).fetchone()
    return _export(row) if row else None


async def list_page(conn: Connection, *, before: int | None = None, limit: int = 50) -> list[Export]:
    """Return exports, newest first; with ``before`` those of lower ids."""
    cursor = await conn.execute(_LIST, {"before": before, "limit": limit})
    return [_export(row) for row in await cursor.fetchall()]


async def begin(conn: Connection, export_id: int, holder: str) -> Export | None:
    """Take an export as a worker, with a new attempt; None when nobody wants it any more.

    One that is running still was broken off: an orderly end, :func:`put_back` among them, leaves another state.
    """
    row = await (await conn.execute(_BEGIN, [holder, export_id])).fetchone()
    return _export(row) if row else None


async def progress(conn: Connection, export: Export, *, done: int, total: int | None) -> bool:
    """Write how far an attempt is; False when it is not this worker's any more."""
    return await _changed(conn, _PROGRESS, export, done=done, total=total)


async def put_back(conn: Connection, export: Export) -> None:
    """Let another worker begin anew what this attempt does not end."""
    await conn.execute(_PUT_BACK, {"export_id": export.export_id, "attempt": export.attempt})


async def finish(conn: Connection, export: Export, *, done: int, file_name: str, bytes: int, keep: timedelta) -> bool:
    """Say that the file is there; False when the export is not this worker's any more."""
    return await _changed(conn, _FINISH, export, done=done, file_name=file_name, bytes=bytes, keep=keep)


async def fail(conn: Connection, export: Export, error: str, *, keep: timedelta) -> None:
    """Say in one sentence why there is no file, unless the export is not this worker's any more."""
    arguments = {"export_id": export.export_id, "attempt": export.attempt, "error": error, "keep": keep}
    await conn.execute(_FAIL, arguments)


async def remove(conn: Connection, export_id: int, *, keep: timedelta) -> Literal["cancelled", "removed"] | None:
    """Cancel an export that is not over, which stays in the list, or forget one that is; None when there is none.

    In the caller's transaction; the file of a forgotten one is the caller's to delete, afterwards.
    """
    row = await (await conn.execute(_LOCK, [export_id])).fetchone()
    if row is None:
        return None
    export = _export(row)
    if export.state not in ("queued", "running"):
        await conn.execute(_REMOVE, [export_id])
        return "removed"
    await conn.execute(_CANCEL, [keep, export_id])
    if export.job_id is not None:
        await jobs.cancel(conn, export.job_id)
    return "cancelled"


async def expire(conn: Connection) -> int:
    """Forget what has been kept for long enough. Returns how many exports that are."""
    return (await conn.execute(_EXPIRE)).rowcount


async def running(conn: Connection) -> list[Export]:
    """Return the exports whose job a worker has, or had when it died."""
    return [_export(row) for row in await (await conn.execute(_RUNNING)).fetchall()]


async def fail_lost(conn: Connection, *, keep: timedelta) -> int:
    """Let exports fail that no job will ever make. Returns how many."""
    return (await conn.execute(_FAIL_LOST, [LOST, keep])).rowcount


async def kept(conn: Connection) -> set[int]:
    """Return the ids of all exports."""
    return {export_id for (export_id,) in await (await conn.execute(_KEPT)).fetchall()}


async def _one(conn: Connection, statement: str, arguments: list[Any]) -> Export:
    row = await (await conn.execute(statement, arguments)).fetchone()
    assert row is not None
    return _export(row)


async def _changed(conn: Connection, statement: str, export: Export, **values: Any) -> bool:
    cursor = await conn.execute(statement, {"export_id": export.export_id, "attempt": export.attempt, **values})
    return cursor.rowcount == 1


def _export(row: tuple[Any, ...]) -> Export:
    return Export(**dict(zip(Export.__slots__, row, strict=True)))
