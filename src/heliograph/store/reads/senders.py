"""Who may have written: people and channels by a part of their name, for filters that are typed."""

from __future__ import annotations

from typing import Any, Final

from heliograph.store.database import Connection
from heliograph.store.reads import messages, views

_FIND: Final = """
SELECT id, kind, first_name, last_name, title, username, is_bot, is_deleted FROM (
    SELECT user_id AS id, 'user' AS kind, first_name, last_name, NULL AS title, username, is_bot, is_deleted,
           concat_ws(' ', first_name, last_name) AS name
    FROM users
    UNION ALL
    SELECT chat_id, CASE kind WHEN 'group' THEN 'chat' ELSE 'channel' END, NULL, NULL, title, username, false, false,
           title
    FROM chats WHERE kind <> 'private'
) AS everybody
WHERE name ILIKE %(part)s OR username ILIKE %(part)s OR id = %(id)s
ORDER BY coalesce(id = %(id)s, false) DESC, coalesce(name ILIKE %(start)s OR username ILIKE %(start)s, false) DESC,
         lower(name), id
LIMIT %(limit)s
"""
_BIGINT: Final = 2**63


async def find(conn: Connection, words: str, *, limit: int) -> list[views.Sender]:
    """Return those whose name or username holds the words, best first; a number is an id."""
    plain = words.strip().removeprefix("@").replace("\x00", "")
    escaped = plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    number = _number(plain)
    arguments = {"part": f"%{escaped}%", "start": f"{escaped}%", "id": number, "limit": limit}
    return [_sender(row) for row in await (await conn.execute(_FIND, arguments)).fetchall()]


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) < 20
    return int(text) if is_number and abs(int(text)) < _BIGINT else None


def _sender(row: tuple[Any, ...]) -> views.Sender:
    sender_id, kind, first, last, title, username, is_bot, is_deleted = row
    name = title or messages.user_name(first, last, is_deleted) or username or f"User {sender_id}"
    return views.Sender(id=sender_id, kind=kind, name=name, username=username, is_bot=is_bot, is_deleted=is_deleted)
