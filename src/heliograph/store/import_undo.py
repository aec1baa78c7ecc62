"""Taking back what imports brought to a chat: every row, text and file that only imported files told of.

What Telegram told stays, whatever was imported beside it, and so does what Telegram told of imported rows: that they
were deleted waits as an orphan again. The rank of a row says who told of it (docs/decisions/0009-exchange.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import chats, locks, outbox
from heliograph.store.database import Connection

_IS_IMPORTED: Final = f"as_of <= {records.IMPORTED_AS_OF}"

_COUNT: Final = f"""
SELECT (SELECT count(*) FROM messages WHERE space_id = c.space_id AND chat_id = c.chat_id AND {_IS_IMPORTED}),
       (SELECT count(*) FROM revisions r JOIN messages m USING (space_id, message_id)
        WHERE r.space_id = c.space_id AND r.{_IS_IMPORTED} AND m.chat_id = c.chat_id AND NOT m.{_IS_IMPORTED}),
       (SELECT count(*) FROM message_media f JOIN messages m USING (space_id, message_id)
        WHERE f.space_id = c.space_id AND m.chat_id = c.chat_id AND f.sha256 IS NOT NULL)
FROM chats c WHERE c.chat_id = %s
"""
_NEXT: Final = f"""
SELECT message_id, deleted_at IS NOT NULL FROM messages
WHERE space_id = %(space)s AND chat_id = %(chat)s AND {_IS_IMPORTED} AND message_id > %(after)s
ORDER BY message_id LIMIT %(limit)s
"""
# The ledger knows by itself of ids that it found empty; the deletion of such a row was noticed when it was stored.
_REMEMBER: Final = f"""
INSERT INTO orphan_tombstones (space_id, message_id, as_of, deleted_at, chat_id)
SELECT space_id, message_id, deleted_as_of, deleted_at, CASE WHEN space_id > 0 THEN chat_id END FROM messages m
WHERE space_id = %(space)s AND message_id = ANY(%(ids)s) AND deleted_as_of > {records.IMPORTED_AS_OF}
  AND NOT (deleted_at = stored_at AND EXISTS (
    SELECT FROM coverage v
    WHERE v.space_id = m.space_id AND v.chat_id = m.chat_id AND v.covered @> m.message_id::bigint
  ))
ON CONFLICT DO NOTHING
"""
_FILES: Final = """
DELETE FROM message_media WHERE space_id = %(space)s AND message_id = ANY(%(ids)s) RETURNING sha256
"""
_SAMPLES: Final = "DELETE FROM observations WHERE space_id = %(space)s AND message_id = ANY(%(ids)s)"
_SAMPLE_HISTORY: Final = "DELETE FROM observation_history WHERE space_id = %(space)s AND message_id = ANY(%(ids)s)"
# Their earlier texts go with them.
_ROWS: Final = "DELETE FROM messages WHERE space_id = %(space)s AND message_id = ANY(%(ids)s)"
_COUNTED: Final = """
UPDATE chats SET
    message_count = message_count - %(count)s, deleted_count = deleted_count - %(deleted)s, updated_at = now(),
    (last_message_id, last_message_at) = (
        SELECT max(message_id), max(date) FROM messages WHERE space_id = %(space)s AND chat_id = %(chat)s
    )
WHERE chat_id = %(chat)s
"""
_TEXTS: Final = f"""
DELETE FROM revisions r USING messages m
WHERE r.space_id = %(space)s AND r.{_IS_IMPORTED}
  AND m.space_id = r.space_id AND m.message_id = r.message_id AND m.chat_id = %(chat)s
RETURNING r.message_id
"""
# Nothing but an import has stored files so far; these are Telegram's to give again.
_TOLD_FILES: Final = """
WITH found AS MATERIALIZED (
    SELECT f.space_id, f.message_id, f.file_id, f.sha256, (m.media ->> 'size')::bigint AS told_size
    FROM message_media f JOIN messages m ON m.space_id = f.space_id AND m.message_id = f.message_id
    WHERE f.space_id = %(space)s AND m.chat_id = %(chat)s AND (f.state <> 'remote' OR f.file_id IS NULL)
), unknown AS (
    DELETE FROM message_media f USING found
    WHERE f.space_id = found.space_id AND f.message_id = found.message_id AND found.file_id IS NULL
), elsewhere AS (
    UPDATE message_media f SET
        state = 'remote', sha256 = NULL, file_name = NULL, mime_type = NULL, size = found.told_size
    FROM found
    WHERE f.space_id = found.space_id AND f.message_id = found.message_id AND found.file_id IS NOT NULL
)
SELECT message_id, sha256 FROM found
"""
_UNUSED: Final = """
DELETE FROM media f WHERE f.sha256 = ANY(%s)
  AND NOT EXISTS (SELECT FROM message_media m WHERE m.sha256 = f.sha256)
