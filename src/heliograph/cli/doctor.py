"""``heliograph doctor``: checks what has to be right, and says how to mend what is not."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from heliograph import config, errors, log
from heliograph.cli import console, options
from heliograph.crawler import probe
from heliograph.store import accounts, migrations
from heliograph.store import database as store_database
from heliograph.vault import keyfile, sessions

MIN_FREE_BYTES = 1 << 30
MAX_CLOCK_SKEW_SECONDS = 30

_SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found, and what to do when it is not right."""

    check: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str | None = None


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
) -> None:
    """Check configuration, keys, disk, database, schema, Telegram and the clock."""
    found = options.run(_examine(options.of(context)))
    if json:
        console.json(found)
    else:
        for finding in found:
            _show(finding)
    if any(finding.state == "failed" for finding in found):
        raise typer.Exit(1)


async def _examine(given: options.Options) -> list[Finding]:
    log.setup(form=given.log_format or "console", level=given.log_level or "error")
    try:
        settings = config.load(given.data_dir)
    except errors.HeliographError as error:
        # The sentence of an error ends with what to do.
        detail, _, remedy = str(error).rpartition("; ")
        return [Finding(check="configuration", state="failed", detail=detail, remedy=remedy[:1].upper() + remedy[1:])]
    found = [_configuration(settings), _disk(settings.data_dir)]
    keys, finding = _master_key(settings)
    found.append(finding)
    found += await _database(settings, keys)
    return found + (await _telegram(settings) if settings.telegram.has_api_key else [])


def _configuration(settings: config.Settings) -> Finding:
    path = settings.config_file
    for each in (path, settings.data_dir):
        if _is_open(each):
            return _too_open("configuration", each)
    if not settings.telegram.has_api_key:
        remedy = "To mirror live, copy api_id and api_hash from my.telegram.org and run `heliograph init --force`."
        detail = "no API key: exports can be imported, and nothing is asked of Telegram"
        return Finding(check="configuration", state="warning", detail=detail, remedy=remedy)
    return Finding(check="configuration", state="ok", detail=str(path))


def _disk(directory: Path) -> Finding:
    free = shutil.disk_usage(directory).free
    detail = f"{free / (1 << 30):.1f} GiB free at {directory}"
    if free < MIN_FREE_BYTES:
        return Finding(check="disk", state="failed", detail=detail, remedy="Free some space; 1 GiB is the least.")
    if not os.access(directory, os.W_OK | os.X_OK):
        remedy = f"Give it to this user with `chown`, or `chmod u+wx {directory}`; on a read-only disk mount it anew."
        return Finding(check="disk", state="failed", detail=f"this user may not write in {directory}", remedy=remedy)
    return Finding(check="disk", state="ok", detail=detail)


def _master_key(settings: config.Settings) -> tuple[list[keyfile.MasterKey], Finding]:
    try:
        keys = keyfile.load(settings.key_file)
    except errors.HeliographError as error:
        return [], Finding(check="master key", state="failed", detail=str(error), remedy="Restore it from your backup.")
    if _is_open(settings.key_file):
        return keys, _too_open("master key", settings.key_file)
    return keys, Finding(check="master key", state="ok", detail=f"{settings.key_file}, newest {keys[0].key_id}")


async def _database(settings: config.Settings, keys: list[keyfile.MasterKey]) -> list[Finding]:
    try:
        database = await store_database.open(settings)
    except errors.HeliographError as error:
        remedy = "Check that it runs and that database.url is right."
        return [Finding(check="database", state="failed", detail=str(error), remedy=remedy)]
    try:
        where = "private server" if settings.is_private_server else "database.url"
        found = [
            Finding(check="database", state="ok", detail=f"PostgreSQL {database.server_version // 10000}, {where}")
        ]
        schema = await _schema(database)
        found.append(schema)
        if schema.state == "ok":
            found.append(await _sessions(database, keys))
        return found
    finally:
        await database.close()


