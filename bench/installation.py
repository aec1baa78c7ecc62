"""A whole installation for a benchmark: the simulator, the database, and the roles as processes of their own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from heliograph import config
from heliograph.cli import child, options, wire
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.crawler import login
from heliograph.store import database as store_database
from heliograph.vault import keyfile

SEED = 7


@dataclass(frozen=True, kw_only=True)
class World:
    """What the simulator makes up: seed 7, of which DESIGN.md's corpus says how messages look."""

    chats: int
    messages: int
    days: int = 30


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Everything that runs, with accounts signed in and no crawler yet."""

    directory: Path
    telegram: demo_telegram.Telegram
    settings: config.Settings
    database: store_database.Database

    def role(self, name: str) -> child.Child:
        """Return a role, not yet started."""
        return child.Child(name, [*arguments(self.directory), "run", "--role", name])


@asynccontextmanager
async def running(world: World, *, accounts: int = 1) -> AsyncIterator[Installation]:
    """Start a simulator with ``world`` and a private database in a temporary folder, and sign accounts in."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-bench-")))
        telegram = await demo_telegram.start(
            directory, arguments(directory), chats=world.chats, days=world.days, messages=world.messages, keep=False
        )
        stack.push_async_callback(telegram.process.stop)
        stack.push_async_callback(telegram.control.aclose)
        demo_telegram.write_settings(directory, telegram, port=0, depth="all")
        settings = options.settings(options.Options(data_dir=directory, log_level="warning"))
        keyfile.ensure(settings.key_file)
        database = await stack.enter_async_context(wire.database(settings))
        for number in range(accounts):
            await login.add_account(
                settings,
                database,
                phone=f"+9996620{number:04}",
                label=f"Bench {number}",
                ask_code=_code,
                ask_password=_code,
            )
        yield Installation(directory=directory, telegram=telegram, settings=settings, database=database)


def arguments(directory: Path) -> list[str]:
    """Return the options that name the data directory."""
    return options.Options(data_dir=directory, log_level="warning").arguments()


async def _code() -> str:
    return demo_telegram.LOGIN_CODE
