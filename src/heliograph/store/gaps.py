"""What was not followed as it happened, on record in the commit that brings it to its end, or earlier if that is late.

A gap that lasts is put on record open; whoever brings the rest closes it, another process as well. One whose log was
gone stays open with its hole, and the commit that closes the hole closes it (store/coverage.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from heliograph.domain import identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection

# What was put on record while it lasted keeps its cause and its beginning.
_SAVE: Final = """
WITH told AS MATERIALIZED (
    SELECT * FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s) WITH ORDINALITY
        AS g (space_id, cause, from_pts, to_pts, events, noticed_at, closed_at, is_lost, place)
), ended AS (
    UPDATE gaps g SET
        to_pts = t.to_pts, events = t.events, is_lost = t.is_lost,
        closed_at = CASE WHEN t.closed_at IS NOT NULL THEN greatest(t.closed_at, g.noticed_at) END,
        closed_by = CASE WHEN t.closed_at IS NOT NULL THEN 'difference' END
    FROM (SELECT DISTINCT ON (space_id) * FROM told ORDER BY space_id, place) t
    WHERE g.space_id = t.space_id AND g.closed_at IS NULL AND NOT g.is_lost
    RETURNING t.place
)
INSERT INTO gaps (space_id, cause, from_pts, to_pts, events, noticed_at, closed_at, closed_by, is_lost)
SELECT space_id, cause, from_pts, to_pts, events, least(noticed_at, closed_at), closed_at,
       CASE WHEN closed_at IS NOT NULL THEN 'difference' END, is_lost
FROM told WHERE place NOT IN (SELECT place FROM ended) ORDER BY place
"""
_UNDER_WAY: Final = "SELECT space_id FROM gaps WHERE closed_at IS NULL AND NOT is_lost"


async def under_way(conn: Connection) -> frozenset[identity.SpaceId]:
    """Return the boxes that are on record as behind."""
    return frozenset(row[0] for row in await (await conn.execute(_UNDER_WAY)).fetchall())


async def save(conn: Connection, gaps: Sequence[records.Gap]) -> None:
    """Put gaps on record, or close those that are there."""
    for each in gaps:  # few, and one may close what the one before it has opened
        row = (
            *(each.space_id, each.cause, each.from_pts, each.to_pts, each.events),
            *(each.noticed_at, each.closed_at, each.is_lost),
        )
        await conn.execute(_SAVE, arrays.pack_rows("int8 text int4 int4 int4 time time bool", [row]), prepare=True)
