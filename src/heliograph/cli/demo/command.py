"""``heliograph demo``: the whole product on a simulated Telegram."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from heliograph import config, errors
from heliograph.cli import child, console, lock, options, progress, wire
from heliograph.cli.demo import roles, trial
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.crawler import login
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile

PHONES = ("+99966100001", "+99966100002")
LIVE_RATE = 3.0


def demo(
    context: typer.Context,
    seconds: Annotated[float | None, typer.Option(min=1, help="End after this many seconds of live updates.")] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Kill the crawler and cut the line on the way, compare with the truth, print one JSON object.",
        ),
    ] = False,
    port: Annotated[int, typer.Option(help="Where the page is served; 0 picks a free port.")] = 8420,
    rate: Annotated[float | None, typer.Option(min=0, help="Live messages per second.")] = None,
) -> None:
    """Mirror a simulated Telegram with two accounts and show it on a page."""
    given = options.of(context)
    if json:
        seconds = seconds or 20.0
    if given.data_dir is not None:
        directory = given.directory
        code = options.run(_demo(given, directory, seconds, rate, port=0 if json else port, is_trial=json))
    elif json:
        # A trial measures a backfill from nothing, so it gets a world of its own that goes when it ends.
        with tempfile.TemporaryDirectory(prefix="heliograph-") as temporary:
            code = options.run(_demo(given, Path(temporary), seconds, rate, port=0, is_trial=True))
    else:
        code = options.run(_demo(given, given.directory / "demo", seconds, rate, port=port, is_trial=False))
    raise typer.Exit(code)


async def _demo(
    given: options.Options, directory: Path, seconds: float | None, rate: float | None, *, port: int, is_trial: bool
) -> int:
    stop = await child.until_stopped(supervised=False)
    arguments = options.Options(data_dir=directory, log_level=given.log_level or "warning", log_format=given.log_format)
    with lock.data_dir(directory):
        async with AsyncExitStack() as stack:
            telegram = await demo_telegram.start(directory, arguments.arguments())
            stack.push_async_callback(telegram.process.stop)
            stack.push_async_callback(telegram.control.aclose)
            console.note(f"Simulated Telegram: {demo_telegram.CHATS} chats, {demo_telegram.DAYS} days of history")
            console.note(demo_telegram.describe_budgets())
            demo_telegram.write_settings(directory, telegram, port=port)
            settings = options.settings(arguments)
            database = await stack.enter_async_context(wire.database(settings))
            await _sign_in(settings, database)
            if is_trial:
                runner = trial.Trial(telegram=telegram, database=database, arguments=arguments.arguments())
                return await runner.run(seconds or 20.0, rate if rate is not None else trial.RATE, stop)
            await _show(
                telegram, database, arguments.arguments(), rate if rate is not None else LIVE_RATE, seconds, stop
            )
    return 0


async def _show(
    telegram: demo_telegram.Telegram,
    database: store_database.Database,
    arguments: list[str],
    rate: float,
    seconds: float | None,
    stop: asyncio.Event,
) -> None:
    async with roles.running(arguments) as (_crawler, web):
        await telegram.set_rate(rate)
        url = web.ready["url"]
        console.note(f"The page is at {url}")
        async with progress.backfill(database, shown=True):
            await progress.until_complete(database, stop)
        console.note(f"History is complete; live updates arrive at {rate:g}/s. Open {url} (Ctrl-C stops)")
        await child.wait(stop, seconds)
        console.note("Stopping; run it again to go on where it ended.")


async def _sign_in(settings: config.Settings, database: store_database.Database) -> None:
    """Sign the two demo accounts in by the normal login code, once."""
    keyfile.ensure(settings.key_file)
    async with database.connection() as conn:
        known = len(await accounts.load_all(conn))
    for number, phone in enumerate(PHONES[known:], known + 1):
        await login.add_account(
            settings,
            database,
            phone=phone,
            label=f"Demo {number}",
            ask_code=_answer(demo_telegram.LOGIN_CODE),
            ask_password=_no_password,
        )
        console.note(f"Signed in as Demo {number}")


def _answer(text: str) -> login.Ask:
    async def ask() -> str:
        return text

    return ask


async def _no_password() -> str:
    raise errors.PasswordNeeded
