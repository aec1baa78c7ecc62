"""``heliograph run``: everything of a small installation, or one role of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Literal

import typer

from heliograph import config
from heliograph.cli import child, console, lock, options, wire

Role = Literal["all", "crawler", "web"]


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
            children.append(child.Child("crawler", [*arguments, "crawler"]))
        tasks = [asyncio.create_task(_attend(children)), asyncio.create_task(stop.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(each.stop() for each in children))


async def _attend(children: list[child.Child]) -> None:
    """Start the children in order and keep them. Raises ChildFailed when one ends for good."""
    for each in children:
        await each.start()
    console.note(f"Heliograph is at {children[0].ready['url']} (Ctrl-C stops it)")
    await asyncio.gather(*(each.until_failed() for each in children))


async def _crawl(settings: config.Settings, *, supervised: bool) -> None:
    # Imported here: each role needs a different half of the libraries, and holds it in memory.
    from heliograph.crawler import service  # noqa: PLC0415

    stop = await child.until_stopped(supervised=supervised)
    on_ready = partial(child.announce, supervised=supervised, role="crawler")
    with child.healing(supervised=supervised):
        async with wire.database(settings) as database:
            await service.run(settings, database, stop=stop, on_ready=on_ready)


async def _serve(settings: config.Settings, *, supervised: bool) -> None:
    from heliograph.web import serve  # noqa: PLC0415

    stop = await child.until_stopped(supervised=supervised)

    def on_ready(url: str) -> None:
        child.announce(supervised=supervised, role="web", url=url)
        if not supervised:
            console.note(f"Heliograph is at {url} (Ctrl-C stops it)")

    with child.healing(supervised=supervised):
        async with wire.database(settings) as database:
            await serve.serve(settings, database, stop=stop, on_ready=on_ready)
