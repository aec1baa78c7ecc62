"""Topics that an export tells of, unless somebody has described them, and which messages are in them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.domain import identity, records
from heliograph.store import arrays, outbox
from heliograph.store.database import Connection

_SAVE: Final = """
INSERT INTO topics (space_id, topic_id, title, icon_color, is_closed, created_at)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# What Telegram has told of says itself whether it is a forum, and what its first topic is called.
_FORUM: Final = """
WITH forum AS (
    SELECT chat_id, space_id FROM chats WHERE chat_id = %s AND kind IN ('supergroup', 'forum') AND is_claimed
), general AS (
    INSERT INTO topics (space_id, topic_id, title, is_closed)
    SELECT space_id, 1, 'General', false FROM forum ON CONFLICT DO NOTHING
)
UPDATE chats c SET kind = 'forum', updated_at = now() FROM forum f
WHERE c.chat_id = f.chat_id AND c.kind = 'supergroup'
"""

_TITLES: Final = "SELECT topic_id, title FROM topics WHERE space_id = %s AND topic_id > 0"
_PLACED: Final = """
SELECT message_id, topic_id FROM messages WHERE space_id = %s AND topic_id > 1 ORDER BY message_id
"""
_ROWS: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """The topics of a chat, and the messages in them but for those of General: 8 bytes for each."""

    titles: dict[int, str]
    """By topic id, that of General too where somebody has described it."""
    message_ids: array[int]
    """Ascending."""
    topic_ids: array[int]
    """Of the message at the same place."""


async def load(conn: Connection, space_id: identity.SpaceId) -> Placed:
    """Return what is known of a chat's topics, with little memory beside it; within a transaction."""
    titles: dict[int, str] = dict(await (await conn.execute(_TITLES, [space_id])).fetchall())
    found = Placed(titles=titles, message_ids=array("i"), topic_ids=array("i"))
    if not titles:
        return found
    async with conn.cursor(name="placed") as cursor:
        await cursor.execute(_PLACED, [space_id])
        while page := await cursor.fetchmany(_ROWS):
            found.message_ids.extend(message_id for message_id, _ in page)
            found.topic_ids.extend(topic_id for _, topic_id in page)
    return found


async def save(conn: Connection, chat_id: identity.PeerId, topics: Sequence[records.Topic]) -> None:
    """Add topics that are not known, and note that their chat is a forum where nothing but imports tells of it.

    A forum has the topic General without a message that opens it.
    """
    rows = {
        (topic.space_id, topic.topic_id): (topic.title, topic.icon_color, topic.is_closed, topic.created_at)
        for topic in topics
    }
    packed = arrays.pack_rows(
        "int8 int4 text int4 bool time", [(*key, arrays.clean(row[0]), *row[1:]) for key, row in sorted(rows.items())]
    )
    await conn.execute(_SAVE, packed)
    if (await conn.execute(_FORUM, [chat_id])).rowcount:
        await outbox.append(conn, [outbox.Event(kind="chat", chat_id=chat_id)])
