"""What was not followed as it happened, on record in the commit that brings it to its end.

A gap that cost something stays open with its hole; the commit that closes the hole closes it (store/coverage.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from heliograph.domain import records
from heliograph.store import arrays
from heliograph.store.database import Connection

_SAVE: Final = """
INSERT INTO gaps (space_id, cause, from_pts, to_pts, events, noticed_at, closed_at, closed_by)
SELECT space_id, cause, from_pts, to_pts, events, least(noticed_at, closed_at), closed_at,
       CASE WHEN closed_at IS NOT NULL THEN 'difference' END
FROM unnest(%s, %s, %s, %s, %s, %s, %s)
    AS g (space_id, cause, from_pts, to_pts, events, noticed_at, closed_at)
"""


async def save(conn: Connection, gaps: Sequence[records.Gap]) -> None:
    """Put gaps on record."""
    rows = [
        (item.space_id, item.cause, item.from_pts, item.to_pts, item.events, item.noticed_at, item.closed_at)
        for item in gaps
    ]
    await conn.execute(_SAVE, arrays.pack_rows("int8 text int4 int4 int4 time time", rows), prepare=True)
