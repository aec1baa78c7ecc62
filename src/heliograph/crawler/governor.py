"""No request to Telegram goes out but through here (invariant 15).

One governor per account: a token bucket per method family, a flood wait that is obeyed to the second and survives
restarts, and a shared gate that lets differences pass before lists of chats, and those before history. It sleeps for
tokens, which takes moments; a frozen family is refused with FloodWait instead, so that whoever waits does it knowingly.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

from telethon.tl import functions

from heliograph import clock, config, errors, log, metrics

IN_FLIGHT = 32
"""Requests of one account that Telegram works on at once; beyond it priorities decide."""

_FAMILIES: dict[type, str] = {
    functions.messages.GetHistoryRequest: "history",
    functions.messages.GetMessagesRequest: "messages",
    functions.channels.GetMessagesRequest: "messages",
    functions.updates.GetDifferenceRequest: "difference",
    functions.updates.GetStateRequest: "difference",
    functions.updates.GetChannelDifferenceRequest: "channel_difference",
    functions.messages.GetPeerDialogsRequest: "peer_dialogs",
    functions.messages.GetDialogsRequest: "dialogs",
    functions.contacts.ResolveUsernameRequest: "resolve",
    functions.messages.GetMessagesReactionsRequest: "reactions",
    functions.messages.GetForumTopicsRequest: "topics",
    functions.upload.GetFileRequest: "files",
}
Purpose = Literal["difference", "other", "sentinel", "list", "repair", "history", "audit", "files"]
"""What a request is for. It decides who goes first; the method decides which bucket is charged."""
_PRIORITIES: dict[Purpose, int] = {
    "difference": 0,
    "other": 1,
    "sentinel": 2,
    "list": 3,
    "repair": 4,
    "history": 5,
    "audit": 6,
    "files": 7,
}
_PURPOSES: dict[str, Purpose] = {
    "difference": "difference",
    "channel_difference": "difference",
    "peer_dialogs": "sentinel",
    "dialogs": "list",
    "topics": "list",
    "messages": "repair",
    "history": "history",
    "reactions": "audit",
    "files": "files",
}
"""What a request of a family is for unless its caller says otherwise."""
_ROUNDING = 1e-9
"""A token that lacks only this is whole: sleeping for it would take no time and never end."""

_log = log.get("governor")

Sleep = Callable[[float], Awaitable[None]]
OnFreeze = Callable[[str, datetime], Awaitable[None]]


def family_of(request: Any) -> str:
    """Return the method family that a request is charged to."""
    return _FAMILIES.get(type(request), "other")


class Governor:
    """One account's allowance.

    ``frozen`` holds the flood waits that were stored before the start; ``on_freeze`` stores a new one.
    """

    def __init__(
        self,
        budget: Callable[[str], config.Budget],
        *,
        time: clock.Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        frozen: Mapping[str, datetime] | None = None,
        on_freeze: OnFreeze | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._budget = budget
        self._time = time or clock.SystemClock()
        self._sleep = sleep
        self._on_freeze = on_freeze
        self._buckets: dict[str, _Bucket] = {}
        self._gate = _Gate(in_flight)
        # Held in monotonic seconds: a wall clock that is set back must not prolong a wait, nor one set forward end it.
        self._frozen_until = {
            family: self._time.monotonic() + (until - self._time.now()).total_seconds()
            for family, until in (frozen or {}).items()
        }

    def frozen_seconds(self, family: str) -> float:
        """Return for how long a family is still frozen; 0 when it is not."""
        return max(0.0, self._frozen_until.get(family, 0.0) - self._time.monotonic())

    async def freeze(self, family: str, seconds: float) -> None:
        """Obey a flood wait: nothing of this family goes out for so long, also after a restart."""
        self._frozen_until[family] = max(self._frozen_until.get(family, 0.0), self._time.monotonic() + seconds)
        metrics.FLOOD_WAITS.labels(family).inc()
        _log.warning("flood_wait", family=family, seconds=seconds)
        if self._on_freeze is not None:
            await self._on_freeze(family, self._time.now() + timedelta(seconds=seconds))

    @asynccontextmanager
    async def permit(self, family: str, purpose: Purpose | None = None) -> AsyncIterator[None]:
        """Wait for this family's turn and hold it while the request runs. Raises FloodWait while it is frozen."""
        self._refuse_frozen(family)
        bucket = self._bucket(family)
        async with bucket.slots:
            await bucket.take(self._time, self._sleep)
            await self._gate.enter(_PRIORITIES[purpose or _PURPOSES.get(family, "other")])
            try:
                self._refuse_frozen(family)
                yield
            finally:
                self._gate.leave()

    def _refuse_frozen(self, family: str) -> None:
        if (seconds := self.frozen_seconds(family)) > 0:
            raise errors.FloodWait(seconds, family)

    def _bucket(self, family: str) -> _Bucket:
        bucket = self._buckets.get(family)
        if bucket is None:
            bucket = self._buckets[family] = _Bucket(family, self._budget(family), self._time.monotonic())
        return bucket


class _Bucket:
    """``burst`` tokens that come back at ``per_second``, handed out in the order of asking."""

    def __init__(self, family: str, budget: config.Budget, now: float) -> None:
        self.slots = asyncio.Semaphore(budget.concurrent)
        self._budget = budget
        self._tokens = budget.burst
        self._counted_at = now
        self._turn = asyncio.Lock()
        self._gauge = metrics.BUDGET.labels(family)

    async def take(self, time: clock.Clock, sleep: Sleep) -> None:
        """Take a token, sleeping until there is one."""
        async with self._turn:
            while (missing := 1 - self._count(time.monotonic())) > _ROUNDING:
                await sleep(missing / self._budget.per_second)
            self._tokens -= 1
            self._gauge.set(self._tokens)

    def _count(self, now: float) -> float:
        gained = (now - self._counted_at) * self._budget.per_second
        self._tokens = min(self._budget.burst, self._tokens + gained)
        self._counted_at = now
        return self._tokens


class _Gate:
    """A semaphore whose waiters pass by priority, then by arrival."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0

    async def enter(self, priority: int) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._waiters, (priority, self._arrivals, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        while self._waiters:
            _, _, turn = heapq.heappop(self._waiters)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
