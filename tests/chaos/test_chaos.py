"""The fixed part of the chaos: the same seeds each time. ``make chaos`` looks for others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 240
FIELDS = {"schedules", "events", "failed", "lost", "duplicated", "seed"}


def run(*arguments: str) -> tuple[dict[str, object], str]:
    """Run the command as anyone does; return its last line and what it said besides."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1]), ended.stderr


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(("level", "schedules"), [("engine", 1_000), ("client", 6), ("processes", 2)])
def test_nothing_is_lost_or_stored_twice_in_random_trouble(level, schedules):
    found, said = run("--level", level, "--schedules", str(schedules), "--seed", "7")
    assert found.keys() == FIELDS
    assert found["events"] > 0
    assert (found["schedules"], found["failed"], found["lost"], found["duplicated"]) == (schedules, 0, 0, 0), said


def test_seed_of_one_schedule_repeats_it_exactly():
    assert run("--seed", "engine:4711") == run("--seed", "engine:4711")
