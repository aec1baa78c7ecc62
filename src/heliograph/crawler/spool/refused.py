"""Batches that the database refuses for a reason that is no error of their data: set aside, so that others go on.

Each is a file of its own beside the spool, in the spool's form and with a name that the spool reads. Once the defect is
mended it is moved back into the spool's folder, and the next start replays it like any other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from heliograph.crawler.spool import segments

FOLDER = "refused"


def keep(spool: Path, payload: bytes, quota_bytes: int, fsync: Callable[[int], None] = os.fsync) -> str | None:
    """Write a record that outlives the machine and return its file's name; None where there is no room for it.

    The same record has the same name, so that one that is refused again is there once.
    """
    folder = spool / FOLDER
    number = int.from_bytes(hashlib.blake2b(payload, digest_size=6).digest())
    path = folder / f"{number:016d}{segments.SUFFIX}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists():
            return path.name
        content = segments.MAGIC + segments.record(payload)
        if sum(each.stat().st_size for each in folder.iterdir()) + len(content) > quota_bytes:
            return None
        _write(path, content, fsync)
    except OSError:
        return None
    return path.name


def count(spool: Path) -> int:
    """Return how many there are."""
    return len(list((spool / FOLDER).glob(f"*{segments.SUFFIX}")))


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
