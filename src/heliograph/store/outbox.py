"""Events for everybody who follows: who reads them in order of position misses none and sees none twice.

A position is (epoch, n). The number comes from a counter row that is locked by the last statement of a commit and held
until it ends, so the order of positions is the order of commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from heliograph.store import arrays
from heliograph.store.database import Connection

CHANNEL: Final = "heliograph_outbox"
"""NOTIFY channel; the payload is the newest position, ``epoch.n``."""

Change = Literal["new", "edit", "delete", "observation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A change of one message, of a range of history, or of a chat."""

    kind: Literal["message", "range", "chat"]
    chat_id: int
    space_id: int | None = None
    change: Change | None = None
    message_id: int | None = None
    first_id: int | None = None
    last_id: int | None = None
    count: int | None = None
    pushed_at: datetime | None = None


_APPEND: Final = """
WITH counter AS (
    UPDATE outbox_counter SET n = n + %s RETURNING epoch, n
), appended AS (
    INSERT INTO outbox (epoch, n, kind, change, space_id, chat_id, message_id, first_id, last_id, count, pushed_at)
    SELECT c.epoch, c.n - %s + e.place, e.kind, e.change, e.space_id, e.chat_id, e.message_id, e.first_id, e.last_id,
           e.count, e.pushed_at
    FROM counter c, unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s) WITH ORDINALITY
        AS e (kind, change, space_id, chat_id, message_id, first_id, last_id, count, pushed_at, place)
)
SELECT epoch, n, pg_notify('heliograph_outbox', epoch || '.' || n) FROM counter
"""
_NEW_EPOCH: Final = """
UPDATE outbox_counter SET epoch = greatest(epoch + 1, extract(epoch FROM now())::bigint), n = 0
RETURNING epoch, pg_notify('heliograph_outbox', epoch || '.0')
"""
_TRIM: Final = """
DELETE FROM outbox WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM outbox WHERE created_at < now() - %s ORDER BY epoch, n LIMIT %s
))
"""


async def append(conn: Connection, events: Sequence[Event]) -> tuple[int, int]:
    """Append events as the transaction's last statement, wake the readers, and return the position of the last."""
    rows = [
        (
            item.kind,
            item.change,
            item.space_id,
            item.chat_id,
            item.message_id,
            item.first_id,
            item.last_id,
            item.count,
            item.pushed_at,
        )
        for item in events
    ]
    columns = arrays.pack_rows("text text int8 int8 int4 int4 int4 int4 time", rows)
    cursor = await conn.execute(_APPEND, [len(rows), len(rows), *columns], prepare=True)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def new_epoch(conn: Connection) -> int:
    """Tell every reader to fetch again what it shows: after a fail-over, a restore, or lost commits."""
    row = await (await conn.execute(_NEW_EPOCH)).fetchone()
    assert row is not None
    return int(row[0])


async def trim(conn: Connection, keep: timedelta, *, limit: int = 50_000) -> int:
    """Forget up to ``limit`` events that are older than ``keep``, and return how many."""
    return (await conn.execute(_TRIM, [keep, limit])).rowcount
