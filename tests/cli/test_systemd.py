"""The unit that comes with Heliograph: systemd understands all of it, and it says what the program promises."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from heliograph.cli import child, stopping

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "heliograph.service"
INSTALLED = "/opt/heliograph/bin/heliograph"


@pytest.fixture
def analyze(tmp_path: Path) -> list[str]:
    """``systemd-analyze``, which a machine that checks must have; .ci/run installs it."""
    found = shutil.which("systemd-analyze")
    if found is None and not os.environ.get("CI"):
        pytest.skip("systemd is not installed here")
    assert found is not None, "install the package systemd"
    return [found, "--no-pager"]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program where it is on this machine, since systemd looks whether it can be run."""
    here = Path(sys.executable).parent / "heliograph"
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(INSTALLED, str(here)), "utf-8")
    return copy


def verify(analyze: list[str], unit: Path) -> list[str]:
    """Return what systemd finds wrong with a unit: it ends with 0 in spite of names that it does not know."""
    ran = subprocess.run([*analyze, "verify", unit], capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in ran.stderr.splitlines() if unit.name in line]
    return said or ([ran.stderr] if ran.returncode else [])


def test_systemd_verifies_the_unit(analyze: list[str], unit: Path) -> None:
    assert verify(analyze, unit) == []


@pytest.mark.parametrize(("right", "wrong"), [("WatchdogSec", "WatchdogSek"), (INSTALLED, "/nowhere/heliograph")])
def test_a_mistake_in_the_unit_is_found(analyze: list[str], tmp_path: Path, right: str, wrong: str) -> None:
    broken = tmp_path / UNIT.name
    broken.write_text(UNIT.read_text("utf-8").replace(right, wrong), "utf-8")
    assert verify(analyze, broken)


def test_systemd_calls_the_unit_well_shut_off(analyze: list[str], unit: Path) -> None:
    """Its exposure is below 2 of 10, where a unit that says nothing has 9.6."""
    command = [*analyze, "security", "--offline=true", "--threshold=20", unit]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_unit_restarts_and_stops_as_promised() -> None:
    content = configparser.ConfigParser(strict=False, interpolation=None)
    content.optionxform = str
    content.read_string(UNIT.read_text("utf-8"))
    service, limits = content["Service"], content["Unit"]
    assert (service["Type"], service["Restart"], service["RestartSec"]) == ("notify", "on-failure", "5")
    assert (limits["StartLimitBurst"], limits["StartLimitIntervalSec"]) == ("20", "3600")
    assert int(service["WatchdogSec"]) > 0
    # Each watcher gives the one below it time to end by itself.
    assert stopping.LIMIT_SECONDS < child.STOP_SECONDS < int(service["TimeoutStopSec"]) == 30
