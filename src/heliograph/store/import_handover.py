"""A group or private chat that somebody's export brought gives way to an account that mirrors it here.

Both have one id and two numberings. Whose export it was is no account of this installation, so that its mailbox will
never be followed: left where it is, the copy would keep the chat from being mirrored at all (invariant 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import psycopg

from heliograph.domain import identity, records
from heliograph.store import arrays, chats, import_places, locks
from heliograph.store.database import Connection

_HELD: Final = f"""
SELECT c.chat_id, c.space_id FROM unnest(%s, %s) AS g (chat_id, space_id)
JOIN chats c ON c.chat_id = g.chat_id AND c.space_id <> g.space_id
WHERE {chats.IS_COPY}
ORDER BY c.chat_id
"""
_MOVE: Final = """
WITH moved AS (
    UPDATE messages SET chat_id = %(to)s WHERE space_id = %(space)s AND chat_id = %(chat)s
)
UPDATE chats SET chat_id = %(to)s, updated_at = now() WHERE chat_id = %(chat)s AND space_id = %(space)s
"""
MOVED: Final = "moved:"
"""What the keys of copies begin with that gave way."""
_DESKTOP_TYPES: Final[dict[identity.PeerKind, str]] = {"user": "personal_chat", "chat": "private_group"}
_NEWS: Final = "SELECT chat_id FROM chats WHERE chat_id = ANY(%s)"


def moved_key(space_id: identity.SpaceId, chat_id: identity.PeerId) -> str:
    """Return the key of the id that the copy of a chat has once it gave way."""
    return f"{MOVED}{space_id}:{chat_id}"


async def give_way(conn: Connection, described: Iterable[records.Chat]) -> psycopg.AsyncCursor[tuple[Any, ...]] | None:
    """Give copies ids of their own whose chats an account describes; the result's rows are those ids.

    Goes before the chats are saved. Waits for an import that is writing such a copy.
    """
    wanted = sorted({(chat.chat_id, chat.space_id) for chat in described if chat.space_id < 0 and not chat.is_min})
    if not wanted:
        return None
    held = await (await conn.execute(_HELD, arrays.pack_rows("int8 int8", wanted), prepare=True)).fetchall()
    moved: list[int] = []
    for chat_id, space_id in held:
        await locks.lock(conn, [identity.SpaceId(space_id)])
        of, number = identity.split_peer(identity.PeerId(chat_id))
        _, to = await import_places.own_mailbox(
            conn, moved_key(space_id, chat_id), kind=_DESKTOP_TYPES.get(of), number=number
        )
        await conn.execute(_MOVE, {"chat": chat_id, "space": space_id, "to": to})
        moved.append(to)
    return await conn.execute(_NEWS, [moved]) if moved else None
