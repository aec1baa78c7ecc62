"""What a schedule with a real store needs: a PostgreSQL for the run, and a database of its own."""

from __future__ import annotations

import contextlib
import math
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from heliograph import config
from heliograph.cli.demo import oracle, verify
from heliograph.simulator.world.world import World
from heliograph.store import database as store_database
from heliograph.store import migrations, server

TEMPLATE = "chaos_template"
FAST = {"per_second": 2000.0, "burst": 500.0, "concurrent": 8}
BUDGETS = {
    **dict.fromkeys(
        ("history", "messages", "channel_difference", "dialogs", "peer_dialogs", "topics", "other", "resolve"), FAST
    ),
    "difference": {**FAST, "concurrent": 1},
}
CRAWLER: dict[str, object] = {
    "history_depth": "all",
    "budgets": BUDGETS,
    "gap_wait_seconds": 0.05,
    "confirm_seconds": 0.5,
    "sentinel_hot_seconds": 2,
    "sentinel_cold_seconds": 2,
}
"""Everything that is looked at again by timer comes soon, so that a schedule ends."""
OPEN = "SELECT count(*) FROM coverage WHERE NOT isempty(holes) OR NOT isempty(suspects)"


class Home:
    """One private PostgreSQL server and the folder that it lives in."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self.dsn = dsn

    @contextlib.asynccontextmanager
    async def installation(self) -> AsyncIterator[tuple[Path, str]]:
        """Make a data directory and a migrated, empty database; both go at the end."""
        name = f"chaos_{uuid.uuid4().hex}"
        await self._execute("CREATE DATABASE {} TEMPLATE {}", name, TEMPLATE)
        with tempfile.TemporaryDirectory(dir=self.folder) as data_dir:
            yield Path(data_dir), psycopg.conninfo.make_conninfo(self.dsn, dbname=name)
        await self._execute("DROP DATABASE {} WITH (FORCE)", name)

    async def prepare(self) -> None:
        """Make the template."""
        await self._execute("CREATE DATABASE {}", TEMPLATE)
        await migrations.migrate(psycopg.conninfo.make_conninfo(self.dsn, dbname=TEMPLATE))

    async def _execute(self, statement: str, *names: str) -> None:
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as conn:
            await conn.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


@contextlib.asynccontextmanager
async def home() -> AsyncIterator[Home]:
    """Start a server for a run."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        private = server.PrivateServer(Path(folder) / "postgres")
        made = Home(Path(folder), await private.start())
        try:
            await made.prepare()
            yield made
        finally:
            await private.stop()


@contextlib.asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[store_database.Database]:
    """Open a database."""
    found = await store_database.open(config.Settings(database=config.Database(url=SecretStr(dsn))))
    try:
        yield found
    finally:
        await found.close()


async def is_verified(database: store_database.Database) -> bool:
    """Say whether every id has been asked for, and twice where it was empty."""
    async with database.connection() as conn:
        row = await (await conn.execute(OPEN)).fetchone()
    return row == (0,)


async def compare(database: store_database.Database, world: World, users: list[int]) -> verify.Comparison:
    """Hold the form of what is there against the world; what is absent for a reason is for ``witness`` to say.

    What came and went again may be absent, earlier texts may be, and the last text of what was deleted.
    """
    truth = list(world.truth(users))
    gone = {verify.key(record) for record in truth if record["is_deleted"]}
    unwatched = [verify.Gap(-math.inf, math.inf)]
    return await oracle.compare(database, truth, unknowable=gone, gaps=unwatched)
