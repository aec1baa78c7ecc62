"""Schedules on the real crawler over a sender without a socket, into a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import SecretStr
from tests.chaos import home as homes
from tests.chaos.events import Life
from tests.chaos.outcome import Outcome
from tests.chaos.sender import Telegram

from heliograph import config
from heliograph.crawler import service
from heliograph.crawler.transport import SessionKey
from heliograph.simulator.server import Simulator
from heliograph.simulator.wire import handshake
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile, sessions

PATIENCE_SECONDS = 30.0
STEPS = (10, 40)


async def run(seed: int, home: homes.Home) -> tuple[Outcome, str | None]:
    """Run one schedule and return its counts, and what was wrong if anything was."""
    rng = random.Random(seed)
    async with home.installation() as (folder, dsn), homes.opened(dsn) as database:
        simulator = Simulator(seed=rng.randrange(1000), chats=6, days=1, messages=60, key_bits=1024)
        telegram = Telegram(simulator, rng)
        try:
            users = [await _sign_in(telegram, database, folder, number) for number in range(rng.choice((1, 2)))]
            schedule = Schedule(telegram, database, _settings(folder, dsn), users, rng)
            await schedule.run()
            return await schedule.judge()
        finally:
            telegram.close()


class Schedule:
    """One crawler through random trouble."""

    def __init__(
        self,
        telegram: Telegram,
        database: store_database.Database,
        settings: config.Settings,
        users: list[int],
        rng: random.Random,
    ) -> None:
        self._telegram = telegram
        self._database = database
        self._settings = settings
        self._users = users
        self._rng = rng
        self._life = Life(telegram.simulator.world, rng, users)
        self._stop = asyncio.Event()
        self._crawl: asyncio.Task[None] | None = None
        self._error: str | None = None

    async def run(self) -> None:
        """Let things happen, with trouble in between, and then let the crawler come to rest."""
        await self._start()
        for _ in range(self._rng.randint(*STEPS)):
            self._life.happen(self._rng.choice((1, 3, 20)))
            await self._disturb(self._rng.random())
            await asyncio.sleep(self._rng.choice((0.0, 0.01, 0.1)))
        self._telegram.weather.calm()
        self._telegram.cut()

    async def judge(self) -> tuple[Outcome, str | None]:
        """Wait until the store equals the world, and say what differs if it never does."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            found = await homes.compare(self._database, self._telegram.simulator.world, self._users)
            is_whole = found.is_equal and await homes.is_verified(self._database)
            if is_whole or asyncio.get_running_loop().time() > deadline or self._crawl.done():
                break
            await asyncio.sleep(0.05)
        await self._end()
        lost = found.missing + found.wrong_text + found.wrong_fields
        error = self._error or (None if is_whole else f"{found.examples or 'a hole stays open'}")
        outcome = Outcome(
            schedules=1,
            events=self._life.events,
            failed=error is not None,
            lost=lost,
            duplicated=found.duplicated,
        )
        return outcome, error

    async def _disturb(self, roll: float) -> None:
        """Make one kind of trouble, or often none."""
        for likelihood, trouble in self._TROUBLES:
            roll -= likelihood
            if roll < 0:
                await trouble(self)
                return

    async def _cut(self) -> None:
        self._telegram.cut()

    async def _renew_sessions(self) -> None:
        self._telegram.renew_sessions()

    async def _change_weather(self) -> None:
        rng, weather = self._rng, self._telegram.weather
        weather.dropped, weather.doubled, weather.late = (rng.choice((0.0, 0.2, 0.5)) for _ in range(3))
        weather.refused = rng.choice((0.0, 0.1))
        weather.unanswered = rng.choice((0.0, 0.05))

    async def _change_manners(self) -> None:
        rng, faults = self._rng, self._telegram.simulator.faults
        faults.too_long = rng.choice(("page", "strict"))
        faults.pts_style = rng.choice(("real", "final", "zero"))
        faults.difference_limit = rng.choice((3, 10, 100))

    async def _restart(self) -> None:
        await self._end()
        self._life.happen(self._rng.choice((1, 30)))
        await self._start()

    async def _break_database(self) -> None:
        async with self._database.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

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

    async def _end(self) -> None:
        """End the crawler, in order or at once."""
        assert self._crawl is not None
        if self._rng.random() < 0.5:
            self._crawl.cancel()
        self._stop.set()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._crawl
        except Exception as error:
            self._error = self._error or f"the crawler ended: {error!r}"

    _TROUBLES: tuple[tuple[float, Callable[[Schedule], Awaitable[None]]], ...] = (
        (0.1, _cut),
        (0.1, _renew_sessions),
        (0.2, _change_weather),
        (0.1, _change_manners),
        (0.05, _restart),
        (0.05, _break_database),
    )


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
