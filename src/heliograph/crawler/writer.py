"""Group commit: whenever a lane is free it takes what is queued and commits it in one transaction. There is no timer.

Live rows have a lane of their own and history has two, each with its own connection, so that a live row never waits for
a commit of history: what concerns a chat whose history is being written waits for that commit, a few hundredths of a
second, and nothing else does. Two lanes of history let one build its arrays while PostgreSQL merges the other's.

Operational errors (the database is away, the disk is full) fail everything queued and open the breaker: nothing is
retried from memory, since the engine asks Telegram again from the committed cursor. A database that answers is given a
try, and each try that fails is followed by a longer pause: a full disk answers as well, so that only a commit proves
that all is well. Data errors cost one row each, in the same commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from heliograph import clock, errors, log, metrics
from heliograph.domain import records
from heliograph.store import commit, database, lineage, locks

LIVE_ROWS = 500
"""Rows of one commit, so that none takes long; a batch that is larger by itself goes alone."""
HISTORY_ROWS = 400
HISTORY_LANES = 2
BACKLOG_ROWS = 4 * LIVE_ROWS
"""Live rows that may wait before no more are taken from Telegram."""
STALL_SECONDS = 1.0
"""After so long a live commit counts as hanging, and no more is taken from Telegram until it ends."""
BREAKER_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)

_log = log.get("writer")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitResult:
    """How a batch ended when the database answered."""

    is_conflict: bool
    """The cursor was not where the batch starts, so that nothing of it was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Queued:
    batch: records.Batch
    slots: frozenset[int]
    """The locks that its commit takes: of its spaces, and of any that share one with them."""
    future: asyncio.Future[CommitResult]
    queued_at: float
    """In monotonic seconds."""


