"""Which file a message carries. The file itself, by its SHA-256, comes when it is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from heliograph.store import arrays, content, messages
from heliograph.store.database import Connection

_ATTACH: Final = """
INSERT INTO message_media AS m (space_id, message_id, file_id, kind) SELECT * FROM unnest(%s, %s, %s, %s)
ON CONFLICT (space_id, message_id) DO UPDATE SET file_id = EXCLUDED.file_id, kind = EXCLUDED.kind, sha256 = NULL
WHERE m.file_id <> EXCLUDED.file_id
"""
_DETACH: Final = """
DELETE FROM message_media m USING unnest(%s, %s) AS k (space_id, message_id)
WHERE m.space_id = k.space_id AND m.message_id = k.message_id
"""


async def save(conn: Connection, rows: Sequence[tuple[messages.Row, int]]) -> None:
    """Note the files of messages that are new or changed."""
    attached, detached = [], []
    for row, fate in rows:
        media = row.message.media
        file = content.file_id(media)
        if file is not None and media is not None:
            attached.append((*row.key, file, media["kind"]))
        elif fate & messages.Fate.CHANGED:
            detached.append(row.key)
    if attached:
        await conn.execute(_ATTACH, arrays.pack_rows("int8 int4 int8 text", sorted(attached)), prepare=True)
    if detached:
        await conn.execute(_DETACH, arrays.pack_rows("int8 int4", detached), prepare=True)
