"""Group commit: whenever it is free it takes what is queued and commits it in one transaction. There is no timer.

Live rows go first and history rides along, so that a backfill never holds up what people wait for. Operational errors
(the database is away, the disk is full) fail everything queued and open the breaker: nothing is retried from memory,
since the engine asks Telegram again from the committed cursor. A database that answers is given a try, and each try
that fails is followed by a longer pause: a full disk answers as well, so that only a commit proves that all is well.
Data errors cost one row each, in the same commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from heliograph import clock, errors, log, metrics
from heliograph.domain import records
from heliograph.store import commit, database, lineage

LIVE_ROWS = 500
"""Rows of one commit, so that none takes long; a batch that is larger by itself goes alone."""
HISTORY_ROWS = 800
"""History of one commit while nothing live waits; otherwise a single page rides along."""
BREAKER_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_HISTORY: frozenset[str] = frozenset({"backfill", "peers"})

_log = log.get("writer")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitResult:
    """How a batch ended when the database answered."""

    is_conflict: bool
    """The cursor was not where the batch starts, so that nothing of it was written."""


_Queued = tuple[records.Batch, asyncio.Future[CommitResult]]
_WRITTEN, _CONFLICT = CommitResult(is_conflict=False), CommitResult(is_conflict=True)


class Writer:
    """The one place of this process that commits batches. Run it with :meth:`run`."""

    def __init__(
        self,
        opened: database.Database,
        *,
        time: clock.Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = opened
        self._sleep = sleep
        self._time = time or clock.SystemClock()
        self._live: deque[_Queued] = deque()
        self._history: deque[_Queued] = deque()
        self._wake = asyncio.Event()
        self._healthy = asyncio.Event()
        self._healthy.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._reason: errors.HeliographError = errors.DatabaseUnreachable()
        self._attempts = 0
        """Pauses since the last commit."""
        self._depth = metrics.QUEUE_DEPTH.labels("writer")
        self._known: weakref.WeakSet[database.Connection] = weakref.WeakSet()
        self._position: tuple[int, int] | None = None

    def enqueue(self, batch: records.Batch) -> asyncio.Future[CommitResult]:
        """Queue a batch. The future raises DatabaseUnreachable or DiskFull when it is unknown whether it committed."""
        future: asyncio.Future[CommitResult] = asyncio.get_running_loop().create_future()
        if not self._healthy.is_set():
            future.set_exception(self._reason)
            return future
        (self._history if batch.origin in _HISTORY else self._live).append((batch, future))
        self._idle.clear()
        self._wake.set()
        self._measure()
        return future

    async def submit(self, batch: records.Batch) -> CommitResult:
        """Commit a batch and return how it ended. Raises DatabaseUnreachable or DiskFull."""
        return await self.enqueue(batch)

    async def until_healthy(self) -> None:
        """Wait until the database takes commits again."""
        await self._healthy.wait()

    async def until_idle(self) -> None:
        """Wait until everything that was queued has ended."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit what is queued, for ever; cancel it to stop."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._live or self._history:
                    await self._commit(self._take())
                self._idle.set()
        finally:
            self._healthy.clear()
            self._reason = errors.DatabaseUnreachable("The writer was stopped.")
            self._fail(self._take_all(), self._reason)
            self._idle.set()

    def _take(self) -> list[_Queued]:
        taken = _pop(self._live, LIVE_ROWS)
        taken += _pop(self._history, 1 if taken else HISTORY_ROWS)
        self._measure()
        return taken

    def _take_all(self) -> list[_Queued]:
        taken = [*self._live, *self._history]
        self._live.clear()
        self._history.clear()
        self._measure()
        return taken

    def _measure(self) -> None:
        self._depth.set(len(self._live) + len(self._history))

    async def _commit(self, taken: list[_Queued]) -> None:
        begun = self._time.monotonic()
        try:
            outcome = await self._write([batch for batch, _ in taken])
        except (errors.DatabaseUnreachable, errors.DiskFull) as error:
            await self._break(taken, error)
            return
        except BaseException as error:
            self._fail(taken, errors.DatabaseUnreachable("The commit was given up."))
            if not isinstance(error, Exception):
                raise
            # A defect must not end the writer: what was queued is asked for again, and people are told.
            _log.error("commit_failed", batches=len(taken), **log.cause(error))
            await self._pause()
            return
        self._recover()
        metrics.COMMIT_SECONDS.observe(self._time.monotonic() - begun)
        for index, (batch, future) in enumerate(taken):
            is_conflict = index in outcome.conflicts
            if is_conflict:
                _log.warning("commit_conflict", boxes=[move.box for move in batch.moves])
            else:
                _count(batch)
            if not future.done():
                future.set_result(_CONFLICT if is_conflict else _WRITTEN)

    async def _write(self, batches: list[records.Batch]) -> commit.Outcome:
        async with self._database.transaction() as conn:
            if conn not in self._known:
                await self._recognise(conn)
            outcome = await commit.commit_with_bisection(conn, batches)
        self._known.add(conn)
        self._position = outcome.position or self._position
        return outcome

    async def _recognise(self, conn: database.Connection) -> None:
        """Look whether a new connection leads to the database of before, after a fail-over or a restore."""
        if epoch := await lineage.check(conn, self._position):
            _log.warning("database_is_another", outbox_epoch=epoch)

    async def _break(self, taken: list[_Queued], error: errors.HeliographError) -> None:
        """Refuse everything until the database answers again; whether it takes commits the next one shows."""
        self._healthy.clear()
        self._reason = error
        self._fail(taken + self._take_all(), error)
        self._idle.set()
        _log.error("database_away", reason=str(error), batches=len(taken), attempts=self._attempts)
        while not self._healthy.is_set():
            await self._pause()
            with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
                async with self._database.connection() as conn:
                    await conn.execute("SELECT 1")
                self._healthy.set()

    async def _pause(self) -> None:
        """Wait, the longer the more often since the last commit."""
        self._attempts += 1
        await self._sleep(BREAKER_SECONDS[min(self._attempts, len(BREAKER_SECONDS)) - 1])

    def _recover(self) -> None:
        if self._attempts:
            _log.info("database_back", attempts=self._attempts)
            self._attempts = 0

    def _fail(self, taken: list[_Queued], error: errors.HeliographError) -> None:
        for _, future in taken:
            if not future.done():
                future.set_exception(error)


def _pop(queue: deque[_Queued], limit: int) -> list[_Queued]:
    """Take batches up to ``limit`` rows, at least one."""
    taken: list[_Queued] = []
    rows = 0
    while queue and (not taken or rows + max(1, queue[0][0].row_count) <= limit):
        taken.append(queue.popleft())
        rows += max(1, taken[-1][0].row_count)
    return taken


def _count(batch: records.Batch) -> None:
    for kind, rows in (
        ("message", batch.messages),
        ("tombstone", batch.tombstones),
        ("observation", batch.observations),
        ("dead_letter", batch.dead_letters),
        ("known_loss", batch.losses),
    ):
        if rows:
            metrics.ROWS.labels(kind).inc(len(rows))
