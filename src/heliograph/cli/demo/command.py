"""``heliograph demo``: the whole product on a simulated Telegram."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from heliograph import config, errors
from heliograph.cli import child, console, lock, options, progress, stopping, wire
from heliograph.cli.demo import home, patience, roles, trial
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.crawler import login
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile

PHONES = ("+99966100001", "+99966100002")
LIVE_RATE = 3.0
START_SECONDS = 120.0


def demo(
    context: typer.Context,
    seconds: Annotated[float | None, options.number("End after this many seconds of live updates.", min=1)] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Kill the crawler and cut the line on the way, compare with the truth, print one JSON object.",
        ),
    ] = False,
    port: Annotated[int, options.port("Where the page is served; 0 picks a free port.")] = 8420,
    rate: Annotated[float | None, options.number("Live messages per second.", min=0)] = None,
    chats: Annotated[int, typer.Option(min=1, help="Chats of a new simulated world.")] = demo_telegram.CHATS,
    days: Annotated[int, typer.Option(min=1, help="Days of history of a new simulated world.")] = demo_telegram.DAYS,
) -> None:
    """Mirror a simulated Telegram with two accounts and show it on a page."""
    given = options.of(context)
    directory = given.directory if given.data_dir is not None else given.directory / "demo"
    home.forget_environment()
    wanted = Demo(
        seconds=(seconds or 20.0) if json else seconds,
        rate=rate if rate is not None else trial.RATE if json else LIVE_RATE,
        port=0 if json else port,
        is_trial=json,
        world=home.World(chats=chats, days=days),
    )
    if json and given.data_dir is None:
        # A trial measures a backfill from nothing, so it gets a world of its own that goes when it ends.
        with tempfile.TemporaryDirectory(prefix="heliograph-") as temporary:
            code = options.run(_demo(given, Path(temporary), wanted))
    else:
        home.check(directory)
        code = _run(given, directory, wanted)
    raise typer.Exit(code)


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What was asked for."""

    seconds: float | None
    rate: float
    port: int
    is_trial: bool
    world: home.World


def _run(given: options.Options, directory: Path, wanted: Demo) -> int:
    """Run the demo in a directory that stays. Only a trial owes a result, which Ctrl-C denies it."""
    try:
        return options.run(_demo(given, directory, wanted))
    except patience.Stopped:
        if wanted.is_trial:
            raise
        console.note("Stopped; run it again to go on where it ended.")
        return 0


async def _demo(given: options.Options, directory: Path, wanted: Demo) -> int:
    stop = await stopping.until_stopped(supervised=False)
    chosen = options.Options(data_dir=directory, log_level=given.log_level or "warning", log_format=given.log_format)
    arguments = chosen.arguments()
    with lock.data_dir(directory):
        world = home.settle(directory, wanted.world)
        depth = f"{world.days}d"
        async with AsyncExitStack() as stack:
            telegram = await _start_telegram(directory, arguments, world, stop)
            stack.push_async_callback(telegram.process.stop)
            stack.push_async_callback(telegram.control.aclose)
            demo_telegram.write_settings(directory, telegram, port=wanted.port, depth=depth)
            settings = options.settings(chosen)
            database = await stack.enter_async_context(wire.database(settings))
            await patience.within(
                _sign_in(settings, database),
                stop=stop,
                seconds=START_SECONDS,
                otherwise=f"Signing in took longer than {START_SECONDS:g} s; start the demo again.",
            )
            if not wanted.is_trial:
                await _show(telegram, database, arguments, wanted, stop)
                return 0
            runner = trial.Trial(
                telegram=telegram, database=database, arguments=arguments, history_depth=depth, stop=stop
            )
            return await runner.run(wanted.seconds or 20.0, wanted.rate)


async def _start_telegram(
    directory: Path, arguments: list[str], world: home.World, stop: asyncio.Event
) -> demo_telegram.Telegram:
    telegram = await patience.within(
        demo_telegram.start(directory, arguments, chats=world.chats, days=world.days),
        stop=stop,
        seconds=START_SECONDS,
        otherwise=f"The simulator did not start within {START_SECONDS:g} s; the lines above say why.",
    )
    console.note(f"Simulated Telegram: {world.chats} chats, {world.days} days of history")
    console.note(demo_telegram.describe_budgets())
    return telegram


async def _show(
    telegram: demo_telegram.Telegram,
    database: store_database.Database,
    arguments: list[str],
    wanted: Demo,
    stop: asyncio.Event,
) -> None:
    async with roles.running(arguments, stop) as children:
        _, web, _ = children
        await roles.attended(_live(telegram, database, web.ready["url"], wanted, stop), *children)


async def _live(
    telegram: demo_telegram.Telegram, database: store_database.Database, url: str, wanted: Demo, stop: asyncio.Event
) -> None:
    await telegram.set_rate(wanted.rate)
    console.note(f"The page is at {url}")
    async with progress.backfill(database, shown=True):
        await progress.until_complete(database, stop)
    if not stop.is_set():
        console.note(f"History is complete; live updates arrive at {wanted.rate:g}/s. Open {url} (Ctrl-C stops)")
    await child.wait(stop, wanted.seconds)
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
