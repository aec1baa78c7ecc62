"""The locks of spaces: whoever writes rows of a space holds its lock until the transaction ends.

Every such transaction takes them first and the outbox counter last, so that two of them wait for each other in turn
instead of deadlocking over the rows in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from heliograph.domain import identity
from heliograph.store import arrays
from heliograph.store.database import Connection

LOCK_CLASS: Final = 0x48454C53
"""First key of the advisory locks of spaces; the second is the slot."""
_SLOTS: Final = 1024
"""Spaces share this many locks, so that a commit over thousands of them cannot fill the server's lock table."""

_LOCK: Final = f"SELECT count(pg_advisory_xact_lock({LOCK_CLASS}, slot)::text) FROM unnest(%s) AS slot"


def slot(space: identity.SpaceId) -> int:
    """Return which lock is a space's."""
    return space % _SLOTS


def slots(spaces: Iterable[identity.SpaceId]) -> list[tuple[int]]:
    """Return the slots of ``spaces`` in the order in which everybody locks them."""
    return [(each,) for each in sorted({slot(space) for space in spaces})]


async def lock(conn: Connection, spaces: Iterable[identity.SpaceId]) -> None:
    """Keep everybody else from writing rows of ``spaces`` until the transaction ends."""
    await conn.execute(_LOCK, arrays.pack_rows("int4", slots(spaces)))
