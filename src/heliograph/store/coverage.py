"""Which ids of a chat are known, owed or out of reach: multiranges per chat that never overlap.

Keeps invariant 12: every id from the anchor to the top is stored, tombstoned, confirmed empty, unreachable, or in an
open hole. The anchor is the lowest id on the ledger: nobody asked for what is below it. What was asked for before the
newest hole was opened (``as_of``) closes nothing, whenever it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from heliograph.domain import identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection

_GIVEN: Final = "unnest(%s, %s, %s, %s, %s, %s) AS r (space_id, chat_id, first_id, last_id, as_of, is_history)"
_AGGREGATE: Final = """
    SELECT space_id, chat_id, range_agg(int8range(first_id, last_id, '[]')) AS ids, max(as_of) AS as_of
    FROM told GROUP BY space_id, chat_id ORDER BY space_id, chat_id
"""
# An answer may be older than the newest hole, or come from before the cursor went back: then it closes nothing. A page
# of a mailbox's history leaves out what was deleted, so it proves nothing about messages that may be stored already.
_TOLD: Final = f"""
WITH told AS (
    SELECT r.* FROM {_GIVEN}
    LEFT JOIN LATERAL (
        SELECT c.as_of FROM coverage c WHERE c.space_id = r.space_id AND c.chat_id = r.chat_id OFFSET 0
    ) c ON true
    LEFT JOIN LATERAL (SELECT b.pts FROM box_cursors b WHERE b.box = r.space_id OFFSET 0) b ON true
    WHERE r.as_of BETWEEN coalesce(c.as_of, 0) AND coalesce(b.pts, r.as_of)
      AND (r.space_id > 0 OR NOT r.is_history OR coalesce(c.as_of, 0) = 0)
), ranges AS ({_AGGREGATE})
"""
_COVER: Final = f"""{_TOLD}
INSERT INTO coverage AS c (space_id, chat_id, covered, as_of) SELECT space_id, chat_id, ids, 0 FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    covered = c.covered + EXCLUDED.covered, holes = c.holes - EXCLUDED.covered,
    suspects = c.suspects - EXCLUDED.covered, unreachable = c.unreachable - EXCLUDED.covered, updated_at = now()
"""
# A second look concerns ids below the anchor and above the ledger as well: those stay off it.
_PROBE: Final = f"""{_TOLD}
UPDATE coverage c SET
    covered = c.covered + c.holes * r.ids, holes = c.holes - r.ids, suspects = c.suspects - r.ids, updated_at = now()
FROM ranges r WHERE c.space_id = r.space_id AND c.chat_id = r.chat_id
"""
# Newcomers wait for a time of their own, and those before them for none but theirs: else neither of two would be true,
# that looks are some time apart, and that there is a second one however many newcomers there are.
_SUSPECT: Final = f"""{_TOLD}
INSERT INTO coverage AS c (space_id, chat_id, suspects, suspected_at, as_of)
SELECT space_id, chat_id, ids, now(), 0 FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    suspects = c.suspects + EXCLUDED.suspects,
    suspected_at = CASE WHEN isempty(c.suspects) THEN now() ELSE c.suspected_at END,
    fresh_suspects = CASE WHEN isempty(c.suspects) THEN '{{}}'
        ELSE c.fresh_suspects * c.suspects + (EXCLUDED.suspects - c.suspects) END,
    freshened_at = now(), updated_at = now()
"""
_RIPEN: Final = """
UPDATE coverage SET fresh_suspects = '{}', suspected_at = freshened_at
WHERE NOT isempty(fresh_suspects)
  AND (isempty(suspects - fresh_suspects) OR freshened_at <= now() - make_interval(secs => %s))
"""
_PUT_BEHIND: Final = """
UPDATE coverage c SET fresh_suspects = c.fresh_suspects + c.suspects * r.ids
FROM (SELECT range_agg(int8range(id, id, '[]')) AS ids FROM unnest(%s) AS given (id)) r
WHERE c.space_id = %s AND c.suspects && r.ids
"""
_EXCLUDE: Final = f"""{_TOLD}
UPDATE coverage c SET
    holes = c.holes - r.ids, suspects = c.suspects - r.ids, updated_at = now()
FROM ranges r WHERE c.space_id = r.space_id AND c.chat_id = r.chat_id
"""
_BAR: Final = f"""{_TOLD}
INSERT INTO coverage AS c (space_id, chat_id, unreachable, as_of) SELECT space_id, chat_id, ids, 0 FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    unreachable = c.unreachable + EXCLUDED.unreachable, covered = c.covered - EXCLUDED.unreachable,
    holes = c.holes - EXCLUDED.unreachable, suspects = c.suspects - EXCLUDED.unreachable, updated_at = now()
"""
# What is added below the anchor reaches up to it: the ledger has no ids between its own that it knows nothing of.
_OWE: Final = f"""
WITH told AS (
    SELECT r.space_id, r.chat_id, r.first_id, greatest(r.last_id, lower(c.ledger) - 1) AS last_id, r.as_of
    FROM {_GIVEN}
    LEFT JOIN LATERAL (
        SELECT c.covered + c.holes + c.unreachable AS ledger
        FROM coverage c WHERE c.space_id = r.space_id AND c.chat_id = r.chat_id OFFSET 0
    ) c ON true
), ranges AS ({_AGGREGATE})
INSERT INTO coverage AS c (space_id, chat_id, holes, as_of) SELECT space_id, chat_id, ids, as_of FROM ranges
ON CONFLICT (space_id, chat_id) DO UPDATE SET
    covered = c.covered - EXCLUDED.holes, holes = c.holes + EXCLUDED.holes, suspects = c.suspects - EXCLUDED.holes,
    unreachable = c.unreachable - EXCLUDED.holes, as_of = greatest(c.as_of, EXCLUDED.as_of), updated_at = now()
