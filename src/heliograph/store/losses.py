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
_LOSE: Final = """
INSERT INTO known_losses (space_id, from_pts, to_pts, reason, since, noticed_at)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
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
    """Put losses on record, each once."""
    rows = [(item.space_id, item.from_pts, item.to_pts, item.reason, item.since, item.noticed_at) for item in losses]
    await conn.execute(_LOSE, arrays.pack_rows("int8 int4 int4 text time time", rows))


async def report(conn: Connection, found: Sequence[CrawlError]) -> None:
    """Put things on record that should not happen."""
    await conn.execute(_REPORT, arrays.pack_rows("text int8 int8 int4 json", found))
