"""Holds a store against the simulator's truth: reads what the store has and lets ``verify`` judge it.

What the truth is about never depends on what the store says, with one exception: which of a basic group's mailboxes
is the mirrored one, and there the store can only choose among the truth's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from heliograph.cli.demo import verify
from heliograph.store import archive
from heliograph.store import database as store_database


async def mirrored(database: store_database.Database, truth: Sequence[verify.Record]) -> list[verify.Record]:
    """Leave out each basic group's copies in the mailboxes that it is not mirrored from."""
    async with database.connection() as conn:
        mailboxes = await archive.mailbox_chats(conn)
    return verify.mirrored(truth, mailboxes)


async def compare(
    database: store_database.Database,
    truth: Sequence[verify.Record],
    *,
    since: float = 0.0,
    unknowable: set[verify.Key] | None = None,
    gaps: Sequence[verify.Gap] | None = None,
) -> verify.Comparison:
    """Compare a whole store with the truth.

    ``since`` is the Unix time from which history was asked for: what is older may be absent. ``unknowable`` are
    messages that were gone before the mirror could have looked; see ``verify.compare`` for ``gaps``.
    """
    async with database.connection() as conn:
        stored = [row async for row in archive.records(conn)]
        orphans = await archive.orphan_tombstones(conn)
        earlier = await archive.earlier_texts(conn)
    expected = await mirrored(database, truth)
    return await asyncio.to_thread(
        verify.compare,
        expected,
        stored,
        orphans=orphans,
        unknowable=unknowable or set(),
        optional={verify.key(record) for record in expected if record["date"] < since},
        earlier=earlier,
        gaps=gaps,
    )