async def _schema(database: store_database.Database) -> Finding:
    try:
        async with database.connection() as conn:
            is_newest = await migrations.check_schema(conn)
    except errors.SchemaTooNew as error:
        return Finding(check="schema", state="failed", detail=str(error), remedy="Upgrade Heliograph.")
    if is_newest:
        return Finding(check="schema", state="ok", detail=f"revision {migrations.HEAD}")
    remedy = "Any command that uses the database brings it up to date, such as `heliograph status`."
    return Finding(check="schema", state="warning", detail="older than this program or not made yet", remedy=remedy)


async def _sessions(database: store_database.Database, keys: list[keyfile.MasterKey]) -> Finding:
    async with database.connection() as conn:
        known = await accounts.load_all(conn)
        sealed = {each.label: await accounts.session(conn, each.account_id) for each in known if each.key_id}
    if not known:
        remedy = "Sign one in with `heliograph login`."
        return Finding(check="accounts", state="warning", detail="none is signed in", remedy=remedy)
    ids = {key.key_id for key in keys}
    closed = [label for label, (_, key_id) in sealed.items() if key_id not in ids]
    if closed:
        remedy = "Restore the master key that these sessions were made with, or sign in again with `heliograph login`."
        return Finding(check="accounts", state="failed", detail=f"no key opens {', '.join(closed)}", remedy=remedy)
    try:
        vault = sessions.Vault(keys)
        for each in known:
            if each.key_id:
                ciphertext, key_id = sealed[each.label]
                vault.open(each.account_id, sessions.Sealed(ciphertext=ciphertext, key_id=key_id))
    except errors.MasterKeyWrong as error:
        return Finding(check="accounts", state="failed", detail=str(error), remedy="Restore the right master key.")
    ended = [each.label for each in known if each.state != "active"]
    if ended:
        remedy = "Sign them in again with `heliograph login`."
        return Finding(check="accounts", state="warning", detail=f"not active: {', '.join(ended)}", remedy=remedy)
    return Finding(check="accounts", state="ok", detail=f"{len(known)} signed in")


async def _telegram(settings: config.Settings) -> list[Finding]:
    where = f"{settings.telegram.dc_address}:{settings.telegram.dc_port}"
    try:
        answer = await probe.probe(settings.telegram)
    except errors.ApiKeyWrong as error:
        return [Finding(check="telegram", state="failed", detail=str(error), remedy="heliograph init --force")]
    except errors.ConfigInvalid as error:
        remedy = "Correct telegram.dc_public_key_file, or remove it to trust Telegram's own keys alone."
        return [Finding(check="telegram", state="failed", detail=str(error), remedy=remedy)]
    except errors.HeliographError as error:
        remedy = "Check the network, a firewall or proxy, and telegram.dc_address."
        return [Finding(check="telegram", state="failed", detail=f"{where}: {error}", remedy=remedy)]
    skew = abs((answer.server_time - datetime.now(UTC)).total_seconds())
    found = [Finding(check="telegram", state="ok", detail=f"{where}, DC {answer.dc_id}")]
    if skew > MAX_CLOCK_SKEW_SECONDS:
        remedy = "Set the clock, for example by switching on NTP (timedatectl set-ntp true)."
        return [*found, Finding(check="clock", state="failed", detail=f"{skew:.0f} s off Telegram's", remedy=remedy)]
    return [*found, Finding(check="clock", state="ok", detail=f"{skew:.0f} s off Telegram's")]


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)) and os.name == "posix"


def _too_open(check: str, path: Path) -> Finding:
    mode = "700" if path.is_dir() else "600"
    return Finding(check=check, state="failed", detail=f"others may read {path}", remedy=f"chmod {mode} {path}")


def _show(finding: Finding) -> None:
    sign, style = _SIGNS[finding.state]
    console.stdout.print(f"{sign} {finding.check}: {console.plain(finding.detail)}", style=style, markup=False)
    if finding.remedy:
        console.stdout.print(f"  → {finding.remedy}", markup=False)
