"""What cannot be written to the database, or read back at all: set aside, so that the rest goes on and nothing is lost.

A batch is a file of its own beside the spool, in the spool's form and with a name that the spool reads. Once the defect
is mended it is moved back into the spool's folder, and the next start replays it like any other. What was cut off a
damaged file is kept as it was; its name says whether it is on record by now, which a killed process may not get to.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

FOLDER = "refused"
CUT = ".cut"
"""Of what was cut off, until that is on record."""
REST = ".rest"
"""Of the same from then on."""


def keep(
    spool: Path, content: bytes, suffix: str, quota_bytes: int, fsync: Callable[[int], None] = os.fsync
) -> str | None:
    """Write a file that outlives the machine and return its name; None where there is no room for it.

    The same content has the same name, so that what is refused again is there once.
    """
    folder = spool / FOLDER
    number = int.from_bytes(hashlib.blake2b(content, digest_size=6).digest())
    path = folder / f"{number:016d}{suffix}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists():
            return path.name
        if sum(each.stat().st_size for each in folder.iterdir()) + len(content) > quota_bytes:
            return None
        _write(path, content, fsync)
    except OSError:
        return None
    return path.name


def cuts(spool: Path) -> list[str]:
    """Return the names of what was cut off and is not on record."""
    return sorted(path.name for path in (spool / FOLDER).glob(f"*{CUT}"))


def rest_of(name: str) -> str:
    """Return the name of what was cut off once it is on record."""
    return name.removesuffix(CUT) + REST


def note(spool: Path, name: str) -> None:
    """Take that what was cut off is on record."""
    with contextlib.suppress(OSError):  # then it is put on record again
        (spool / FOLDER / name).rename(spool / FOLDER / rest_of(name))


def _write(path: Path, content: bytes, fsync: Callable[[int], None]) -> None:
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            fsync(descriptor)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    for each in (path.parent, path.parent.parent):
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fsync(descriptor)
        finally:
            os.close(descriptor)
