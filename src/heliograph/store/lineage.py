"""Whether this is the database that the live stream's positions were given in.

After a restore, a fail-over or lost commits the counter stands before positions that readers have seen, and would give
them again for other events. What can be known of a database's past is kept beside the counter: the cluster's
identifier (a dump restored elsewhere has another), the timeline (point-in-time recovery and fail-over begin one), the
database's own number (a dump restored here), and when its files were put there (a copied data directory). Where a
hosted server does not tell, nothing is compared.
"""

from __future__ import annotations

from typing import Final

import psycopg

from heliograph.store import outbox
from heliograph.store.database import Connection

# The name of the WAL file now written begins with the timeline; the control file has it only since the last checkpoint.
_CLUSTER: Final = """
SELECT concat_ws('/', s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid)
FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()
"""
# Written by initdb and never again.
_FILES: Final = "SELECT extract(epoch FROM change)::bigint::text FROM pg_stat_file('PG_VERSION', true)"
_REFUSED: Final = (psycopg.ProgrammingError, psycopg.NotSupportedError)
_KNOWN: Final = "SELECT lineage, epoch, n FROM outbox_counter"
# prevents two crawlers that see the same change from beginning an epoch each
_REPLACE: Final = "UPDATE outbox_counter SET lineage = %s WHERE lineage IS NOT DISTINCT FROM %s RETURNING n"


async def check(conn: Connection, last: tuple[int, int] | None = None) -> tuple[int, bool]:
    """Begin a new epoch when this database is another one, or stands before the position ``last``.

    Returns the epoch that it has now, and whether this call began it: another crawler may have seen the change first.
    """
    row = await (await conn.execute(_KNOWN)).fetchone()
    assert row is not None
    known, epoch, n = row
    is_behind = last is not None and (epoch, n) < last
    found = await _describe(conn)
    is_another = known is not None and found is not None and found != known
    async with conn.transaction():
        if found is not None and found != known:
            is_first = await (await conn.execute(_REPLACE, [found, known])).fetchone() is not None
            is_another = is_another and is_first
        return (await outbox.new_epoch(conn), True) if is_another or is_behind else (epoch, False)


async def _describe(conn: Connection) -> str | None:
    """Return what can be known of the database's past, or None when the server does not tell."""
    cluster = await _ask(conn, _CLUSTER)
    return None if cluster is None else f"{cluster}/{await _ask(conn, _FILES) or '-'}"


async def _ask(conn: Connection, query: str) -> str | None:
    try:
        async with conn.transaction():
            row = await (await conn.execute(query)).fetchone()
    except _REFUSED:
        return None
    return row[0] if row else None
