"""Where each box is. A cursor moves only from the exact state its batch was built on, under the current epoch.

Keeps invariants 1 and 2 of the promise, with the compare-and-set that every commit begins with, and invariant 9 over a
cursor that has to go back: what is stored is no newer than the cursor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A box's committed state and the epoch that may move it."""

    state: records.BoxState
    epoch: int
    moved_at: datetime | None = field(default=None, compare=False)
    """When it came to stand there, as far as known: until then nothing had been missed."""


NOBODY: Final = 0
"""The epoch of a box that was given up: any holder may claim it."""

_LOAD = "SELECT box, pts, qts, seq, date, epoch, updated_at FROM box_cursors"
_LOCK = f"{_LOAD} WHERE box = ANY(%s) ORDER BY box FOR UPDATE"
_SAVE = """
INSERT INTO box_cursors (box, pts, qts, seq, date, epoch)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s)
ON CONFLICT (box) DO UPDATE
SET pts = EXCLUDED.pts, qts = EXCLUDED.qts, seq = EXCLUDED.seq, date = EXCLUDED.date, updated_at = now()
"""
# A space's rows are walked along their key, once per step back, and only those that are newer are written.
_AGE = """
WITH back AS MATERIALIZED (SELECT * FROM unnest(%s, %s) AS b (space_id, pts)),
aged AS (
    UPDATE messages m SET
        as_of = least(m.as_of, b.pts),
        deleted_as_of = CASE WHEN m.deleted_as_of > b.pts THEN b.pts ELSE m.deleted_as_of END
    FROM back b WHERE m.space_id = b.space_id AND greatest(m.as_of, m.deleted_as_of) > b.pts
), waiting AS (
    UPDATE orphan_tombstones o SET as_of = b.pts FROM back b WHERE o.space_id = b.space_id AND o.as_of > b.pts
)
UPDATE coverage c SET as_of = b.pts FROM back b WHERE c.space_id = b.space_id AND c.as_of > b.pts
"""
_CLAIM = "UPDATE box_cursors SET epoch = %s WHERE box = ANY(%s) AND epoch < %s"
_RELEASE = f"UPDATE box_cursors SET epoch = {NOBODY} WHERE box = %s"
_RELEASED = f"""
SELECT b.box, a.account_id FROM unnest(%s, %s) AS wanted (box, peer_id)
JOIN box_cursors b ON b.box = wanted.box AND b.epoch = {NOBODY}
JOIN chat_access a ON a.peer_id = wanted.peer_id AND a.account_id = ANY(%s)
WHERE a.role IN ('creator', 'admin', 'member') AND a.access_hash IS NOT NULL
ORDER BY b.box, a.account_id
"""
_READS = "role IN ('creator', 'admin', 'member')"
# Held by an earlier epoch, and read by none of the accounts though one of them did.
_ABANDON = f"""
WITH gone AS MATERIALIZED (
    SELECT c.space_id, c.chat_id FROM chats c
    WHERE c.space_id > 0 AND EXISTS (
        SELECT FROM chat_access a WHERE a.peer_id = c.chat_id AND a.account_id = ANY(%(accounts)s)
    ) AND NOT EXISTS (
        SELECT FROM chat_access a WHERE a.peer_id = c.chat_id AND a.account_id = ANY(%(accounts)s) AND {_READS}
    )
)
UPDATE box_cursors b SET epoch = {NOBODY} FROM gone g
WHERE b.box = g.space_id AND b.epoch <> {NOBODY} AND b.epoch < %(epoch)s
RETURNING g.chat_id, NOT EXISTS (SELECT FROM chat_access a WHERE a.peer_id = g.chat_id AND {_READS})
"""
_DIRTY = "SELECT box, reason FROM dirty_boxes ORDER BY marked_at, box"


async def load(conn: Connection) -> dict[identity.SpaceId, Cursor]:
    """Return the committed cursor of every anchored box."""
    cursor = await conn.execute(_LOAD)
    return _cursors(await cursor.fetchall())


async def claim(conn: Connection, boxes: Iterable[identity.SpaceId], epoch: int) -> None:
    """Put boxes under a new holder's epoch; commits of earlier holders conflict from now on."""
    await conn.execute(_CLAIM, [epoch, list(boxes), epoch])


