"""Which ids of a chat are known, and which are owed: two multiranges per chat that never overlap.

Keeps invariant 12: every id from the anchor to the top is stored, tombstoned, confirmed empty, or in an open hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from heliograph.domain import records
from heliograph.store import arrays
from heliograph.store.database import Connection

_RANGES: Final = """
WITH ranges AS (
    SELECT space_id, chat_id, range_agg(int8range(first_id, last_id, '[]')) AS ids, max(as_of) AS as_of
    FROM unnest(%s, %s, %s, %s, %s) AS r (space_id, chat_id, first_id, last_id, as_of)
    GROUP BY space_id, chat_id ORDER BY space_id, chat_id
)
"""
_COVER: Final = f"""{_RANGES}
INSERT INTO coverage AS c (space_id, chat_id, covered, as_of) SELECT space_id, chat_id, ids, as_of FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    covered = c.covered + EXCLUDED.covered, holes = c.holes - EXCLUDED.covered,
    as_of = greatest(c.as_of, EXCLUDED.as_of), updated_at = now()
"""
_OPEN: Final = f"""{_RANGES}
INSERT INTO coverage AS c (space_id, chat_id, holes, as_of) SELECT space_id, chat_id, ids, as_of FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    covered = c.covered - EXCLUDED.holes, holes = c.holes + EXCLUDED.holes,
    as_of = greatest(c.as_of, EXCLUDED.as_of), updated_at = now()
"""
_HOLES: Final = """
SELECT space_id, chat_id, lower(hole)::int, upper(hole)::int - 1, as_of
FROM coverage, unnest(holes) AS hole ORDER BY space_id, chat_id, lower(hole)
"""


async def save(conn: Connection, ranges: Sequence[records.Coverage]) -> None:
    """Add ranges in their order: a hole opens what was covered before it, anything later closes it."""
    for is_hole, group in groupby(ranges, lambda item: item.source == "hole"):
        rows = [(item.space_id, item.chat_id, item.first_id, item.last_id, item.as_of) for item in group]
        columns = arrays.pack_rows("int8 int8 int8 int8 int4", rows)
        await conn.execute(_OPEN if is_hole else _COVER, columns, prepare=True)


async def holes(conn: Connection) -> list[records.Coverage]:
    """Return every range that must still be scanned."""
    cursor = await conn.execute(_HOLES)
    return [
        records.Coverage(
            space_id=space_id, chat_id=chat_id, first_id=first_id, last_id=last_id, as_of=as_of, source="hole"
        )
        for space_id, chat_id, first_id, last_id, as_of in await cursor.fetchall()
    ]
