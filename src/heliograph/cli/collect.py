"""``heliograph sync`` and ``heliograph follow``: history only, or live only, in this one process."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from heliograph import config
from heliograph.cli import chats, console, lock, options, progress, stopping, wire
from heliograph.crawler import service


def sync(
    context: typer.Context,
    chat: Annotated[
        list[str] | None, typer.Argument(help="Chat ids, @usernames or titles; all when none is given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many messages per chat.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Chats at once.")] = None,
) -> None:
    """Fetch history that is missing, then exit."""
    given = options.of(context)
    settings = options.settings(given, quiet=True)
    if concurrency is not None:
        settings = _with_crawler(settings, concurrency=concurrency)
    with lock.data_dir(given.directory):
        options.run(_collect(settings, "history", chat or [], limit))


def follow(
    context: typer.Context,
    no_restart: Annotated[
        bool, typer.Option("--no-restart", help="Exit when the connection fails instead of starting again.")
    ] = False,
) -> None:
    """Follow live updates without fetching history, until Ctrl-C."""
    given = options.of(context)
    settings = _with_crawler(options.settings(given), history=False)
    with lock.data_dir(given.directory):
        options.run(_collect(settings, "live", [], None, restart=not no_restart))


async def _collect(
    settings: config.Settings,
    mode: Literal["history", "live"],
    wanted: list[str],
    limit: int | None,
    *,
    restart: bool = True,
) -> None:
    stop = await stopping.until_stopped(supervised=False, limit_seconds=stopping.LIMIT_SECONDS)
    async with wire.database(settings, stop) as database:
        if wanted and not await chats.known(database):
            # The first time there is no list to find them in yet.
            await service.run(settings, database, stop=stop, mode="history", chats=[])
        ids = await chats.resolve(database, wanted)
        async with progress.backfill(database, shown=mode == "history"):
            await service.run(settings, database, stop=stop, mode=mode, chats=ids or None, limit=limit, restart=restart)
    if mode == "history":
        console.note(
            "History is complete as far as it was asked for."
            if not stop.is_set()
            else "Stopped; run it again to go on."
        )


def _with_crawler(settings: config.Settings, **update: object) -> config.Settings:
    return settings.model_copy(update={"crawler": settings.crawler.model_copy(update=update)})
