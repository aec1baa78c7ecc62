"""What is owed, lost or odd: dirty boxes, known losses, crawl errors; dead letters are in dead_letters.py.

Keeps invariants 4, 5 and 7: whatever is dropped is on record in the commit that moves past it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import arrays, cursors
from heliograph.store.database import Connection

_MARK: Final = """
INSERT INTO dirty_boxes (box, reason) SELECT * FROM unnest(%s, %s) ON CONFLICT (box) DO NOTHING
"""
_MARK_ALL: Final = """
INSERT INTO dirty_boxes (box, reason) SELECT box, %s FROM box_cursors ORDER BY box ON CONFLICT (box) DO NOTHING
"""
_CLEAN: Final = "DELETE FROM dirty_boxes WHERE box = ANY(%s)"
# One overflow or outage is told page by page: what goes on where the same loss ended is one stretch with it.
_ONE: Final = """
space_id = %(space)s AND reason = %(reason)s
  AND noticed_at BETWEEN %(noticed_at)s - interval '10 minutes' AND %(noticed_at)s
"""
_LOSE: Final = f"""
WITH known AS MATERIALIZED (
    SELECT loss_id, from_pts <= %(from_pts)s AND to_pts >= %(to_pts)s AS is_told FROM known_losses
    WHERE {_ONE} AND (to_pts = %(from_pts)s OR from_pts <= %(from_pts)s AND to_pts >= %(to_pts)s)
    ORDER BY is_told DESC, loss_id DESC LIMIT 1
), prolonged AS (
    UPDATE known_losses l SET to_pts = %(to_pts)s FROM known k
    WHERE l.loss_id = k.loss_id AND NOT k.is_told AND NOT EXISTS (
        SELECT FROM known_losses o WHERE (o.space_id, o.from_pts, o.to_pts, o.reason)
                                       = (l.space_id, l.from_pts, %(to_pts)s, l.reason)
    )
    RETURNING l.loss_id
)
INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
SELECT %(space)s, %(from_pts)s, %(to_pts)s, %(reason)s, %(since)s, %(noticed_at)s
WHERE NOT EXISTS (SELECT FROM known WHERE is_told) AND NOT EXISTS (SELECT FROM prolonged) ON CONFLICT DO NOTHING
"""
_REPORT: Final = """
INSERT INTO crawl_errors (kind, space_id, chat_id, message_id, detail)
SELECT kind, space_id, chat_id, message_id, detail::jsonb
FROM unnest(%s, %s, %s, %s, %s) AS e (kind, space_id, chat_id, message_id, detail)
"""

ACCOUNT_LIMITED: Final = "account_limited"
"""The kind of crawl error that says that Telegram has limited an account itself; its space is the account's mailbox."""

BATCH_REFUSED: Final = "batch_refused"
"""The kind of crawl error that says that something spooled met a defect or cannot be read, and was set aside.

``kept`` names its file."""

CrawlError = tuple[str, identity.SpaceId | None, identity.PeerId | None, int | None, dict[str, Any]]
"""Kind, space, chat, message, details without any text of a message."""


async def save_marks(conn: Connection, batches: Sequence[records.Batch]) -> None:
    """Mark and clean boxes in the order of the batches."""
    reasons: dict[identity.SpaceId, str | None] = {}
    for batch in batches:
        reasons |= dict.fromkeys(batch.clean)
        reasons |= {mark.box: mark.reason for mark in batch.dirty}
    if clean := sorted(box for box, reason in reasons.items() if reason is None):
        await conn.execute(_CLEAN, arrays.pack_rows("int8", [(box,) for box in clean]), prepare=True)
    if dirty := sorted((box, reason) for box, reason in reasons.items() if reason is not None):
        await conn.execute(_MARK, arrays.pack_rows("int8 text", dirty), prepare=True)


def dated(batch: records.Batch, moved: Mapping[identity.SpaceId, cursors.Cursor]) -> records.Batch:
    """Return a batch whose losses tell since when: where that is not known, since the box's cursor moved last."""
    if not batch.losses:
        return batch
    found = []
    for item in batch.losses:
        before = moved.get(item.space_id)
        since = item.since or (before and before.moved_at)
        # The clocks of the database and of the crawler may differ.
        found.append(replace(item, since=min(since, item.noticed_at) if since else None))
    return replace(batch, losses=found)


async def mark_all(conn: Connection, reason: str) -> None:
    """Mark every box that has a cursor."""
    await conn.execute(_MARK_ALL, [reason])


async def save_losses(conn: Connection, losses: Sequence[records.KnownLoss]) -> None:
    """Put losses on record; those that follow each other within minutes become one, told once."""
    for item in losses:
        given = {
            "space": item.space_id,
            "from_pts": item.from_pts,
            "to_pts": item.to_pts,
            "reason": item.reason,
            "since": item.since,
            "noticed_at": item.noticed_at,
        }
        await conn.execute(_LOSE, given)


async def report(conn: Connection, found: Sequence[CrawlError]) -> None:
    """Put things on record that should not happen."""
    await conn.execute(_REPORT, arrays.pack_rows("text int8 int8 int4 json", found))
