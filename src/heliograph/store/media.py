"""Which file a message carries, and where it is. The bytes lie in media storage under their SHA-256.

A file that an import brought stays a message's when Telegram describes the same message with a file of that kind and
size, unless something tells that it was that of another form (store/likeness.py). Of some things Telegram names no
file: a contact, a chat's new picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph import errors
from heliograph.store import arrays, content, messages
from heliograph.store.database import Connection

_IS_SAME: Final = """
    m.file_id IS NULL AND m.kind = EXCLUDED.kind
        AND (m.size IS NULL OR EXCLUDED.size IS NULL OR m.size = EXCLUDED.size)
"""
_ATTACH: Final = f"""
INSERT INTO message_media AS m (space_id, message_id, file_id, kind, size)
SELECT * FROM unnest(%s, %s, %s, %s, %s)
ON CONFLICT (space_id, message_id) DO UPDATE SET
    file_id = EXCLUDED.file_id, kind = EXCLUDED.kind,
    size = CASE WHEN {_IS_SAME} THEN coalesce(EXCLUDED.size, m.size) ELSE EXCLUDED.size END,
    sha256 = CASE WHEN {_IS_SAME} THEN m.sha256 END,
    state = CASE WHEN {_IS_SAME} AND m.state = 'stored' THEN 'stored' ELSE 'remote' END,
    file_name = CASE WHEN {_IS_SAME} THEN m.file_name END, mime_type = CASE WHEN {_IS_SAME} THEN m.mime_type END
WHERE m.file_id IS DISTINCT FROM EXCLUDED.file_id
"""
_FORGET: Final = """
DELETE FROM message_media m USING unnest(%s, %s) AS k (space_id, message_id)
WHERE m.space_id = k.space_id AND m.message_id = k.message_id AND m.file_id IS NULL
"""
_DETACH: Final = """
DELETE FROM message_media m USING unnest(%s, %s, %s) AS k (space_id, message_id, kind)
WHERE m.space_id = k.space_id AND m.message_id = k.message_id
  AND NOT (m.file_id IS NULL AND m.kind IS NOT DISTINCT FROM k.kind)
"""


_STORED: Final = """
INSERT INTO media (sha256, size, mime_type) SELECT * FROM unnest(%s, %s, %s)
ON CONFLICT (sha256) DO UPDATE SET mime_type = EXCLUDED.mime_type
WHERE media.mime_type IS NULL AND EXCLUDED.mime_type IS NOT NULL
"""
_FIND: Final = "SELECT sha256, size, mime_type FROM media WHERE sha256 = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file in media storage."""

    sha256: bytes
    size: int
    mime_type: str | None = None


async def save_stored(conn: Connection, files: Iterable[StoredFile]) -> None:
    """Note files that are in media storage, before messages refer to them."""
    rows = {each.sha256: (each.sha256, each.size, each.mime_type) for each in files}
    await conn.execute(_STORED, arrays.pack_rows("bytes int8 text", [row for _, row in sorted(rows.items())]))


async def find(conn: Connection, sha256: bytes) -> StoredFile:
    """Return a stored file. Raises NotFound."""
    row = await (await conn.execute(_FIND, [sha256])).fetchone()
    if row is None:
        raise errors.NotFound("There is no such file here.")
    return StoredFile(sha256=row[0], size=row[1], mime_type=row[2])


async def save(conn: Connection, rows: Sequence[tuple[messages.Row, int]]) -> None:
    """Note the files of messages that are new or changed."""
    attached: list[tuple[Any, ...]] = []
    detached: list[tuple[Any, ...]] = []
    for row, fate in rows:
        media = row.message.media
        file = content.file_id(media)
        if file is not None and media is not None:
            attached.append((*row.key, file, media["kind"], media.get("size")))
        elif fate & (messages.Fate.CHANGED | messages.Fate.TOUCHED):
            detached.append((*row.key, media["kind"] if media else None))
    if former := sorted(row.key for row, fate in rows if fate & messages.Fate.REPLACED):
        await conn.execute(_FORGET, arrays.pack_rows("int8 int4", former), prepare=True)
    if attached:
        await conn.execute(
            _ATTACH,
            arrays.pack_rows("int8 int4 int8 text int8", sorted(attached, key=lambda row: (row[0], row[1]))),
            prepare=True,
        )
    if detached:
        await conn.execute(_DETACH, arrays.pack_rows("int8 int4 text", detached), prepare=True)
