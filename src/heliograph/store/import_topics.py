"""Topics that an export's service messages tell of: those that nobody has described yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from heliograph.domain import identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection

_SAVE: Final = """
INSERT INTO topics (space_id, topic_id, title, icon_color, is_closed, created_at)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# What an account has described says itself whether it is a forum.
_FORUM: Final = "UPDATE chats SET kind = 'forum' WHERE chat_id = %s AND kind = 'supergroup' AND is_min"


async def save(conn: Connection, chat_id: identity.PeerId, topics: Sequence[records.Topic]) -> None:
    """Add topics that are not known, and note that their chat is a forum where nothing but imports tells of it."""
    rows = {
        (topic.space_id, topic.topic_id): (topic.title, topic.icon_color, topic.is_closed, topic.created_at)
        for topic in topics
    }
    packed = arrays.pack_rows(
        "int8 int4 text int4 bool time", [(*key, arrays.clean(row[0]), *row[1:]) for key, row in sorted(rows.items())]
    )
    await conn.execute(_SAVE, packed)
    await conn.execute(_FORUM, [chat_id])
