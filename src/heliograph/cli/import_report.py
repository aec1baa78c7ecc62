"""What a person sees of an import: a bar with the time left, then a table and a sentence for whatever stands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import progress as rich_progress
from rich.table import Table

from heliograph.cli import console
from heliograph.exchange import importer, reasons
from heliograph.store import accounts

PLACES_SHOWN = 3
_FILE_WORDS = {
    "stored": "Files that are in media storage",
    "missing": "Files that are missing from the export's folder",
    "not_included": "Files that are not included in the export",
    "too_large": "Files that were too large for the export",
    "unavailable": "Files that were unavailable when the export was made",
}

_LEFT_OUT = {
    "profile_pictures": "profile pictures",
    "stories": "stories",
    "profile_music": "music of the profile",
    "article_files": "files inside of articles",
}


@contextmanager
def progress() -> Iterator[Callable[[importer.Progress], None]]:
    """Show a bar on stderr while the body runs, and give what moves it."""
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.DownloadColumn(binary_units=True),
        rich_progress.TextColumn("{task.fields[messages]:,} messages, {task.fields[rate]:,.0f}/s"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(
        *columns, console=console.stderr, transient=True, disable=not console.stderr.is_terminal
    ) as bar:
        task = bar.add_task("Importing", total=None, messages=0, rate=0.0)

        def move(at: importer.Progress) -> None:
            if not at.messages:
                # What lies behind already says nothing about how fast the rest will go.
                bar.reset(task, total=at.total_bytes, completed=at.done_bytes)
            rate = at.messages / at.seconds if at.seconds else 0.0
            bar.update(task, completed=at.done_bytes, total=at.total_bytes, messages=at.messages, rate=rate)

        yield move


def show(done: importer.Summary, *, sessions: int, taken: list[accounts.Account]) -> None:
    """Print the result."""
    for account in taken:
        console.out(f"Signed in as {console.plain(account.label)} (account {account.account_id}).")
    if taken:
        console.note("One session must run in one place only: stop the other program before `heliograph run`.")
    if done.is_dry_run and sessions:
        console.note("The sessions can be read; a dry run does not sign in with them.")
    if not done.sources:
        return
    rows = [(chat, source) for source in done.sources for chat in source.chats.values()]
    if rows:
        console.table(_table(done))
    for source in done.sources:
        _source(source)
    _skipped(done)
    _ending(done)


def absence(names: list[str]) -> str:
    """Return the sentence for chats that were asked for and are in no export."""
    listed = ", ".join(repr(console.plain(name)) for name in names)
    return f"No export has a chat {listed}; give an id or a title as the export has it, or no --chat for all of them."


def _table(done: importer.Summary) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Chat", "Title", "Imported", "Known", "Revisions", "Completed", "Files", "Skipped"):
        table.add_column(heading, justify="left" if heading == "Title" else "right", no_wrap=heading != "Title")
    chats = [chat for source in done.sources for chat in source.chats.values()]
    for chat in chats:
        table.add_row(str(chat.chat_id), console.plain(chat.title), *_numbers(chat.tally))
    if len(chats) > 1:
        table.add_row("Total", "", *_numbers(done.total()), style="bold")
    return table


def _numbers(tally: importer.Tally) -> list[str]:
    numbers = (tally.imported, tally.known, tally.revisions, tally.completed, tally.files["stored"], tally.skips)
    return [f"{number:,}" for number in numbers]


def _source(source: importer.SourceTally) -> None:
    name = console.plain(source.name)
    if source.is_known:
        console.note(f"{name} was imported to its end before; --again reads it anew.")
    if source.is_resumed:
        console.note(f"{name}: went on where the last run ended.")
    for chat in source.chats.values():
        if chat.note:
            console.note(f"{console.plain(chat.title)} ({chat.chat_id}): {chat.note}")
    if not source.chats and not (source.is_known or source.is_resumed or source.broken):
        console.note(f"{name}: nothing in it was imported.")
    if source.broken:
        console.complain(console.plain(source.broken.sentence))


def _skipped(done: importer.Summary) -> None:
    total = done.total()
    for what, found in (("Skipped", total.skipped), ("Not opened", total.refused_files)):
        for reason, skipped in sorted(found.items()):
            console.note(f"{what} {skipped.count:,}: {reasons.sentence(reason)}{_places(skipped)}")
    for state, words in _FILE_WORDS.items():
        if count := total.files[state]:
            console.note(f"{words}: {count:,}")
    if left := [f"{_LEFT_OUT[what]} {count:,}" for what, count in total.left_out.items() if count]:
        console.note(f"Left out: {', '.join(left)}; they belong to no message, or to one with several files.")
    if total.local_times:
        console.note(
            f"Times without a zone, read as {done.timezone}: {total.local_times:,}; --timezone names another zone."
        )


def _places(skipped: importer.Skipped) -> str:
    shown = "; ".join(console.plain(str(place)) for place, _ in skipped.places[:PLACES_SHOWN])
    more = "; …" if skipped.count > PLACES_SHOWN else ""
    return f" ({shown}{more})" if shown else ""


def _ending(done: importer.Summary) -> None:
    if done.is_stopped:
        console.note("Stopped; run the same command again to go on.")
    elif done.is_dry_run:
        console.note("This was a dry run: nothing was written.")
