"""Finding the rows that cannot be stored, so that one of them costs itself and not the 499 beside it.

Keeps invariant 6: only data errors (SQLSTATE 22xxx, 23xxx, and a row beyond the server's limits) make a dead letter; it
holds the raw bytes and commits with the cursor that moves past it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import orjson
import psycopg

from heliograph.domain import records
from heliograph.store.database import Connection

DATA_ERRORS: Final = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)

_Field = Literal["messages", "tombstones", "pins", "observations", "users", "chats", "accesses", "topics"]
_FIELDS: Final[tuple[_Field, ...]] = get_args(_Field)
Commit = Callable[[Connection, Sequence[records.Batch]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Item:
    batch: int
    field: _Field
    row: Any


async def separate(conn: Connection, batches: Sequence[records.Batch], commit: Commit) -> list[records.Batch]:
    """Return ``batches`` with every row that ``commit`` cannot store made a dead letter.

    Each probe is rolled back to a savepoint; an error that belongs to no row comes up again in the real commit.
    """
    items = [
        _Item(index, field, row)
        for index, batch in enumerate(batches)
        for field in _FIELDS
        for row in getattr(batch, field)
    ]
    poisoned = await _find(conn, items, commit)
    return [
        _without(batch, [(item, error) for item, error in poisoned if item.batch == index])
        for index, batch in enumerate(batches)
    ]


async def _find(conn: Connection, items: Sequence[_Item], commit: Commit) -> list[tuple[_Item, psycopg.Error]]:
    error = await _probe(conn, items, commit)
    if error is None:
        return []
    if len(items) == 1:
        return [(items[0], error)]
    half = len(items) // 2
    return await _find(conn, items[:half], commit) + await _find(conn, items[half:], commit)


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
    letters = [_letter(item.row, error) for item, error in poisoned]
    return replace(batch, **kept, dead_letters=[*batch.dead_letters, *letters])


def _letter(row: Any, error: psycopg.Error) -> records.DeadLetter:
    if isinstance(row, records.Message) and isinstance(row.raw, bytes) and row.raw:
        raw, layer = row.raw, row.layer
    else:
        raw, layer = orjson.dumps(row, default=repr, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_DATACLASS), 0
    return records.DeadLetter(
        space_id=_int8(getattr(row, "space_id", None)),
        message_id=_int8(getattr(row, "message_id", None)),
        raw=raw,
        layer=layer,
        error=f"{error.sqlstate or 'unfit'}: {error.diag.message_primary or error}",
    )


def _int8(value: Any) -> Any:
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None
