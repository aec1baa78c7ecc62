"""Processes by number: whether one lives, and whether it is the server that a lock file or a connection means.

Numbers are used again, most of all in containers, so a number alone says nothing; nor does a host's name, which two
containers may share.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import secrets
import signal
import socket
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


def is_postgres(pid: int) -> bool:
    """Say whether a process of this number is here and is PostgreSQL; False where that cannot be seen."""
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip() == "postgres"
    except (OSError, ValueError):
        return False


def name() -> str:
    """Return a name of this process that no other one has: ``host:pid:place:random``."""
    return _name(os.getpid())


def is_gone(holder: str) -> bool:
    """Say whether a process of that :func:`name` is known to have ended: its number is of this place, and not in use.

    One of another place may live, whatever its host is called.
    """
    parts, here = holder.rsplit(":", 3), _place()
    if here is None or len(parts) != 4 or parts[2] != here or not parts[1].isdecimal() or holder == name():
        return False
    # Our own number is not another's at the same time.
    return int(parts[1]) == os.getpid() or not exists(int(parts[1]))


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


@functools.cache
def _name(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_place() or 'unknown'}:{secrets.token_hex(4)}"


def _place() -> str | None:
    """Return what tells where process numbers count: this run of the kernel, and the namespace of numbers in it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return hashlib.sha256(f"{boot} {Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:8]
    except OSError:
        return None
