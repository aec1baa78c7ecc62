"""``heliograph search``: full text from the command line."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.text import Text

from heliograph import config, errors
from heliograph.cli import chats, console, dates, options, wire
from heliograph.store.reads import search as reads
from heliograph.store.reads import views

WORDS_CHARACTERS = 500
"""As many as the API takes."""


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help='Words; "a phrase", or, -without.')],
    chat: Annotated[str | None, typer.Option(help="Only this chat: id, @username or title.")] = None,
    sender: Annotated[int | None, typer.Option(help="Only this sender's id.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Not before this date, such as 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Not after this date.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(reads.KINDS)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Hits to show.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Search the mirrored messages, best first."""
    text = _words(words)
    settings = options.settings(options.of(context), quiet=True)
    first, last = dates.day(since), dates.day(until)
    query = reads.Query(
        words=text,
        sender_id=sender,
        since=first,
        until=dates.end_of(last),
        kind=kind,
    )
    found = options.run(_search(settings, query, chat, limit))
    if json:
        console.json(found)
    else:
        _show(found)


async def _search(settings: config.Settings, query: reads.Query, chat: str | None, limit: int) -> views.SearchResult:
    async with wire.database(settings) as database:
        if chat is not None:
            (chat_id,) = await chats.resolve(database, [chat])
            query = dataclasses.replace(query, chat_id=chat_id)
        async with database.connection() as conn:
            return await reads.search(conn, query, limit=limit)


def _show(found: views.SearchResult) -> None:
    for hit in found.hits:
        message = hit.message
        sender = message.sender.name if message.sender else "–"
        console.stdout.print(
            Text(f"{message.date:%Y-%m-%d %H:%M}  ", style="dim")
            + Text(console.plain(f"{hit.chat_title} · {sender}"), style="bold")
            + Text(f"  {message.chat_id}/{message.message_id}", style="dim")
            + Text("  imported" if message.is_imported else "", style="dim")
        )
        console.stdout.print(_marked(hit.snippet), end="\n\n")
    note = f"; only the newest {found.ranked_newest} matches are ranked" if found.is_truncated else ""
    console.note(f"{found.total} found{note}.")


def _marked(snippet: str) -> Text:
    text = Text("  ")
    for number, part in enumerate(snippet.split(reads.HIT_STARTS)):
        hit, mark, rest = part.partition(reads.HIT_ENDS)
        text.append(console.plain(hit), style="bold yellow" if number and mark else "")
        text.append(console.plain(rest))
    return text


def _words(words: list[str]) -> str:
    text = " ".join(words).strip()
    if not text:
        raise errors.BadInput("There is nothing to look for; give at least one word.")
    if len(text) > WORDS_CHARACTERS:
        raise errors.BadInput(f"A search has at most {WORDS_CHARACTERS} characters; look for fewer words.")
    return text
