"""Basic groups whose mailbox has fallen silent: each is a known loss from then on, and inactive with the reason.

Other accounts number the same messages their own way, so that none of them can go on with such a group
(invariant 13). A loss that goes on ends at OPEN. A group that was left has missed what came until it is joined again;
a session's end can be made good by signing in again, since the mailbox goes on from its cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import psycopg

from heliograph.domain import identity
from heliograph.store import arrays, chats, locks, outbox
from heliograph.store.database import Connection

OPEN: Final = 2**31 - 1
"""The end of a loss that goes on; the schema has one of each kind at a time."""
LEFT: Final = "The account that mirrors this group has left it, so what was said from then on is lost."

_READS: Final = "role IN ('creator', 'admin', 'member')"
# A group with nothing on the ledger was never mirrored: the account left it before we came. What an import brought of
# it, and Telegram told nothing of, makes no difference.
_SETTLE: Final = f"""
WITH settled AS MATERIALIZED (
    SELECT c.chat_id, c.space_id, 'left:' || c.chat_id AS reason, a.{_READS} AS is_read, c.last_message_at
    FROM unnest(%(chats)s) AS given (chat_id)
    JOIN chats c ON c.chat_id = given.chat_id
    JOIN accounts w ON w.user_id = -c.space_id
    JOIN chat_access a ON a.account_id = w.account_id AND a.peer_id = c.chat_id
    WHERE c.kind = 'group' AND NOT c.is_min AND c.migrated_to_chat_id IS NULL
      AND (a.{_READS} OR c.message_count > 0 AND coalesce(c.told_from, 0) < {chats.UNTOLD} OR EXISTS (
          SELECT FROM coverage v WHERE v.space_id = c.space_id AND v.chat_id = c.chat_id
      ))
      AND NOT EXISTS (
          SELECT FROM known_losses l
          WHERE l.space_id = c.space_id AND l.reason = 'session_ended:' || c.chat_id AND l.to_pts = {OPEN}
      )
), lost AS (
    INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
    SELECT s.space_id, coalesce(b.pts, 0), {OPEN}, s.reason,
           CASE WHEN %(is_late)s THEN s.last_message_at ELSE to_timestamp(nullif(b.date, 0)) END, now()
    FROM settled s LEFT JOIN box_cursors b ON b.box = s.space_id
    WHERE NOT s.is_read
    ON CONFLICT DO NOTHING
), over AS (
    DELETE FROM known_losses l USING settled s
    WHERE s.is_read AND l.space_id = s.space_id AND l.reason = s.reason AND l.to_pts = {OPEN}
    RETURNING l.*
), closed AS (
    INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
    SELECT o.space_id, o.from_pts, greatest(o.from_pts, b.pts), o.reason, o.since, o.noticed_at
    FROM over o LEFT JOIN box_cursors b ON b.box = o.space_id
    ON CONFLICT DO NOTHING
)
UPDATE chats c SET
    status = CASE WHEN NOT s.is_read THEN 'inactive' WHEN c.is_complete THEN 'active' ELSE 'initializing' END,
    last_error = CASE WHEN NOT s.is_read THEN %(error)s END, error_count = 0, updated_at = now()
FROM settled s
WHERE c.chat_id = s.chat_id AND CASE
    WHEN s.is_read THEN c.status = 'inactive' OR c.status = 'initializing' AND c.is_complete
    ELSE (c.status, c.last_error) IS DISTINCT FROM ('inactive', %(error)s) END
RETURNING c.chat_id
"""
_CLOSE: Final = f"""
WITH silent AS MATERIALIZED (
    SELECT chat_id, space_id FROM chats
    WHERE space_id = %(mailbox)s AND kind = 'group' AND NOT is_min AND status <> 'inactive'
      AND migrated_to_chat_id IS NULL
), lost AS (
    INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
    SELECT s.space_id, coalesce(b.pts, 0), {OPEN}, 'session_ended:' || s.chat_id, to_timestamp(nullif(b.date, 0)), now()
    FROM silent s LEFT JOIN box_cursors b ON b.box = s.space_id
    ON CONFLICT DO NOTHING
)
UPDATE chats c SET status = 'inactive', last_error = %(error)s, error_count = 0, updated_at = now()
FROM silent s WHERE c.chat_id = s.chat_id
RETURNING c.chat_id
"""
_TAKE_BACK: Final = "DELETE FROM known_losses WHERE space_id = %s AND reason LIKE 'session\\_ended:%%'"
_GROUPS: Final = "SELECT chat_id FROM chats WHERE space_id = %s AND kind = 'group'"


async def settle(
    conn: Connection, groups: Iterable[identity.PeerId], *, is_late: bool = False
) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Let basic groups be what their mailboxes' roles in them say: lost, or mirrored again.

    Goes into the transaction that writes the roles, so that no role is stored without the loss that it means. The
    result's rows are the ids of the chats that changed; the caller holds the locks of their spaces and tells. What is
    lost begins at the cursor's date, or with ``is_late`` after the group's last message, since the cursor has moved on.
    """
    given = arrays.pack("int8", sorted(set(groups)))
    return await conn.execute(_SETTLE, {"chats": given, "error": LEFT, "is_late": is_late}, prepare=True)


async def close(conn: Connection, mailbox: identity.SpaceId, *, error: str) -> None:
    """Put on record, in the caller's transaction, that the session of a mailbox has ended, with all its groups.

    What is lost begins at the cursor and its date, however late the end is noticed.
    """
    await locks.lock(conn, [mailbox])
    await _tell(conn, await conn.execute(_CLOSE, {"mailbox": mailbox, "error": error}))


async def reopen(conn: Connection, mailbox: identity.SpaceId) -> None:
    """Go on with a mailbox, in the caller's transaction: it speaks again, from its cursor.

    What was recorded when its session ended is taken back. Groups that it has left without a record, as versions
    before this rule could leave behind, are recorded now.
    """
    await locks.lock(conn, [mailbox])
    await conn.execute(_TAKE_BACK, [mailbox])
    groups = await (await conn.execute(_GROUPS, [mailbox])).fetchall()
    await _tell(conn, await settle(conn, [identity.PeerId(row[0]) for row in groups], is_late=True))


async def _tell(conn: Connection, changed: psycopg.AsyncCursor[tuple[Any, ...]]) -> None:
    events = [outbox.Event(kind="chat", chat_id=row[0]) for row in await changed.fetchall()]
    if events:
        await outbox.append(conn, events)
