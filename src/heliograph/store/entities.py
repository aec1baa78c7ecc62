"""Users, chats, topics, and how accounts reach them.

Keeps invariant 17: min data never replaces full data, access hashes are per account and, since a marked id carries its
type, typed. Names that people give up are kept. Rows are written in the order of their keys, so that two
commits wait for each other instead of deadlocking, and only when something differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeVar

import psycopg

from heliograph.domain import records
from heliograph.store import arrays
from heliograph.store.database import Connection

_USERS: Final = """
WITH known AS MATERIALIZED (
    SELECT i.*, u.user_id IS NOT NULL AS is_known, u.is_min AS old_is_min,
           (i.first_name, i.last_name, i.username)
               IS DISTINCT FROM (u.first_name, u.last_name, u.username) AS is_renamed,
           (i.is_bot, i.is_deleted, i.is_premium, i.is_min)
               IS DISTINCT FROM (u.is_bot, u.is_deleted, u.is_premium, u.is_min) AS is_changed,
           u.first_name AS old_first_name, u.last_name AS old_last_name, u.username AS old_username
    FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s)
        AS i (user_id, first_name, last_name, username, is_bot, is_deleted, is_premium, is_min)
    LEFT JOIN LATERAL (SELECT * FROM users u WHERE u.user_id = i.user_id OFFSET 0) u ON true
), named AS (
    INSERT INTO user_names (user_id, first_name, last_name, username)
    SELECT user_id, old_first_name, old_last_name, old_username
    FROM known WHERE is_known AND is_renamed AND NOT (is_min AND NOT old_is_min)
)
INSERT INTO users AS u (user_id, first_name, last_name, username, is_bot, is_deleted, is_premium, is_min)
SELECT user_id, first_name, last_name, username, is_bot, is_deleted, is_premium, is_min
FROM known WHERE NOT is_known OR (is_renamed OR is_changed) AND NOT (is_min AND NOT old_is_min)
ON CONFLICT (user_id) DO UPDATE SET
    first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name, username = EXCLUDED.username,
    is_bot = EXCLUDED.is_bot, is_deleted = EXCLUDED.is_deleted, is_premium = EXCLUDED.is_premium,
    is_min = EXCLUDED.is_min, updated_at = now()
WHERE u.is_min OR NOT EXCLUDED.is_min
"""

_ACCESSES: Final = """
INSERT INTO chat_access AS a (account_id, peer_id, access_hash, role)
SELECT i.account_id, i.peer_id, i.access_hash, i.role
FROM unnest(%s, %s, %s, %s) AS i (account_id, peer_id, access_hash, role)
LEFT JOIN LATERAL (
    SELECT * FROM chat_access a WHERE a.account_id = i.account_id AND a.peer_id = i.peer_id OFFSET 0
) a ON true
WHERE a.role IS DISTINCT FROM i.role OR coalesce(i.access_hash, a.access_hash) IS DISTINCT FROM a.access_hash
   OR a.last_seen_at < now() - interval '1 hour'
ON CONFLICT (account_id, peer_id) DO UPDATE SET
    access_hash = coalesce(EXCLUDED.access_hash, a.access_hash), role = EXCLUDED.role, last_seen_at = now()
"""

# A chat is left when the account that says so is the last one in it. A basic group stays in the mailbox that saw
# it first. Messages may have come before their chat: they are counted once, when it appears. What only
# imports said of a chat gives way.
_CHATS: Final = """
WITH known AS MATERIALIZED (
    SELECT i.chat_id, i.space_id, i.kind, i.title, i.username, coalesce(i.member_count, c.member_count) AS member_count,
           i.is_min, i.is_left AND NOT EXISTS (
               SELECT FROM chat_access a
               WHERE a.peer_id = i.chat_id AND a.role IN ('creator', 'admin', 'member')
           ) AS is_left,
           coalesce(i.migrated_to_chat_id, c.migrated_to_chat_id) AS migrated_to_chat_id,
           coalesce(i.linked_chat_id, c.linked_chat_id) AS linked_chat_id,
           c.chat_id IS NULL AS is_new, i.is_min AND NOT c.is_min AS is_poorer, c AS old
    FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        AS i (chat_id, space_id, kind, title, username, member_count, is_min, is_left, migrated_to_chat_id,
              linked_chat_id)
    LEFT JOIN LATERAL (SELECT * FROM chats c WHERE c.chat_id = i.chat_id OFFSET 0) c ON true
), linked AS (
    INSERT INTO links (chat_id, kind, other_chat_id)
    SELECT chat_id, 'migration', migrated_to_chat_id FROM known WHERE migrated_to_chat_id <> chat_id
    UNION ALL
    SELECT chat_id, 'discussion', linked_chat_id FROM known WHERE linked_chat_id <> chat_id
    ON CONFLICT DO NOTHING
), counted AS (
    SELECT k.chat_id, s.* FROM known k CROSS JOIN LATERAL (
        SELECT count(*) AS message_count, count(deleted_at) AS deleted_count, max(message_id) AS last_message_id,
               max(date) AS last_message_at
        FROM messages m WHERE m.chat_id = k.chat_id AND m.space_id = k.space_id
    ) s
    WHERE k.is_new
)
INSERT INTO chats AS c (chat_id, space_id, kind, title, username, member_count, is_min, is_left, migrated_to_chat_id,
                        linked_chat_id, status, message_count, deleted_count, last_message_id, last_message_at)
