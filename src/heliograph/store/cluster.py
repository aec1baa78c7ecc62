"""The data directory of the private server: made whole or not at all, and checked before it is used.

Folders, all 0700 and below one home: ``data`` is PostgreSQL's own, ``password`` is the password file that clients
read (0600), ``server.log`` what PostgreSQL says. Authentication is SCRAM with a random password: inside a user
namespace the server cannot tell the machine's other users apart, so peer authentication would say nothing.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path

from heliograph import errors
from heliograph.store import binaries

MAJOR = "18"
USER = "heliograph"
DATABASE = "heliograph"

FULL_DISK_SIGNS = ("No space left on device", "Check free disk space", "wrote only", "Disk quota exceeded")

# Written into postgresql.conf once, so that their owner may tune them.
TUNING = {
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
}


def make_home(home: Path) -> None:
    """Make the private folder that everything lies in."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home.stat().st_mode & 0o077:
            home.chmod(0o700)
    except OSError as error:
        raise translated(error, home) from error


def prepare(home: Path, runner: binaries.Runner) -> None:
    """Make a data directory in ``home``, or check the one that is there."""
    data = home / "data"
    try:
        if (data / "PG_VERSION").exists():
            _check_version(data)
        else:
            _make_data(home, runner)
        _give(home, runner)
    except OSError as error:
        raise translated(error, home) from error


def password_file(home: Path) -> Path:
    """Return the libpq password file of a home."""
    return home / "password"


def is_full_disk(said: str) -> bool:
    """Say whether PostgreSQL complains of a full disk."""
    return any(sign in said for sign in FULL_DISK_SIGNS)


def explain(log: str, home: Path) -> errors.HeliographError:
    """Turn what PostgreSQL said before it gave up into one sentence."""
    if is_full_disk(log):
        return errors.DiskFull()
    if "Permission denied" in log:
        return errors.DatabaseUnreachable(
            f"The private database may not use its files in {home}; give them back to the user who runs Heliograph."
        )
    complaints = [line for line in log.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
    reason = complaints[-1].split(":  ")[-1] if complaints else "it ended without a word"
    return errors.DatabaseUnreachable(
        f"The private database did not start: {reason.rstrip('.')}; see {home / 'server.log'}."
    )


def translated(error: OSError, home: Path) -> errors.HeliographError:
    """Turn what the operating system refused into one sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.DiskFull()
    if isinstance(error, (NotADirectoryError, FileExistsError)):
        return errors.DatabaseUnreachable(f"{home} is not a directory; move that file away or use another --data-dir.")
    if isinstance(error, PermissionError):
        return errors.DatabaseUnreachable(f"{home} may not be written by this user; mend its owner or use another.")
    return errors.DatabaseUnreachable(f"{home} cannot be used: {error.strerror}; choose another --data-dir.")


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text("ascii", "replace").strip()
    if found != MAJOR:
        raise errors.DatabaseUnreachable(
            f"{data} was made by PostgreSQL {found} and this Heliograph brings PostgreSQL {MAJOR};"
            " dump it with the old version and restore it, or use another data directory."
        )
    if not password_file(data.parent).exists():
        raise errors.DatabaseUnreachable(
            f"{password_file(data.parent)} is missing; restore it from your backup, it opens the database beside it."
        )


def _make_data(home: Path, runner: binaries.Runner) -> None:
    """Run initdb beside its final place and move the result there, so that a kill leaves nothing half-made."""
    data, part = home / "data", home / "data.part"
    if data.exists() and any(data.iterdir()):
        raise errors.DatabaseUnreachable(
            f"{data} holds something that is not a PostgreSQL data directory; use another data directory."
        )
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    password = secrets.token_hex(32)
    bare = home / "password.part"
    _write_private(bare, password + "\n")
    _give(home, runner)
    code, printed = runner.run("initdb", *_initdb_arguments(part, bare), cwd=home)
    if code != 0:
        shutil.rmtree(part, ignore_errors=True)
        raise explain(printed, home)
    _write_private(bare, f"*:*:*:{USER}:{password}\n")
    bare.replace(password_file(home))
    part.replace(data)


def _initdb_arguments(data: Path, password: Path) -> list[str]:
    tuning = [part for name, value in TUNING.items() for part in ("--set", f"{name}={value}")]
    return [
        f"--pgdata={data}",
        f"--username={USER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        *tuning,
    ]


def _write_private(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _give(home: Path, runner: binaries.Runner) -> None:
    """Give the files to whom PostgreSQL runs as, if root moved between a namespace and an account."""
    if os.geteuid() != 0:
        return
    user, group = runner.owner
    for path in (home, *home.rglob("*")):
        if path.lstat().st_uid != user:
            os.chown(path, user, group, follow_symlinks=False)
