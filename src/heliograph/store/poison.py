"""Finding the rows that cannot be stored, so that one of them costs itself and not the 499 beside it.

Keeps invariant 6: only data errors (SQLSTATE 22xxx, 23xxx, and a row beyond the server's limits) make a dead letter; it
holds the raw bytes and commits with the cursor that moves past it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import psycopg

from heliograph.domain import identity, letters, records
from heliograph.store.database import Connection

DATA_ERRORS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
)

_Field = Literal["messages", "tombstones", "pins", "observations", "users", "chats", "accesses", "topics"]
_FIELDS: Final[tuple[_Field, ...]] = get_args(_Field)
Commit = Callable[[Connection, Sequence[records.Batch]], Awaitable[object]]
OnStep = Callable[[], None]
"""Told before each of the many steps that separating takes: a deadline for one commit is none for all of them."""


@dataclass(frozen=True, slots=True)
class _Item:
    batch: int
    field: _Field
    row: Any


_Probe = Callable[[Sequence[_Item]], Awaitable[psycopg.Error | None]]


async def separate(
    conn: Connection, batches: Sequence[records.Batch], commit: Commit, on_step: OnStep = lambda: None
) -> list[records.Batch]:
    """Return ``batches`` with every row that ``commit`` cannot store made a dead letter.

    Each probe is rolled back to a savepoint; an error that belongs to no row comes up again in the real commit.
    """
    items = [
        _Item(index, field, row)
        for index, batch in enumerate(batches)
        for field in _FIELDS
        for row in getattr(batch, field)
    ]

    async def probe(some: Sequence[_Item]) -> psycopg.Error | None:
        on_step()
        return await _probe(conn, some, commit)

    poisoned = await _find(items, probe)
    return [
        _without(batch, [(item, error) for item, error in poisoned if item.batch == index])
        for index, batch in enumerate(batches)
    ]


async def attempt(conn: Connection, batch: records.Batch, commit: Commit) -> str | None:
    """Commit ``batch`` behind a savepoint; return what is wrong with a row that cannot be stored, None for nothing."""
    try:
        async with conn.transaction():
            await commit(conn, [batch])
    except DATA_ERRORS as error:
        return _sentence(error)
    return None


async def _find(items: Sequence[_Item], probe: _Probe) -> list[tuple[_Item, psycopg.Error]]:
    error = await probe(items)
    if error is None:
        return []
    if len(items) == 1:
        return [(items[0], error)]
    half = len(items) // 2
    return await _find(items[:half], probe) + await _find(items[half:], probe)


async def _probe(conn: Connection, items: Sequence[_Item], commit: Commit) -> psycopg.Error | None:
    if not items:
        return None
    rows: dict[str, Any] = {field: [item.row for item in items if item.field == field] for field in _FIELDS}
    try:
        async with conn.transaction(force_rollback=True):
            await commit(conn, [records.Batch(origin="difference", **rows)])
    except DATA_ERRORS as error:
        return error
    return None


def _without(batch: records.Batch, poisoned: Sequence[tuple[_Item, psycopg.Error]]) -> records.Batch:
    if not poisoned:
        return batch
    bad = {id(item.row) for item, _ in poisoned}
    kept: dict[str, Any] = {field: [row for row in getattr(batch, field) if id(row) not in bad] for field in _FIELDS}
    dead = [_letter(item.row, error, batch.account_id) for item, error in poisoned]
    return replace(batch, **kept, dead_letters=[*batch.dead_letters, *dead])


def _letter(row: Any, error: psycopg.Error, account_id: identity.AccountId | None) -> records.DeadLetter:
    is_tl = isinstance(row, records.Message) and isinstance(row.raw, bytes) and bool(row.raw)
    raw = row.raw if is_tl else letters.encode(row)
    space_id = getattr(row, "space_id", None)
    return records.DeadLetter(
        space_id=_within(space_id, 63),
        message_id=_within(getattr(row, "message_id", None), 63),
        raw=raw,
        layer=(_within(row.layer, 31) or 0) if is_tl else 0,
        error=_sentence(error),
        kind="message" if is_tl else "record",
        version=_version(row, raw),
        chat_id=_within(getattr(row, "chat_id", None), 63),
        as_of=_within(getattr(row, "as_of", None), 31),
        account_id=account_id,
    )


def _sentence(error: psycopg.Error) -> str:
    return f"{error.sqlstate or 'unfit'}: {error.diag.message_primary or error}"


def _version(row: Any, raw: bytes) -> str:
    """Return what makes this letter another one; what is seen anew each time (moments, counters) does not."""
    match row:
        case records.Message():
            return letters.version("message", row.text, row.edit_date)
        case records.Tombstone() | records.Observation():
            return letters.version(type(row).__name__)
        case _:
            return letters.version(raw)


def _within(value: Any, bits: int) -> Any:
    """Return a number that a column of so many bits holds, None for anything else."""
    return value if isinstance(value, int) and -(2**bits) <= value < 2**bits else None
