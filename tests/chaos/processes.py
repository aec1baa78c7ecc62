"""Schedules on a crawler that is a process: over sockets, killed and stopped, with a proxy before its PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr
from tests.chaos import home as homes
from tests.chaos import plan
from tests.chaos.events import Life
from tests.chaos.outcome import Outcome
from tests.chaos.witness import Witness

from heliograph import config
from heliograph.crawler import login
from heliograph.simulator import postgres_proxy
from heliograph.simulator.server import Simulator
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile

PATIENCE_SECONDS = 90.0


def _seconds(rng: random.Random) -> dict[str, Any]:
    return {"seconds": rng.uniform(0.1, 2.0)}


def _outage(rng: random.Random) -> dict[str, Any]:
    return {**_seconds(rng), "acts": plan.acts(rng, 20)}


def _mislaid(rng: random.Random) -> dict[str, Any]:
    how = rng.choice(("drop_updates", "duplicate_updates", "reorder_updates"))
    return {"how": how, "times": rng.randint(1, 5)}


def _refusal(rng: random.Random) -> dict[str, Any]:
    methods = ("updates.getDifference", "updates.getChannelDifference", "messages.getHistory")
    error = rng.choice((("INTERNAL", 500), ("FLOOD_WAIT_1", 420), ("PERSISTENT_TIMESTAMP_OUTDATED", 500)))
    return {"method": rng.choice(methods), "error": error, "times": rng.randint(1, 3)}


def _cut_commits(rng: random.Random) -> dict[str, Any]:
    return {"how": rng.choice(("cut_before_commit", "cut_after_commit")), "times": rng.randint(1, 3)}


def _refused_writes(rng: random.Random) -> dict[str, Any]:
    how = rng.choice(("disk_full", "read_only"))
    return {"how": how, "seconds": rng.uniform(0.1, 1.0), "acts": plan.acts(rng, 10)}


RULES = plan.Rules(
    steps=(15, 40),
    bursts=(1, 5, 40),
    pauses=(0.0, 0.05, 0.3),
    kinds=(
        plan.Kind("kill", 0.08, lambda rng: {"acts": plan.acts(rng, rng.choice((1, 60)))}),
        plan.Kind("pause", 0.04, _seconds),
        plan.Kind("terminate", 0.03, lambda rng: {"is_impatient": rng.random() < 0.3}),
        plan.Kind("cut", 0.05, lambda rng: {"seconds": rng.choice((0.0, 0.5))}),
        plan.Kind("stall", 0.03, lambda rng: {"seconds": rng.uniform(0.1, 1.0)}),
        plan.Kind("mislay_updates", 0.17, _mislaid),
        plan.Kind("change_manners", 0.05, plan.manners),
        plan.Kind("refuse", 0.05, _refusal),
        plan.Kind("be_away", 0.05, _outage, is_of_database=True),
        plan.Kind("swallow", 0.03, _outage, is_of_database=True),
        plan.Kind("cut_commits", 0.05, _cut_commits, is_of_database=True),
        plan.Kind("refuse_writes", 0.04, _refused_writes, is_of_database=True),
        plan.Kind("deadlock", 0.03, is_of_database=True),
        plan.Kind("rest", 0.05),
    ),
)


async def run(seed: int, home: homes.Home) -> tuple[Outcome, str | None]:
    """Run one schedule and return its counts, and what was wrong if anything was."""
    drawn = plan.draw(seed, RULES)
    parts = psycopg.conninfo.conninfo_to_dict(home.dsn)
    upstream = postgres_proxy.Upstream(host=str(parts["host"]), port=int(parts["port"]))
    async with (
        home.installation() as (folder, dsn),
        homes.opened(dsn) as database,
        Simulator(seed=drawn.world, chats=6, days=1, messages=60) as telegram,
        postgres_proxy.PostgresProxy(upstream) as proxy,
    ):
        users = await _sign_in(telegram, database, folder, drawn.users)
        through = psycopg.conninfo.make_conninfo(dsn, host=proxy.host, port=proxy.port)
        schedule = Schedule(drawn, telegram, proxy, database, _Process(folder, through), users)
        try:
            await schedule.run()
            outcome, error = await schedule.judge()
            return outcome, error and f"{error} ({drawn})"
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
    """One crawler process through the trouble of a plan."""

    def __init__(
        self,
        drawn: plan.Plan,
        telegram: Simulator,
        proxy: postgres_proxy.PostgresProxy,
        database: store_database.Database,
        process: _Process,
        users: list[int],
    ) -> None:
        self._plan = drawn
        self._telegram = telegram
        self._proxy = proxy
        self._process = process
        self._life = Life(telegram.world, users)
        self._witness = Witness(drawn, telegram, self._life, users, database)
        self._errors: list[str] = []

    async def run(self) -> None:
        """Let things happen, with trouble in between, and then end all of it."""
        await self._process.start()
        if self._plan.begins_level:
            await self._rest()
        for step in self._plan.steps:
            self._life.happen(step.acts)
            if step.trouble is not None:
                await getattr(self, f"_{step.trouble.name}")(**dict(step.trouble.choices))
            await asyncio.sleep(step.pause)
            if not self._process.is_running:
                await self._process.start()
        self._telegram.faults.clear()
        await self._proxy.clear()
        self._process.signal(signal.SIGCONT)
        if not self._plan.is_of_database:
            await self._cut(0.0)

    async def judge(self) -> tuple[Outcome, str | None]:
        """Wait until the store shows what it must, and say what differs if it never does."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            if not self._process.is_running:
                await self._process.start()
            verdict = await self._witness.verdict()
            if verdict.is_whole or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.2)
        self._process.signal(signal.SIGTERM)
        code = await self._process.ended()
        wrong = [*self._errors, *filter(None, [verdict.error])]
        wrong += [f"exit code {code}"] if code else []
        wrong += self._telegram.violations + self._telegram.failures
        error = "; ".join(wrong) or None
        return self._witness.outcome(verdict, error), error

    async def end(self) -> None:
        """Leave no process behind."""
        self._process.signal(signal.SIGKILL)
        await self._process.ended()

    # -- of the process

    async def _kill(self, acts: Sequence[plan.Act]) -> None:
        self._witness.hide()
        self._process.signal(signal.SIGKILL)
        await self._process.ended()
        self._life.happen(acts)

    async def _pause(self, seconds: float) -> None:
        self._witness.hide()
        self._process.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._process.signal(signal.SIGCONT)

    async def _terminate(self, *, is_impatient: bool) -> None:
        self._witness.hide()
        self._process.signal(signal.SIGTERM)
        if is_impatient:
            self._process.signal(signal.SIGTERM)
        await self._process.ended()

    async def _rest(self) -> None:
        """End all trouble until the crawler hears everything."""
        self._telegram.faults.clear()
        await self._proxy.clear()
        over = asyncio.Event()
        keeping = asyncio.create_task(self._keep(over))
        try:
            if not await self._witness.level(PATIENCE_SECONDS):
                self._errors.append("the crawler does not become level when nothing hinders it")
        finally:
            over.set()
            await keeping

    async def _keep(self, over: asyncio.Event) -> None:
        """Start the crawler again when it ends by itself, as it may while the database fails at its start."""
        while not over.is_set():
            if not self._process.is_running:
                await self._process.start()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.2)

    # -- of Telegram

    async def _cut(self, seconds: float) -> None:
        self._witness.hide()
        self._telegram.faults.cut(seconds)

    async def _stall(self, seconds: float) -> None:
        self._witness.hide()
        self._telegram.faults.stall(seconds)

    async def _mislay_updates(self, how: str, times: int) -> None:
        if how != "duplicate_updates":
            self._witness.hide()
        getattr(self._telegram.faults, how)(times)

    async def _change_manners(self, **manners: Any) -> None:
        for name, value in manners.items():
            setattr(self._telegram.faults, name, value)

    async def _refuse(self, method: str, error: tuple[str, int], times: int) -> None:
        self._telegram.faults.refuse(method, *error, times=times)

    # -- of the database

    async def _be_away(self, seconds: float, acts: Sequence[plan.Act]) -> None:
        self._witness.database_fails()
        await self._proxy.refuse()
        self._life.happen(acts)
        await asyncio.sleep(seconds)
        await self._proxy.accept()

    async def _swallow(self, seconds: float, acts: Sequence[plan.Act]) -> None:
        self._witness.database_fails()
        self._proxy.stall()
        self._life.happen(acts)
        await asyncio.sleep(seconds)
        self._proxy.resume()

    async def _cut_commits(self, how: str, times: int) -> None:
        self._witness.database_fails()
        getattr(self._proxy, how)(times)

    async def _refuse_writes(self, how: str, seconds: float, acts: Sequence[plan.Act]) -> None:
        self._witness.database_fails()
        fault = getattr(self._proxy, how)()
        self._life.happen(acts)
        await asyncio.sleep(seconds)
        fault.end()

    async def _deadlock(self) -> None:
        self._witness.database_fails()
        self._proxy.deadlock()


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
