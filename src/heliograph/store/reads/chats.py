"""The list of chats with the newest message of each, and one chat with its topics.

Counts and the newest id are kept by every commit, so the list reads one message per chat and never counts.
"""

from __future__ import annotations

from typing import Any

from heliograph import errors
from heliograph.store import chats
from heliograph.store.database import Connection
from heliograph.store.reads import messages, views

# What was met only as the source of a forward or a reply is not a chat of ours.
MIRRORED = """
    c.policy = 'mirror' AND (c.message_count > 0 OR EXISTS (
        SELECT 1 FROM chat_access a WHERE a.peer_id = c.chat_id AND a.role IN ('creator', 'admin', 'member')
        AND c.kind <> 'private'
    ))
"""

_SELECT = f"""
SELECT c.chat_id, c.kind, c.title, c.username, c.status, c.member_count, c.message_count,
       c.done, c.total, c.is_complete, c.last_error,
       m.message_id, m.date, left(m.text, {messages.PREVIEW_CHARACTERS}), m.media ->> 'kind', m.service ->> 'type',
       m.deleted_at IS NOT NULL, u.first_name, u.last_name, u.is_deleted, s.title, c.is_min,
       {chats.IS_IMPORT}
FROM chats c
LEFT JOIN LATERAL (
    SELECT * FROM messages WHERE space_id = c.space_id AND message_id = c.last_message_id LIMIT 1
) m ON true
LEFT JOIN users u ON u.user_id = m.sender_id
LEFT JOIN chats s ON s.chat_id = m.sender_id
"""


async def list_all(conn: Connection) -> list[views.Chat]:
    """Return all mirrored chats, the one with the newest message first."""
    cursor = await conn.execute(
        f"{_SELECT} WHERE {MIRRORED} ORDER BY c.last_message_at DESC NULLS LAST, c.chat_id", prepare=True
    )
    return [_chat(row, []) for row in await cursor.fetchall()]


async def one(conn: Connection, chat_id: int) -> views.Chat:
    """Return a chat with its topics. Raises NotFound."""
    cursor = await conn.execute(f"{_SELECT} WHERE c.chat_id = %s", [chat_id])
    row = await cursor.fetchone()
    if row is None:
        raise errors.NotFound("There is no such chat here.")
    return _chat(row, await _topics(conn, chat_id))


async def _topics(conn: Connection, chat_id: int) -> list[views.Topic]:
    cursor = await conn.execute(
        """
        SELECT t.topic_id, t.title, t.icon_color, t.is_closed
        FROM topics t JOIN chats c ON c.space_id = t.space_id
        WHERE c.chat_id = %s AND c.space_id > 0 ORDER BY t.topic_id
        """,
        [chat_id],
    )
    return [
        views.Topic(topic_id=topic_id, title=title, icon_color=color, is_closed=is_closed)
        for topic_id, title, color, is_closed in await cursor.fetchall()
    ]


def _chat(row: tuple[Any, ...], topics: list[views.Topic]) -> views.Chat:
    done, total, is_complete = row[7:10]
    return views.Chat(
        chat_id=row[0],
        kind=row[1],
        title=row[2],
        username=row[3],
        status=row[4],
        member_count=row[5],
        message_count=row[6],
        last_message=_last(row[11:21]),
        # Nobody fetches the history of a chat that only imports know.
        progress=None if row[21] else views.Progress(done=done, total=total, is_complete=is_complete),
        last_error=row[10],
        is_import=row[22],
        topics=topics,
    )


def _last(row: tuple[Any, ...]) -> views.LastMessage | None:
    message_id, date, text, media_kind, service_type, is_deleted, first, last, is_sender_deleted, title = row
    if message_id is None:
        return None
    return views.LastMessage(
        message_id=message_id,
        date=date,
        sender_name=messages.user_name(first, last, is_sender_deleted) or title,
        text=text,
        media_kind=media_kind,
        service_type=service_type,
        is_deleted=is_deleted,
    )
