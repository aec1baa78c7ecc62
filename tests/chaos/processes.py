"""Schedules on a crawler that is a process: over sockets, killed and stopped, with a proxy before its PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
from pydantic import SecretStr
from tests.chaos import home as homes
from tests.chaos.events import Life
from tests.chaos.outcome import Outcome

from heliograph import config
from heliograph.crawler import login
from heliograph.simulator import postgres_proxy
from heliograph.simulator.server import Simulator
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile

PATIENCE_SECONDS = 90.0
STEPS = (15, 40)


async def run(seed: int, home: homes.Home) -> tuple[Outcome, str | None]:
    """Run one schedule and return its counts, and what was wrong if anything was."""
    rng = random.Random(seed)
    parts = psycopg.conninfo.conninfo_to_dict(home.dsn)
    upstream = postgres_proxy.Upstream(host=str(parts["host"]), port=int(parts["port"]))
    async with (
        home.installation() as (folder, dsn),
        homes.opened(dsn) as database,
        Simulator(seed=rng.randrange(1000), chats=6, days=1, messages=60) as telegram,
        postgres_proxy.PostgresProxy(upstream) as proxy,
    ):
        users = await _sign_in(telegram, database, folder, rng.choice((1, 2)))
        through = psycopg.conninfo.make_conninfo(dsn, host=proxy.host, port=proxy.port)
        schedule = Schedule(telegram, proxy, database, _Process(folder, through), users, rng)
        try:
            await schedule.run()
            return await schedule.judge()
        finally:
            await schedule.end()


class _Process:
    """The crawler role in a process of its own."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder = folder
        self._dsn = dsn
        self._process: asyncio.subprocess.Process | None = None
        self.output = folder / "crawler.log"

    async def start(self) -> None:
        """Start it, again if it was killed."""
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "heliograph", "--data-dir", str(self._folder), "--log-level", "warning"),
                *("run", "--role", "crawler"),
                env={**os.environ, "HELIOGRAPH_DATABASE__URL": self._dsn},
                stdout=output,
                stderr=output,
            )

    @property
    def is_running(self) -> bool:
        """Say whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it lives."""
        if self.is_running:
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        return await self._process.wait()


