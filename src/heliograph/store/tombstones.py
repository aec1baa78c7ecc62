"""Deletions: the content stays, marked. A deletion of something unseen waits as an orphan for its message.

Keys include the space, so a mailbox's deletions, which name no chat, find messages of that mailbox alone: invariant 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import psycopg

from heliograph.domain import records
from heliograph.store import arrays, messages
from heliograph.store.database import Connection

ORPHANS_KEPT: Final = timedelta(days=7)

_BURY: Final = """
WITH known AS MATERIALIZED (
    SELECT t.*, m.chat_id AS found_chat_id, m.as_of AS old_as_of, m.deleted_as_of AS old_deleted_as_of
    FROM unnest(%s, %s, %s, %s, %s) WITH ORDINALITY AS t (space_id, message_id, as_of, deleted_at, chat_id, place)
    LEFT JOIN LATERAL (
        SELECT * FROM messages m WHERE m.space_id = t.space_id AND m.message_id = t.message_id OFFSET 0
    ) m ON true
), buried AS (
    UPDATE messages m SET
        deleted_at = least(m.deleted_at, k.deleted_at), deleted_as_of = greatest(m.deleted_as_of, k.as_of)
    FROM known k
    WHERE m.space_id = k.space_id AND m.message_id = k.message_id AND k.as_of >= k.old_as_of
      AND (m.deleted_at IS NULL OR k.deleted_at < m.deleted_at OR k.as_of > m.deleted_as_of)
), orphaned AS (
    INSERT INTO orphan_tombstones AS o (space_id, message_id, as_of, deleted_at, chat_id)
    SELECT space_id, message_id, as_of, deleted_at, chat_id FROM known WHERE old_as_of IS NULL
    ON CONFLICT (space_id, message_id) DO UPDATE SET
        as_of = greatest(o.as_of, EXCLUDED.as_of), deleted_at = least(o.deleted_at, EXCLUDED.deleted_at),
        chat_id = coalesce(o.chat_id, EXCLUDED.chat_id)
    WHERE EXCLUDED.as_of > o.as_of OR EXCLUDED.deleted_at < o.deleted_at
), counted AS (
    UPDATE chats c SET deleted_count = c.deleted_count + s.deleted
    FROM (
        SELECT found_chat_id AS chat_id, count(*) AS deleted FROM known
        WHERE as_of >= old_as_of AND old_deleted_as_of IS NULL GROUP BY found_chat_id
    ) s
    WHERE c.chat_id = s.chat_id
)
SELECT place - 1, found_chat_id, coalesce(as_of >= old_as_of AND old_deleted_as_of IS NULL, false) FROM known
"""


_SETTLE: Final = """
DELETE FROM orphan_tombstones o USING unnest(%s, %s) AS k (space_id, message_id)
WHERE o.space_id = k.space_id AND o.message_id = k.message_id
"""
_FORGET: Final = """
DELETE FROM orphan_tombstones WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM orphan_tombstones o WHERE space_id < 0 AND deleted_at < now() - %s
        AND NOT EXISTS (
            SELECT FROM dead_letters d
            WHERE d.space_id = o.space_id AND d.message_id = o.message_id AND d.resolution IS DISTINCT FROM 'replayed'
        )
    LIMIT %s
))
"""


def fold(tombstones: Sequence[tuple[int, records.Tombstone]]) -> list[tuple[int, records.Tombstone]]:
    """Keep one deletion per message: the newest knowledge with the earliest time. Pairs are (batch, tombstone)."""
    kept: dict[messages.Key, tuple[int, records.Tombstone]] = {}
    for batch, tombstone in tombstones:
        key = (tombstone.space_id, tombstone.message_id)
        if key in kept:
            kept[key] = (kept[key][0], _joined(kept[key][1], tombstone))
        else:
            kept[key] = (batch, tombstone)
    return list(kept.values())


async def bury(conn: Connection, tombstones: Sequence[records.Tombstone]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Apply deletions of different messages; the result's rows are (index, chat id or None, whether it was alive)."""
    rows = [(item.space_id, item.message_id, item.as_of, item.deleted_at, item.chat_id) for item in tombstones]
    return await conn.execute(_BURY, arrays.pack_rows("int8 int4 int4 time int8", rows), prepare=True, binary=True)


async def settle(conn: Connection, keys: Sequence[messages.Key]) -> None:
    """Forget orphans whose messages have come."""
    await conn.execute(_SETTLE, arrays.pack_rows("int8 int4", keys))


async def forget(conn: Connection, keep: timedelta = ORPHANS_KEPT, *, limit: int = 50_000) -> int:
    """Forget up to ``limit`` orphans of mailboxes that are older than ``keep``, and return how many.

    A mailbox's deletions name no chat, so those of private chats and of groups that are mirrored from elsewhere wait as
    well, for messages that never come. What they are kept for is a history page that was asked before the deletion,
    which comes within minutes, and a dead letter, whenever it is replayed. A channel's orphans stay: each says that an
    id of that channel is gone.
    """
    return (await conn.execute(_FORGET, [keep, limit])).rowcount


def _joined(one: records.Tombstone, other: records.Tombstone) -> records.Tombstone:
    return records.Tombstone(
        space_id=one.space_id,
        message_id=one.message_id,
        as_of=max(one.as_of, other.as_of),
        deleted_at=min(one.deleted_at, other.deleted_at),
        chat_id=one.chat_id if one.chat_id is not None else other.chat_id,
    )
