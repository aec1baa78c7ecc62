"""The one transaction: cursors, rows and outbox of a group of batches become visible together or not at all.

Invariants 1, 2 and 5 to 9 meet here. The order is fixed: space locks and compare-and-set first, rows under the as_of
rule in between, the outbox counter last, so that commits that share nothing run side by side until their last moment.
Everything goes through the driver's pipeline: a live commit takes three round trips besides BEGIN and COMMIT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

from heliograph.domain import identity, records
from heliograph.store import (
    arrays,
    audits,
    chats,
    coverage,
    cursors,
    dead_letters,
    entities,
    events,
    gaps,
    import_handover,
    locks,
    losses,
    mailboxes,
    media,
    messages,
    observations,
    outbox,
    pins,
    poison,
    revisions,
    tombstones,
)
from heliograph.store.database import Connection

# Look-ups are index probes at any size; a plan that was made while the tables were small must not scan them later.
# The locks prevent two writers of one space from both missing the text that the other replaces.
_BEGIN: Final = f"""
SELECT count(pg_advisory_xact_lock({locks.LOCK_CLASS}, slot)::text), set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)
FROM unnest(%s) AS slot
"""
_SAVEPOINT: Final = "SAVEPOINT before_rows"
_ROLLBACK: Final = "ROLLBACK TO SAVEPOINT before_rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a commit did."""

    conflicts: frozenset[int] = frozenset()
    """Indices of batches whose cursors were elsewhere: nothing of them was written."""
    inserted: int = 0
    updated: int = 0
    position: tuple[int, int] | None = None
    """The outbox position (epoch, n) of its last event; None when nobody needs to know."""


async def commit(conn: Connection, batches: Sequence[records.Batch]) -> Outcome:
    """Write ``batches`` into the caller's transaction.

    Batches of one box that follow each other are given in order and may chain. Raises psycopg's DataError or
    IntegrityError for a row that cannot be stored; the transaction is lost then, unless a savepoint stands before it.
    """
    async with conn.pipeline():
        moved, conflicts = await _move(conn, batches)
        accepted = [
            (index, losses.dated(batch, moved)) for index, batch in enumerate(batches) if index not in conflicts
        ]
        happened = await _write(conn, accepted, moved)
        found = events.collect(dict(accepted), happened)
        position = await outbox.append(conn, found) if found else None
    return Outcome(conflicts=conflicts, inserted=happened.inserted, updated=happened.updated, position=position)


async def commit_with_bisection(
    conn: Connection, batches: Sequence[records.Batch], on_step: poison.OnStep = lambda: None
) -> Outcome:
    """Write ``batches`` like :func:`commit`; rows that cannot be stored become dead letters in the same commit.

    ``on_step`` is called before each of the steps that this takes then.
    """
    try:
        async with conn.pipeline():
            await conn.execute(_SAVEPOINT)
            return await commit(conn, batches)
    except poison.DATA_ERRORS:
        await conn.execute(_ROLLBACK)
        separated = await poison.separate(conn, batches, commit, on_step)
        on_step()
        return await commit(conn, separated)


async def _move(
    conn: Connection, batches: Sequence[records.Batch]
) -> tuple[dict[identity.SpaceId, cursors.Cursor], frozenset[int]]:
    """Lock the spaces, move the cursors, and return those that moved and the batches that start elsewhere.

    ``moved_at`` of a cursor that moved is when it came to where it stood before.
    """
    slots = locks.slots(space for batch in batches for space in spaces(batch))
    await conn.execute(_BEGIN, arrays.pack_rows("int4", slots), prepare=True)
    conflicts = await chats.outrun(conn, {n: batch.progress for n, batch in enumerate(batches) if batch.progress})
    boxes = {move.box for batch in batches for move in batch.moves}
    if not boxes:
        return {}, conflicts
    stored = await cursors.lock(conn, boxes)
    now = dict(stored)
    conflicts |= {index for index, batch in enumerate(batches) if not cursors.apply_moves(now, batch.moves)}
    moved = {box: cursor for box, cursor in now.items() if cursor != stored.get(box)}
    before = {box: cursor.moved_at for box, cursor in stored.items()}
    return {box: replace(cursor, moved_at=before.get(box)) for box, cursor in moved.items()}, conflicts


