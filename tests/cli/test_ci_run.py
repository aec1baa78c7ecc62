"""``.ci/run`` on machines that lack something, with stand-ins for the machine's own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"
LIBATOMIC = [] if any(Path("/").glob("usr/lib*/**/libatomic.so.1")) else ["libatomic1"]
ALL = ["python3", "python3-venv", "make", "systemd", "chromium", *LIBATOMIC, "fontconfig", "fonts-dejavu-core"]


class Machine:
    """A PATH that holds bash, dirname and what it is given."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "bin"
        self.log = directory / "log"
        self.path.mkdir()
        for name in ("bash", "dirname", "env"):
            (self.path / name).symlink_to(shutil.which(name) or "")
        self.has("id", "echo 0")
        self.has("apt-get")

    def has(self, name: str, *lines: str) -> None:
        program = self.path / name
        program.write_text("\n".join(["#!/bin/bash", f'echo "{name} $*" >> {self.log}', *lines, ""]))
        program.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.path), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def done(self, name: str) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_bare_machine_gets_all_that_the_suite_needs(machine: Machine) -> None:
    machine.has("apt-get", f'case "$*" in install*) cp {machine.path}/id {machine.path}/make;; esac')
    (machine.path / "cp").symlink_to(shutil.which("cp") or "")
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert machine.done("apt-get") == [
        "update -q",
        "install -q -y --no-install-recommends " + " ".join(ALL),
    ]


def test_a_python_without_venv_gets_that_alone(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    machine.has("make")
    machine.has("systemd-analyze")
    machine.has("chromium")
    machine.has("fc-list", "echo DejaVu")
    machine.run()
    assert machine.done("apt-get")[1].split()[4:] == ["python3-venv", *LIBATOMIC]
    assert machine.done("make") == ["check"]


def test_a_complete_machine_installs_nothing(machine: Machine) -> None:
    for name in ("python3", "make", "systemd-analyze", "chromium"):
        machine.has(name)
    machine.has("fc-list", "echo DejaVu")
    assert machine.run().returncode == 0
    assert (bool(machine.done("apt-get")), machine.done("make")) == (bool(LIBATOMIC), ["check"])


def test_somebody_else_than_root_is_told_what_is_missing(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.has("make")
    ran = machine.run()
    assert ran.returncode == 1
    assert all(name in ran.stderr for name in ALL if name != "make")
    assert machine.done("make") == []
