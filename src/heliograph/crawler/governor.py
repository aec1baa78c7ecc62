"""No request to Telegram goes out but through here (invariant 15).

One governor per account: a bucket per method family whose pace is learned (budgets.py), a flood wait that is obeyed to
the second and survives restarts, and one order of waiting for all of them: by purpose, then by arrival. Whoever waits
holds nothing, neither a token nor a place, so that a low priority never delays a higher one. A frozen family is refused
with FloodWait instead, so that whoever waits does it knowingly.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from heliograph import clock, config, errors, log, metrics
from heliograph.crawler import budgets, families
from heliograph.store import accounts

IN_FLIGHT = 32
"""Requests of one account that Telegram works on at once; beyond it priorities decide."""

AGAIN_SECONDS = 1.0
"""When to ask again after such a wait for another family."""
STORE_SECONDS = 60.0
"""At most so often is a family's pace stored while it climbs; a refusal is stored at once."""
WORTH_STORING = 0.05
CLOSE_SECONDS = 2.0
_ROUNDING = 1e-9
"""A token that lacks only this is whole: sleeping for it would take no time and never end."""
_UNKNOWN = (errors.Disconnected, errors.RpcTimeout, errors.SessionEnded)
"""After these nobody can tell whether Telegram counted the request."""

_log = log.get("governor")

Sleep = Callable[[float], Awaitable[None]]
OnFreeze = Callable[[str, datetime], Awaitable[None]]
OnLearn = Callable[[str, accounts.Learned], Awaitable[None]]


