"""How the crawlers are: what each last said of itself, and whether it still says anything."""

from __future__ import annotations

from typing import Any

from heliograph.store import heartbeats, leases
from heliograph.store.database import Connection
from heliograph.store.reads import views

# A process that was stopped, or whose event loop is blocked, is silent; its connections live, and with them its leases.
_HOLDERS = """
SELECT DISTINCT l.holder
FROM leases l JOIN pg_locks k
  ON k.locktype = 'advisory' AND k.granted AND k.classid = %s
 AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 AND k.objid = (hashtext(l.resource)::bigint & 4294967295)::oid
"""


async def crawlers(conn: Connection) -> list[views.Process]:
    """Return the crawlers that live; a silent one that still holds a lease is stalled."""
    holders = {holder for (holder,) in await (await conn.execute(_HOLDERS, [leases.LOCK_CLASS])).fetchall()}
    return [
        _process(each, is_silent=each.age_seconds > heartbeats.SILENT_SECONDS)
        for each in await heartbeats.load(conn)
        if each.role == "crawler" and (each.age_seconds <= heartbeats.SILENT_SECONDS or each.holder in holders)
    ]


async def is_worker_running(conn: Connection) -> bool:
    """Say whether a worker lives, on whatever machine."""
    found = await heartbeats.load(conn)
    return any(each.role == "worker" and each.age_seconds <= heartbeats.SILENT_SECONDS for each in found)


def _process(found: heartbeats.Heartbeat, *, is_silent: bool) -> views.Process:
    detail = found.detail
    return views.Process(
        role=found.role,
        holder=found.holder,
        state="stalled" if is_silent else str(detail.get("state", "running")),
        beat_at=found.beat_at,
        # While it says nothing, its loop is that late at least.
        loop_lag_seconds=found.age_seconds if is_silent else _number(detail, "loop_lag_seconds"),
        feed_lag_seconds=_number(detail, "feed_lag_seconds"),
        writer_lag_seconds=_number(detail, "writer_lag_seconds"),
        spooled_batches=round(_number(detail, "spooled_batches")),
        spooled_bytes=round(_number(detail, "spooled_bytes")),
        spool_off=detail.get("spool_off"),
    )


def _number(detail: dict[str, Any], name: str) -> float:
    return float(detail.get(name) or 0)
