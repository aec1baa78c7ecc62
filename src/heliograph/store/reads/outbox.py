"""What changed after a position, in commit order, with the messages in their newest form.

A position of another epoch, of the future, or from before what is kept cannot be gone on from: the reader must
fetch what it shows again.
"""

from __future__ import annotations

from typing import Any

from heliograph.store import outbox as written
from heliograph.store.database import Connection
from heliograph.store.reads import messages, views

CHANNEL = written.CHANNEL
PAGE = 500


async def position(conn: Connection) -> views.Position:
    """Return the newest committed position."""
    cursor = await conn.execute("SELECT epoch, n FROM outbox_counter", prepare=True)
    row = await cursor.fetchone()
    return views.Position(epoch=row[0], n=row[1]) if row else views.Position(epoch=0, n=0)


async def can_resume(conn: Connection, after: views.Position) -> bool:
    """Say whether everything after a position is still here."""
    now = await position(conn)
    if after.epoch != now.epoch or after.n > now.n:
        return False
    if after.n == now.n:
        return True
    cursor = await conn.execute("SELECT 1 FROM outbox WHERE epoch = %s AND n = %s", [after.epoch, after.n + 1])
    return await cursor.fetchone() is not None


async def read(
    conn: Connection, after: views.Position, *, until: int | None = None, limit: int = PAGE
) -> list[views.OutboxEvent]:
    """Return up to ``limit`` events after a position, not beyond number ``until``."""
    cursor = await conn.execute(
        "SELECT n, kind, change, space_id, chat_id, message_id, first_id, last_id, count, pushed_at FROM outbox"
        " WHERE epoch = %s AND n > %s AND n <= %s ORDER BY n LIMIT %s",
        [after.epoch, after.n, 2**62 if until is None else until, limit],
        prepare=True,
    )
    rows = await cursor.fetchall()
    keys = {(row[3], row[5]) for row in rows if row[1] == "message"}
    found = await messages.by_keys(conn, sorted(keys))
    return [_event(after.epoch, row, found) for row in rows]


def _event(epoch: int, row: tuple[Any, ...], found: dict[messages.Key, views.Message]) -> views.OutboxEvent:
    n, kind, change, space_id, chat_id, message_id, first_id, last_id, count, pushed_at = row
    return views.OutboxEvent(
        position=views.Position(epoch=epoch, n=n),
        kind=kind,
        change=change,
        chat_id=chat_id,
        first_id=first_id,
        last_id=last_id,
        count=count,
        pushed_at=pushed_at,
        message=found.get((space_id, message_id)) if kind == "message" else None,
    )