"""
# From the anchor on, and not only to the newest message that is left: what is stored above it was deleted meanwhile.
_REOPEN: Final = f"""
WITH told AS (
    SELECT r.space_id, r.chat_id, greatest(r.first_id, lower(c.ledger)) AS first_id,
           greatest(r.last_id, h.last_message_id) AS last_id, r.as_of
    FROM {_GIVEN}
    LEFT JOIN LATERAL (
        SELECT c.covered + c.holes + c.unreachable AS ledger
        FROM coverage c WHERE c.space_id = r.space_id AND c.chat_id = r.chat_id OFFSET 0
    ) c ON true
    LEFT JOIN LATERAL (SELECT h.last_message_id FROM chats h WHERE h.chat_id = r.chat_id OFFSET 0) h ON true
), ranges AS (
    SELECT space_id, chat_id, range_agg(int8range(first_id, greatest(first_id, last_id), '[]')) AS ids,
           max(as_of) AS as_of
    FROM told GROUP BY space_id, chat_id ORDER BY space_id, chat_id
)
{_OWE[_OWE.index("INSERT") :]}
"""
# What a chat owes that is ignored nobody asks for; it stays on the ledger in case the chat is mirrored again.
_NOTHING_OWED: Final = """NOT EXISTS (
    SELECT FROM coverage c LEFT JOIN chats h ON h.chat_id = c.chat_id
    WHERE c.space_id = g.space_id AND NOT isempty(c.holes) AND h.policy IS DISTINCT FROM 'ignore'
)"""
# The last hole of a space takes the gaps with it that were waiting for it.
_SETTLE: Final = f"""
UPDATE gaps g SET closed_at = greatest(now(), noticed_at), closed_by = %s
WHERE g.closed_at IS NULL AND g.is_lost AND g.space_id = ANY(%s) AND {_NOTHING_OWED}
"""
_SETTLE_ALL: Final = f"""
UPDATE gaps g SET closed_at = greatest(now(), noticed_at), closed_by = 'probe'
WHERE g.closed_at IS NULL AND g.is_lost AND {_NOTHING_OWED}
"""
_HOLES: Final = """
SELECT space_id, chat_id, lower(hole)::int, upper(hole)::int - 1, as_of
FROM coverage, unnest(holes) AS hole ORDER BY space_id, chat_id, lower(hole)
"""
_STATEMENTS: Final[dict[records.CoverageSource, str]] = {
    "live": _COVER,
    "difference": _COVER,
    "backfill": _COVER,
    "probe": _PROBE,
    "hole": _REOPEN,
    "owed": _OWE,
    "suspect": _SUSPECT,
    "unreachable": _BAR,
    "outside": _EXCLUDE,
}


async def save(conn: Connection, ranges: Sequence[records.Coverage]) -> None:
    """Put ranges on the ledger in their order: a hole opens what was covered before it, anything later closes it."""
    for statement, group in groupby(ranges, lambda item: _STATEMENTS[item.source]):
        rows = [
            (item.space_id, item.chat_id, item.first_id, item.last_id, item.as_of, item.source == "backfill")
            for item in group
        ]
        await conn.execute(statement, arrays.pack_rows("int8 int8 int8 int8 int4 bool", rows), prepare=True)
    closed_by = "backfill" if any(item.source == "backfill" for item in ranges) else "probe"
    spaces = sorted({(item.space_id,) for item in ranges if item.source not in ("hole", "owed")})
    if spaces:
        await conn.execute(_SETTLE, [closed_by, *arrays.pack_rows("int8", spaces)], prepare=True)


async def ripen(conn: Connection, seconds: float) -> None:
    """Let the newest suspects be looked at next.

    That is where nothing is left of those before them, or all of them were found empty at least ``seconds`` ago.
    """
    await conn.execute(_RIPEN, [seconds])


async def put_behind(conn: Connection, space_id: identity.SpaceId, ids: Iterable[int]) -> None:
    """Have suspects of a space looked at after all others: whose second look has no answer must not hold up those."""
    await conn.execute(_PUT_BEHIND, [*arrays.pack_rows("int8", [(each,) for each in ids]), space_id])


async def settle(conn: Connection) -> int:
    """Close the gaps of spaces without a hole, and return how many there were.

    A mailbox that mirrors no chat has a gap and nothing to ask for.
    """
    return (await conn.execute(_SETTLE_ALL)).rowcount


async def holes(conn: Connection) -> list[records.Coverage]:
    """Return every range that must still be scanned."""
    cursor = await conn.execute(_HOLES)
    return [
        records.Coverage(
            space_id=space_id, chat_id=chat_id, first_id=first_id, last_id=last_id, as_of=as_of, source="hole"
        )
        for space_id, chat_id, first_id, last_id, as_of in await cursor.fetchall()
    ]
