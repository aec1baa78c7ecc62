"""One transaction per group of batches, on lines of one's own, and the look whether this is still the same database."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from heliograph import log, metrics
from heliograph.crawler.spool import journal, replay
from heliograph.domain import identity, records
from heliograph.store import commit, database, line, lineage, losses

LIVE_SECONDS = 10.0
"""After so long a live commit has failed, and the spool takes its place."""
HISTORY_SECONDS = 60.0

OnReset = Callable[[Iterable[identity.SpaceId] | None], None]

_log = log.get("writer")


class Committer:
    """Writes for the writer's lanes. Raises DatabaseUnreachable and DiskFull, when the outcome may be unknown."""

    def __init__(
        self, opened: database.Database, lanes: int, live_seconds: float, spool: journal.Journal | None
    ) -> None:
        self.on_reset: OnReset = lambda boxes: None
        """Told the boxes whose stored cursors are not where their batches start; None for all boxes there are."""
        self._trial = line.Line(opened, live_seconds)
        self._lines = [line.Line(opened, HISTORY_SECONDS if lane else live_seconds) for lane in range(lanes)]
        self._known: weakref.WeakSet[database.Connection] = weakref.WeakSet()
        self._spool = spool
        self._is_answering = False
        """The database has answered in the attempt that is under way, or was the last one."""
        self._position: tuple[int, int] = spool.position if spool else (0, 0)
        """The newest position in the outbox that was seen committed, with a spool by an earlier process as well."""

    async def write(self, lane: int, batches: Sequence[records.Batch]) -> commit.Outcome:
        """Commit batches on a lane's own connection; lane 0 is the live one."""
        own = self._lines[lane]
        async with own.connection() as conn:
            await self._recognise(conn)
            async with conn.transaction():
                outcome = await commit.commit_with_bisection(conn, batches, own.renew)
        self._note(outcome.position)
        for index, batch in enumerate(batches):
            if index not in outcome.conflicts:
                _count(batch)
        return outcome

    async def replay(self, batches: Sequence[records.Batch]) -> None:
        """Commit batches that were spooled."""
        async with self._try() as conn, conn.transaction():
            done = await replay.write(conn, batches, self._trial.renew)
        self._note(done.position)
        for batch in batches:
            _count(batch)
        if done.elsewhere:
            _log.warning("spooled_elsewhere", boxes=sorted(done.elsewhere))
            self.on_reset(done.elsewhere)

    async def report(self, batch: records.Batch, error: Exception, *, kept: str | None, marks: bool) -> None:
        """Put on record that a batch is given up, and with ``marks`` that its boxes have to be asked for."""
        moved = [move.box for move in batch.moves] if marks else []
        await self._report(sorted(commit.spaces(batch)), moved, {**log.cause(error), "kept": kept})

    async def report_unread(
        self, boxes: Sequence[identity.SpaceId] | None, error: Exception | None, *, kept: str | None, marks: bool
    ) -> None:
        """Do the same for what cannot be read back; ``boxes`` is None when it may have concerned all of them.

        Without an error it was cut off a damaged file.
        """
        detail = log.cause(error) if error is not None else {"error": "damaged"}
        await self._report(boxes or [None], (boxes if marks else []), {**detail, "kept": kept})

    async def _report(
        self,
        told: Sequence[identity.SpaceId | None],
        dirty: Sequence[identity.SpaceId] | None,
        detail: dict[str, str | None],
    ) -> None:
        async with self._try() as conn, conn.transaction():
            await losses.report(conn, [(losses.BATCH_REFUSED, box, None, None, detail) for box in told])
            if dirty is None:
                await losses.mark_all(conn, losses.BATCH_REFUSED)
            elif dirty:
                marks = [records.DirtyMark(box=box, reason=losses.BATCH_REFUSED) for box in dirty]
                await losses.save_marks(conn, [records.Batch(origin="live", dirty=marks)])

    async def look(self) -> None:
        """See whether the database answers; whether it takes commits the next one shows."""
        async with self._try():
            pass

    def was_cut(self, error: BaseException) -> bool:
        """Say whether the line was cut on which the last attempt's database had answered: it is not away."""
        return self._is_answering and database.is_cut(error)

    @property
    def ran_out(self) -> bool:
        """Say whether the last attempt took all its time after the database had answered: it is not away either."""
        return self._is_answering and self._trial.ran_out

    async def close(self) -> None:
        """Close the connections; whoever writes next makes new ones."""
        for each in (self._trial, *self._lines):
            await each.close()

    @contextlib.asynccontextmanager
    async def _try(self) -> AsyncIterator[database.Connection]:
        self._is_answering = False
        async with self._trial.connection() as conn:
            await conn.execute("SELECT 1")
            self._is_answering = True
            await self._recognise(conn)
            yield conn

    def _note(self, position: tuple[int, int] | None) -> None:
        if position is not None and position > self._position:
            self._position = position
            if self._spool is not None:
                self._spool.note(position)

    async def _recognise(self, conn: database.Connection) -> None:
        """Look whether a new connection leads to the database of before, after a fail-over or a restore."""
        if conn in self._known:
            return
        seen, _ = self._position
        epoch, is_begun = await lineage.check(conn, self._position)
        # An epoch that is not the one of before tells it as well: another crawler began it, or this one without hearing
        # that it did.
        if is_begun or (seen and epoch != seen):
            _log.warning("database_is_another", outbox_epoch=epoch)
            # Cursors may have gone back with their rows, of boxes too that say nothing for a long time.
            self.on_reset(None)
        if epoch != seen:
            self._position = (epoch, 0)
        self._known.add(conn)


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
