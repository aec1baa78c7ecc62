"""``heliograph chats``: what is mirrored."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from heliograph import config, errors
from heliograph.cli import console, options, wire
from heliograph.store import database as store_database
from heliograph.store.reads import chats as reads
from heliograph.store.reads import views


def chats(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
) -> None:
    """List the mirrored chats, newest message first."""
    settings = options.settings(options.of(context), quiet=True)
    found = options.run(_list(settings))
    if json:
        console.json(found)
    elif found:
        console.table(_table(found))
    else:
        console.note("No chats yet; sign in with `heliograph login` and start `heliograph run`, or import some.")


async def resolve(database: store_database.Database, wanted: list[str]) -> list[int]:
    """Return the chat ids that a person's words mean: ids, @usernames or titles.

    Raises BadInput for one that is unknown or that several chats are called by.
    """
    if not wanted:
        return []
    found = await known(database)
    return [_resolve_one(found, word) for word in wanted]


async def known(database: store_database.Database) -> list[views.Chat]:
    """Return the chats that are mirrored, newest message first."""
    async with database.connection() as conn:
        return await reads.list_all(conn)


def _resolve_one(found: list[views.Chat], word: str) -> int:
    name = word.removeprefix("@").casefold()
    for chat in found:
        if word == str(chat.chat_id) or (chat.username and name == chat.username.casefold()):
            return chat.chat_id
    called = [chat.chat_id for chat in found if name == chat.title.casefold()]
    if len(called) == 1:
        return called[0]
    if called:
        ids = ", ".join(map(str, called))
        raise errors.BadInput(f"Several chats are called {word!r}: {ids}; give the id of one instead.")
    what = "neither an option nor a chat" if word.startswith("-") and not word[1:].isdecimal() else "no chat"
    raise errors.BadInput(f"There is {what} {word!r} here; `heliograph chats` lists those that are known.")


async def _list(settings: config.Settings) -> list[views.Chat]:
    async with wire.database(settings) as database:
        return await known(database)


def _table(found: list[views.Chat]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("Chat", "Kind", "Title", "Messages", "Last message", "Status"):
        table.add_column(
            heading, justify="right" if heading in ("Chat", "Messages") else "left", no_wrap=heading != "Title"
        )
    for chat in found:
        last = f"{chat.last_message.date:%Y-%m-%d %H:%M}" if chat.last_message else "–"
        table.add_row(
            str(chat.chat_id), chat.kind, console.plain(chat.title), str(chat.message_count), last, _state(chat)
        )
    return table


def _state(chat: views.Chat) -> str:
    if chat.last_error:
        return f"{chat.status}: {chat.last_error}"
    if chat.progress and not chat.progress.is_complete:
        return f"{chat.status}, {chat.progress.done} of {chat.progress.total}"
    return "imported" if chat.is_import else chat.status
