"""Whole stories: a simulated Telegram, a real store, and the crawler role between them, in this process or its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import sys
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from tests.fixtures.postgres_proxy import postgres_proxy, proxied_dsn  # noqa: F401

from heliograph import config, errors, metrics
from heliograph.cli.demo import oracle, verify
from heliograph.crawler import login, service
from heliograph.simulator.server import Simulator
from heliograph.store import accounts, commands, leases
from heliograph.store import database as store_database
from heliograph.vault import keyfile

FAST = {"per_second": 2000.0, "burst": 500.0, "concurrent": 8}
BUDGETS = {
    **dict.fromkeys(("history", "messages", "channel_difference", "dialogs", "peer_dialogs", "topics", "other"), FAST),
    "difference": {**FAST, "concurrent": 1},
}

WATCHES = {"sentinel_hot_seconds": 2.0, "sentinel_cold_seconds": 5.0, "confirm_seconds": 0.5, "audit": False}
"""Fast, and without looks at what is stored, which would find what is pushed before it arrives."""

PUSH_SECONDS = 1.0
"""What was pushed so shortly before the crawler went may not have arrived."""


class Installation:
    """One data directory with signed-in accounts, and the crawler that runs on it."""

    def __init__(self, settings: config.Settings, database: store_database.Database, telegram: Simulator) -> None:
        self.settings = settings
        self.database = database
        self.crawlers_database = database
        """What the crawler writes to: the same, perhaps by another way."""
        self.telegram = telegram
        self.world = telegram.world
        self.users: list[int] = []
        self._process: asyncio.subprocess.Process | None = None
        self._looked_at: float | None = None
        self._away_at: float | None = None
        self._asked = 0.0
        """Differences of accounts that were asked for before the crawler began."""

    async def sign_in(self, *phones: str) -> None:
        keyfile.ensure(self.settings.key_file)

        async def answer() -> str:
            return "12345"

        for phone in phones:
            await login.add_account(
                self.settings,
                self.database,
                phone=phone,
                label=phone[-4:],
                ask_code=answer,
                ask_password=answer,
            )
        async with self.database.connection() as conn:
            self.users = [account.user_id for account in await accounts.load_all(conn)]

    @contextlib.asynccontextmanager
    async def crawling(self, **options: object) -> AsyncIterator[asyncio.Task[None]]:
        """Run the crawler role in this process; its end by itself ends the block."""
        stop = asyncio.Event()
        ready = asyncio.Event()
        self._asked = _differences()
        metrics.BOXES.clear()
        task = asyncio.create_task(
            service.run(self.settings, self.crawlers_database, stop=stop, on_ready=ready.set, **options)
        )
        body = asyncio.current_task()
        task.add_done_callback(lambda _: None if stop.is_set() or "mode" in options else body.cancel())
        try:
            await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
            yield task
        except asyncio.CancelledError:
            if not task.done():
                raise
            body.uncancel()
        finally:
            self.look_away()
            stop.set()
            await task

    async def enable(self, *users: int) -> None:
        """Let only these accounts be mirrored with from the next start on."""
        async with self.database.connection() as conn:
            await conn.execute(
                "UPDATE accounts SET state = CASE WHEN user_id = ANY(%s) THEN 'active' ELSE 'signed_out' END",
                [list(users)],
            )

    async def end_session(self, user: int) -> None:
        """Have Telegram end an account's session; the account finds out when it next asks something."""
        self.telegram.faults.refuse("*", "AUTH_KEY_UNREGISTERED", 401, times=1_000).user_id = user
        await self.command("refresh")
        await self.until("SELECT state = 'signed_out' FROM accounts WHERE user_id = %s", user)

    async def start_process(self, *wrapper: str, said: Path | None = None) -> None:
        """Run the crawler role in a process of its own, which can be killed; ``said`` is where its log goes."""
        self._process = await asyncio.create_subprocess_exec(
            *wrapper,
            *(sys.executable, "-m", "heliograph", "--data-dir", str(self.settings.data_dir), "--log-level", "warning"),
            *("run", "--role", "crawler"),
            env={**os.environ, "HELIOGRAPH_DATABASE__URL": self.crawlers_database.dsn},
            stdout=None if said is None else said.open("wb"),
            stderr=None if said is None else asyncio.subprocess.STDOUT,
        )

    async def kill_process(self) -> None:
        # What was pushed to it and is not committed dies with it, which is much on a machine with much to do.
        self.look_away(await self.one("SELECT extract(epoch FROM max(pushed_at))::float8 FROM outbox"))
        # Whoever killed it already, as a fault on the way does, has done what is asked for here.
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def end_process(self) -> None:
        """End a crawler that a failed test left behind."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop_process(self) -> int:
        self.look_away()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), 20)

    # -- what is there ----------------------------------------------------------------------------------------

    async def one(self, query: str, *arguments: object) -> object:
        async with self.database.connection() as conn:
            row = await (await conn.execute(query, arguments)).fetchone()
        return row[0]

    async def all(self, query: str, *arguments: object) -> list[object]:
        async with self.database.connection() as conn:
            return [row[0] for row in await (await conn.execute(query, arguments)).fetchall()]

    async def outbox(self) -> int:
        return await self.one("SELECT count(*) FROM outbox")

    async def command(self, kind: str) -> None:
        async with self.database.connection() as conn:
            await commands.submit(conn, kind, {}, 60)

    async def break_connections(self) -> None:
        """End every other connection of this database, as a restarted server does."""
        with contextlib.suppress(errors.DatabaseUnreachable):
            await self.one(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async def lose_leases(self) -> None:
        """End the connection that a crawler's leases hang on, and no other."""
        assert await self.one(
            "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE locktype = 'advisory' AND classid = %s AND d.datname = current_database()",
            leases.LOCK_CLASS,
        )

    async def hand_over_leases(self, holder: str, *, is_over: bool = False) -> None:
        """Let somebody have had a crawler's leases, who has given them back when it ``is_over``."""
        async with self.database.connection() as conn:
            await conn.execute(
                "UPDATE leases SET holder = %s, epoch = epoch + 1, renewed_at = now(),"
                " released_at = CASE WHEN %s THEN now() END WHERE resource LIKE 'account:%%'",
                [holder, is_over],
            )
        await self.lose_leases()

    async def until_spooled(self, batches: int = 1, seconds: float = 30) -> None:
        """Wait until so many batches are in the spool of a crawler in this process."""
        for _ in range(round(seconds / 0.02)):
            if metrics.SPOOL_BATCHES._value.get() >= batches:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("nothing is spooled")

    async def until_spooled_on_disk(self, texts: list[str], seconds: float = 30) -> None:
        """Wait until a crawler in a process of its own has put away what holds these texts."""
        for _ in range(round(seconds / 0.05)):
            files = (self.settings.data_dir / "spool").glob("*.spool")
            content = b"".join(path.read_bytes() for path in files)
            if all(text.encode() in content for text in texts):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("not all of it is spooled")

    @contextlib.asynccontextmanager
    async def without_database(self) -> AsyncIterator[None]:
        """End every connection and refuse new ones, as a server that is restarted does."""
        name = psycopg.conninfo.conninfo_to_dict(self.database.dsn)["dbname"]
        outside = await psycopg.AsyncConnection.connect(self.database.dsn, dbname="postgres", autocommit=True)
        async with outside:
            await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
            await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    @contextlib.asynccontextmanager
    async def read_only_database(self) -> AsyncIterator[None]:
        """End every connection, and let those that are made meanwhile read only, as a stand-by server does."""
        name = psycopg.conninfo.conninfo_to_dict(self.database.dsn)["dbname"]
        outside = await psycopg.AsyncConnection.connect(self.database.dsn, dbname="postgres", autocommit=True)
        async with outside:
            await outside.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            await self.break_connections()
            yield
            await outside.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    async def slow_history(self) -> None:
        """Ration history, so that a backfill takes long enough to be killed."""
        content = tomllib.loads(self.settings.config_file.read_text())
        content["crawler"]["budgets"]["history"] = {"per_second": 20.0, "burst": 1.0, "concurrent": 2}
        config.write(self.settings.config_file, content)

    async def until(self, query: str, *arguments: object, seconds: float = 60) -> None:
        """Wait until a query answers true."""
        for _ in range(round(seconds / 0.05)):
            if await self.one(query, *arguments):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never true: {query}")

    @property
    def connections(self) -> int:
        """How many connections Telegram has at this moment."""
        return len(self.telegram.faults._connections)

    async def until_silent(self, seconds: float = 30) -> None:
        """Wait until nobody is connected to Telegram any more."""
        for _ in range(round(seconds / 0.05)):
            if not self.connections:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.connections} connections stay")

    async def until_stored(self, text: str, seconds: float = 60) -> None:
        """Wait until a message of this text is in the store."""
        await self.until("SELECT count(*) = 1 FROM messages WHERE text = %s", text, seconds=seconds)

    async def until_backfilled(self) -> None:
        await self.until(
            "SELECT count(*) > 0 AND bool_and(is_complete) FROM chats WHERE NOT is_left AND NOT is_min"
            " AND kind <> 'private' AND status <> 'inactive' AND EXISTS (SELECT FROM chat_access a"
            " WHERE a.peer_id = chat_id AND a.role IN ('member', 'admin', 'creator'))"
        )
        self._looked_at = self._looked_at or time.time()

    async def until_verified(self) -> None:
        """Wait until every id has been asked for, and twice where it was empty."""
        owed = "NOT isempty(holes) OR NOT isempty(suspects)"
        await self.until(f"SELECT count(*) > 0 AND NOT bool_or({owed}) FROM coverage")

    async def until_current(self) -> None:
        """Wait until a crawler in this process, which has just begun, has asked where each of its boxes stands."""
        await self.until("SELECT count(*) = 0 FROM dirty_boxes")
        for _ in range(1200):
            states = {each.labels["state"]: each.value for each in metrics.BOXES.collect()[0].samples}
            is_live = states.get("live", 0) > 0 and sum(states.values()) == states["live"]
            if is_live and _differences() > self._asked:
                return
            # What is there next was measured from now on.
            metrics.BOXES.clear()
            await asyncio.sleep(0.05)
        raise AssertionError(f"not all of them are live: {states}")

    def reconfigure(self, **crawler: object) -> None:
        """Change settings of the crawler from the next start on."""
        content = tomllib.loads(self.settings.config_file.read_text())
        content["crawler"] |= crawler
        config.write(self.settings.config_file, content)
        given = self.settings
        self.settings = config.Settings(data_dir=given.data_dir, database=given.database, **content)

    def look_away(self, committed_at: float | None = None) -> None:
        """From now on edits may be missed that are followed by others: a difference brings only the last text.

        ``committed_at`` is when the newest push that is committed came; what came later dies with a process.
        """
        self._away_at = self._away_at or min(time.time(), committed_at or math.inf) - PUSH_SECONDS

    async def compare(self, *, unknowable: set[verify.Key] = frozenset()) -> verify.Comparison:
        truth = [json.loads(json.dumps(record)) for record in self.world.truth(self.users)]
        return await oracle.compare(self.database, truth, unknowable=set(unknowable), gaps=self._gaps())

    def _gaps(self) -> list[verify.Gap] | None:
        """Return when texts may have been missed: before the history was there, and since nobody looked."""
        if self._looked_at is None:
            return None
        first = verify.Gap(-math.inf, self._looked_at)
        return [first] if self._away_at is None else [first, verify.Gap(self._away_at, time.time())]

    def deleted(self) -> set[verify.Key]:
        """Messages that are gone by now: nobody who comes later can know of them."""
        return {(r["space_id"], r["message_id"]) for r in self.world.truth(self.users) if r["is_deleted"]}

    async def until_equal(self, *, unknowable: set[verify.Key] = frozenset(), seconds: float = 45) -> None:
        """Wait until the store equals the truth, and say what differs when it does not."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.compare(unknowable=unknowable)
            if found.is_equal:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{found.missing} missing, {found.wrong_text} wrong: {found.examples}")
            await asyncio.sleep(0.2)


def _differences() -> float:
    """Return how many differences accounts in this process have had."""
    samples = metrics.RPC_SECONDS.labels("difference").collect()[0].samples
    return next(each.value for each in samples if each.name.endswith("_count"))


@pytest.fixture
async def telegram(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """A Telegram with some history; a file whose stories are about history says how many: ``HISTORY_MESSAGES``."""
    messages = getattr(request.module, "HISTORY_MESSAGES", 1_000)
    async with Simulator(chats=12, days=3, messages=messages) as simulator:
        yield simulator


@pytest.fixture
async def installation(
    settings: config.Settings, database: store_database.Database, telegram: Simulator
) -> AsyncIterator[Installation]:
    """Two accounts on the simulated Telegram, nothing mirrored yet."""
    key = settings.data_dir / "telegram.pem"
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text(telegram.public_key_pem)
    content: dict[str, object] = {
        "telegram": {
            "api_id": 1,
            "api_hash": "0" * 32,
            "dc_address": "127.0.0.1",
            "dc_port": telegram.port,
            "dc_public_key_file": str(key),
            "sign_up_name": "Aino",
        },
        "crawler": {"history_depth": "all", "budgets": BUDGETS, **WATCHES},
    }
    config.write(settings.config_file, content)
    given = config.Settings(data_dir=settings.data_dir, database=settings.database, **content)
    made = Installation(given, database, telegram)
    await made.sign_in("+99966100001", "+99966100002")
    yield made
    await made.end_process()
