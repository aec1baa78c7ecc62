"""Schedules on the pure engine: the model of Telegram and of the store from tests/domain, exactly repeatable."""

from __future__ import annotations

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
    driver = Driver(rng)
    error = None
    try:
        driver.run(rng.randint(*STEPS))
    except AssertionError as failure:
        error = str(failure) or "an assertion of the model"
    events = sum(len(box.history) for box in driver.server.boxes.values())
    duplicated = driver.store.duplicated
    is_failed = error is not None
    return (
        Outcome(schedules=1, events=events, failed=is_failed, lost=is_failed and not duplicated, duplicated=duplicated),
        error,
    )
