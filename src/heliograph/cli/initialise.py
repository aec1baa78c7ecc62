"""``heliograph init``: the configuration file and the master key, both readable by their owner only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from heliograph import config, errors
from heliograph.cli import console, options, rotation
from heliograph.vault import keyfile


def init(
    context: typer.Context,
    api_id: Annotated[int | None, typer.Option(help="From my.telegram.org; asked for when not given.")] = None,
    api_hash: Annotated[
        str | None, typer.Option(envvar="HELIOGRAPH_TELEGRAM__API_HASH", help="From my.telegram.org.")
    ] = None,
    without_api_key: Annotated[
        bool, typer.Option("--without-api-key", help="For imports and exports alone, which do not ask Telegram.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Change the API key of an existing configuration.")] = False,
    rotate_key: Annotated[
        bool, typer.Option("--rotate-key", help="Replace the master key and encrypt all sessions anew; nothing else.")
    ] = False,
) -> None:
    """Write the configuration and create the master key."""
    given = options.of(context)
    if rotate_key:
        if force or without_api_key or api_id is not None:
            raise errors.BadInput("--rotate-key changes the master key alone; give it without other options.")
        rotation.rotate(given)
        return
    if without_api_key and (force or api_id is not None):
        raise errors.BadInput("--without-api-key makes a new configuration; give it without --api-id and --force.")
    path = given.directory / config.CONFIG_NAME
    if path.exists() and not force:
        raise errors.BadInput(f"{path} exists already; use --force to change its API key (everything else stays).")
    key = {} if without_api_key else _api_key(api_id, api_hash)
    _make_private(given.directory)
    key_file = _key_file(given)
    # The key comes first: a configuration without one would look finished, and a key alone does no harm.
    is_new = keyfile.ensure(key_file)
    content = _present(path)
    content["telegram"] = {**content.get("telegram", {}), **key}
    config.write(path, content)
    console.note(f"Wrote {path}")
    console.note(f"{'Created' if is_new else 'Kept'} {key_file}; back it up, sessions cannot be read without it.")
    if key:
        console.note("Next: heliograph login, then heliograph run")
    else:
        console.note("Next: heliograph import, then heliograph run. To mirror live, add a key: heliograph init --force")


def _api_key(api_id: int | None, api_hash: str | None) -> dict[str, int | str]:
    """Return the settings of an API key, asked for where it was not given."""
    if api_id is None:
        api_id = typer.prompt("api_id (from my.telegram.org; only to import, use --without-api-key)", type=int)
    api_hash = api_hash or typer.prompt("api_hash", hide_input=True)
    assert api_id is not None
    assert api_hash is not None
    _check(api_id, api_hash)
    return {"api_id": api_id, "api_hash": api_hash}


def _key_file(given: options.Options) -> Path:
    try:
        return config.load(given.directory, must_exist=False).key_file
    except errors.ConfigInvalid:
        return given.directory / config.MASTER_KEY_NAME


def _make_private(directory: Path) -> None:
    """Make the data directory, and keep others out of one that is there already."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_mode & 0o077:
        directory.chmod(0o700)
        console.note(f"Closed {directory} to others.")


def _present(path: Path) -> dict[str, Any]:
    """Return the settings to keep. A damaged file is set aside."""
    try:
        content = config.read(path)
    except errors.ConfigMissing:
        return {}
    except errors.ConfigInvalid:
        _set_aside(path)
        return {}
    if not isinstance(content.get("telegram", {}), dict):
        # The API key belongs into this section; the other ones are kept.
        _set_aside(path)
        del content["telegram"]
    return content


def _set_aside(path: Path) -> None:
    aside = path.with_suffix(".damaged")
    path.replace(aside)
    console.note(f"The old configuration could not be used; it is {aside} now.")


def _check(api_id: int, api_hash: str) -> None:
    if not 0 < api_id < config.API_ID_LIMIT:
        raise errors.BadInput(f"api_id is a number from 1 to {config.API_ID_LIMIT - 1}; copy it from my.telegram.org.")
    if not re.fullmatch(r"[0-9a-f]{32}", api_hash):
        raise errors.BadInput("api_hash has 32 characters, 0-9 and a-f; copy it from my.telegram.org.")
