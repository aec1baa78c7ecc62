"""Fixtures of all tests: a real PostgreSQL for the whole run, and for each test a clone of a migrated template."""

from __future__ import annotations

import asyncio
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
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


class Rows:
    """Puts rows into the store by hand, for tests of what reads them."""

    def __init__(self, database: store_database.Database) -> None:
        self.database = database
        self.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    async def chat(self, chat_id: int, *, title: str = "Harbour", kind: str = "supergroup", **more: object) -> int:
        """A chat; returns its space."""
        space_id = -1_000_000_000_000 - chat_id if chat_id < -1_000_000_000_000 else -7
        columns = {"chat_id": chat_id, "space_id": space_id, "title": title, "kind": kind, **more}
        await self.insert("chats", columns)
        return space_id

    async def user(self, user_id: int, first_name: str = "Aino", **more: object) -> int:
        await self.insert("users", {"user_id": user_id, "first_name": first_name, **more})
        return user_id

    async def message(self, chat_id: int, message_id: int, text: str = "", **more: object) -> None:
        """A message, counted in its chat; each is a minute later than the one with the id before."""
        async with self.database.connection() as conn:
            found = await conn.execute(
                "UPDATE chats SET message_count = message_count + 1, last_message_id = greatest(last_message_id, %s)"
                " WHERE chat_id = %s RETURNING space_id",
                [message_id, chat_id],
            )
            (space_id,) = await found.fetchone() or (0,)
        columns = {
            "space_id": space_id,
            "chat_id": chat_id,
            "message_id": message_id,
            "date": self.moment + timedelta(minutes=message_id),
            "fingerprint": 0,
            "as_of": 1,
            "layer": 229,
            "is_edit_hidden": False,
            "is_outgoing": False,
            "is_pinned": False,
            "text": text,
            "raw": b"",
            **more,
        }
        await self.insert("messages", columns)

    async def event(self, kind: str, chat_id: int, **more: object) -> str:
        """An outbox event, as a commit leaves it: position, row and notification together. Returns its position."""
        async with self.database.transaction() as conn:
            counted = await conn.execute("UPDATE outbox_counter SET n = n + 1 RETURNING epoch, n")
            epoch, n = await counted.fetchone() or (0, 0)
            columns = {"epoch": epoch, "n": n, "kind": kind, "chat_id": chat_id, **more}
            await conn.execute(_insert("outbox", columns), _values(columns))
            await conn.execute("NOTIFY heliograph_outbox")
        return f"{epoch}.{n}"

    async def post(self, chat_id: int, message_id: int, text: str = "", **more: object) -> str:
        """A new message with its event."""
        await self.message(chat_id, message_id, text, **more)
        space_id = -1_000_000_000_000 - chat_id
        return await self.event(
            "message", chat_id, change="new", space_id=space_id, message_id=message_id, pushed_at=datetime.now(UTC)
        )

    async def insert(self, table: str, columns: dict[str, object]) -> None:
        async with self.database.connection() as conn:
            await conn.execute(_insert(table, columns), _values(columns))


@pytest.fixture
def rows(database: store_database.Database) -> Rows:
    return Rows(database)


def _insert(table: str, columns: dict[str, object]) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    places = sql.SQL(", ").join(sql.Placeholder() for _ in columns)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, places)


def _values(columns: dict[str, object]) -> list[object]:
    return [Jsonb(value) if isinstance(value, dict | list) else value for value in columns.values()]


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
