"""``heliograph run``: everything of a small installation, or one role of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import typer

from heliograph import config
from heliograph.cli import child, console, lock, options, wire

Role = Literal["all", "crawler", "web"]


def run(
    context: typer.Context,
    role: Annotated[Role, typer.Option(help="Run one role alone, for installations over several machines.")] = "all",
    port: Annotated[int | None, typer.Option(help="Where the page is served, on loopback.")] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Mirror live and serve the page until Ctrl-C."""
    given = options.of(context)
    settings = options.settings(given)
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    if role == "crawler":
        options.run(_crawl(settings, supervised=supervised))
    elif role == "web":
        options.run(_serve(settings, supervised=supervised))
    else:
        with lock.data_dir(given.directory):
            options.run(_run_all(given, settings))


async def _run_all(given: options.Options, settings: config.Settings) -> None:
    stop = await child.until_stopped(supervised=False)
    async with wire.database(settings):
        arguments = [*given.arguments(), "run", "--role"]
        children = [child.Child("web", [*arguments, "web", "--port", str(settings.web.port)])]
        if settings.crawler.enabled:
            children.insert(0, child.Child("crawler", [*arguments, "crawler"]))
        try:
            for each in children:
                await each.start()
            console.note(f"Heliograph is at {children[-1].ready['url']} (Ctrl-C stops it)")
            await stop.wait()
        finally:
            await asyncio.gather(*(each.stop() for each in children))


async def _crawl(settings: config.Settings, *, supervised: bool) -> None:
    # Imported here: each role needs a different half of the libraries, and holds it in memory.
    from heliograph.crawler import service  # noqa: PLC0415

    stop = await child.until_stopped(supervised=supervised)
    async with wire.database(settings) as database:
        child.announce(supervised=supervised, role="crawler")
        await service.run(settings, database, stop=stop)


async def _serve(settings: config.Settings, *, supervised: bool) -> None:
    from heliograph.web import serve  # noqa: PLC0415

    stop = await child.until_stopped(supervised=supervised)

    def on_ready(url: str) -> None:
        child.announce(supervised=supervised, role="web", url=url)
        if not supervised:
            console.note(f"Heliograph is at {url} (Ctrl-C stops it)")

    async with wire.database(settings) as database:
        await serve.serve(settings, database, stop=stop, on_ready=on_ready)