RETURNING f.sha256
"""
# A later edit that was imported leaves the file of the earlier one to nobody.
_LEFT_OVER: Final = """
DELETE FROM media f WHERE NOT EXISTS (SELECT FROM message_media m WHERE m.sha256 = f.sha256) RETURNING f.sha256
"""
# An account may have joined the chat since, and have been told of nothing yet.
_FORGET_CHAT: Final = f"""
DELETE FROM chats c WHERE c.chat_id = %(chat)s AND c.is_claimed AND {chats.IS_IMPORT}
  AND NOT EXISTS (SELECT FROM messages m WHERE m.space_id = c.space_id AND m.chat_id = c.chat_id)
  AND NOT EXISTS (SELECT FROM chat_access a WHERE a.peer_id = c.chat_id)
RETURNING c.space_id
"""
_FORGET_TOPICS: Final = "DELETE FROM topics WHERE space_id = %s"
_FORGET_SOURCES: Final = "DELETE FROM imports"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A chat, and the space that numbers its messages."""

    space_id: identity.SpaceId
    chat_id: identity.PeerId


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What imports brought to a chat."""

    messages: int
    """Of which Telegram has not told."""
    revisions: int
    """Earlier texts, known from imports alone, of messages that Telegram told of."""
    files: int
    """Messages of the chat whose files are in media storage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one step took back, in a transaction that the caller commits."""

    messages: int = 0
    revisions: int = 0
    last_id: int = 0
    """Where the next step goes on."""
    unused: tuple[bytes, ...] = ()
    """SHA-256 of files that no message has any more: to be deleted from media storage before the commit."""


async def count(conn: Connection, chat_id: identity.PeerId) -> Brought:
    """Return what there is to take back."""
    row = await (await conn.execute(_COUNT, [chat_id])).fetchone() or (0, 0, 0)
    return Brought(messages=row[0], revisions=row[1], files=row[2])


async def take_messages(conn: Connection, chat: Place, *, after: int, limit: int) -> Taken:
    """Remove up to ``limit`` rows with ids above ``after``, and what hangs on them; ``last_id`` 0 when none is left.

    Sources may be imported again from their beginning from then on, however far this comes.
    """
    given: dict[str, Any] = {"space": chat.space_id, "chat": chat.chat_id, "after": after, "limit": limit}
    await locks.lock(conn, [chat.space_id])
    await conn.execute(_FORGET_SOURCES)
    found = await (await conn.execute(_NEXT, given)).fetchall()
    if not found:
        return Taken()
    ids = [number for number, _ in found]
    given |= {"ids": ids, "count": len(ids), "deleted": sum(is_deleted for _, is_deleted in found)}
    await conn.execute(_REMEMBER, given)
    files = await (await conn.execute(_FILES, given)).fetchall()
    for statement in (_SAMPLES, _SAMPLE_HISTORY, _ROWS, _COUNTED):
        await conn.execute(statement, given)
    unused = await _unused(conn, [sha256 for (sha256,) in files])
    await _tell(conn, chat, ids)
    return Taken(messages=len(ids), last_id=ids[-1], unused=unused)


async def take_rest(conn: Connection, chat: Place) -> Taken:
    """Remove what imports added to messages that Telegram told of, and the chat itself if nothing else knows it."""
    given = {"space": chat.space_id, "chat": chat.chat_id}
    await locks.lock(conn, [chat.space_id])
    texts = [number for (number,) in await (await conn.execute(_TEXTS, given)).fetchall()]
    files = await (await conn.execute(_TOLD_FILES, given)).fetchall()
    unused = tuple(row[0] for row in await (await conn.execute(_LEFT_OVER, binary=True)).fetchall())
    if await (await conn.execute(_FORGET_CHAT, given)).fetchone() is not None:
        await conn.execute(_FORGET_TOPICS, [chat.space_id])
    await _tell(conn, chat, [*texts, *(number for number, _ in files)])
    return Taken(revisions=len(texts), unused=unused)


async def _unused(conn: Connection, files: Sequence[bytes | None]) -> tuple[bytes, ...]:
    known = sorted({each for each in files if each is not None})
    if not known:
        return ()
    return tuple(row[0] for row in await (await conn.execute(_UNUSED, [known], binary=True)).fetchall())


async def _tell(conn: Connection, chat: Place, ids: Sequence[int]) -> None:
    found = [outbox.Event(kind="chat", chat_id=chat.chat_id)]
    if ids:
        found.append(
            outbox.Event(
                kind="range",
                chat_id=chat.chat_id,
                space_id=chat.space_id,
                first_id=min(ids),
                last_id=max(ids),
                count=len(ids),
            )
        )
    await outbox.append(conn, found)
