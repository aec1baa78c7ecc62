"""One Heliograph per data directory: a lock that the kernel frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph import errors

LOCK_NAME = "run.lock"


@contextmanager
def data_dir(directory: Path) -> Iterator[None]:
    """Hold the lock of a data directory. Raises AlreadyRunning."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.AlreadyRunning(
                f"Another Heliograph runs on {directory}; stop it first or use another --data-dir."
            ) from None
        yield
    finally:
        os.close(descriptor)
