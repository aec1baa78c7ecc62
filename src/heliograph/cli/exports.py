"""``heliograph export``: chats as files for other programs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich import progress as rich_progress

from heliograph import config, errors
from heliograph.cli import chats as chat_names
from heliograph.cli import console, dates, options, wire
from heliograph.exchange import media
from heliograph.exchange.export import place
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.store.reads import export as reads

STREAM = Path("-")
"""The --out that means stdout."""


def export(
    context: typer.Context,
    chats: Annotated[
        list[str] | None, typer.Argument(help="Ids, @usernames or titles; none means every chat.", show_default=False)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="; ".join(f"{name}: {what}" for name, what in requests.FORMATS.items())
            + ". Without it, what --out ends in, or jsonl.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, options.path("The folder to make, or a file named .jsonl or .csv; - is stdout.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Not before this day (UTC), such as 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Not after this day (UTC).")] = None,
    sender: Annotated[int | None, typer.Option(help="Only this sender's id.")] = None,
    topic: Annotated[int | None, typer.Option(help="Only this topic of a forum, by its id.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(reads.KINDS)}.")] = None,
    edited: Annotated[
        bool | None, typer.Option("--edited/--not-edited", help="Only edited ones, or the others.")
    ] = None,
    deleted: Annotated[
        bool | None,
        typer.Option("--deleted/--not-deleted", help="Only deleted ones, or the others; else both, marked."),
    ] = None,
    search: Annotated[str | None, typer.Option(help='Only with these words; "a phrase", or, -without.')] = None,
    revisions: Annotated[bool, typer.Option("--revisions", help="Earlier texts of edited messages too.")] = False,
    observations: Annotated[
        bool,
        typer.Option(
            "--observations", help="Every sample of views, forwards and reactions too; not in telegram and html."
        ),
    ] = False,
    media_files: Annotated[
        bool, typer.Option("--media/--no-media", help="Copy media files into telegram and html exports.")
    ] = True,
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV files with a byte order mark, for Excel.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export at --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A summary as one JSON object on stdout.")] = False,
) -> None:
    """Write chats to files: JSON Lines, CSV, Parquet, Telegram Desktop's JSON, or pages to read."""
    wanted = requests.Request(
        format=requests.format_of(out or STREAM, form),
        filter=reads.Filter(
            since=dates.day(since),
            until=dates.end_of(dates.day(until)),
            sender_id=sender,
            topic_id=topic,
            kind=kind,
            is_edited=edited,
            is_deleted=deleted,
            words=search,
        ),
        with_revisions=revisions,
        with_observations=observations,
        with_media=media_files,
        with_bom=bom,
    )
    target = _target(out, wanted, force=force, json=json)
    settings = options.settings(options.of(context), quiet=True)
    try:
        with _shown() as on_progress:
            summary = options.run(_export(settings, chats or [], wanted, target, on_progress, force=force))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None
    if json:
        console.json(dataclasses.asdict(summary) | {"out": str(target)})
    else:
        console.note(_told(summary, target))


async def _export(
    settings: config.Settings,
    chats: list[str],
    wanted: requests.Request,
    target: Path | BinaryIO,
    on_progress: exports.OnProgress,
    *,
    force: bool,
) -> exports.Summary:
    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C does: what is half-written is removed on the way out.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with wire.database(settings) as database:
        if chats:
            ids = sorted(set(await chat_names.resolve(database, chats)))
            wanted = dataclasses.replace(wanted, chat_ids=tuple(ids))
        if isinstance(target, Path):
            # Only these formats hold files; the others name them by their hashes.
            storage = (
                media.open_storage(settings) if wanted.with_media and wanted.format not in requests.TABLES else None
            )
            return await exports.export(database, storage, wanted, target, on_progress, force=force)
        return await exports.stream(database, wanted, target, on_progress)


def _target(out: Path | None, wanted: requests.Request, *, force: bool, json: bool) -> Path | BinaryIO:
    """Return where to write, refusing what cannot work before anything is opened."""
    if out is None:
        raise errors.BadInput("Say with --out where to export to; `-` is stdout for jsonl and csv.")
    if out != STREAM:
        place.check(out, is_folder=requests.is_folder(wanted, out), force=force)
        return out
    if json:
        raise errors.BadInput("Messages and the summary of --json cannot both go to stdout; leave one of them out.")
    exports.check_stream(wanted)
    return sys.stdout.buffer


@contextlib.contextmanager
def _shown() -> Iterator[exports.OnProgress]:
    """Give what moves a bar on stderr, where a person watches."""
    columns = (
        # A chat's title is no markup.
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("messages"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(
        *columns, console=console.stderr, transient=True, disable=not console.stderr.is_terminal
    ) as bar:
        task = bar.add_task("Counting", total=None)

        def move(at: exports.Progress) -> None:
            bar.update(task, description=console.plain(at.chat)[:30], completed=at.done, total=at.total)

        yield move


def _told(summary: exports.Summary, target: Path | BinaryIO) -> str:
    chats = "1 chat" if summary.chats == 1 else f"{summary.chats:,} chats"
    messages = "1 message" if summary.messages == 1 else f"{summary.messages:,} messages"
    more = "".join(
        f", {count:,} {name if count == 1 else name + 's'}"
        for name, count in (("revision", summary.revisions), ("observation", summary.observations))
        if count
    )
    found = f"{messages} of {chats}{more}"
    if not summary.messages:
        found = f"Nothing in {chats} is what was asked for, so the export is empty"
    if not isinstance(target, Path):
        return f"{found}."
    files = "1 file" if summary.files == 1 else f"{summary.files:,} files"
    return f"{found}: {files}, {_size(summary.bytes)}, in {target}"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
