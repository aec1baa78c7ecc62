"""What each process says of itself every few seconds: its lags, its spool, its state.

A beat that cannot be written is left out: the database is away then, and others see that for themselves. A process
that ends in order takes its row along; what a killed one leaves is told apart by its age and by its leases.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.types.json import Jsonb

from heliograph import clock, errors, metrics
from heliograph.store import database, processes

Role = Literal["crawler", "web", "worker"]

BEAT_SECONDS = 5.0
SILENT_SECONDS = 3 * BEAT_SECONDS
"""A process whose last beat is older does not move."""
KEEP = timedelta(minutes=10)
"""How long the last words of a process are kept that ended in disorder."""
TURN_SECONDS = 0.5
"""How often the event loop's lag is measured."""

_BEAT = """
INSERT INTO heartbeats (role, holder, detail) VALUES (%s, %s, %s)
ON CONFLICT (role, holder) DO UPDATE SET beat_at = now(), detail = EXCLUDED.detail
"""
_END = "DELETE FROM heartbeats WHERE role = %s AND holder = %s"
_TRIM = "DELETE FROM heartbeats WHERE beat_at < now() - %s"
_LOAD = """
SELECT role, holder, beat_at, extract(epoch FROM now() - beat_at)::float8, detail
FROM heartbeats ORDER BY role, holder
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    """The newest words of one process."""

    role: str
    holder: str
    """``host:pid``, as in the leases of a crawler."""
    beat_at: datetime
    age_seconds: float
    """By the database's clock."""
    detail: dict[str, Any]
    """Of a crawler ``state``, ``writer_lag_seconds``, ``feed_lag_seconds``, ``loop_lag_seconds``, ``spooled_batches``,
    ``spooled_bytes`` and ``spool_off``, why it has no spool; of a web server ``state`` and ``loop_lag_seconds``."""


def holder() -> str:
    """Return the name of this process in heartbeats and leases."""
    return processes.name()


async def beat(conn: database.Connection, role: Role, holder: str, detail: Mapping[str, object]) -> None:
    """Write how a process is."""
    await conn.execute(_BEAT, [role, holder, Jsonb(dict(detail))])


async def end(conn: database.Connection, role: Role, holder: str) -> None:
    """Forget a process that ends in order."""
    await conn.execute(_END, [role, holder])


async def trim(conn: database.Connection) -> None:
    """Forget processes that have been silent for long."""
    await conn.execute(_TRIM, [KEEP])


async def load(conn: database.Connection) -> list[Heartbeat]:
    """Return the newest words of every process, dead ones included until they are trimmed."""
    cursor = await conn.execute(_LOAD)
    return [
        Heartbeat(role=role, holder=holder, beat_at=beat_at, age_seconds=max(0.0, age), detail=detail)
        for role, holder, beat_at, age, detail in await cursor.fetchall()
    ]


class Heart:
    """This process's heartbeat: :meth:`run` it, and :meth:`end` it when the process ends in order."""

    def __init__(
        self,
        opened: database.Database,
        role: Role,
        *,
        describe: Callable[[], Mapping[str, object]] = dict,
        time: clock.Clock | None = None,
    ) -> None:
        self.state: Literal["running", "stalled", "draining"] = "running"
        self.loop_lag_seconds = 0.0
        """The longest that the event loop has kept anybody waiting since the last beat, in seconds."""
        self._database = opened
        self._role: Role = role
        self._holder = holder()
        self._describe = describe
        self._time = time or clock.SystemClock()

    async def run(self) -> None:
        """Measure the loop and write a beat every few seconds, for ever."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._measure())
            both.create_task(self._beat())

    async def now(self) -> None:
        """Write a beat, unless the database is away."""
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            async with self._database.connection() as conn:
                await beat(conn, self._role, self._holder, self.detail())

    async def end(self) -> None:
        """Take the row away, unless the database is away."""
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            async with self._database.connection() as conn:
                await end(conn, self._role, self._holder)

    def detail(self) -> dict[str, object]:
        """Return how this process is."""
        return {"state": self.state, "loop_lag_seconds": round(self.loop_lag_seconds, 3), **self._describe()}

    async def _beat(self) -> None:
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            async with self._database.connection() as conn:
                await trim(conn)
        while True:
            await self.now()
            self.loop_lag_seconds = 0.0
            await asyncio.sleep(BEAT_SECONDS)

    async def _measure(self) -> None:
        while True:
            begun = self._time.monotonic()
            await asyncio.sleep(TURN_SECONDS)
            lag = max(0.0, self._time.monotonic() - begun - TURN_SECONDS)
            self.loop_lag_seconds = max(self.loop_lag_seconds, lag)
            metrics.LOOP_LAG.set(self.loop_lag_seconds)
