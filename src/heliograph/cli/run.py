"""``heliograph run``: everything of a small installation, or one role of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

import typer

from heliograph import config, metrics
from heliograph.cli import child, console, lock, notify, options, stopping, wire
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.store.reads import chats

Role = Literal["all", "crawler", "web", "worker"]


def run(
    context: typer.Context,
    role: Annotated[Role, typer.Option(help="Run one role alone, for installations over several machines.")] = "all",
    port: Annotated[int | None, options.port("Where the page is served, on loopback.")] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Mirror live and serve the page until Ctrl-C, or until something ends that no new start mends."""
    given = options.of(context)
    settings = options.settings(given)
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    with contextlib.suppress(stopping.Stopped):
        if role == "crawler":
            options.run(_crawl(settings, supervised=supervised))
        elif role == "web":
            options.run(_serve(settings, supervised=supervised))
        elif role == "worker":
            options.run(_work(settings, supervised=supervised))
        else:
            with lock.data_dir(given.directory):
                options.run(_run_all(given, settings))


async def _run_all(given: options.Options, settings: config.Settings) -> None:
    stop = await stopping.until_stopped(supervised=False)
    async with (
        notify.manager(supervised=False) as manager,
        wire.awaited_database(settings, stop, manager) as database,
    ):
        children = _children(given, settings, with_crawler=await _may_crawl(settings, database))
        # They go first: whoever uses the private server last tells it to stop.
        stop.last_acts[:0] = [each.end_at_once for each in children]
        tasks = [asyncio.create_task(_attend(children, manager)), asyncio.create_task(stop.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            manager.stopping()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(each.stop() for each in children))
            manager.last()


async def _may_crawl(settings: config.Settings, database: store_database.Database) -> bool:
    """Say whether a crawler belongs to this installation; one that only shows imports has no account for it."""
    if not settings.crawler.enabled:
        return False
    async with database.connection() as conn:
        has_account, has_chats = bool(await accounts.load_all(conn)), bool(await chats.list_all(conn))
    if has_account or (settings.telegram.has_api_key and not has_chats):
        return True
    key = "" if settings.telegram.has_api_key else " (after `heliograph init --force`, which adds an API key)"
    nothing = (
        "" if has_chats else " Nothing is here yet either: `heliograph import` brings exports of Telegram Desktop."
    )
    console.note(
        f"No Telegram account is signed in, so nothing is mirrored live; `heliograph login`{key} changes that before "
        f"the next start.{nothing}"
    )
    return False


def _children(given: options.Options, settings: config.Settings, *, with_crawler: bool) -> list[child.Child]:
    wanted = {"web": ["--port", str(settings.web.port)]}
    if with_crawler:
        wanted["crawler"] = []
    wanted["worker"] = []
    return [
        child.Child(
            role,
            [*given.arguments(), "run", "--role", role, *more],
            stall_seconds=settings.crawler.stall_seconds,
            on_stall=partial(metrics.count_stall, settings.data_dir, role),
        )
        for role, more in wanted.items()
    ]


async def _attend(children: list[child.Child], manager: notify.Manager) -> None:
    """Start the children in order and keep them. Raises ChildFailed when one ends for good."""
    for each in children:
        manager.status(f"Starting: {each.name}")
        await each.start()
    url = children[0].ready["url"]
    manager.ready(f"Heliograph is at {url}")
    console.note(f"Heliograph is at {url} (Ctrl-C stops it)")
    await asyncio.gather(*(each.until_failed() for each in children))


async def _crawl(settings: config.Settings, *, supervised: bool) -> None:
    # Imported here: each role needs a different half of the libraries, and holds it in memory.
    from heliograph.crawler import service  # noqa: PLC0415

    async with _role(settings, supervised=supervised) as (stop, database, manager):

        def on_ready() -> None:
            child.announce(supervised=supervised, role="crawler")
            manager.ready("The crawler runs")

        await service.run(settings, database, stop=stop, on_ready=on_ready)


async def _serve(settings: config.Settings, *, supervised: bool) -> None:
    from heliograph.web import serve  # noqa: PLC0415

    async with _role(settings, supervised=supervised) as (stop, database, manager):

        def on_ready(url: str) -> None:
            child.announce(supervised=supervised, role="web", url=url)
            manager.ready(f"Heliograph is at {url}")
            if not supervised:
                console.note(f"Heliograph is at {url} (Ctrl-C stops it)")

        await serve.serve(settings, database, stop=stop, on_ready=on_ready)


async def _work(settings: config.Settings, *, supervised: bool) -> None:
    from heliograph.jobs import service  # noqa: PLC0415

    async with _role(settings, supervised=supervised) as (stop, database, manager):

        def on_ready() -> None:
            child.announce(supervised=supervised, role="worker")
            manager.ready("The worker runs")

        await service.run(settings, database, stop=stop, on_ready=on_ready)


@contextlib.asynccontextmanager
async def _role(
    settings: config.Settings, *, supervised: bool
) -> AsyncIterator[tuple[stopping.Stop, store_database.Database, notify.Manager]]:
    """Give what a role runs with: how it is stopped, the database, and the service manager that it tells so."""
    stop = await stopping.until_stopped(supervised=supervised, limit_seconds=stopping.LIMIT_SECONDS)
    with child.healing(supervised=supervised):
        async with notify.manager(supervised=supervised) as manager:
            telling = asyncio.create_task(_tell_stop(stop, manager), name="tell-stop")
            # A parent starts its child again instead.
            opening = wire.database(settings, stop) if supervised else wire.awaited_database(settings, stop, manager)
            async with opening as database:
                try:
                    yield stop, database, manager
                finally:
                    telling.cancel()
                    manager.last()


async def _tell_stop(stop: stopping.Stop, manager: notify.Manager) -> None:
    await stop.wait()
    manager.stopping()
