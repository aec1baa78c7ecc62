"""``heliograph dead-letters``: what arrived and could not become a row; look at it, replay it, or discard it.

Replaying needs no crawler and disturbs none: each letter is a commit of its own, which takes the locks of its space.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from heliograph import config, errors
from heliograph.cli import chats, console, options, wire
from heliograph.crawler import letters
from heliograph.store import dead_letters as store
from heliograph.store.database import Connection

dead_letters = typer.Typer(
    help="List, show, replay and discard what arrived and could not become a row.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Change = Callable[[Connection, list[int]], Awaitable[list[int]]]
_LAST = 2**63 - 1
Id = Annotated[int, typer.Argument(min=1, max=_LAST, help="The letter's number, as `list` shows it.")]
Ids = Annotated[list[int], typer.Argument(min=1, max=_LAST, help="Numbers of letters, as `list` shows them.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@dead_letters.command("list")
def list_(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Also those that were replayed or discarded.")] = False,
    chat: Annotated[str | None, typer.Option(help="Only this chat: id, @username or title.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Letters to show.")] = 50,
    before: Annotated[int | None, typer.Option(min=1, max=_LAST, help="Only letters with a lower number.")] = None,
    json: Json = False,
) -> None:
    """List dead letters, newest first."""
    settings = options.settings(options.of(context), quiet=True)
    found = options.run(_list(settings, is_all=all_, chat=chat, limit=limit, before=before))
    if json:
        console.json(found)
        return
    if found.letters:
        console.table(_table(found.letters))
    more = f"; go on with --before {found.before}" if found.before else ""
    console.note(f"{found.open} open{more}." if found.open or found.letters else "No dead letters: that is good news.")


@dead_letters.command()
def show(context: typer.Context, letter_id: Id, json: Json = False) -> None:
    """Show one letter with what it holds."""
    settings = options.settings(options.of(context), quiet=True)
    letter, raw = options.run(_get(settings, letter_id))
    try:
        text, problem = letters.text(letter, raw), None
    except letters.Unreplayable as reason:
        text, problem = None, str(reason)
    if json:
        held = {"content": text, "raw": base64.b64encode(raw).decode()}
        console.json({**dataclasses.asdict(letter), **held})
        return
    console.table(_facts(letter))
    for line in (text or problem or "").splitlines():
        console.out(console.plain(line))


@dead_letters.command()
def replay(
    context: typer.Context,
    letter_ids: Annotated[
        list[int] | None, typer.Argument(min=1, max=_LAST, help="Numbers of letters, as `list` shows them.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    json: Json = False,
) -> None:
    """Make rows of letters with this version's code; what fails again stays open and the command exits with 1."""
    if bool(letter_ids) == all_:
        raise errors.BadInput("Give the numbers of letters to replay, or --all for all that are open.")
    settings = options.settings(options.of(context), quiet=True)
    ended = options.run(_replay(settings, None if all_ else letter_ids, is_quiet=json))
    if json:
        console.json({"letters": ended})
    else:
        count = sum(each.outcome == "replayed" for each in ended)
        console.note(f"{count} replayed, {sum(each.outcome == 'open' for each in ended)} failed again and stay open.")
    if any(each.outcome != "replayed" for each in ended):
        raise typer.Exit(1)


@dead_letters.command()
def discard(context: typer.Context, letter_ids: Ids, json: Json = False) -> None:
    """Close letters without a row; their bytes stay, and `reopen` takes it back."""
    settings = options.settings(options.of(context), quiet=True)
    _tell(letter_ids, options.run(_change(settings, store.discard, letter_ids)), "discarded", "open", json=json)


@dead_letters.command()
def reopen(context: typer.Context, letter_ids: Ids, json: Json = False) -> None:
    """Open letters again that were discarded."""
    settings = options.settings(options.of(context), quiet=True)
    _tell(letter_ids, options.run(_change(settings, store.reopen, letter_ids)), "reopened", "discarded", json=json)


async def _list(
    settings: config.Settings, *, is_all: bool, chat: str | None, limit: int, before: int | None
) -> store.Page:
    async with wire.database(settings) as database:
        chat_id = (await chats.resolve(database, [chat]))[0] if chat is not None else None
        async with database.connection() as conn:
            return await store.list_page(conn, is_all=is_all, chat_id=chat_id, before=before, limit=limit)


async def _get(settings: config.Settings, letter_id: int) -> tuple[store.Letter, bytes]:
    async with wire.database(settings) as database, database.connection() as conn:
        return await store.get(conn, letter_id)


async def _replay(settings: config.Settings, letter_ids: list[int] | None, *, is_quiet: bool) -> list[letters.Replay]:
    async with wire.database(settings) as database:
        return await letters.replay(
            database,
            letter_ids,
            private_chats=settings.crawler.private_chats,
            on_done=(lambda each: None) if is_quiet else _tell_one,
        )


async def _change(settings: config.Settings, change: Change, letter_ids: list[int]) -> list[int]:
    async with wire.database(settings) as database, database.transaction() as conn:
        return await change(conn, letter_ids)


def _tell_one(each: letters.Replay) -> None:
    reason = f": {console.plain(each.reason)}" if each.reason else ""
    console.out(f"{each.letter_id}  {each.outcome}{reason}")


def _tell(wanted: list[int], changed: list[int], done: str, was: str, *, json: bool) -> None:
    """Say which letters a command has changed, and end with 1 when some were not in the state that it takes."""
    left = sorted(set(wanted) - set(changed))
    if json:
        console.json({done: changed, "left": left})
    else:
        console.note(f"{len(changed)} {done}." + (f" Not {was}, so left: {', '.join(map(str, left))}." if left else ""))
    if left:
        raise typer.Exit(1)


def _table(found: list[store.Letter]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Letter", "When", "Chat", "Message", "Tries", "State", "Error"):
        is_number = heading in ("Letter", "Message", "Tries")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=heading != "Error")
    for letter in found:
        message = "–" if letter.message_id is None else str(letter.message_id)
        table.add_row(
            str(letter.letter_id),
            f"{letter.created_at:%Y-%m-%d %H:%M}",
            _chat(letter),
            message,
            str(letter.attempts),
            letter.resolution or "open",
            console.plain(letter.error),
        )
    return table


def _facts(letter: store.Letter) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    closed = f"{letter.resolution} {_moment(letter.resolved_at)}" if letter.resolution else "open"
    for name, value in (
        ("Letter", f"{letter.letter_id}, {closed}"),
        ("Error", console.plain(letter.error)),
        ("Tries", str(letter.attempts)),
        ("Received", _moment(letter.received_at or letter.created_at)),
        ("Chat", _chat(letter)),
        ("Message", "–" if letter.message_id is None else str(letter.message_id)),
        ("Account", console.plain(letter.account or "–")),
        ("Holds", f"a {letter.kind} of {letter.size} bytes, layer {letter.layer or '–'}, as of pts {letter.as_of}"),
    ):
        table.add_row(name, value)
    return table


def _chat(letter: store.Letter) -> str:
    if letter.chat_id is None:
        return "–"
    return f"{letter.chat_id} {console.plain(letter.chat_title)}" if letter.chat_title else str(letter.chat_id)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "–"
