"""The fixed part of the chaos: the same seeds each time. ``make chaos`` looks for others."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos import engine

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


class Forgetful(engine.Driver):
    """Ends with a store that has forgotten one message, and has another form of two."""

    def settle(self):
        super().settle()
        spaces = {space: self.server.boxes[space].texts for space in self.store.anchors if self.server.readers(space)}
        texts = [(space, number) for space, each in spaces.items() for number, text in each.items() if text]
        for key in [key for key in texts if key in self.store.rows][:3]:
            self.store.rows[key].text = "another"
            self.forgotten = key
        self.store.rows.pop(self.forgotten)


def test_events_that_are_lost_are_counted_and_not_the_schedules_that_lost_them():
    """Regression: a failed schedule counted as one lost event, whatever it had lost."""
    found, error = engine.judge(Forgetful(random.Random(7)), 200)
    assert (found.failed, found.lost, found.duplicated) == (1, 3, 0)
    assert error


def test_seed_of_one_schedule_repeats_it_exactly():
    assert run("--seed", "engine:4711") == run("--seed", "engine:4711")
