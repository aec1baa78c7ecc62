"""Who may work on what: a session lock that dies with its connection, and an epoch that outlives it.

The lock keeps two living processes apart; kill -9 frees it at once. The epoch keeps a dead one's late words out:
a cursor moves only under the epoch of the newest holder. A holder whose connection the server has lost may live on and
speak to Telegram, since its database may be away for a moment only: its lease is reserved for it for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heliograph import errors
from heliograph.store import processes
from heliograph.store.database import Connection

LOCK_CLASS: Final = 0x48454C49
"""First key of the advisory locks that leases are; the second is the resource's hash."""
RESERVED_SECONDS: Final = 15.0
"""How long a lease that was not given back is reserved: after its last sign of life, and after the start of the server
and of the connection that asks for it, which may be the first to a stand-by that has taken over."""
COMPANY_SECONDS: Final = 60.0
"""After so long without a sign of life another crawler does not count any more."""

_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_UNLOCK = "SELECT pg_advisory_unlock(%s, hashtext(%s))"
# A stand-by has long been up when it takes over, lacks the last signs of life, and does not tell when that was. But it
# takes no lease before, and whoever is refused connects again: our connection is hardly older.
_RESERVED = """
SELECT l.holder,
       extract(epoch FROM greatest(l.renewed_at, pg_postmaster_start_time(), a.backend_start) - now())::float8 + %s
FROM leases l LEFT JOIN pg_stat_activity a ON a.pid = pg_backend_pid()
WHERE l.resource = %s AND l.released_at IS NULL
"""
_TAKE = """
INSERT INTO leases (resource, holder, epoch) VALUES (%s, %s, 1)
ON CONFLICT (resource) DO UPDATE
SET holder = EXCLUDED.holder, epoch = leases.epoch + 1, acquired_at = now(), renewed_at = now(), released_at = NULL
RETURNING epoch
"""
_RELEASE = "UPDATE leases SET released_at = now() WHERE resource = %s"
_RENEW = """
WITH renewed AS (
    UPDATE leases l SET renewed_at = now()
    FROM unnest(%(resources)s::text[], %(epochs)s::bigint[]) AS h (resource, epoch)
    WHERE l.resource = h.resource AND l.epoch = h.epoch AND l.holder = %(holder)s AND l.released_at IS NULL
    RETURNING 1
)
SELECT (SELECT count(*) FROM renewed),
       NOT EXISTS (SELECT FROM leases WHERE holder <> %(holder)s AND released_at IS NULL
                   AND renewed_at > now() - make_interval(secs => %(company)s))
       AND NOT EXISTS (SELECT FROM heartbeats WHERE role = 'crawler' AND holder <> %(holder)s
                       AND beat_at > now() - make_interval(secs => %(company)s))
"""
_END = """
UPDATE leases l SET released_at = now() FROM unnest(%s::text[], %s::bigint[]) AS h (resource, epoch)
WHERE l.resource = h.resource AND l.epoch = h.epoch AND l.holder = %s
"""
_BACKEND = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"

Backend = tuple[int, str]
"""A connection as its server knows it: the process, and when it began."""


async def acquire(conn: Connection, resource: str, holder: str) -> int:
    """Take a resource such as ``account:1`` and return the new epoch. Raises LeaseHeld, and LeaseReserved among it.

    ``conn`` is an autocommit connection that lives as long as the lease; losing it loses the lock. ``holder`` is
    ``processes.name()``: what a process of this host has left that is known to be gone may be taken at once.
    """
    if not await _lock(conn, resource):
        raise errors.LeaseHeld
    row = await (await conn.execute(_RESERVED, [RESERVED_SECONDS, resource])).fetchone()
    if row is not None and row[1] > 0 and row[0] != holder and not processes.is_gone(row[0]):
        await conn.execute(_UNLOCK, [LOCK_CLASS, resource])
        raise errors.LeaseReserved(row[1])
    taken = await (await conn.execute(_TAKE, [resource, holder])).fetchone()
    assert taken is not None
    return int(taken[0])


async def resume(conn: Connection, held: Mapping[str, int], holder: str) -> bool:
    """Take leases again, by resource, with the epochs that they had; False when somebody else has had one since.

    Raises LeaseHeld while the server still counts the lost connection's locks.
    """
    if not (await renew(conn, held, holder))[0]:
        return False
    for resource in held:
        if not await _lock(conn, resource):
            raise errors.LeaseHeld
    return (await renew(conn, held, holder))[0]


async def renew(conn: Connection, held: Mapping[str, int], holder: str) -> tuple[bool, bool]:
    """Give a sign of life; return whether all of the leases are still ours, and whether there is no other crawler."""
    arguments = {"resources": list(held), "epochs": list(held.values()), "holder": holder, "company": COMPANY_SECONDS}
    row = await (await conn.execute(_RENEW, arguments)).fetchone()
    assert row is not None
    return row[0] == len(held), row[1]


async def release(conn: Connection, resource: str) -> None:
    """Give a resource back."""
    await conn.execute(_RELEASE, [resource])
    await conn.execute(_UNLOCK, [LOCK_CLASS, resource])


async def end(conn: Connection, held: Mapping[str, int], holder: str) -> None:
    """Give back all that is still ours, so that nobody waits for it; the locks go with the connection."""
    await conn.execute(_END, [list(held), list(held.values()), holder])


async def backend(conn: Connection) -> Backend:
    """Return what the server calls this connection."""
    row = await (await conn.execute(_BACKEND)).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


async def terminate(conn: Connection, lost: Backend) -> None:
    """Have the server forget a connection of ours that is lost on the way, and its locks with it."""
    await conn.execute(_TERMINATE, lost)


async def _lock(conn: Connection, resource: str) -> bool:
    cursor = await conn.execute(_LOCK, [LOCK_CLASS, resource])
    return await cursor.fetchone() == (True,)
