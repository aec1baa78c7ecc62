"""From a failed commit to the one that proves the database back: the spool takes what comes, the breaker sets the pace.

Batches count as written once they are fsynced in the spool (invariant 3), and while it holds any, all go there: order
is what the cursors live on. The last part is written while newcomers wait, so that the spool is empty when batches go
straight to the database again. Without a spool what comes is refused, and asked of Telegram again (level 0).

A batch that meets a defect, here and at a start, is set aside beside the spool after some attempts: the others go on,
and its boxes begin anew from their cursors. So is, at once, what cannot be read back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from heliograph import clock, errors, log
from heliograph.crawler import breaker, committer
from heliograph.crawler.spool import journal
from heliograph.domain import records

DEFECTS = 3
"""Times that a part of the spool is tried as a whole before its batches are tried one by one."""
SPOOLED: Final = frozenset({"live", "difference", "anchor"})
"""Origins of what the engine decides: the others ask again after a failure, and lose nothing by it."""
AWAY: Final = (errors.DatabaseUnreachable, errors.DiskFull)

_log = log.get("writer")


class Outage:
    """Whether the database is away, and what is done about it. Run it with :meth:`run`."""

    def __init__(
        self,
        store: committer.Committer,
        *,
        spool: journal.Journal | journal.Absent,
        time: clock.Clock,
        sleep: Callable[[float], Awaitable[None]],
        on_change: Callable[[], None],
    ) -> None:
        self.reason: errors.HeliographError = errors.DatabaseUnreachable()
        """Of the newest outage."""
        self.breaker = breaker.Breaker(time.monotonic)
        self._store = store
        self._spool = spool if isinstance(spool, journal.Journal) else None
        self._off = spool.why if isinstance(spool, journal.Absent) else None
        self._sleep = sleep
        self._on_change = on_change
        self._lock = asyncio.Lock()
        """Whoever reads or writes the spool holds it, and whoever settles that the outage is over."""
        self._over = asyncio.Event()
        self._over.set()
        self._begun = asyncio.Event()
        """The contrary of over, to be waited for."""
        self._hint = asyncio.Event()
        self._defects = 0

    @property
    def is_on(self) -> bool:
        """Say whether the database is away, or does not hold all that was spooled."""
        return not self._over.is_set()

    @property
    def has_spool(self) -> bool:
        """Say whether there is a spool, full or not."""
        return self._spool is not None

    @property
    def held(self) -> journal.Held:
        """What waits in the spool."""
        return self._spool.held if self._spool else journal.Held(batches=0, bytes=0, oldest_at=None, off=self._off)

    def takes(self, batch: records.Batch) -> bool:
        """Say whether the spool takes such a batch."""
        return self._spool is not None and batch.origin in SPOOLED

    def begin(self, error: errors.HeliographError) -> bool:
        """Take that a commit failed; False when that is no news."""
        if self.is_on:
            return False
        self.reason = error
        self._over.clear()
        self._begun.set()
        self.breaker.failed()
        _log.error("database_away", reason=str(error), attempts=self.breaker.attempts)
        self._on_change()
        return True

    def succeeded(self) -> None:
        """Take that something was written."""
        if self.breaker.attempts:
            _log.info("database_back", attempts=self.breaker.attempts)
        self.breaker.succeeded()

    def try_now(self) -> None:
        """Take that somebody else has just reached the database, and end the pause before the next attempt."""
        if self.is_on:
            self.breaker.half_open()
            self._hint.set()

    async def until_over(self) -> None:
        """Wait until the database takes commits again, and holds all that was spooled."""
        await self._over.wait()

    async def put_away(self, take: Callable[[], Sequence[records.Batch]]) -> dict[int, Exception] | None:
        """Spool what ``take`` gives; return why batches were left out, by index, or None when the outage is over.

        Raises SpoolFull, and none of them is kept then.
        """
        async with self._lock:
            if not self.is_on or self._spool is None:
                return None
            return await self._spool.append(take())

    async def replay(self) -> None:
        """Write all that an earlier process left in the spool. Raises DatabaseUnreachable and DiskFull."""
        while self._spool is not None and (part := await self._spool.oldest()):
            _log.info("spool_replayed", batches=len(part.batches), left=self._spool.held.batches)
            try:
                await self._write(part, is_start=True)
            except Exception as error:  # as in run(): else no start would ever get past it
                if self._is_away(error):
                    raise
                self._note_defect(error)
                await self._sleep(self.breaker.pause())
            else:
                await self._spool.forget(part)
        if self._spool is not None and (cuts := self._spool.cuts):
            for kept in cuts:
                await self._report(self._store.report_unread(None, None, kept=kept, marks=True))
            self._spool.note_cuts()

    async def run(self) -> None:
        """Try the database, the more rarely the longer it is away, until it holds all that was spooled; for ever."""
        while True:
            await self._begun.wait()
            await self._pause()
            try:
                while self.is_on:
                    await self._catch_up()
            except Exception as error:  # whatever it is, the spool is tried again
                if not self._is_away(error):
                    self._note_defect(error)
                    continue
                self.breaker.failed(is_cut=self._store.was_cut(error))
                _log.info("database_still_away", reason=str(error), breaker=self.breaker.state)

    def end(self, error: errors.HeliographError) -> None:
        """Refuse everything from now on; the spool is kept for the next process."""
        self.reason = error
        self._over.clear()
        self._begun.set()
        self._spool = None
        self._on_change()

    async def _catch_up(self) -> None:
        """Write the oldest part of the spool. What comes meanwhile is put behind it, but waits for the last part."""
        async with self._lock:
            part = await self._spool.oldest() if self._spool else None
            if part and self._spool and self._spool.is_last(part) and not self.breaker.attempts:
                await self._write(part)
                await self._spool.forget(part)
                self._is_over()
                return
        # An attempt that may take long holds up nobody.
        await (self._store.look() if part is None else self._write(part))
        async with self._lock:
            if part and self._spool:
                await self._spool.forget(part)
            if self._spool is None or self._spool.is_empty:
                self._is_over()

    def _is_away(self, error: Exception) -> bool:
        """Say whether an attempt failed for the database, and not for what it wrote.

        What takes all its time on a database that answers would take it every time.
        """
        return isinstance(error, AWAY) and not self._store.ran_out

    def _note_defect(self, error: Exception) -> None:
        self._defects += 1
        self.breaker.failed()
        _log.error("replay_failed", attempts=self._defects, **log.cause(error))

    async def _write(self, part: journal.Part, *, is_start: bool = False) -> None:
        if self._defects >= DEFECTS:
            for batch in part.batches:
                await self._write_alone(batch, is_start=is_start)
        elif part.batches:
            await self._store.replay(part.batches)
        for unread in part.unread:
            await self._give_up(unread, is_start=is_start)
        self._defects = 0
        self.succeeded()

    async def _write_alone(self, batch: records.Batch, *, is_start: bool) -> None:
        """Write one batch of a part that fails for a reason that is no error of the data, or set it aside."""
        try:
            await self._store.replay([batch])
        except Exception as error:
            if self._is_away(error):
                raise
            kept = await self._spool.set_aside(batch) if self._spool else None
            boxes = [move.box for move in batch.moves]
            _log.error("spooled_batch_refused", boxes=boxes, kept=kept, **log.cause(error))
            await self._report(self._store.report(batch, error, kept=kept, marks=is_start))
            self._store.on_reset(boxes)

    async def _give_up(self, unread: journal.Unread, *, is_start: bool) -> None:
        """Set aside what cannot be read back; boxes that it may have moved begin anew."""
        kept = await self._spool.set_aside(unread) if self._spool else None
        boxes = unread.boxes
        _log.error("spooled_batch_unreadable", boxes=boxes, kept=kept, **log.cause(unread.error))
        await self._report(self._store.report_unread(boxes, unread.error, kept=kept, marks=is_start))
        self._store.on_reset(boxes)

    async def _report(self, reporting: Awaitable[None]) -> None:
        """Put on record what is given up; a mark has its boxes asked for once they are met."""
        try:
            await reporting
        except AWAY:
            raise
        except Exception as failure:  # what is on disk and in the log must do
            _log.error("refusal_not_reported", **log.cause(failure))

    async def _pause(self) -> None:
        """Wait as long as the breaker says, or until somebody has reached the database."""
        waits = {asyncio.ensure_future(self._sleep(self.breaker.pause())), asyncio.create_task(self._hint.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hint.clear()
            for each in waits:
                each.cancel()

    def _is_over(self) -> None:
        self._begun.clear()
        self._over.set()
        self._on_change()
