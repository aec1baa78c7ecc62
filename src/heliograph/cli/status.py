"""``heliograph status``: what is held, what is owed, what is lost."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from heliograph import config
from heliograph.cli import console, options, wire
from heliograph.store.reads import status as reads
from heliograph.store.reads import views

_SPOOL_OFF = {
    "switched_off": "crawler.spool_mb is 0",
    "in_use": "used by another crawler",
    "unusable": "its disk refuses it",
}


def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show the state of the mirror."""
    settings = options.settings(options.of(context), quiet=True)
    found = options.run(_status(settings))
    if json:
        console.json(found)
    else:
        console.table(_table(found))


async def _status(settings: config.Settings) -> views.Status:
    async with wire.database(settings) as database, database.connection() as conn:
        return await reads.status(conn, settings.crawler)


def _table(found: views.Status) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    seen = f" (last seen {found.crawler_seen_at:%Y-%m-%d %H:%M:%S} UTC)" if found.crawler_seen_at else ""
    table.add_row("Crawler", f"{found.crawler}{seen if found.crawler == 'stopped' else ''}")
    table.add_row("Worker", f"{found.worker}{'' if found.worker == 'running' else ', so no exports are made'}")
    for process in found.processes:
        table.add_row("Process", _process(process))
    for account in found.accounts:
        waits = "".join(f"; {family} waits until {until:%H:%M:%S} UTC" for family, until in account.frozen.items())
        table.add_row("Account", f"{console.plain(account.label)}: {account.state}, {account.chats} chats{waits}")
        if account.limited:
            table.add_row("", f"Telegram has limited this account ({account.limited.error}); look at it with an app")
        if account.budgets:
            paces = ", ".join(f"{budget.family} {budget.per_second:.3g}" for budget in account.budgets)
            table.add_row("", f"requests per second: {paces}")
        for budget in account.budgets:
            if budget.learned_at:
                table.add_row("", _budget(budget))
    table.add_row("Chats", str(found.chats))
    table.add_row("Messages", f"{found.messages} ({found.revisions} earlier texts, {found.tombstones} deleted)")
    backfill = found.backfill
    table.add_row("History", "complete" if backfill.is_complete else f"{backfill.done} of about {backfill.total}")
    table.add_row("Boxes to ask", f"{found.dirty_boxes} may have news")
    owed = f"{found.open_holes} still owed; `heliograph verify` names them" if found.open_holes else "none"
    table.add_row("Unverified ranges", owed)
    table.add_row("Known losses", str(found.known_losses))
    table.add_row("Dead letters", str(found.dead_letters))
    return table


def _budget(found: views.BudgetStatus) -> str:
    refused = f", last refused {found.flooded_at:%Y-%m-%d %H:%M} UTC" if found.flooded_at else ""
    bound = "from" if found.may_rise else "at most"
    return f"{found.family}: {found.per_second:.3g}/s learned ({bound} {found.configured_per_second:.3g}/s){refused}"


def _process(found: views.Process) -> str:
    lags = (
        ("feed", found.feed_lag_seconds),
        ("writer", found.writer_lag_seconds),
        ("event loop", found.loop_lag_seconds),
    )
    behind = ", ".join(f"{part} {seconds:.1f} s behind" for part, seconds in lags)
    spooled = f"; {found.spooled_batches} batches wait for the database" if found.spooled_batches else ""
    off = f"; spool: off ({_SPOOL_OFF.get(found.spool_off, found.spool_off)})" if found.spool_off else ""
    return f"{console.plain(found.holder)}: {found.state}; {behind}{spooled}{off}"