SELECT k.chat_id, k.space_id, k.kind, k.title, k.username, k.member_count, k.is_min, k.is_left, k.migrated_to_chat_id,
       k.linked_chat_id, CASE WHEN k.is_left OR k.is_min THEN 'inactive' ELSE 'initializing' END,
       coalesce(n.message_count, 0), coalesce(n.deleted_count, 0), n.last_message_id, n.last_message_at
FROM known k LEFT JOIN counted n ON n.chat_id = k.chat_id
WHERE k.is_new OR NOT k.is_poorer AND (k.kind, k.title, k.username, k.member_count, k.is_min, k.is_left,
        k.migrated_to_chat_id, k.linked_chat_id)
    IS DISTINCT FROM ((k.old).kind, (k.old).title, (k.old).username, (k.old).member_count, (k.old).is_min,
        (k.old).is_left, (k.old).migrated_to_chat_id, (k.old).linked_chat_id) OR NOT k.is_poorer AND (k.old).is_claimed
ORDER BY k.chat_id
ON CONFLICT (chat_id) DO UPDATE SET
    kind = EXCLUDED.kind, title = EXCLUDED.title, username = EXCLUDED.username, member_count = EXCLUDED.member_count,
    is_min = EXCLUDED.is_min, is_left = EXCLUDED.is_left, migrated_to_chat_id = EXCLUDED.migrated_to_chat_id,
    linked_chat_id = EXCLUDED.linked_chat_id, updated_at = now(),
    is_claimed = false,
    status = CASE WHEN EXCLUDED.is_left THEN 'inactive'
                  WHEN c.status = 'inactive' AND (c.is_left OR c.is_min) AND NOT EXCLUDED.is_min THEN 'initializing'
                  ELSE c.status END
WHERE c.is_min OR NOT EXCLUDED.is_min
RETURNING chat_id
"""

_TOPICS: Final = """
INSERT INTO topics AS t (space_id, topic_id, title, icon_color, is_closed, created_at)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s)
ON CONFLICT (space_id, topic_id) DO UPDATE SET
    title = EXCLUDED.title, icon_color = coalesce(EXCLUDED.icon_color, t.icon_color), is_closed = EXCLUDED.is_closed,
    created_at = coalesce(t.created_at, EXCLUDED.created_at), updated_at = now()
WHERE (t.title, t.icon_color, t.is_closed, t.created_at) IS DISTINCT FROM (
    EXCLUDED.title, coalesce(EXCLUDED.icon_color, t.icon_color), EXCLUDED.is_closed,
    coalesce(t.created_at, EXCLUDED.created_at)
)
"""


class _HasMin(Protocol):
    @property
    def is_min(self) -> bool: ...


_Entity = TypeVar("_Entity", bound=_HasMin)


def _fold(pairs: Iterable[tuple[int, _Entity]]) -> list[tuple[int, _Entity]]:
    """Keep one entity per id: the last, but a full one over a min one."""
    kept: dict[int, _Entity] = {}
    for key, entity in pairs:
        if key not in kept or kept[key].is_min or not entity.is_min:
            kept[key] = entity
    return sorted(kept.items())


async def save_users(conn: Connection, users: Iterable[records.User]) -> None:
    """Add and renew people."""
    rows = [
        (
            key,
            user.first_name,
            user.last_name,
            user.username,
            user.is_bot,
            user.is_deleted,
            user.is_premium,
            user.is_min,
        )
        for key, user in _fold((user.user_id, user) for user in users)
    ]
    await conn.execute(_USERS, arrays.pack_rows("int8 text text text bool bool bool bool", rows), prepare=True)


async def save_accesses(conn: Connection, accesses: Iterable[records.Access]) -> None:
    """Add and renew access hashes and roles. Goes before :func:`save_chats`, which looks who is still in a chat."""
    newest: dict[tuple[int, int], tuple[int | None, str]] = {}
    for access in accesses:
        key = (access.account_id, access.peer_id)
        access_hash = access.access_hash
        if access_hash is None and key in newest:
            access_hash = newest[key][0]
        newest[key] = (access_hash, access.role)
    rows = [(*key, *value) for key, value in sorted(newest.items())]
    await conn.execute(_ACCESSES, arrays.pack_rows("int8 int8 int8 text", rows), prepare=True)


async def save_chats(conn: Connection, chats: Iterable[records.Chat]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Add and renew chats; the result's rows are the ids of those that changed."""
    rows = [
        (
            key,
            chat.space_id,
            chat.kind,
            chat.title,
            chat.username,
            chat.member_count,
            chat.is_min,
            chat.is_left,
            chat.migrated_to_chat_id,
            chat.linked_chat_id,
        )
        for key, chat in _fold((chat.chat_id, chat) for chat in chats)
    ]
    columns = arrays.pack_rows("int8 int8 text text text int4 bool bool int8 int8", rows)
    return await conn.execute(_CHATS, columns, prepare=True)


async def save_topics(conn: Connection, topics: Iterable[records.Topic]) -> None:
    """Add and renew forum topics."""
    newest = {(topic.space_id, topic.topic_id): topic for topic in topics}
    rows = [
        (*key, topic.title, topic.icon_color, topic.is_closed, topic.created_at)
        for key, topic in sorted(newest.items())
    ]
    await conn.execute(_TOPICS, arrays.pack_rows("int8 int4 text int4 bool time", rows), prepare=True)
