"""Dead letters: what arrived and could not become a row, until somebody replays or discards it.

Keeps invariant 6: a letter commits with the cursor that moves past it. What is fetched again and fails again makes no
second letter, and a letter that was discarded stays discarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from heliograph import errors
from heliograph.domain import letters, records
from heliograph.store import arrays
from heliograph.store.database import Connection

# An account may be gone by now; a mailbox says whose view it is by itself.
_SAVE: Final = """
INSERT INTO dead_letters (kind, space_id, message_id, version, chat_id, raw, layer, error, as_of, account_id,
                          received_at)
SELECT l.kind, l.space_id, l.message_id, l.version, l.chat_id, l.raw, l.layer, l.error, l.as_of, a.account_id,
       coalesce(l.received_at, now())
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS l (kind, space_id, message_id, version, chat_id, raw, layer, error, as_of, account_id, received_at)
LEFT JOIN accounts a ON a.account_id = l.account_id OR l.account_id IS NULL AND a.user_id = -l.space_id
ON CONFLICT DO NOTHING
"""
_KINDS: Final = "text int8 int8 text int8 bytes int4 text int4 int8 time"
_COLUMNS: Final = """
    d.letter_id, d.kind, d.space_id, d.chat_id, c.title, d.message_id, d.error, d.attempts, d.created_at, d.received_at,
    d.resolved_at, d.resolution, d.layer, d.as_of, d.account_id, a.label, octet_length(d.raw)
"""
_SOURCES: Final = """
    dead_letters d LEFT JOIN chats c ON c.chat_id = d.chat_id LEFT JOIN accounts a ON a.account_id = d.account_id
"""
_LIST: Final = f"""
SELECT {_COLUMNS} FROM {_SOURCES}
WHERE (%(is_all)s OR d.resolved_at IS NULL) AND (%(chat_id)s::bigint IS NULL OR d.chat_id = %(chat_id)s)
  AND (%(before)s::bigint IS NULL OR d.letter_id < %(before)s)
ORDER BY d.letter_id DESC LIMIT %(limit)s
"""
_GET: Final = f"SELECT {_COLUMNS}, d.raw FROM {_SOURCES} WHERE d.letter_id = %s"
# Versions of one message in the order in which they came to be; what has no as_of comes first, as people and chats do.
_ORDER: Final = "ORDER BY as_of NULLS FIRST, letter_id"
_WAITING: Final = f"SELECT letter_id FROM dead_letters WHERE resolved_at IS NULL {_ORDER} LIMIT %s"
_SORT: Final = f"SELECT letter_id FROM dead_letters WHERE letter_id = ANY(%s) {_ORDER}"
_TAKE: Final = f"{_GET} AND d.resolved_at IS NULL FOR UPDATE OF d"
_REPLAYED: Final = """
UPDATE dead_letters SET resolved_at = now(), resolution = 'replayed', attempts = attempts + 1 WHERE letter_id = %s
"""
_FAILED: Final = "UPDATE dead_letters SET attempts = attempts + 1, error = %s WHERE letter_id = %s"
_DISCARD: Final = """
UPDATE dead_letters SET resolved_at = now(), resolution = 'discarded'
WHERE letter_id = ANY(%s) AND resolved_at IS NULL RETURNING letter_id
"""
_REOPEN: Final = """
UPDATE dead_letters SET resolved_at = NULL, resolution = NULL
WHERE letter_id = ANY(%s) AND resolution = 'discarded' RETURNING letter_id
"""
_ACCESS: Final = "SELECT last_seen_at FROM chat_access WHERE account_id = %s AND peer_id = %s"
_TOPIC: Final = "SELECT updated_at FROM topics WHERE space_id = %s AND topic_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A dead letter without its bytes, as the API gives it."""

    letter_id: int
    kind: str
    space_id: int | None
    chat_id: int | None
    chat_title: str | None
    message_id: int | None
    error: str
    attempts: int
    created_at: datetime
    received_at: datetime | None
    resolved_at: datetime | None
    resolution: str | None
    layer: int
    as_of: int | None
    account_id: int | None
    account: str | None
    """The account's label."""
    size: int
    """Of the raw bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Letters, newest first."""

    letters: list[Letter]
    open: int
    """All that are open, on this page or not."""
    before: int | None
    """Pass as ``before`` for the older page; None at the end."""