async def release(conn: Connection, box: identity.SpaceId, epoch: int) -> bool:
    """Give a box up, in the caller's transaction, so that any holder may claim it; False when another one has."""
    held = (await lock(conn, [box])).get(box)
    if held is None or held.epoch == epoch:
        await conn.execute(_RELEASE, [box])
        return True
    return held.epoch == NOBODY


async def released(
    conn: Connection, boxes: Iterable[identity.SpaceId], account_ids: Iterable[int]
) -> list[tuple[identity.SpaceId, identity.AccountId]]:
    """Return which of these channels' boxes were given up, each with every one of the accounts that reads it."""
    wanted = arrays.pack_rows("int8 int8", [(box, identity.channel_peer(box)) for box in boxes])
    cursor = await conn.execute(_RELEASED, [*wanted, list(account_ids)])
    return [(box, account_id) for box, account_id in await cursor.fetchall()]


async def abandon(conn: Connection, account_ids: Iterable[int], epoch: int) -> list[tuple[identity.PeerId, bool]]:
    """Give up the channels that these accounts have left, unless a later epoch holds them.

    A process that ends between the role and the release leaves such a box under its own epoch. A living holder of an
    earlier epoch has it back with its next commit. Returns the channels, each with whether no account reads it at all.
    """
    cursor = await conn.execute(_ABANDON, {"accounts": list(account_ids), "epoch": epoch})
    return [(identity.PeerId(chat_id), is_unread) for chat_id, is_unread in await cursor.fetchall()]


async def dirty(conn: Connection) -> list[records.DirtyMark]:
    """Return the boxes that may have news, the longest waiting first."""
    cursor = await conn.execute(_DIRTY)
    return [records.DirtyMark(box=box, reason=reason) for box, reason in await cursor.fetchall()]


async def lock(conn: Connection, boxes: Iterable[identity.SpaceId]) -> dict[identity.SpaceId, Cursor]:
    """Return the cursors of ``boxes`` and keep everybody else from moving them until the transaction ends."""
    cursor = await conn.execute(_LOCK, [sorted(boxes)], prepare=True)
    return _cursors(await cursor.fetchall())


def apply_moves(cursors: dict[identity.SpaceId, Cursor], moves: Sequence[records.CursorMove]) -> bool:
    """Make all ``moves`` in ``cursors`` and return True, or none of them and return False."""
    moved: dict[identity.SpaceId, Cursor] = {}
    for move in moves:
        now = moved.get(move.box) or cursors.get(move.box)
        expected = None if move.from_state is None else Cursor(state=move.from_state, epoch=move.epoch)
        if now != expected:
            return False
        moved[move.box] = Cursor(state=move.to_state, epoch=move.epoch)
    cursors.update(moved)
    return True


def stepped_back(moves: Iterable[records.CursorMove]) -> dict[identity.SpaceId, int]:
    """Return the boxes whose moves go back, and the lowest pts that they go back to."""
    lowest: dict[identity.SpaceId, int] = {}
    for move in moves:
        if move.from_state is not None and move.to_state.pts < move.from_state.pts:
            lowest[move.box] = min(move.to_state.pts, lowest.get(move.box, move.to_state.pts))
    return lowest


async def age(conn: Connection, boxes: Mapping[identity.SpaceId, int]) -> None:
    """Make what is known of these boxes no newer than the pts that they have gone back to.

    The server has lost part of its log and numbers anew: the next edit comes with a pts below those that are stored,
    and would count as older knowledge for ever. Costs a walk over the rows of the space; a step back is rare.
    """
    await conn.execute(_AGE, arrays.pack_rows("int8 int4", sorted(boxes.items())))


async def save(conn: Connection, cursors: Mapping[identity.SpaceId, Cursor]) -> None:
    """Write cursors that :func:`lock` gave and :func:`apply_moves` moved."""
    rows = [
        (box, item.state.pts, item.state.qts, item.state.seq, item.state.date, item.epoch)
        for box, item in sorted(cursors.items())
    ]
    await conn.execute(_SAVE, arrays.pack_rows("int8 int4 int4 int4 int4 int8", rows), prepare=True)


def _cursors(rows: list[tuple[Any, ...]]) -> dict[identity.SpaceId, Cursor]:
    return {
        box: Cursor(state=records.BoxState(pts=pts, qts=qts, seq=seq, date=date), epoch=epoch, moved_at=moved_at)
        for box, pts, qts, seq, date, epoch, moved_at in rows
    }
