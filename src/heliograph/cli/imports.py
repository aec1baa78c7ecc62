"""``heliograph import``: exports of Telegram Desktop into the mirror, sessions of other programs into the vault."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from heliograph import config, errors
from heliograph.cli import console, import_report, options, stopping, wire
from heliograph.exchange import importer, media, sessions, zones
from heliograph.store import accounts
from heliograph.store import database as store_database

STDIN = "-"
LABEL_CHARACTERS = 64


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…",
            help="Exports of Telegram Desktop (the file, its folder or a zip) and Telethon sessions; - reads a "
            "StringSession from stdin.",
        ),
    ],
    account: Annotated[
        str | None, typer.Option(help="Whose private chats and basic groups these are: a label or a Telegram user id.")
    ] = None,
    chat: Annotated[list[str] | None, typer.Option(help="Only this chat of the export, by id or title.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of the computer that made the export, such as Europe/Helsinki.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="What to call the account of a session in lists.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")] = False,
    no_media: Annotated[bool, typer.Option("--no-media", help="Leave the files of messages where they are.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Read anew what was imported to its end before.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Import what other programs wrote: Telegram Desktop's exports (JSON or HTML, zipped or not), Telethon sessions."""
    if label is not None and len(label) > LABEL_CHARACTERS:
        raise errors.BadInput(f"A label has at most {LABEL_CHARACTERS} characters; choose a shorter --label.")
    zone = zones.named(timezone) if timezone else zones.of_this_machine()
    settings = options.settings(options.of(context), quiet=True)
    keys, exports = _separate(paths)
    if label is not None and len(keys) != 1:
        raise errors.BadInput("--label names the account of one session; give that session alone.")
    asked = importer.Options(
        chats=tuple(chat or ()), timezone=zone, is_dry_run=dry_run, with_media=not no_media, is_again=again
    )
    code = options.run(_import(settings, keys, exports, asked, account=account, label=label, as_json=json))
    if code:
        raise typer.Exit(code)


def _separate(paths: list[str]) -> tuple[list[sessions.Session], list[Path]]:
    """Read the sessions among what was given, and return the rest. Raises BadInput before anything is done."""
    keys: list[sessions.Session] = []
    exports: list[Path] = []
    for text in paths:
        if text == STDIN:
            keys.append(sessions.parse(sys.stdin.buffer.read(4096), name="stdin"))
            continue
        if not text:
            raise errors.BadInput("A path that was given is empty; write `.` if the working directory is meant.")
        path = Path(text)
        if not path.exists():
            raise errors.BadInput(f"There is no {path}; check the path.")
        if path.is_file() and sessions.is_session(path):
            keys.append(sessions.read(path))
        else:
            exports.append(path)
    return keys, exports


async def _import(
    settings: config.Settings,
    keys: list[sessions.Session],
    exports: list[Path],
    asked: importer.Options,
    *,
    account: str | None,
    label: str | None,
    as_json: bool,
) -> int:
    """Do all of it, print what came of it, and return the exit code."""
    stop = await stopping.until_stopped(supervised=False)
    async with wire.database(settings, stop) as database:
        taken = [] if asked.is_dry_run else await _take(settings, database, keys, label)
        done = importer.Summary(timezone=asked.timezone.key, is_dry_run=asked.is_dry_run)
        if exports:
            asked = asked.for_user(await _user(database, account))
            storage = media.open_storage(settings) if asked.with_media and not asked.is_dry_run else None
            with import_report.progress() as on_progress:
                done = await importer.run(database, storage, exports, asked, on_progress=on_progress, stop=stop)
    if as_json:
        console.json(
            {"accounts": [{"account_id": each.account_id, "label": each.label} for each in taken]} | done.as_json()
        )
    else:
        import_report.show(done, sessions=len(keys), taken=taken)
    absent = done.absent(asked.chats) if exports else []
    if absent:
        console.complain(import_report.absence(absent))
    return _code(done, is_lacking=bool(absent))


def _code(done: importer.Summary, *, is_lacking: bool) -> int:
    """Return 1 when something breaks off or is not there, and 2 when nothing could be read at all."""
    if done.is_stopped:
        return 130
    if not done.is_broken and not is_lacking:
        return 0
    return 1 if any(source.chats for source in done.sources) else 2


async def _take(
    settings: config.Settings, database: store_database.Database, keys: list[sessions.Session], label: str | None
) -> list[accounts.Account]:
    """Sign in with sessions of other programs."""
    if not keys:
        return []
    # Telegram's classes take 40 MB, a fifth of what an import may have, and no export needs them.
    from heliograph.crawler import taken_session, transport  # noqa: PLC0415

    taken = []
    for key in keys:
        found = transport.SessionKey(dc_id=key.dc_id, address=key.address, port=key.port, auth_key=key.auth_key)
        taken.append(await taken_session.add_account(settings, database, found, label=label))
    return taken


async def _user(database: store_database.Database, account: str | None) -> int | None:
    """Return the Telegram user that --account means. Raises BadInput."""
    if account is None:
        return None
    async with database.connection() as conn:
        known = await accounts.load_all(conn)
    for each in known:
        if account in (each.label, str(each.user_id)):
            return each.user_id
    if account.isascii() and account.isdecimal() and 0 < int(account) < 1 << 52:
        return int(account)
    names = ", ".join(each.label for each in known) or "none is signed in"
    raise errors.BadInput(f"There is no account {account!r} (known: {names}); give a label or a Telegram user id.")
