"""Group commit: whenever a lane is free it takes what is queued and commits it in one transaction. There is no timer.

Live rows have a lane of their own and history has another, each with its own connection, so that a live row never waits
for a commit of history: what concerns a chat whose history is being written waits for that commit, a few hundredths of
a second, and nothing else does.

While the database cannot work (it is away, only reads, or has no room) live batches go to the spool, from the first
one whose outcome is unknown: crawler/outage.py. What is asked for again anyway fails instead, and so does everything
where there is no spool or it is full. Data errors cost one row each, in the same commit, and a defect costs the batch
that meets it: the others of its group are committed one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from heliograph import clock, errors, log, metrics
from heliograph.crawler import committer, lanes, outage
from heliograph.crawler.spool import journal
from heliograph.domain import identity, records
from heliograph.store import database

LIVE_ROWS = 500
HISTORY_ROWS = 800
BACKLOG_ROWS = 4 * LIVE_ROWS
"""Live rows that may wait before no more are taken from Telegram."""
STALL_SECONDS = 1.0
"""After so long a live commit counts as hanging, and no more is taken from Telegram until it ends."""

CommitResult = lanes.CommitResult
_WRITTEN, _CONFLICT = CommitResult(is_conflict=False), CommitResult(is_conflict=True)
_NO_SPOOL = journal.Absent("switched_off")

_log = log.get("writer")


class Writer:
    """The one place of this process that commits batches. :meth:`replay` the spool first, then :meth:`run` it."""

    def __init__(
        self,
        opened: database.Database,
        *,
        spool: journal.Journal | journal.Absent = _NO_SPOOL,
        time: clock.Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        live_seconds: float = committer.LIVE_SECONDS,
    ) -> None:
        self._time = time or clock.SystemClock()
        self._live = lanes.Queue(LIVE_ROWS)
        self._history = lanes.Queue(HISTORY_ROWS)
        self._changed = asyncio.Event()
        """Something was queued, a lane has become free, or the database has come or gone."""
        files = spool if isinstance(spool, journal.Journal) else None
        self._store = committer.Committer(opened, 2, live_seconds, files)
        self._outage = outage.Outage(
            self._store, spool=spool, time=self._time, sleep=sleep, on_change=self._changed.set
        )
        self._unfinished = 0
        self._under_way: dict[int, float] = {}
        """When each lane's commit began, in monotonic seconds."""
        self._spooling_since: float | None = None
        """When the spool was handed what it writes now, in monotonic seconds."""
        self._ended = asyncio.Event()
        """A live commit has ended."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._depth = metrics.QUEUE_DEPTH.labels("writer")

    def enqueue(self, batch: records.Batch) -> asyncio.Future[CommitResult]:
        """Queue a batch; its future ends once it is in the database, or fsynced in the spool.

        The future raises DatabaseUnreachable or DiskFull when it is unknown whether the batch committed.
        """
        future: asyncio.Future[CommitResult] = asyncio.get_running_loop().create_future()
        if self._outage.is_on and not self._outage.takes(batch):
            future.set_exception(self._outage.reason)
            return future
        queue = self._history if batch.origin == "backfill" else self._live
        now = self._time.monotonic()
        queue.put(lanes.Queued(batch=batch, slots=lanes.slots(batch), future=future, queued_at=now))
        self._unfinished += 1
        self._idle.clear()
        self._changed.set()
        self._measure()
        return future

    async def submit(self, batch: records.Batch) -> CommitResult:
        """Commit a batch and return how it ended. Raises DatabaseUnreachable or DiskFull."""
        return await self.enqueue(batch)

    async def until_healthy(self) -> None:
        """Wait until the database takes commits again, and holds all that was spooled."""
        await self._outage.until_over()

    async def until_room(self) -> None:
        """Wait while live rows come faster than they are committed, so that they pile up at Telegram and not here.

        Whoever takes updates asks first. What Telegram pushes meanwhile fills the inbox, which is bounded, and what
        finds no room there is asked for again (invariant 4).
        """
        while self._is_behind():
            self._ended.clear()
            await self._ended.wait()

    def try_now(self) -> None:
        """Take that somebody else has just reached the database, and end the pause before the next attempt."""
        self._outage.try_now()

    def on_reset(self, call: committer.OnReset) -> None:
        """Have a call told the boxes whose stored cursors are not where their batches start; None for all boxes."""
        self._store.on_reset = call

    @property
    def held(self) -> journal.Held:
        """What waits in the spool."""
        return self._outage.held

    @property
    def lag_seconds(self) -> float:
        """How long the oldest live batch waits for its commit by now, in seconds; 0 when none waits."""
        times = [item.queued_at for item in self._live.waiting]
        if self._live.oldest is not None:
            times.append(self._live.oldest)
        return self._time.monotonic() - min(times) if times else 0.0

    @property
    def stuck_seconds(self) -> float:
        """How long the longest commit or spooling under way has taken by now, in seconds; 0 when there is none.

        While the database is known to be away a commit waits for it, which is no matter of the writer's.
        """
        begun = [] if self.is_away else list(self._under_way.values())
        if self._spooling_since is not None:
            begun.append(self._spooling_since)
        return self._time.monotonic() - min(begun) if begun else 0.0

    @property
    def is_away(self) -> bool:
        """Say whether the database is known to be away: what waits then waits for it and not for the writer."""
        return self._outage.is_on

    async def until_idle(self) -> None:
        """Wait until everything that was queued has ended."""
        await self._idle.wait()

    async def replay(self) -> None:
        """Write what an earlier process left in the spool, before anything is read from the store.

        Raises DatabaseUnreachable and DiskFull.
        """
        try:
            await self._outage.replay()
        except BaseException:
            await self._store.close()
            raise

    async def run(self) -> None:
        """Commit what is queued, for ever; cancel it to stop."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._outage.run(), name="writer-outage")
                for lane, queue in enumerate((self._live, self._history)):
                    group.create_task(self._serve(lane, queue), name="writer-lane")
        finally:
            stopped = errors.DatabaseUnreachable("The writer was stopped.")
            self._outage.end(stopped)
            self._fail([*self._live.take_all(), *self._history.take_all()], stopped)
            await self._store.close()

    # -- lanes ------------------------------------------------------------------------------------------------

    async def _serve(self, lane: int, queue: lanes.Queue) -> None:
        """Be one lane."""
        while True:
            if not self._outage.is_on and (taken := self._take(queue)):
                await self._work(lane, queue, taken)
            elif self._outage.is_on and queue is self._live and queue.waiting:
                await self._put_away()
            else:
                self._changed.clear()
                await self._changed.wait()

    def _take(self, queue: lanes.Queue) -> list[lanes.Queued]:
        """What history is writing is left alone, and history leaves alone what live rows wait for: neither starves."""
        return queue.take(self._history.writing | (self._live.held if queue is self._history else frozenset()))

    async def _work(self, lane: int, queue: lanes.Queue, taken: list[lanes.Queued]) -> None:
        slots = frozenset[int]().union(*(item.slots for item in taken))
        queue.writing |= slots
        queue.since = self._under_way[lane] = self._time.monotonic()
        queue.oldest = min(item.queued_at for item in taken)
        try:
            await self._commit(lane, queue, taken)
        finally:
            del self._under_way[lane]
            queue.writing -= slots
            queue.since = queue.oldest = None
            self._changed.set()
            self._ended.set()

    def _is_behind(self) -> bool:
        live = self._live
        is_hanging = live.since is not None and self._time.monotonic() - live.since > STALL_SECONDS
        return is_hanging or live.rows > BACKLOG_ROWS

    def _measure(self) -> None:
        self._depth.set(self._unfinished)

    # -- one group --------------------------------------------------------------------------------------------

    async def _commit(self, lane: int, queue: lanes.Queue, taken: list[lanes.Queued]) -> None:
        """Commit a group together, or its batches one by one when it meets a defect."""
        groups = [taken]
        while groups:
            try:
                await self._write(lane, groups[0])
            except outage.AWAY as error:
                self._break(queue, [item for group in groups for item in group], error)
                return
            except Exception as error:
                # A defect ends neither the writer nor what shares a group with it, and says nothing about the database:
                # the box of the culprit asks again, ever more rarely, and people are told.
                _log.error("commit_failed", batches=len(groups[0]), boxes=_boxes(groups[0]), **log.cause(error))
                if len(groups[0]) > 1:
                    groups = [[item] for item in groups[0]]
                    continue
                self._fail(groups[0], errors.DatabaseUnreachable("The commit was given up."))
            except BaseException:
                given_up = errors.DatabaseUnreachable("The commit was given up.")
                self._fail([item for group in groups for item in group], given_up)
                raise
            del groups[0]

    async def _write(self, lane: int, taken: list[lanes.Queued]) -> None:
        begun = self._time.monotonic()
        outcome = await self._store.write(lane, [item.batch for item in taken])
        self._outage.succeeded()
        metrics.COMMIT_SECONDS.observe(self._time.monotonic() - begun)
        for index, item in enumerate(taken):
            is_conflict = index in outcome.conflicts
            if is_conflict:
                _log.warning("commit_conflict", boxes=[move.box for move in item.batch.moves])
            self._tell(item, _CONFLICT if is_conflict else _WRITTEN)
        self._end(taken)

    def _break(self, queue: lanes.Queue, taken: list[lanes.Queued], error: errors.HeliographError) -> None:
        """Let what the spool takes wait for it, in its order, and refuse everything else."""
        self._outage.begin(error)
        queue.put_back(taken)
        waiting = self._live.take_all()
        self._live.put_back(item for item in waiting if self._outage.takes(item.batch))
        refused = [item for item in waiting if not self._outage.takes(item.batch)]
        self._fail(refused + self._history.take_all(), error)

    async def _put_away(self) -> None:
        """Spool some of what waits."""
        taken: list[lanes.Queued] = []

        def take() -> list[records.Batch]:
            self._spooling_since = self._time.monotonic()
            taken.extend(self._live.take())
            return [item.batch for item in taken]

        try:
            refused = await self._outage.put_away(take)
        except errors.SpoolFull as error:
            _log.error("spool_full", reason=str(error), batches=len(taken))
            self._fail(taken, self._outage.reason)
        except BaseException:
            self._fail(taken, self._outage.reason)
            raise
        else:
            self._fail([taken[index] for index in refused or ()], self._outage.reason)
            kept = [item for index, item in enumerate(taken) if index not in (refused or ())]
            for item in kept:
                self._tell(item, _WRITTEN)
            self._end(kept)
        finally:
            self._spooling_since = None
        self._ended.set()

    def _tell(self, item: lanes.Queued, result: CommitResult) -> None:
        if not item.future.done():
            item.future.set_result(result)

    def _fail(self, taken: list[lanes.Queued], error: errors.HeliographError) -> None:
        for item in taken:
            if not item.future.done():
                item.future.set_exception(error)
        self._end(taken)

    def _end(self, taken: list[lanes.Queued]) -> None:
        self._unfinished -= len(taken)
        self._measure()
        if not self._unfinished:
            self._idle.set()


def _boxes(taken: list[lanes.Queued]) -> list[identity.SpaceId]:
    return sorted({move.box for item in taken for move in item.batch.moves})
