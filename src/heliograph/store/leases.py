"""Who may work on what: a session lock that dies with its connection, and an epoch that outlives it.

The lock keeps two living processes apart; kill -9 frees it at once. The epoch keeps a dead one's late words out:
a cursor moves only under the epoch of the newest holder.
"""

from __future__ import annotations

from typing import Final

from heliograph import errors
from heliograph.store.database import Connection

LOCK_CLASS: Final = 0x48454C49
"""First key of the advisory locks that leases are; the second is the resource's hash."""

_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_UNLOCK = "SELECT pg_advisory_unlock(%s, hashtext(%s))"
_TAKE = """
INSERT INTO leases (resource, holder, epoch) VALUES (%s, %s, 1)
ON CONFLICT (resource) DO UPDATE
SET holder = EXCLUDED.holder, epoch = leases.epoch + 1, acquired_at = now(), released_at = NULL
RETURNING epoch
"""
_RELEASE = "UPDATE leases SET released_at = now() WHERE resource = %s"


async def acquire(conn: Connection, resource: str, holder: str) -> int:
    """Take a resource such as ``account:1`` and return the new epoch. Raises LeaseHeld.

    ``conn`` is an autocommit connection that lives as long as the lease; losing it loses the lease.
    """
    cursor = await conn.execute(_LOCK, [LOCK_CLASS, resource])
    if await cursor.fetchone() != (True,):
        raise errors.LeaseHeld
    row = await (await conn.execute(_TAKE, [resource, holder])).fetchone()
    assert row is not None
    return int(row[0])


async def release(conn: Connection, resource: str) -> None:
    """Give a resource back."""
    await conn.execute(_RELEASE, [resource])
    await conn.execute(_UNLOCK, [LOCK_CLASS, resource])
