"""How far each source of an import is: the resume point commits with the rows that were read up to there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from heliograph.domain import records
from heliograph.store import arrays
from heliograph.store.database import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a source has been imported."""

    name: str
    """As a person knows it."""
    position: records.Json
    """Where to go on, in the importer's own words."""
    counts: records.Json
    is_complete: bool = False


_LOAD: Final = "SELECT name, position, counts, completed_at IS NOT NULL FROM imports WHERE source = %s"
_SAVE: Final = """
INSERT INTO imports AS i (source, name, position, counts, completed_at)
VALUES (%(source)s, %(name)s, %(position)s::jsonb, %(counts)s::jsonb, CASE WHEN %(is_complete)s THEN now() END)
ON CONFLICT (source) DO UPDATE SET
    name = EXCLUDED.name, position = EXCLUDED.position, counts = EXCLUDED.counts,
    completed_at = EXCLUDED.completed_at, updated_at = now()
"""


async def load(conn: Connection, source: str) -> Progress | None:
    """Return how far a source is, None when it was never begun. ``source`` is what it is recognised by."""
    row = await (await conn.execute(_LOAD, [source])).fetchone()
    return None if row is None else Progress(name=row[0], position=row[1], counts=row[2], is_complete=row[3])


async def save(conn: Connection, source: str, reached: Progress) -> None:
    """Keep how far a source is, in the transaction of what was read up to there, before ``imports.finish``."""
    given = {
        "source": source,
        "name": arrays.clean(reached.name),
        "position": arrays.dump_json(reached.position).decode(),
        "counts": arrays.dump_json(reached.counts).decode(),
        "is_complete": reached.is_complete,
    }
    await conn.execute(_SAVE, given)


async def forget(conn: Connection, source: str) -> None:
    """Let a source be read from its beginning again."""
    await conn.execute("DELETE FROM imports WHERE source = %s", [source])
