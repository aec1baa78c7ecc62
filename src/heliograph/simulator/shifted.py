"""A clock that may be wrong: the server's time, as far from the machine's as a test wants it."""

from __future__ import annotations

from datetime import datetime, timedelta

from heliograph import clock


class ShiftedClock:
    """Another clock, put forward (or back) by some seconds; its ``monotonic`` is never shifted."""

    def __init__(self, inner: clock.Clock) -> None:
        self._inner = inner
        self._shift = timedelta()

    def now(self) -> datetime:
        """Return the shifted moment, in UTC."""
        return self._inner.now() + self._shift

    def monotonic(self) -> float:
        """Return the other clock's reading."""
        return self._inner.monotonic()

    def shift(self, seconds: float) -> None:
        """Stand this far ahead of the other clock from now on, behind it if negative."""
        self._shift = timedelta(seconds=seconds)