async def save(conn: Connection, dead: Sequence[records.DeadLetter]) -> None:
    """Keep what could not become a row; what is kept already stays as it is."""
    rows = [
        (
            item.kind,
            item.space_id,
            item.message_id,
            item.version or letters.version(item.raw),
            item.chat_id,
            item.raw,
            item.layer,
            item.error,
            item.as_of,
            item.account_id,
            item.received_at,
        )
        for item in dead
    ]
    await conn.execute(_SAVE, arrays.pack_rows(_KINDS, rows))


async def list_page(
    conn: Connection,
    *,
    is_all: bool = False,
    chat_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of the open letters, or of all with ``is_all``; of one chat with ``chat_id``."""
    arguments = {"is_all": is_all, "chat_id": chat_id, "before": before, "limit": limit + 1}
    rows = await (await conn.execute(_LIST, arguments)).fetchall()
    found = [_letter(row) for row in rows[:limit]]
    counted = await conn.execute("SELECT count(*) FROM dead_letters WHERE resolved_at IS NULL")
    (count,) = await counted.fetchone() or (0,)
    return Page(letters=found, open=count, before=found[-1].letter_id if len(rows) > limit else None)


async def get(conn: Connection, letter_id: int) -> tuple[Letter, bytes]:
    """Return a letter with its bytes. Raises NotFound."""
    row = await (await conn.execute(_GET, [letter_id])).fetchone()
    if row is None:
        raise errors.NotFound(f"There is no dead letter {letter_id}; `heliograph dead-letters list --all` lists them.")
    return _letter(row), bytes(row[-1])


async def waiting(conn: Connection, limit: int) -> list[int]:
    """Return up to ``limit`` open letters in the order to replay them in."""
    return [row[0] for row in await (await conn.execute(_WAITING, [limit])).fetchall()]


async def in_order(conn: Connection, letter_ids: Sequence[int]) -> list[int]:
    """Return those of ``letter_ids`` that exist, in the order to replay them in."""
    return [row[0] for row in await (await conn.execute(_SORT, [list(letter_ids)])).fetchall()]


async def take(conn: Connection, letter_id: int) -> tuple[Letter, bytes] | None:
    """Return an open letter with its bytes, kept from others until the transaction ends; None when it is not open."""
    row = await (await conn.execute(_TAKE, [letter_id])).fetchone()
    return (_letter(row), bytes(row[-1])) if row else None


async def mark_replayed(conn: Connection, letter_id: int) -> None:
    """Close a letter whose rows are written in this transaction."""
    await conn.execute(_REPLAYED, [letter_id])


async def mark_failed(conn: Connection, letter_id: int, error: str) -> None:
    """Leave a letter open that failed once more, with what is wrong with it now."""
    await conn.execute(_FAILED, [arrays.clean(error), letter_id])


async def discard(conn: Connection, letter_ids: Sequence[int]) -> list[int]:
    """Close open letters without a row, and return which; their bytes stay."""
    return await _changed(conn, _DISCARD, letter_ids)


async def reopen(conn: Connection, letter_ids: Sequence[int]) -> list[int]:
    """Open discarded letters again, and return which."""
    return await _changed(conn, _REOPEN, letter_ids)


async def is_stale(conn: Connection, row: letters.Record, received_at: datetime | None) -> bool:
    """Say whether the store has learned of a person, chat, access or topic since: such rows carry no pts to compare."""
    match row:
        case records.User():
            query, key = "SELECT updated_at FROM users WHERE user_id = %s", [row.user_id]
        case records.Chat():
            query, key = "SELECT updated_at FROM chats WHERE chat_id = %s", [row.chat_id]
        case records.Access():
            query, key = _ACCESS, [row.account_id, row.peer_id]
        case records.Topic():
            query, key = _TOPIC, [row.space_id, row.topic_id]
        case _:
            return False
    found = await (await conn.execute(query, key)).fetchone()
    return found is not None and (received_at is None or found[0] >= received_at)


async def _changed(conn: Connection, statement: str, letter_ids: Sequence[int]) -> list[int]:
    return sorted(row[0] for row in await (await conn.execute(statement, [list(letter_ids)])).fetchall())


def _letter(row: tuple[Any, ...]) -> Letter:
    return Letter(**dict(zip(Letter.__slots__, row, strict=False)))
