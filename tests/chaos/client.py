"""Schedules on the real crawler over a sender without a socket, into a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from tests.chaos import home as homes
from tests.chaos import plan
from tests.chaos.events import Life
from tests.chaos.outcome import Outcome
from tests.chaos.sender import Telegram
from tests.chaos.witness import Witness

from heliograph import config
from heliograph.crawler import service
from heliograph.crawler.transport import SessionKey
from heliograph.simulator.server import Simulator
from heliograph.simulator.wire import handshake
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile, sessions

PATIENCE_SECONDS = 30.0


def _weather(rng: random.Random) -> dict[str, Any]:
    found = {name: rng.choice((0.0, 0.2, 0.5)) for name in ("dropped", "doubled", "late")}
    return {**found, "refused": rng.choice((0.0, 0.1)), "unanswered": rng.choice((0.0, 0.05))}


RULES = plan.Rules(
    steps=(10, 40),
    bursts=(1, 3, 20),
    pauses=(0.0, 0.01, 0.1),
    kinds=(
        plan.Kind("cut", 0.1),
        plan.Kind("renew_sessions", 0.1),
        plan.Kind("change_weather", 0.2, _weather),
        plan.Kind("change_manners", 0.1, plan.manners),
        plan.Kind(
            "restart",
            0.05,
            lambda rng: {"is_cancelled": rng.random() < 0.5, "acts": plan.acts(rng, rng.choice((1, 30)))},
        ),
        plan.Kind("break_database", 0.05, is_of_database=True),
        plan.Kind("rest", 0.05),
    ),
)


async def run(seed: int, home: homes.Home) -> tuple[Outcome, str | None]:
    """Run one schedule and return its counts, and what was wrong if anything was."""
    drawn = plan.draw(seed, RULES)
    async with home.installation() as (folder, dsn), homes.opened(dsn) as database:
        simulator = Simulator(seed=drawn.world, chats=6, days=1, messages=60, key_bits=1024)
        telegram = Telegram(simulator, plan.weather(seed))
        try:
            users = [await _sign_in(telegram, database, folder, number) for number in range(drawn.users)]
            schedule = Schedule(drawn, telegram, database, _settings(folder, dsn), users)
            await schedule.run()
            outcome, error = await schedule.judge()
            return outcome, error and f"{error} ({drawn})"
        finally:
            telegram.close()


class Schedule:
    """One crawler through the trouble of a plan."""

    def __init__(
        self,
        drawn: plan.Plan,
        telegram: Telegram,
        database: store_database.Database,
        settings: config.Settings,
        users: list[int],
    ) -> None:
        self._plan = drawn
        self._telegram = telegram
        self._database = database
        self._settings = settings
        self._life = Life(telegram.simulator.world, users)
        self._witness = Witness(drawn, telegram.simulator, self._life, users, database)
        self._stop = asyncio.Event()
        self._crawl: asyncio.Task[None] | None = None
        self._error: str | None = None

    async def run(self) -> None:
        """Let things happen, with trouble in between, and then let the crawler come to rest."""
        await self._start()
        if self._plan.begins_level:
            await self._rest()
        for step in self._plan.steps:
            self._life.happen(step.acts)
            if step.trouble is not None:
                await getattr(self, f"_{step.trouble.name}")(**dict(step.trouble.choices))
            await asyncio.sleep(step.pause)
        self._telegram.weather.calm()
        if not self._plan.is_of_database:
            await self._cut()

    async def judge(self) -> tuple[Outcome, str | None]:
        """Wait until the store shows what it must, and say what differs if it never does."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            verdict = await self._witness.verdict()
            if verdict.is_whole or asyncio.get_running_loop().time() > deadline or self._crawl.done():
                break
            await asyncio.sleep(0.05)
        await self._end(is_cancelled=self._plan.is_cancelled)
        error = self._error or verdict.error or None
        return self._witness.outcome(verdict, error), error

    async def _cut(self) -> None:
        self._witness.hide()
        self._telegram.cut()

    async def _renew_sessions(self) -> None:
        self._witness.hide()
        self._telegram.renew_sessions()

    async def _change_weather(self, **likelihoods: float) -> None:
        if any(likelihoods[name] for name in likelihoods if name != "doubled"):
            self._witness.hide()
        vars(self._telegram.weather).update(likelihoods)

    async def _change_manners(self, **manners: Any) -> None:
        for name, value in manners.items():
            setattr(self._telegram.simulator.faults, name, value)

    async def _restart(self, *, is_cancelled: bool, acts: Sequence[plan.Act]) -> None:
        self._witness.hide()
        await self._end(is_cancelled=is_cancelled)
        self._life.happen(acts)
        await self._start()

    async def _break_database(self) -> None:
        self._witness.database_fails()
        async with self._database.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async def _rest(self) -> None:
        """Have good weather until the crawler hears everything; it stays good until the plan changes it."""
        self._telegram.weather.calm()
        if not await self._witness.level(PATIENCE_SECONDS):
            self._error = self._error or "the crawler does not become level in good weather"

    async def _start(self) -> None:
        ready = asyncio.Event()
        self._stop.clear()
        self._crawl = asyncio.create_task(
            service.run(
                self._settings,
                self._database,
                stop=self._stop,
                on_ready=ready.set,
                client=self._telegram.client_type(),
            )
        )
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._crawl, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _end(self, *, is_cancelled: bool) -> None:
        """End the crawler, in order or at once."""
        assert self._crawl is not None
        if is_cancelled:
            self._crawl.cancel()
        self._stop.set()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._crawl
        except Exception as error:
            self._error = self._error or f"the crawler ended: {error!r}"


def _settings(folder: Path, dsn: str) -> config.Settings:
    return config.Settings(
        data_dir=folder,
        database=config.Database(url=SecretStr(dsn)),
        telegram=config.Telegram(api_id=1, api_hash=SecretStr("0" * 32), rpc_deadline_seconds=1.0),
        crawler=config.Crawler.model_validate(homes.CRAWLER),
    )


async def _sign_in(telegram: Telegram, database: store_database.Database, folder: Path, number: int) -> int:
    """Put a signed-in account into the database and its auth key into Telegram."""
    path = folder / config.MASTER_KEY_NAME
    keyfile.ensure(path)
    simulator = telegram.simulator
    user = simulator.world.sign_up(f"+9996610000{number}", "Aino")
    secret = os.urandom(256)
    agreed = handshake.Agreed(key=secret, key_id=hashlib.sha1(secret).digest()[-8:], first_salt=0, expires_in=None)
    telegram.keys[secret] = key = simulator.hub.keys.add(agreed, simulator.now())
    key.user_id = user.id
    entry = SessionKey(dc_id=2, address="127.0.0.1", port=1, auth_key=secret)
    async with database.transaction() as conn:
        account_id = await accounts.save(conn, label=f"account {number}", user_id=user.id, dc_id=2)
        sealed = sessions.load(path).seal(account_id, entry.encode())
        await accounts.set_session(conn, account_id, sealed.ciphertext, sealed.key_id)
    return user.id