async def _write(
    conn: Connection,
    accepted: Sequence[tuple[int, records.Batch]],
    moved: dict[identity.SpaceId, cursors.Cursor],
) -> events.Happened:
    batches = [batch for _, batch in accepted]
    if moved:
        await cursors.save(conn, moved)
    if back := cursors.stepped_back(move for batch in batches for move in batch.moves):
        await cursors.age(conn, back)
    await _write_ledger(conn, batches)
    changed_chats = await _write_entities(conn, batches)
    rows, older = messages.fold(accepted)
    buried = tombstones.fold([(index, item) for index, batch in accepted for item in batch.tombstones])
    samples = observations.fold([(index, item) for index, batch in accepted for item in batch.observations])
    merging = await messages.merge(conn, [row for _, row in rows]) if rows else None
    burying = await tombstones.bury(conn, [item for _, item in buried]) if buried else None
    noting = await observations.note(conn, [item for _, item in samples]) if samples else None
    happened = events.Happened(
        messages=[(*rows[place], fate) for place, fate in (await merging.fetchall() if merging else ())],
        tombstones=[
            (*buried[place], chat_id)
            for place, chat_id, was_alive in (await burying.fetchall() if burying else ())
            if was_alive
        ],
        observations=[
            (*samples[place], chat_id)
            for place, chat_id in (await noting.fetchall() if noting else ())
            if chat_id is not None
        ],
        chats=[row[0] for changed in changed_chats for row in await changed.fetchall()],
    )
    if pinned := pins.fold(pin for batch in batches for pin in batch.pins):
        await pins.put(conn, pinned)
    await _follow_up(conn, happened, older)
    if unconfirmed := {(item.space_id, item.first_id): item for batch in batches for item in batch.unconfirmed}:
        added = {row.key for _, row, fate in happened.messages if fate & messages.Fate.NEW}
        await coverage.save(conn, [item for key, item in sorted(unconfirmed.items()) if key in added])
    return happened


async def _write_ledger(conn: Connection, batches: Sequence[records.Batch]) -> None:
    if any(batch.dirty or batch.clean for batch in batches):
        await losses.save_marks(conn, batches)
    if ranges := [item for batch in batches for item in batch.coverage]:
        await coverage.save(conn, ranges)
    if steps := [item for batch in batches for item in batch.audits]:
        await audits.save(conn, steps)
    if lost := [item for batch in batches for item in batch.losses]:
        await losses.save_losses(conn, lost)
    if missed := [item for batch in batches for item in batch.gaps]:
        await gaps.save(conn, missed)
    if letters := [item for batch in batches for item in batch.dead_letters]:
        await dead_letters.save(conn, letters)


async def _write_entities(
    conn: Connection, batches: Sequence[records.Batch]
) -> list[psycopg.AsyncCursor[tuple[Any, ...]]]:
    """Return what tells the chats that changed."""
    if users := [item for batch in batches for item in batch.users]:
        await entities.save_users(conn, users)
    if accesses := [item for batch in batches for item in batch.accesses]:
        await entities.save_accesses(conn, accesses)
    if topics := [item for batch in batches for item in batch.topics]:
        await entities.save_topics(conn, topics)
    known = [item for batch in batches for item in batch.chats]
    copies = await import_handover.give_way(conn, known)
    changed = [] if copies is None else [copies]
    if known:
        changed.append(await entities.save_chats(conn, known))
    if groups := [item.chat_id for item in known if item.kind == "group" and not item.is_min]:
        changed.append(await mailboxes.settle(conn, groups))
    if steps := [batch.progress for batch in batches if batch.progress]:
        changed.append(await chats.save_progress(conn, steps))
    return changed


async def _follow_up(conn: Connection, happened: events.Happened, older: Sequence[messages.Row]) -> None:
    """Do what few rows need: files, versions out of order, deletions that waited, anomalies."""
    fates = [(row, fate) for _, row, fate in happened.messages]
    visible = messages.Fate.NEW | messages.Fate.CHANGED | messages.Fate.TOUCHED
    if any(row.message.media or fate & (messages.Fate.CHANGED | messages.Fate.TOUCHED) for row, fate in fates):
        await media.save(conn, [(row, fate) for row, fate in fates if fate & visible])
    out_of_order = messages.Fate.LATE | messages.Fate.TANGLED
    if late := [row for row, fate in fates if fate & out_of_order] + list(older):
        await revisions.add(conn, late)
    if orphaned := [row.key for row, fate in fates if fate & messages.Fate.ORPHANED]:
        await tombstones.settle(conn, orphaned)
    if reopened := [row.message for row, fate in fates if fate & messages.Fate.REOPENED]:
        await losses.report(
            conn,
            [
                ("seen_after_deletion", item.space_id, item.chat_id, item.message_id, {"as_of": item.as_of})
                for item in reopened
            ],
        )


def spaces(batch: records.Batch) -> frozenset[identity.SpaceId]:
    """Return the spaces whose rows a batch writes: two commits that share one go after each other."""
    rows = (batch.messages, batch.tombstones, batch.pins, batch.observations, batch.coverage, batch.chats)
    found = {move.box for move in batch.moves}.union(*({item.space_id for item in each} for each in rows))
    # A mark and what answers it must not change places.
    found.update(batch.clean, (mark.box for mark in batch.dirty))
    if batch.progress is not None:
        found.add(batch.progress.space_id)
    return frozenset(found)
