"""The state of the installation in one look: accounts, totals, what is owed and what is lost."""

from __future__ import annotations

from typing import Any

import heliograph
from heliograph import config
from heliograph.store import leases
from heliograph.store.database import Connection
from heliograph.store.reads import accounts, chats, heartbeats, outbox, views

# Of what only imports know nobody fetches a history.
_TOTALS = f"""
SELECT count(*), coalesce(sum(c.message_count), 0)::bigint, coalesce(sum(c.deleted_count), 0)::bigint,
       coalesce(sum(c.done), 0)::bigint, coalesce(sum(c.total), 0)::bigint,
       coalesce(bool_and(c.is_complete) FILTER (WHERE NOT c.is_min), false)
FROM chats c WHERE {chats.MIRRORED}
"""
_REST = """
SELECT (SELECT count(*) FROM revisions),
       (SELECT count(*) FROM orphan_tombstones),
       (SELECT count(*) FROM dirty_boxes),
       (SELECT count(*) FROM coverage v LEFT JOIN chats h ON h.chat_id = v.chat_id, unnest(v.holes)
        WHERE h.policy IS DISTINCT FROM 'ignore'),
       (SELECT count(*) FROM known_losses),
       (SELECT count(*) FROM dead_letters WHERE resolved_at IS NULL),
       (SELECT max(updated_at) FROM box_cursors),
       (SELECT now())
"""
# A crawler holds each account's lease as a session lock, which ends with its connection whatever happens to it.
_IS_CRAWLING = """
SELECT EXISTS (SELECT 1 FROM pg_locks
               WHERE locktype = 'advisory' AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND classid = %s)
"""


async def status(conn: Connection, crawler: config.Crawler | None = None) -> views.Status:
    """Return the state of the installation; ``crawler`` says which budgets are configured, by default the defaults."""
    count, messages, deleted, done, total, is_complete = await _row(conn, _TOTALS)
    revisions, orphans, dirty, holes, losses, letters, moved_at, now = await _row(conn, _REST)
    is_crawling_now = await is_crawling(conn)
    processes = await heartbeats.crawlers(conn)
    is_stalled = any(each.state == "stalled" for each in processes)
    return views.Status(
        version=heliograph.__version__,
        crawler="stopped" if not is_crawling_now else "stalled" if is_stalled else "running",
        crawler_seen_at=now if is_crawling_now else moved_at,
        worker="running" if await heartbeats.is_worker_running(conn) else "stopped",
        processes=processes,
        accounts=await accounts.statuses(conn, crawler or config.Crawler(), now),
        chats=count,
        messages=messages,
        revisions=revisions,
        tombstones=deleted + orphans,
        dirty_boxes=dirty,
        open_holes=holes,
        known_losses=losses,
        dead_letters=letters,
        backfill=views.Progress(done=done, total=total, is_complete=is_complete),
        position=str(await outbox.position(conn)),
    )


async def is_crawling(conn: Connection) -> bool:
    """Say whether a crawler is at work, on whatever machine."""
    (found,) = await _row(conn, _IS_CRAWLING, [leases.LOCK_CLASS])
    return bool(found)


async def _row(conn: Connection, statement: str, arguments: list[object] | None = None) -> tuple[Any, ...]:
    cursor = await conn.execute(statement, arguments)
    row = await cursor.fetchone()
    assert row is not None
    return row
