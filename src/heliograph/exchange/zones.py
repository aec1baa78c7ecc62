"""The zone of the computer that wrote an export: older ones hold local times and do not say whose."""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path

from heliograph import errors

_LOCALTIME = Path("/etc/localtime")


def named(name: str) -> zoneinfo.ZoneInfo:
    """Return a zone by its name. Raises BadInput."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.BadInput(
            f"There is no time zone {name!r}; write it as in Europe/Helsinki, America/New_York or UTC."
        ) from None


def of_this_machine() -> zoneinfo.ZoneInfo:
    """Return the zone of this computer, UTC where it cannot be told."""
    linked = os.path.realpath(_LOCALTIME).partition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").removeprefix(":"), linked):
        if name:
            try:
                return named(name)
            except errors.BadInput:
                continue
    return zoneinfo.ZoneInfo("UTC")
