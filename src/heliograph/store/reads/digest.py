"""A digest over the rows of a chat: equal on two machines exactly when what people see of the messages is equal.

Of each row a JSON array in a fixed order, in PostgreSQL's spelling and UTF-8, goes through SHA-256. The digests of a
stretch of 16,384 ids, in the order of ids, are joined and digested again, and so are those of all the stretches:
nothing but a digest per row is ever held. Left out is what depends on who looked and when: when a row was stored, how
new its knowledge is, the raw bytes, counters, hidden edits. docs/howto/verify.md says the same for people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from heliograph.store import arrays
from heliograph.store.database import Connection

_STRETCH_BITS: Final = 14
_ROW: Final = """
json_build_array(
    m.space_id, m.message_id, m.chat_id, m.sender_id, extract(epoch FROM m.date)::bigint, m.text, m.entities,
    m.reply_to_message_id, m.reply_to_chat_id, m.topic_id, m.album_id, m.forward, m.media, m.service,
    CASE WHEN NOT m.is_edit_hidden THEN extract(epoch FROM m.edit_date)::bigint END, m.deleted_at IS NOT NULL
)::text
"""
# OFFSET 0 keeps the texts out of the sort: only digests go through it.
_CHATS: Final = f"""
SELECT c.chat_id, encode(d.digest, 'hex')
FROM unnest(%s, %s) AS c (space_id, chat_id) CROSS JOIN LATERAL (
    SELECT sha256(string_agg(stretch.digest, ''::bytea ORDER BY stretch.n)) AS digest FROM (
        SELECT n, sha256(string_agg(digest, ''::bytea ORDER BY message_id)) AS digest FROM (
            SELECT m.message_id, m.message_id >> {_STRETCH_BITS} AS n, sha256(convert_to({_ROW}, 'UTF8')) AS digest
            FROM messages m WHERE m.space_id = c.space_id AND m.chat_id = c.chat_id
            OFFSET 0
        ) AS line GROUP BY n
    ) AS stretch
) d
WHERE d.digest IS NOT NULL
"""


async def chats(conn: Connection, keys: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Return the digests of chats by id, in hex, given (space id, chat id); one without messages has none."""
    cursor = await conn.execute(_CHATS, arrays.pack_rows("int8 int8", keys))
    return {row[0]: row[1] for row in await cursor.fetchall()}


def archive(digests: Iterable[tuple[int, str]]) -> str:
    """Return the digest over chats: SHA-256 of one line ``chat_id digest`` for each, in the order of chat ids."""
    lines = "".join(f"{chat_id} {each}\n" for chat_id, each in sorted(digests))
    return hashlib.sha256(lines.encode("ascii")).hexdigest()
