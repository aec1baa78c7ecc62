"""Schedules on the pure engine: the model of Telegram and of the store from tests/domain, exactly repeatable."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "domain"))

from sync_world import Driver
from tests.chaos.outcome import Outcome

STEPS = (50, 400)


def run(seed: int) -> tuple[Outcome, str | None]:
    """Run one schedule and return its counts, and what was wrong if anything was."""
    rng = random.Random(seed)
    return judge(Driver(rng), rng.randint(*STEPS))


def judge(driver: Driver, steps: int) -> tuple[Outcome, str | None]:
    """Run a driver, and count each message of its server that the store lacks or has in another form."""
    error, lost = None, 0
    try:
        driver.run(steps)
    except AssertionError as failure:
        error = str(failure) or "an assertion of the model"
        # Where it failed on the way, what was still under way is not lost yet.
        with contextlib.suppress(AssertionError):
            if not driver.is_settled:
                driver.settle()
        lost = len(list(driver.wrong_rows()))
    events = sum(len(box.history) for box in driver.server.boxes.values())
    found = Outcome(
        schedules=1, events=events, failed=int(error is not None), lost=lost, duplicated=driver.store.duplicated
    )
    return found, error