@dataclass(eq=False, slots=True)
class _Queue:
    """What waits for lanes of one kind, and the locks of what is under way or held back in it."""

    limit: int
    """Rows of one commit."""
    waiting: deque[_Queued] = field(default_factory=deque)
    rows: int = 0
    """Of what waits; a batch counts as one row at least."""
    since: float | None = None
    """When its latest commit under way began, in monotonic seconds."""
    oldest: float | None = None
    """When the oldest batch of that commit was queued, in monotonic seconds."""
    writing: set[int] = field(default_factory=set)
    held: frozenset[int] = frozenset()
    """Of batches that were passed over, because another lane writes their spaces."""


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
        self._live = _Queue(LIVE_ROWS)
        self._history = _Queue(HISTORY_ROWS)
        self._unfinished = 0
        self._under_way: dict[int, float] = {}
        """When each lane's commit began, in monotonic seconds."""
        self._changed = asyncio.Event()
        """Something was queued, or a lane has become free."""
        self._ended = asyncio.Event()
        """A live commit has ended."""
        self._healthy = asyncio.Event()
        self._healthy.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._reason: errors.HeliographError = errors.DatabaseUnreachable()
        self._attempts = 0
        """Pauses since the last commit."""
        self._depth = metrics.QUEUE_DEPTH.labels("writer")
        self._known: weakref.WeakSet[database.Connection] = weakref.WeakSet()
        self._position: tuple[int, int] = (0, 0)
        """The newest position in the outbox that this process has seen committed."""

    def enqueue(self, batch: records.Batch) -> asyncio.Future[CommitResult]:
        """Queue a batch. The future raises DatabaseUnreachable or DiskFull when it is unknown whether it committed."""
        future: asyncio.Future[CommitResult] = asyncio.get_running_loop().create_future()
        if not self._healthy.is_set():
            future.set_exception(self._reason)
            return future
        queue = self._history if batch.origin == "backfill" else self._live
        slots = frozenset(map(locks.slot, commit.spaces(batch)))
        queue.waiting.append(_Queued(batch=batch, slots=slots, future=future, queued_at=self._time.monotonic()))
        queue.rows += _size(batch)
        self._unfinished += 1
        self._idle.clear()
        self._changed.set()
        self._measure()
        return future

    async def submit(self, batch: records.Batch) -> CommitResult:
        """Commit a batch and return how it ended. Raises DatabaseUnreachable or DiskFull."""
        return await self.enqueue(batch)

    async def until_healthy(self) -> None:
        """Wait until the database takes commits again."""
        await self._healthy.wait()

    async def until_room(self) -> None:
        """Wait while live rows come faster than they are committed, so that they pile up at Telegram and not here.

        Whoever takes updates asks first. What Telegram pushes meanwhile fills the inbox, which is bounded, and what
        finds no room there is asked for again (invariant 4).
        """
        while self._is_behind():
            self._ended.clear()
            await self._ended.wait()

    @property
    def lag_seconds(self) -> float:
        """How long the oldest live batch waits for its commit by now, in seconds; 0 when none waits."""
        times = [item.queued_at for item in self._live.waiting]
        if self._live.oldest is not None:
            times.append(self._live.oldest)
        return self._time.monotonic() - min(times) if times else 0.0

    @property
    def stuck_seconds(self) -> float:
        """How long the longest commit under way has taken by now, in seconds; 0 when there is none."""
        return self._time.monotonic() - min(self._under_way.values()) if self._under_way else 0.0

    @property
    def is_away(self) -> bool:
        """Say whether the database is known to be away: what waits then waits for it and not for the writer."""
        return not self._healthy.is_set()

    async def until_idle(self) -> None:
        """Wait until everything that was queued has ended."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit what is queued, for ever; cancel it to stop."""
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane, queue in enumerate((self._live, *[self._history] * HISTORY_LANES)):
                    lanes.create_task(self._serve(lane, queue), name="writer-lane")
        finally:
            self._healthy.clear()
            self._reason = errors.DatabaseUnreachable("The writer was stopped.")
            self._fail(self._take_all(), self._reason)

    # -- lanes ------------------------------------------------------------------------------------------------

    async def _serve(self, lane: int, queue: _Queue) -> None:
        """Be one lane."""
        while True:
            await self._healthy.wait()
            if not (taken := self._take(queue)):
                self._changed.clear()
                await self._changed.wait()
                continue
            slots = frozenset().union(*(item.slots for item in taken))
            queue.writing |= slots
            queue.since = self._under_way[lane] = self._time.monotonic()
            queue.oldest = min(item.queued_at for item in taken)
            try:
                await self._commit(taken)
            finally:
                del self._under_way[lane]
                queue.writing -= slots
                queue.since = queue.oldest = None
                self._changed.set()
                self._ended.set()

    def _take(self, queue: _Queue) -> list[_Queued]:
        """Take batches up to the limit of rows, at least one; the order within a space stays.

        What history is writing is left alone, and history leaves alone what live rows wait for: neither starves.
        """
        blocked = set(self._history.writing)
        if queue is self._history:
            blocked |= self._live.held
        taken: list[_Queued] = []
        held: list[_Queued] = []
        rows = 0
        while queue.waiting:
            item = queue.waiting[0]
            size = _size(item.batch)
            if is_blocked := not blocked.isdisjoint(item.slots):
                blocked |= item.slots
            elif taken and rows + size > queue.limit:
                break
            queue.waiting.popleft()
            (held if is_blocked else taken).append(item)
            rows += 0 if is_blocked else size
        queue.waiting.extendleft(reversed(held))
        queue.rows -= rows
        queue.held = frozenset().union(*(item.slots for item in held))
        return taken

    def _take_all(self) -> list[_Queued]:
        taken = [*self._live.waiting, *self._history.waiting]
        for queue in (self._live, self._history):
            queue.waiting.clear()
            queue.rows = 0
            queue.held = frozenset()
        return taken

    def _is_behind(self) -> bool:
        live = self._live
        is_hanging = live.since is not None and self._time.monotonic() - live.since > STALL_SECONDS
        return is_hanging or live.rows > BACKLOG_ROWS

    def _measure(self) -> None:
        self._depth.set(self._unfinished)

    # -- one commit -------------------------------------------------------------------------------------------

    async def _commit(self, taken: list[_Queued]) -> None:
        begun = self._time.monotonic()
        try:
            outcome = await self._write([item.batch for item in taken])
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
        for index, item in enumerate(taken):
            is_conflict = index in outcome.conflicts
            if is_conflict:
                _log.warning("commit_conflict", boxes=[move.box for move in item.batch.moves])
            else:
                _count(item.batch)
            if not item.future.done():
                item.future.set_result(_CONFLICT if is_conflict else _WRITTEN)
        self._end(taken)

    async def _write(self, batches: list[records.Batch]) -> commit.Outcome:
        async with self._database.connection() as conn:
            if conn not in self._known:
                await self._recognise(conn)
            async with conn.transaction():
                outcome = await commit.commit_with_bisection(conn, batches)
        self._position = max(self._position, outcome.position or self._position)
        return outcome

    async def _recognise(self, conn: database.Connection) -> None:
        """Look whether a new connection leads to the database of before, after a fail-over or a restore."""
        if epoch := await lineage.check(conn, self._position):
            _log.warning("database_is_another", outbox_epoch=epoch)
        self._known.add(conn)

    # -- failures ---------------------------------------------------------------------------------------------

    async def _break(self, taken: list[_Queued], error: errors.HeliographError) -> None:
        """Refuse everything until the database answers again; whether it takes commits the next one shows."""
        self._fail(taken + self._take_all(), error)
        if not self._healthy.is_set():
            return
        self._healthy.clear()
        self._reason = error
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
        for item in taken:
            if not item.future.done():
                item.future.set_exception(error)
        self._end(taken)

    def _end(self, taken: list[_Queued]) -> None:
        self._unfinished -= len(taken)
        self._measure()
        if not self._unfinished:
            self._idle.set()


def _size(batch: records.Batch) -> int:
    return max(1, batch.row_count)


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
