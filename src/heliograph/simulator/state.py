"""The right to a state directory: one simulator at a time, since two would tear each other's journal.

The kernel frees the lock when its holder dies, however it dies.
"""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from heliograph import errors

LOCK_NAME = "simulator.lock"
PATIENCE_SECONDS = 2.0
"""A simulator whose parent was killed needs a moment to notice."""
_AGAIN_SECONDS = 0.05


def take(directory: Path) -> IO[bytes]:
    """Make the directory if need be and hold it until the returned file is closed. Raises AlreadyRunning."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (directory / LOCK_NAME).open("ab")
    for _ in range(round(PATIENCE_SECONDS / _AGAIN_SECONDS)):
        if _is_taken(lock):
            return lock
        time.sleep(_AGAIN_SECONDS)
    lock.close()
    raise errors.AlreadyRunning(
        f"Another simulator runs on {directory}; stop it first or use another folder as --state."
    )


def _is_taken(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
