"""When the database is tried again after a failure: soon at first, rarely once it is plain that it is away.

Five failures within a minute open the breaker: for half a minute nothing is sent to the database, then one attempt
shows whether it is back. Short outages end before that: the pauses between the first attempts grow from a tenth of a
second to two seconds, so that a database that is away for two seconds is written to again within two more. A line
that was cut while the database answered on it says little about the database: a few of those in a row count for the
pauses only. There is no I/O here, and time comes from the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

FAILURES = 5
WINDOW_SECONDS = 60.0
OPEN_SECONDS = 30.0
CUTS = 10
"""Failures in a row from which on a cut line counts like any other: what cuts every line is no accident."""
PAUSES_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""After each failure in a row while the breaker is closed."""

State = Literal["closed", "open", "half_open"]


class Breaker:
    """Counts failures; ``now`` returns monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None
        self.attempts = 0
        """Failures since the last success."""

    @property
    def state(self) -> State:
        """``open``: send nothing; ``half_open``: one attempt at a time; ``closed``: as usual."""
        if self._opened_at is None:
            return "closed"
        return "open" if self._now() - self._opened_at < OPEN_SECONDS else "half_open"

    def failed(self, *, is_cut: bool = False) -> None:
        """Count a failure, such as a cut line; one of a trial opens the breaker again."""
        now = self._now()
        self.attempts += 1
        if is_cut and self.attempts <= CUTS and self._opened_at is None:
            return
        self._failures.append(now)
        is_often = len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        if is_often or self._opened_at is not None:
            self._opened_at = now

    def succeeded(self) -> None:
        """Close the breaker: something was written."""
        self._failures.clear()
        self._opened_at = None
        self.attempts = 0

    def pause(self) -> float:
        """Return how long to wait before the next attempt, in seconds; 0 before anything has failed."""
        if self._opened_at is not None:
            return max(0.0, self._opened_at + OPEN_SECONDS - self._now())
        return PAUSES_SECONDS[min(self.attempts, len(PAUSES_SECONDS)) - 1] if self.attempts else 0.0

    def half_open(self) -> None:
        """Allow the trial now, since something else has reached the database."""
        if self._opened_at is not None:
            self._opened_at = self._now() - OPEN_SECONDS
