"""The schema, from nothing or from any earlier revision to the newest: Alembic that runs plain SQL.

Invariant kept here: a program never touches a database that a newer program has written.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from heliograph import errors

_HERE: Final = Path(__file__).parent
REVISIONS: Final = tuple(sorted(path.name.split("_")[0] for path in (_HERE / "versions").glob("[0-9]*.py")))
HEAD: Final = REVISIONS[-1]
# Held while migrating, so that two programs which start at once do not both create the tables.
_MIGRATION_LOCK: Final = 0x48454C494F


class HasDsn(Protocol):
    """An open database."""

    @property
    def dsn(self) -> str:
        """A connection string."""
        ...


async def migrate(database: HasDsn | str, revision: str | None = None) -> None:
    """Bring a database (or the one behind a connection string) to the newest schema, or an empty one to an older.

    Raises SchemaTooNew when it has a revision that this program does not know, DatabaseUnreachable.
    """
    dsn = database if isinstance(database, str) else database.dsn
    await asyncio.to_thread(_migrate, dsn, revision or HEAD)


async def check_schema(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Say whether the schema is the newest. Raises SchemaTooNew when it is newer than this program."""
    cursor = await conn.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return False
    cursor = await conn.execute("SELECT version_num FROM alembic_version")
    row = await cursor.fetchone()
    return _is_head(row[0] if row else None)


def _is_head(revision: str | None) -> bool:
    if revision is not None and revision not in REVISIONS:
        raise errors.SchemaTooNew
    return revision == HEAD


def _migrate(dsn: str, revision: str) -> None:
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            if not _is_head(_revision(conn)):
                _upgrade(dsn, revision)
    except psycopg.OperationalError as error:
        raise errors.DatabaseUnreachable from error


def _revision(conn: psycopg.Connection[Any]) -> str | None:
    if conn.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _upgrade(dsn: str, revision: str) -> None:
    # Imported late: they take a third of a second, and most starts have nothing to migrate.
    import sqlalchemy  # noqa: PLC0415
    from alembic import command, config  # noqa: PLC0415

    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=sqlalchemy.NullPool
    )
    with engine.begin() as connection:
        settings = config.Config(attributes={"connection": connection})
        settings.set_main_option("script_location", str(_HERE))
        settings.set_main_option("path_separator", "os")
        command.upgrade(settings, revision)
