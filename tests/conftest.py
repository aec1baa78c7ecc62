"""Fixtures of all tests: a real PostgreSQL for the whole run, and for each test a clone of a migrated template."""

from __future__ import annotations

import asyncio
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from heliograph import config
from heliograph.store import database as store_database
from heliograph.store import server

TEMPLATE = "heliograph_template"


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One private server for all workers of a run, with the migrated template in it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    private = server.PrivateServer(shared / "postgres")
    dsn = asyncio.run(private.start())
    try:
        with (shared / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_template(dsn)
        yield dsn
    finally:
        asyncio.run(private.stop())


@pytest.fixture
def database_dsn(postgres_dsn: str) -> Iterator[str]:
    """A clone of the template that nobody else uses."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(postgres_dsn, sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, TEMPLATE)
    yield psycopg.conninfo.make_conninfo(postgres_dsn, dbname=name)
    _execute(postgres_dsn, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


@pytest.fixture
def settings(tmp_path: Path, database_dsn: str) -> config.Settings:
    """Settings with a data directory and a database of their own."""
    return config.Settings(data_dir=tmp_path / "data", database=config.Database(url=SecretStr(database_dsn)))


@pytest.fixture
async def database(settings: config.Settings) -> AsyncIterator[store_database.Database]:
    """An open database with the newest schema and nothing in it."""
    opened = await store_database.open(settings)
    yield opened
    await opened.close()


def _make_template(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return
        # Tests don't survive a power cut anyway.
        conn.execute("ALTER SYSTEM SET fsync = off")
        conn.execute("SELECT pg_reload_conf()")
    part = f"{TEMPLATE}_part"
    _execute(dsn, sql.SQL("DROP DATABASE IF EXISTS {}"), part)
    _execute(dsn, sql.SQL("CREATE DATABASE {}"), part)
    asyncio.run(_migrate(psycopg.conninfo.make_conninfo(dsn, dbname=part)))
    _execute(dsn, sql.SQL("ALTER DATABASE {} RENAME TO {}"), part, TEMPLATE)


async def _migrate(dsn: str) -> None:
    from heliograph.store import migrations

    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(dsn))))
    try:
        await migrations.migrate(opened)
    finally:
        await opened.close()


def _execute(dsn: str, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement.format(*(sql.Identifier(name) for name in names)))