class Schedule:
    """One crawler process through random trouble."""

    def __init__(
        self,
        telegram: Simulator,
        proxy: postgres_proxy.PostgresProxy,
        database: store_database.Database,
        process: _Process,
        users: list[int],
        rng: random.Random,
    ) -> None:
        self._telegram = telegram
        self._proxy = proxy
        self._database = database
        self._process = process
        self._users = users
        self._rng = rng
        self._life = Life(telegram.world, rng, users)

    async def run(self) -> None:
        """Let things happen, with trouble in between, and then end all of it."""
        await self._process.start()
        for _ in range(self._rng.randint(*STEPS)):
            self._life.happen(self._rng.choice((1, 5, 40)))
            await self._disturb(self._rng.random())
            await asyncio.sleep(self._rng.choice((0.0, 0.05, 0.3)))
            if not self._process.is_running:
                await self._process.start()
        self._telegram.faults.clear()
        await self._proxy.clear()
        self._process.signal(signal.SIGCONT)
        self._telegram.faults.cut()

    async def judge(self) -> tuple[Outcome, str | None]:
        """Wait until the store equals the world, and say what differs if it never does."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            if not self._process.is_running:
                await self._process.start()
            found = await homes.compare(self._database, self._telegram.world, self._users)
            is_whole = found.is_equal and await homes.is_verified(self._database)
            if is_whole or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.2)
        self._process.signal(signal.SIGTERM)
        code = await self._process.ended()
        wrong = [] if is_whole else [str(found.examples or "a hole stays open")]
        wrong += [f"exit code {code}"] if code else []
        wrong += self._telegram.violations + self._telegram.failures
        outcome = Outcome(
            schedules=1,
            events=self._life.events,
            failed=bool(wrong),
            lost=found.missing + found.wrong_text + found.wrong_fields,
            duplicated=found.duplicated,
        )
        return outcome, "; ".join(wrong) or None

    async def end(self) -> None:
        """Leave no process behind."""
        self._process.signal(signal.SIGKILL)
        await self._process.ended()

    async def _disturb(self, roll: float) -> None:
        """Make one kind of trouble, or often none."""
        for likelihood, trouble in self._TROUBLES:
            roll -= likelihood
            if roll < 0:
                await trouble(self)
                return

    # -- of the process

    async def _kill(self) -> None:
        self._process.signal(signal.SIGKILL)
        await self._process.ended()
        self._life.happen(self._rng.choice((1, 60)))

    async def _pause(self) -> None:
        self._process.signal(signal.SIGSTOP)
        await asyncio.sleep(self._rng.uniform(0.1, 2.0))
        self._process.signal(signal.SIGCONT)

    async def _terminate(self) -> None:
        self._process.signal(signal.SIGTERM)
        if self._rng.random() < 0.3:
            self._process.signal(signal.SIGTERM)
        await self._process.ended()

    # -- of Telegram

    async def _cut(self) -> None:
        self._telegram.faults.cut(self._rng.choice((0.0, 0.5)))

    async def _stall(self) -> None:
        self._telegram.faults.stall(self._rng.uniform(0.1, 1.0))

    async def _mislay_updates(self) -> None:
        faults = self._telegram.faults
        change = self._rng.choice((faults.drop_updates, faults.duplicate_updates, faults.reorder_updates))
        change(self._rng.randint(1, 5))

    async def _change_manners(self) -> None:
        faults = self._telegram.faults
        faults.too_long = self._rng.choice(("page", "strict"))
        faults.pts_style = self._rng.choice(("real", "final", "zero"))
        faults.difference_limit = self._rng.choice((3, 10, 100))

    async def _refuse(self) -> None:
        methods = ("updates.getDifference", "updates.getChannelDifference", "messages.getHistory")
        error = self._rng.choice((("INTERNAL", 500), ("FLOOD_WAIT_1", 420), ("PERSISTENT_TIMESTAMP_OUTDATED", 500)))
        self._telegram.faults.refuse(self._rng.choice(methods), *error, times=self._rng.randint(1, 3))

    # -- of the database

    async def _be_away(self) -> None:
        await self._proxy.refuse()
        self._life.happen(20)
        await asyncio.sleep(self._rng.uniform(0.1, 2.0))
        await self._proxy.accept()

    async def _swallow(self) -> None:
        self._proxy.stall()
        self._life.happen(20)
        await asyncio.sleep(self._rng.uniform(0.1, 2.0))
        self._proxy.resume()

    async def _cut_commits(self) -> None:
        cut = self._rng.choice((self._proxy.cut_before_commit, self._proxy.cut_after_commit))
        cut(self._rng.randint(1, 3))

    async def _refuse_writes(self) -> None:
        fault = self._rng.choice((self._proxy.disk_full, self._proxy.read_only))()
        self._life.happen(10)
        await asyncio.sleep(self._rng.uniform(0.1, 1.0))
        fault.end()

    async def _deadlock(self) -> None:
        self._proxy.deadlock()

    _TROUBLES: tuple[tuple[float, Callable[[Schedule], Awaitable[None]]], ...] = (
        (0.08, _kill),
        (0.04, _pause),
        (0.03, _terminate),
        (0.05, _cut),
        (0.03, _stall),
        (0.17, _mislay_updates),
        (0.05, _change_manners),
        (0.05, _refuse),
        (0.05, _be_away),
        (0.03, _swallow),
        (0.05, _cut_commits),
        (0.04, _refuse_writes),
        (0.03, _deadlock),
    )


async def _sign_in(telegram: Simulator, database: store_database.Database, folder: Path, count: int) -> list[int]:
    """Sign accounts in and write the settings that the process reads."""
    key = folder / "telegram.pem"
    key.write_text(telegram.public_key_pem)
    content: dict[str, object] = {
        "telegram": {
            "api_id": 1,
            "api_hash": "0" * 32,
            "dc_address": telegram.host,
            "dc_port": telegram.port,
            "dc_public_key_file": str(key),
            "sign_up_name": "Aino",
            "rpc_deadline_seconds": 2.0,
        },
        "crawler": homes.CRAWLER,
    }
    settings = config.Settings(data_dir=folder, database=config.Database(url=SecretStr(database.dsn)), **content)
    config.write(settings.config_file, content)
    keyfile.ensure(settings.key_file)

    async def answer() -> str:
        return telegram.logins.code

    for number in range(count):
        phone = f"+9996610000{number}"
        await login.add_account(settings, database, phone=phone, label=phone, ask_code=answer, ask_password=answer)
    async with database.connection() as conn:
        return [account.user_id for account in await accounts.load_all(conn)]
