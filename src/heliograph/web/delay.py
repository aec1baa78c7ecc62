"""Whether what the page shows is late, and why: the database is away, a crawler is silent, or catches up.

Everybody who follows the live stream is told once when it begins and once when it is over. What is late is not lost:
it waits in the crawler's spool or at Telegram.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from heliograph import clock, errors, log
from heliograph.store import database as store_database
from heliograph.store import heartbeats, line

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 5.0
"""After so long without an answer the database counts as away."""
LATE_SECONDS = 15.0
"""Older than this the oldest thing that waits for its commit makes the data late."""

Reason = Literal["database", "crawler", "catching_up"]

_logger = log.get("live")


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """The data is late."""

    since: datetime
    reason: Reason
    """``database``: it does not answer. ``crawler``: one has not been heard of for a while, and did not end in order.
    ``catching_up``: what was spooled during an outage is being written, or commits are slow."""


def found(beats: Iterable[heartbeats.Heartbeat], now: datetime, before: Delay | None) -> Delay | None:
    """Return the delay that the crawlers' heartbeats tell of, the oldest of several; ``before`` is the one so far."""
    crawlers = [beat for beat in beats if beat.role == "crawler"]
    if not crawlers and before is not None and before.reason == "crawler":
        return before  # the last words of a dead process are forgotten after a while
    delays = [each for beat in crawlers if (each := _of(beat, now)) is not None]
    return min(delays, key=lambda each: each.since, default=None)


def _of(beat: heartbeats.Heartbeat, now: datetime) -> Delay | None:
    if beat.age_seconds > heartbeats.SILENT_SECONDS:
        return Delay(since=beat.beat_at, reason="crawler")
    if beat.detail.get("spooled_batches"):
        since = beat.detail.get("spooled_since")
        return Delay(since=datetime.fromtimestamp(since, UTC) if since else beat.beat_at, reason="catching_up")
    lag = float(beat.detail.get("writer_lag_seconds") or 0)
    return Delay(since=now - timedelta(seconds=lag), reason="catching_up") if lag > LATE_SECONDS else None


class Watch:
    """Looks at the database and the heartbeats; ``on_change`` is told a new delay, and None when it is over."""

    def __init__(
        self,
        database: store_database.Database,
        on_change: Callable[[Delay | None], None],
        time: clock.Clock,
    ) -> None:
        self._line = line.Line(database, ANSWER_SECONDS)
        self._on_change = on_change
        self._time = time
        self._seen_at = time.now()
        self._last: Delay | None = None

    async def run(self) -> None:
        """Look for ever."""
        try:
            while True:
                self._take(await self._look())
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._line.close()

    async def _look(self) -> Delay | None:
        try:
            async with self._line.connection() as conn:
                beats = await heartbeats.load(conn)
        except (errors.DatabaseUnreachable, errors.DiskFull):
            # A connection that was cut is made again at once; only a second failure is an outage.
            is_over = self._last is None and (self._time.now() - self._seen_at).total_seconds() < LOOK_SECONDS
            return None if is_over else Delay(since=self._seen_at, reason="database")
        self._seen_at = self._time.now()
        return found(beats, self._seen_at, self._last)

    def _take(self, delay: Delay | None) -> None:
        last, self._last = self._last, delay
        if (last and last.reason) == (delay and delay.reason):
            return
        if delay is None:
            _logger.info("data_on_time")
        else:
            _logger.warning("data_delayed", since=delay.since.isoformat(), reason=delay.reason)
        self._on_change(delay)
