"""``heliograph gaps``: what was noticed to be missing, when, by what, how it closed, how long it took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from heliograph import config, errors
from heliograph.cli import chats, console, options, wire
from heliograph.store.reads import gaps as reads
from heliograph.store.reads import ledger_views, spans

_CLOSED_BY = {"difference": "a difference", "probe": "probes", "backfill": "history"}


def gaps(
    context: typer.Context,
    chat: Annotated[
        list[str] | None, typer.Argument(help="Chat ids, @usernames or titles; all when none is given.")
    ] = None,
    open: Annotated[bool, typer.Option("--open", help="Only those that have not closed yet.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Only those noticed since then, such as 2026-01-31 or 2026-01-31T18:00.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List the gaps in what was followed, the newest first."""
    settings = options.settings(options.of(context), quiet=True)
    found = options.run(_gaps(settings, chat or [], is_open=open, since=_moment(since), limit=limit))
    if json:
        console.json(found)
    elif found.gaps:
        console.table(_table(found.gaps))
        if found.after is not None:
            console.note(f"There are more; these are the newest {limit}.")
    else:
        console.note("No gaps.")


async def _gaps(
    settings: config.Settings, wanted: list[str], *, is_open: bool, since: datetime | None, limit: int
) -> ledger_views.GapPage:
    async with wire.database(settings) as database:
        ids = await chats.resolve(database, wanted) or None
        async with database.connection() as conn:
            return await reads.page(conn, reads.Query(chats=ids, is_open=is_open, since=since), limit=limit)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise errors.BadInput(
            f"{text!r} is neither a date nor a moment; write it as 2026-01-31 or 2026-01-31T18:00."
        ) from None


def _table(found: list[ledger_views.Gap]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Noticed (UTC)", "Where", "By what", "Pts", "Events", "Closed by", "Took"):
        table.add_column(
            heading,
            justify="right" if heading in {"Events", "Took"} else "left",
            no_wrap=heading not in {"Where", "By what"},
        )
    for gap in found:
        table.add_row(
            f"{gap.noticed_at:%Y-%m-%d %H:%M:%S}",
            console.plain(gap.title),
            gap.explanation,
            f"{gap.from_pts}–{gap.to_pts}",
            str(gap.events),
            _CLOSED_BY.get(gap.closed_by, gap.closed_by) if gap.closed_by else "still open",
            "–" if gap.duration_seconds is None else spans.span(gap.duration_seconds),
        )
    return table
