"""Notices what has stopped moving: a feed that nobody takes from or that is silent, a commit or spooling that hangs.

A lag is only shown. A stall ends the role, and whoever watches the process starts it again: nothing is lost by that,
since everything begins at the committed cursors. A line that is being made anew is no stall, and a database that is
known to be away is none of the writer's, because a new start would not mend them: what arrives meanwhile is spooled or
refused, so that feeds move on. A blocked event loop cannot see itself: see cli/child.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NoReturn, Protocol

from heliograph import errors, log, metrics
from heliograph.crawler import gauges
from heliograph.domain.sync import machine

LOOK_SECONDS = 1.0

Part = Literal["feed", "writer"]

_log = log.get("watch")


class Commits(Protocol):
    """What the writer tells of itself: writer.Writer."""

    @property
    def lag_seconds(self) -> float:
        """How long the oldest live batch waits for its commit."""

    @property
    def stuck_seconds(self) -> float:
        """How long the longest commit or spooling under way has taken, without what waits for the database alone."""


class Waiting(Protocol):
    """What an inbox tells of itself: transport.Inbox."""

    @property
    def lag_seconds(self) -> float:
        """How long the oldest event has waited."""

    @property
    def stuck_seconds(self) -> float:
        """For how long something has waited and nothing was taken."""


class Line(Protocol):
    """What an account's connection tells of itself: transport.Connection."""

    @property
    def inbox(self) -> Waiting:
        """What has arrived."""

    @property
    def is_connected(self) -> bool:
        """Say whether it looks open."""

    @property
    def silence_seconds(self) -> float:
        """How long it has been silent in spite of pings."""


class Watch:
    """Looks at the writer and at the lines of all accounts, and at the boxes for their gauges."""

    def __init__(self, commits: Commits, lines: Callable[[], Iterable[Line]], *, stall_seconds: float) -> None:
        self._writer = commits
        self._lines = lines
        self._stall_seconds = stall_seconds

    def lags(self) -> dict[str, object]:
        """Return how far feed and writer are behind, in seconds, under the names that heartbeats use."""
        return {
            "writer_lag_seconds": round(self._writer.lag_seconds, 3),
            "feed_lag_seconds": round(self._feed_lag(), 3),
        }

    def stalled(self) -> tuple[Part, float] | None:
        """Return the part that has not moved for too long, and for how many seconds; None while all move."""
        if (stuck := self._writer.stuck_seconds) > self._stall_seconds:
            return "writer", stuck
        stuck = max(self._stuck_feeds(), default=0.0)
        return ("feed", stuck) if stuck > self._stall_seconds else None

    async def run(self, sequence: machine.Machine, data_dir: Path) -> NoReturn:
        """Look every second. Raises Stalled."""
        while True:
            gauges.measure(sequence)
            metrics.FEED_LAG.set(self._feed_lag())
            metrics.WRITER_LAG.set(self._writer.lag_seconds)
            if found := self.stalled():
                part, seconds = found
                _log.error("stalled", part=part, lag_seconds=round(seconds, 1))
                metrics.count_stall(data_dir, part)
                raise errors.Stalled(f"The {part} has not moved for {seconds:.0f} s; this process is started again.")
            await asyncio.sleep(LOOK_SECONDS)

    def _feed_lag(self) -> float:
        return max((max(line.inbox.lag_seconds, line.silence_seconds) for line in self._lines()), default=0.0)

    def _stuck_feeds(self) -> Iterator[float]:
        for line in self._lines():
            yield line.inbox.stuck_seconds
            if line.is_connected:
                yield line.silence_seconds
