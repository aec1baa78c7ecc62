"""The demo's own data directory: marked as such, so that a real installation is never taken for one.

The demo writes a configuration and signs accounts in. Both would be a disaster in a directory that somebody mirrors
Telegram into, and so would settings from the environment that lead elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from heliograph import config, errors
from heliograph.store import database as store_database

MARKER_NAME = "demo.json"
_OF_AN_INSTALLATION = (config.CONFIG_NAME, config.MASTER_KEY_NAME, store_database.PRIVATE_FOLDER)


@dataclass(frozen=True, kw_only=True)
class World:
    """The size of the simulated world; it stays as it was made."""

    chats: int
    days: int


def check(directory: Path) -> None:
    """Refuse a directory that holds an installation which no demo made. Raises BadInput."""
    if (directory / MARKER_NAME).exists():
        return
    found = next((name for name in _OF_AN_INSTALLATION if (directory / name).exists()), None)
    if found is not None:
        raise errors.BadInput(
            f"{directory} holds {found} of a real installation, which the demo would overwrite; "
            "give the demo a --data-dir of its own."
        )


def settle(directory: Path, wanted: World) -> World:
    """Mark a directory as the demo's and return the size of its world: that of its first run. Raises BadInput."""
    check(directory)
    marker = directory / MARKER_NAME
    try:
        return World(**orjson.loads(marker.read_bytes()))
    except FileNotFoundError:
        marker.write_bytes(orjson.dumps(asdict(wanted)))
        return wanted
    except (ValueError, TypeError):
        raise errors.BadInput(f"{marker} is damaged; delete {directory} and start the demo anew.") from None


def forget_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take Heliograph's settings out of the environment, for this process and its children.

    The environment wins over the configuration file: a HELIOGRAPH_DATABASE__URL that somebody exported for the real
    installation would get the demo's accounts and messages.
    """
    for name in [name for name in environment if name.upper().startswith("HELIOGRAPH_")]:
        del environment[name]
