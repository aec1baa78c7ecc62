"""Basic groups whose mailbox has fallen silent: each is a known loss from then on, and inactive with the reason.

Other accounts number the same messages their own way, so that none of them can go on with such a group
(invariant 13). A mailbox that speaks again goes on from its cursor, and then nothing was lost after all.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from heliograph.domain import identity
from heliograph.store import chats
from heliograph.store.database import Connection

Reason = Literal["left", "session_ended"]
"""A group that was left has missed what came meanwhile; a session's end can be made good by signing in again."""

_CLOSE: Final = """
WITH silent AS (
    SELECT chat_id, space_id FROM chats
    WHERE space_id = %(mailbox)s AND kind = 'group' AND NOT is_min AND status <> 'inactive'
      AND migrated_to_chat_id IS NULL AND (%(only)s::bigint[] IS NULL OR chat_id = ANY(%(only)s::bigint[]))
), lost AS (
    INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
    SELECT s.space_id, b.pts, b.pts, %(reason)s || ':' || s.chat_id, now(), now()
    FROM silent s JOIN box_cursors b ON b.box = s.space_id
    ON CONFLICT DO NOTHING
)
SELECT chat_id FROM silent ORDER BY chat_id
"""
_OPEN: Final = """
DELETE FROM known_losses WHERE space_id = %s AND reason LIKE 'session\\_ended:%%'
RETURNING split_part(reason, ':', 2)::bigint
"""


async def close(
    conn: Connection,
    mailbox: identity.SpaceId,
    *,
    reason: Reason,
    error: str,
    only: Collection[identity.PeerId] | None = None,
) -> None:
    """Put on record that a mailbox brings nothing more for its basic groups, or for ``only`` some of them."""
    chosen = None if only is None else list(only)
    cursor = await conn.execute(_CLOSE, {"mailbox": mailbox, "reason": reason, "only": chosen})
    for (chat_id,) in await cursor.fetchall():
        await chats.set_status(conn, chat_id, "inactive", error)


async def reopen(conn: Connection, mailbox: identity.SpaceId) -> None:
    """Take back what was recorded when the session of a mailbox ended: it goes on from its cursor."""
    cursor = await conn.execute(_OPEN, [mailbox])
    await chats.reopen(conn, [identity.PeerId(row[0]) for row in await cursor.fetchall()])
