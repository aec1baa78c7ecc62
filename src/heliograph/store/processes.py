"""Processes by number: whether one lives, and whether it is the server that a lock file means.

Numbers are used again, most of all in containers, so a number alone says nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def is_server(pid: int, data: Path) -> bool:
    """Say whether a process is the PostgreSQL of a data directory."""
    process = Path(f"/proc/{pid}")
    if not Path("/proc/self").exists():
        return exists(pid)
    try:
        return (process / "cwd").resolve(strict=True) == data.resolve()
    except PermissionError:
        # In a container root may not look into another account's process, but its command line is open to all.
        return os.fsencode(data) in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def exists(pid: int) -> bool:
    """Say whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def signal_to(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def first_number(path: Path) -> int | None:
    """Return the pid that a lock file begins with, or None when there is none."""
    try:
        return int(path.read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None
