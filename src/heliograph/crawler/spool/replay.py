"""Spooled batches on their way into the store, with the same compare-and-set as live ones (invariants 1 and 2).

A batch whose cursor stands at its end already was committed before its answer was lost: it is left out. One whose
cursor stands elsewhere, since another holder has the box or the database has lost commits, gives its rows, which are
true for their ``as_of`` wherever the cursor is (invariant 9); the cursor stays, and the box begins anew from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heliograph.domain import identity, records
from heliograph.store import commit, cursors, database, poison


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay did."""

    position: tuple[int, int] | None
    """The outbox position of its last event."""
    elsewhere: frozenset[identity.SpaceId]
    """Boxes whose cursor did not stand where their batches start."""


async def write(
    conn: database.Connection, batches: Sequence[records.Batch], on_step: poison.OnStep = lambda: None
) -> Replayed:
    """Write batches into the caller's transaction. Raises what ``commit.commit_with_bisection`` raises."""
    outcome = await commit.commit_with_bisection(conn, batches, on_step)
    refused = [batches[index] for index in sorted(outcome.conflicts)]
    if not refused:
        return Replayed(position=outcome.position, elsewhere=frozenset())
    stored = await cursors.lock(conn, {move.box for batch in refused for move in batch.moves})
    owed = [batch for batch in refused if not _is_done(batch, stored)]
    if not owed:
        return Replayed(position=outcome.position, elsewhere=frozenset())
    rest = await commit.commit_with_bisection(conn, [rows_of(batch) for batch in owed], on_step)
    return Replayed(
        position=max(outcome.position or (0, 0), rest.position or (0, 0)),
        elsewhere=frozenset(move.box for batch in owed for move in batch.moves),
    )


def rows_of(batch: records.Batch) -> records.Batch:
    """Return what is true of a batch wherever its cursor stands: its rows, marks and holes.

    That its cursor moved is not, nor what is said about that move: that it answers a mark, or what it lost.
    """
    holes = [item for item in batch.coverage if item.source == "hole"]
    return dataclasses.replace(batch, moves=(), clean=[], coverage=holes, losses=[], gaps=[], audits=[], progress=None)


def _is_done(batch: records.Batch, stored: Mapping[identity.SpaceId, cursors.Cursor]) -> bool:
    """Say whether the cursor has passed a batch in this holder's own hands, who commits in order."""
    return all(
        (found := stored.get(move.box)) is not None
        and found.epoch == move.epoch
        and _has_passed(found.state, move.to_state)
        for move in batch.moves
    )


def _has_passed(state: records.BoxState, end: records.BoxState) -> bool:
    return state.pts >= end.pts and state.qts >= end.qts and state.date >= end.date
