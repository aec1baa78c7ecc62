"""``heliograph unimport``: takes back what imports brought to a chat, and nothing that Telegram told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer
from rich import progress as rich_progress
from rich.table import Table

from heliograph import config
from heliograph.cli import chats as chat_names
from heliograph.cli import console, options, prompt, stopping, wire
from heliograph.exchange import media
from heliograph.exchange.importer import undo
from heliograph.store import import_undo
from heliograph.store.reads import views


def unimport(
    context: typer.Context,
    chats: Annotated[
        list[str], typer.Argument(metavar="CHAT…", help="Ids or titles, as `heliograph chats` shows them.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Take back what imports brought to chats: rows, earlier texts and files that only imported files told of."""
    settings = options.settings(options.of(context), quiet=True)
    code = options.run(_unimport(settings, chats, is_dry_run=dry_run, is_sure=yes, as_json=json))
    if code:
        raise typer.Exit(code)


async def _unimport(
    settings: config.Settings, words: list[str], *, is_dry_run: bool, is_sure: bool, as_json: bool
) -> int:
    stop = await stopping.until_stopped(supervised=False)
    async with wire.database(settings, stop) as database:
        known = {chat.chat_id: chat for chat in await chat_names.known(database)}
        ids = await chat_names.resolve(database, words)
        brought = await undo.count(database, ids)
        if not as_json:
            console.table(_table(known, brought))
        # A chat whose messages went before a stop is still to go itself.
        is_empty = not any(
            dataclasses.astuple(each) != (0, 0, 0) or known[chat_id].is_import for chat_id, each in brought.items()
        )
        if is_dry_run or is_empty:
            if as_json:
                console.json({"chats": _counted(brought), "is_dry_run": is_dry_run})
            else:
                console.note("Nothing was imported there." if is_empty else "A dry run: nothing was changed.")
            return 0
        if not is_sure and not await _is_wanted():
            console.note("Nothing was changed.")
            return 1
        with _bar(sum(each.messages for each in brought.values())) as on_progress:
            done = await undo.run(database, media.open_storage(settings), ids, on_progress=on_progress, stop=stop)
    is_whole = len(done) == len(brought) and all(each.is_whole for each in done)
    if as_json:
        console.json({"chats": [dataclasses.asdict(each) for each in done], "is_whole": is_whole})
    else:
        console.note(_told(done, is_whole=is_whole))
    return 0 if is_whole else 130


async def _is_wanted() -> bool:
    answer = await prompt.ask("Take this back? Telegram's own messages stay [yes/no]")
    return answer.casefold() in ("y", "yes")


def _counted(brought: Mapping[int, import_undo.Brought]) -> list[dict[str, int]]:
    return [{"chat_id": chat_id, **dataclasses.asdict(each)} for chat_id, each in brought.items()]


def _table(known: Mapping[int, views.Chat], brought: Mapping[int, import_undo.Brought]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Chat", "Title", "Imported messages", "Imported earlier texts", "Imported files"):
        is_number = heading not in ("Title",)
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=heading == "Chat")
    for chat_id, each in brought.items():
        title = console.plain(known[chat_id].title)
        table.add_row(str(chat_id), title, f"{each.messages:,}", f"{each.revisions:,}", f"{each.files:,}")
    return table


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """Give what moves a bar on stderr by so many messages."""
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("messages"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(
        *columns, console=console.stderr, transient=True, disable=not console.stderr.is_terminal
    ) as bar:
        task = bar.add_task("Taking back", total=total)
        yield lambda messages: bar.advance(task, messages)


def _told(done: list[undo.Undone], *, is_whole: bool) -> str:
    messages, revisions, files = (
        sum(getattr(each, name) for each in done) for name in ("messages", "revisions", "files")
    )
    end = "" if is_whole else " Stopped on the way: the same command goes on."
    return f"Taken back: {messages:,} messages, {revisions:,} earlier texts; {files:,} files were deleted.{end}"
