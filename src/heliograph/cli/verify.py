"""``heliograph verify``: is everything here, what is owed, what is lost, and a digest to compare archives by."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import progress as rich_progress
from rich.table import Table

from heliograph import config
from heliograph.cli import chats, console, options, wire
from heliograph.store.reads import integrity, ledger_views

_NAMED_HOLES = 10
_NAMED_LOSSES = 20
_DIGEST_CHARACTERS = 12
"""Enough to tell two digests apart by eye; --json has all of them."""


def verify(
    context: typer.Context,
    chat: Annotated[
        list[str] | None, typer.Argument(help="Chat ids, @usernames or titles; all when none is given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check that nothing is missing: ids by class, open holes, known losses, a digest. Exit 1 if anything is owed."""
    settings = options.settings(options.of(context), quiet=True)
    found = options.run(_verify(settings, chat or [], holes=None if json else _NAMED_HOLES))
    if json:
        console.json(found)
    elif found.chats:
        _show(found)
    else:
        console.note("No chats yet; sign in with `heliograph login` and start `heliograph run`, or import some.")
    if not found.is_complete:
        raise typer.Exit(1)


async def _verify(settings: config.Settings, wanted: list[str], *, holes: int | None) -> ledger_views.Integrity:
    async with wire.database(settings) as database:
        ids = list(dict.fromkeys(await chats.resolve(database, wanted))) or None
        columns = (
            rich_progress.TextColumn("Reading"),
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TextColumn("chats"),
            rich_progress.TimeElapsedColumn(),
        )
        bar = rich_progress.Progress(
            *columns, console=console.stderr, transient=True, disable=not console.stderr.is_terminal
        )
        with bar:
            task = bar.add_task("", total=None)

            def step(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            async with integrity.moment(database) as conn:
                is_audited = settings.crawler.audit
                return await integrity.verify(conn, ids, is_audited=is_audited, progress=step, holes=holes)


def _show(found: ledger_views.Integrity) -> None:
    console.table(_chats(found))
    holes = [chat for chat in found.chats if chat.hole_count]
    if holes:
        console.out("\nOpen holes: these ids are owed and will be asked for")
        console.table(_holes(holes))
    if found.losses:
        console.out("\nKnown losses: what cannot be recovered any more")
        console.table(_losses(found.losses[:_NAMED_LOSSES]))
        if len(found.losses) > _NAMED_LOSSES:
            console.out(f"… and {len(found.losses) - _NAMED_LOSSES} more; --json names them all.")
    for chat in found.chats:
        for warning in chat.warnings:
            console.out(f"\nWarning: {console.plain(chat.title) or chat.chat_id}: {warning}")
    for warning in found.warnings:
        console.out(f"\nWarning: {warning}")
    console.out(f"\nDigest   {found.digest}")
    if found.followed_until:
        console.out(f"As of    {found.followed_until:%Y-%m-%d %H:%M:%S} UTC, until when a crawler followed Telegram")
    console.out(verdict(found))


def verdict(found: ledger_views.Integrity) -> str:
    """Return in a sentence what all of it means."""
    totals = found.totals
    owed = [
        f"{totals.hole_count} open hole{'' if totals.hole_count == 1 else 's'}" if totals.hole_count else "",
        f"{totals.ids.unaccounted} ids in no class" if totals.ids.unaccounted else "",
    ]
    if any(owed):
        return f"Not complete: {' and '.join(filter(None, owed))}."
    losses = len(found.losses)
    lost = f" besides {losses} known loss{'' if losses == 1 else 'es'}" if losses else ""
    letters = totals.ids.dead_letter
    unread = f" Of {letters} only a dead letter is here; a replay makes it a message." if letters else ""
    return f"Complete: every id is stored, deleted, empty or out of reach{lost}.{unread}"


def share(coverage: float | None) -> str:
    """Return a share of coverage as a percentage that says 100 of the whole alone."""
    return "–" if coverage is None else f"{int(coverage * 10_000) / 100:g} %"


def _chats(found: ledger_views.Integrity) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Chat", "Title", "Coverage", *_CLASSES, "Holes", "Digest"):
        is_text = heading in {"Title", "Digest"}
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=heading != "Title")
    for chat in found.chats:
        numbers = [*_counts(chat.ids), str(chat.hole_count)]
        digest = (chat.digest or "–")[:_DIGEST_CHARACTERS]
        table.add_row(str(chat.chat_id), console.plain(chat.title), share(chat.coverage), *numbers, digest)
    totals = found.totals
    table.add_section()
    name = f"{totals.chats} chat{'' if totals.chats == 1 else 's'}"
    table.add_row("", name, share(totals.coverage), *_counts(totals.ids), str(totals.hole_count), "", style="bold")
    return table


_CLASSES = ("Stored", "Deleted", "Dead letter", "Empty", "Unreachable", "Outside", "Open", "Unaccounted")


def _counts(ids: ledger_views.Ids) -> list[str]:
    counts = (
        *(ids.stored, ids.deleted, ids.dead_letter, ids.empty),
        *(ids.unreachable, ids.outside, ids.open, ids.unaccounted),
    )
    return ["–" if count is None else str(count) for count in counts]


def _holes(owing: list[ledger_views.ChatLedger]) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("Chat", justify="right", no_wrap=True)
    table.add_column("Title")
    table.add_column("Ids")
    for chat in owing:
        named = [_range(hole) for hole in chat.holes[:_NAMED_HOLES]]
        more = f" and {chat.hole_count - len(named)} more" if chat.hole_count > len(named) else ""
        table.add_row(str(chat.chat_id), console.plain(chat.title), ", ".join(named) + more)
    return table


def _range(hole: ledger_views.Hole) -> str:
    if hole.last_id is None:
        return f"{hole.first_id} and above"
    return str(hole.first_id) if hole.first_id == hole.last_id else f"{hole.first_id}–{hole.last_id}"


def _losses(losses: list[ledger_views.Loss]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Where", "Since (UTC)", "Noticed (UTC)", "Pts", "Why"):
        table.add_column(heading, no_wrap=heading != "Why")
    for loss in losses:
        since = f"{loss.since:%Y-%m-%d %H:%M:%S}" if loss.since else "unknown"
        noticed = f"{loss.noticed_at:%Y-%m-%d %H:%M:%S}"
        pts = f"{loss.from_pts}–{loss.to_pts}" if not loss.is_open else f"{loss.from_pts} and on"
        why = loss.explanation + (" It goes on." if loss.is_open else "")
        table.add_row(console.plain(loss.title), since, noticed, pts, console.plain(why))
    return table
