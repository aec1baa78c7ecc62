"""The whole archive in a stream, for whoever must hold it against something else.

Records have the form of a plain export: identity, final content, and whether it was deleted; times in Unix seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.AsyncConnection[Any]

_PAGE_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much the archive holds."""

    messages: int
    revisions: int
    tombstones: int
    """Deleted messages, those that were never seen among them."""


async def records(conn: Connection) -> AsyncIterator[dict[str, Any]]:
    """Yield every message, in no order, without holding the archive in memory."""
    async with conn.transaction(), conn.cursor(name="archive") as cursor:
        cursor.itersize = _PAGE_ROWS
        await cursor.execute(
            """
            SELECT space_id, message_id, chat_id, sender_id, extract(epoch FROM date)::bigint, text, entities,
                   reply_to_message_id, reply_to_chat_id, topic_id, album_id, forward, media, service,
                   extract(epoch FROM edit_date)::bigint, deleted_at IS NOT NULL
            FROM messages
            """
        )
        async for row in cursor:
            yield _record(row)


async def orphan_tombstones(conn: Connection) -> set[tuple[int, int]]:
    """Return (space_id, message_id) of the deletions of messages that were never seen."""
    cursor = await conn.execute("SELECT space_id, message_id FROM orphan_tombstones")
    return {(row[0], row[1]) for row in await cursor.fetchall()}


async def mailbox_chats(conn: Connection) -> dict[int, int]:
    """Return the authoritative mailbox of each basic group and private chat: chat_id to space_id."""
    cursor = await conn.execute("SELECT chat_id, space_id FROM chats WHERE space_id < 0")
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def earlier_texts(conn: Connection) -> dict[tuple[int, int], list[str]]:
    """Return the texts that edited messages had before: (space_id, message_id) to texts, oldest first."""
    cursor = await conn.execute(
        """
        SELECT space_id, message_id, array_agg(text ORDER BY edit_date NULLS FIRST, stored_at) FROM revisions
        GROUP BY space_id, message_id
        """
    )
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


async def counts(conn: Connection) -> Counts:
    """Count exactly, reading everything: for reports, not for pages."""
    cursor = await conn.execute(
        """
        SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM revisions),
               (SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL) + (SELECT count(*) FROM orphan_tombstones)
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return Counts(messages=row[0], revisions=row[1], tombstones=row[2])


async def storage(conn: Connection) -> dict[str, int]:
    """Return the bytes of each table with its indexes, partitions added up."""
    cursor = await conn.execute(
        """
        SELECT coalesce(i.inhparent, c.oid)::regclass::text, sum(pg_total_relation_size(c.oid))::bigint
        FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        GROUP BY 1 ORDER BY 2 DESC
        """
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def vacuum(conn: Connection) -> None:
    """Free and count dead space, as the autovacuum would in its time."""
    await conn.execute("VACUUM ANALYZE")


def _record(row: tuple[Any, ...]) -> dict[str, Any]:
    (space_id, message_id, chat_id, sender_id, date, text, entities, reply_id, reply_chat_id) = row[:9]
    (topic_id, album_id, forward, media, service, edit_date, is_deleted) = row[9:]
    return {
        "space_id": space_id,
        "message_id": message_id,
        "chat_id": chat_id,
        "sender_id": sender_id,
        "date": date,
        "text": text,
        "entities": entities,
        "reply_to": {"message_id": reply_id, "chat_id": reply_chat_id} if reply_id else None,
        "topic_id": topic_id,
        "album_id": album_id,
        "forward": forward,
        "media": media,
        "service": service,
        "edit_date": edit_date,
        "is_deleted": is_deleted,
    }