class Governor:
    """One account's allowance.

    ``budget`` gives a family's first budget and ``highest`` the pace that it never exceeds, in requests per second.
    ``frozen`` and ``learned`` hold what was stored before the start; ``on_freeze`` and ``on_learn`` store what is new.
    """

    def __init__(
        self,
        budget: Callable[[str], config.Budget],
        *,
        highest: Callable[[str], float] = lambda _: math.inf,
        time: clock.Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        frozen: Mapping[str, datetime] | None = None,
        learned: Mapping[str, accounts.Learned] | None = None,
        on_freeze: OnFreeze | None = None,
        on_learn: OnLearn | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._budget = budget
        self._highest = highest
        self._time = time or clock.SystemClock()
        self._sleep = sleep
        self._on_freeze = on_freeze
        self._on_learn = on_learn
        self._learned = dict(learned or {})
        self._families: dict[str, _Family] = {}
        self._free = in_flight
        self._arrivals = 0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf
        self._writes: set[asyncio.Task[None]] = set()
        # Held in monotonic seconds: a wall clock that is set back must not prolong a wait, nor one set forward end it.
        self._frozen_until = {
            family: self._time.monotonic() + (until - self._time.now()).total_seconds()
            for family, until in (frozen or {}).items()
        }

    def frozen_seconds(self, family: str) -> float:
        """Return for how long a family is still frozen; 0 when it is not."""
        return max(0.0, self._frozen_until.get(family, 0.0) - self._time.monotonic())

    def per_second(self, family: str) -> float:
        """Return the pace of a family that is believed to last."""
        return self._family(family).bucket.pace.proven

    async def freeze(self, family: str, seconds: float) -> None:
        """Obey a flood wait: nothing of this family goes out for so long, also after a restart."""
        self._frozen_until[family] = max(self._frozen_until.get(family, 0.0), self._time.monotonic() + seconds)
        metrics.FLOOD_WAITS.labels(family).inc()
        _log.warning("flood_wait", family=family, seconds=seconds)
        if family in self._families:
            self._families[family].refuse(errors.FloodWait(self.frozen_seconds(family), family))
        if self._on_freeze is not None:
            # As long as the longest, which a shorter one does not end.
            await self._on_freeze(family, self._time.now() + timedelta(seconds=self.frozen_seconds(family)))

    @asynccontextmanager
    async def permit(self, family: str, purpose: families.Purpose | None = None) -> AsyncIterator[None]:
        """Wait for this family's turn and hold it while the request runs, and learn from how it ends.

        Raises FloodWait while the family is frozen. A FloodWait that the request raises freezes it.
        """
        self._refuse_frozen(family)
        found = self._family(family)
        turn = await self._turn(found, families.priority(family, purpose))
        try:
            self._refuse_frozen(family)
            try:
                yield
            except errors.FloodWait as wait:
                raise await self._flooded(found, turn, wait) from None
            except _UNKNOWN:
                raise
            except errors.TelegramError:
                self._passed(found)
                raise
            else:
                self._passed(found)
        finally:
            self._release(found)

    async def close(self) -> None:
        """Wait a moment for what is being stored; the governor can be used on."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=CLOSE_SECONDS)
        for write in self._writes:
            write.cancel()

    # -- turns ------------------------------------------------------------------------------------------------

    async def _turn(self, family: _Family, priority: int) -> _Turn:
        self._arrivals += 1
        turn = _Turn(priority=priority, arrival=self._arrivals)
        heapq.heappush(family.waiting, turn)
        self._serve()
        try:
            await turn.granted
        except asyncio.CancelledError:
            if turn.granted.cancelled():
                self._serve()
            elif turn.granted.exception() is None:
                self._release(family)
            raise
        return turn

    def _serve(self) -> None:
        """Give turns to whoever may go, the first in order first, and come back when the next token is there."""
        known = self._families.values()
        soonest = math.inf
        while self._free > 0:
            now = self._time.monotonic()
            soonest = min((family.seconds(now) for family in known), default=math.inf)
            if soonest > 0:
                break
            self._grant(min((each for each in known if each.seconds(now) <= 0), key=_Family.first), now)
        self._wake_in(soonest if self._free > 0 else math.inf)

    def _grant(self, family: _Family, now: float) -> None:
        turn = heapq.heappop(family.waiting)
        turn.granted_at = now
        family.bucket.take(now, is_paced=turn.is_paced)
        family.bucket.running += 1
        metrics.BUDGET.labels(family.name).set(family.bucket.tokens(now))
        self._free -= 1
        turn.granted.set_result(None)

    def _release(self, family: _Family) -> None:
        family.bucket.running -= 1
        self._free += 1
        self._serve()

    def _wake_in(self, seconds: float) -> None:
        at = self._time.monotonic() + seconds
        if self._alarm is not None and abs(at - self._alarm_at) <= _ROUNDING:
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if math.isfinite(seconds):
            self._alarm_at = at
            self._alarm = asyncio.create_task(self._wake(seconds), name="governor")

    async def _wake(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._alarm = None
        self._serve()

    # -- learning ---------------------------------------------------------------------------------------------

    def _passed(self, family: _Family) -> None:
        family.bucket.pace.passed()
        now = self._time.monotonic()
        change = abs(family.bucket.pace.proven / family.stored - 1)
        if change > WORTH_STORING and now - family.stored_at >= STORE_SECONDS:
            task = asyncio.create_task(self._store(family), name="governor-store")
            self._writes.add(task)
            task.add_done_callback(self._writes.discard)

    async def _flooded(self, family: _Family, turn: _Turn, wait: errors.FloodWait) -> errors.FloodWait:
        """Obey a flood wait, learn from it, and return what the caller is told."""
        if wait.is_media and family.name != families.FILES:
            await self.freeze(families.FILES, wait.seconds)
            return errors.FloodWait(AGAIN_SECONDS, wait.method)
        now = self._time.monotonic()
        family.flooded_at = self._time.now()
        is_news = family.bucket.refused(now, wait.seconds, sent_at=turn.granted_at, is_paced=turn.is_paced)
        await self.freeze(family.name, wait.seconds)
        if is_news:
            _log.info("pace_learned", family=family.name, per_second=round(family.bucket.pace.proven, 4))
            await self._store(family)
        return wait

    async def _store(self, family: _Family) -> None:
        family.stored, family.stored_at = family.bucket.pace.proven, self._time.monotonic()
        if self._on_learn is not None:
            known = accounts.Learned(
                per_second=family.stored, learned_at=self._time.now(), flooded_at=family.flooded_at
            )
            await self._on_learn(family.name, known)

    def _refuse_frozen(self, family: str) -> None:
        if (seconds := self.frozen_seconds(family)) > 0:
            raise errors.FloodWait(seconds, family)

    def _family(self, name: str) -> _Family:
        found = self._families.get(name)
        if found is None:
            found = self._families[name] = self._begin(name)
        return found

    def _begin(self, name: str) -> _Family:
        budget, known, now = self._budget(name), self._learned.get(name), self._time.monotonic()
        is_known = known is not None and known.flooded_at is not None
        pace = budgets.Pace(
            known.per_second if known else budget.per_second,
            highest=min(self._highest(name), max(budgets.HIGHEST, budget.per_second)),
            is_known=is_known,
        )
        bucket = budgets.Bucket(budget, now, pace, is_known=is_known)
        return _Family(name, bucket, flooded_at=known.flooded_at if known else None)


@dataclass(order=True, kw_only=True, slots=True)
class _Turn:
    """A request that waits: the lesser goes first."""

    priority: int
    arrival: int
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), compare=False
    )
    granted_at: float = field(default=0.0, compare=False)
    is_paced: bool = field(default=False, compare=False)
    """Whether it had to wait for a token."""


class _Family:
    """A family's bucket and who waits for it."""

    def __init__(self, name: str, bucket: budgets.Bucket, *, flooded_at: datetime | None) -> None:
        self.name = name
        self.bucket = bucket
        self.waiting: list[_Turn] = []
        self.flooded_at = flooded_at
        self.stored = bucket.pace.proven
        self.stored_at = -math.inf

    def first(self) -> _Turn:
        """Return who waits and goes first."""
        return self.waiting[0]

    def seconds(self, now: float) -> float:
        """Return when the first who waits may go; infinity when it waits for another one's end, or nobody waits."""
        while self.waiting and self.waiting[0].granted.done():
            heapq.heappop(self.waiting)
        if not self.waiting or self.bucket.running >= self.bucket.concurrent:
            return math.inf
        missing = self.bucket.seconds_until_token(now)
        if missing <= _ROUNDING:
            return 0.0
        self.waiting[0].is_paced = True
        return missing

    def refuse(self, error: errors.FloodWait) -> None:
        """Tell all who wait that it takes longer."""
        for turn in self.waiting:
            if not turn.granted.done():
                turn.granted.set_exception(errors.FloodWait(error.seconds, error.method))
        self.waiting.clear()
