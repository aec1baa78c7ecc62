"""Faults, each an object that is asked at its place: before a request, on a push, on a connection.

``Faults`` holds the active ones. A new kind of fault is a new class here with the hook it needs, and a line in
``KINDS`` for the control API.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

from heliograph.simulator import rpc

Deliveries = list[tuple[float, Any]]
TooLong = Literal["page", "strict"]
PtsStyle = Literal["real", "final", "zero"]


class Cuttable(Protocol):
    """What a fault does to a connection."""

    def abort(self) -> None:
        """Close at once, without a word."""

    def stall(self, seconds: float) -> None:
        """Stay open but neither read nor write for a while."""


class RpcFault(Protocol):
    """Asked before each request."""

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""

    def refuse(self, user_id: int | None, method: str) -> rpc.RpcError | None:
        """Return the error to answer with, None to let the request pass."""


class PushFault(Protocol):
    """Asked for each push."""

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""

    def change(self, user_id: int, deliveries: Deliveries) -> Deliveries:
        """Return what is delivered instead, as (delay in seconds, container)."""


@dataclasses.dataclass(kw_only=True, slots=True)
class Flood:
    """Refuses a method with FLOOD_WAIT a number of times; with ``times`` None until the wait has passed."""

    method: str
    seconds: int
    times: int | None = 1
    user_id: int | None = None
    until: float | None = None

    def refuse(self, user_id: int | None, method: str) -> rpc.RpcError | None:
        """Refuse while the wait lasts or the count is not used up."""
        if not _matches(self.method, method) or self.user_id not in (None, user_id):
            return None
        if self.times is not None:
            self.times -= 1
            return rpc.RpcError(420, f"FLOOD_WAIT_{self.seconds}")
        left = (self.until or 0) - time.monotonic()
        return rpc.RpcError(420, f"FLOOD_WAIT_{max(1, round(left))}") if left > 0 else None

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times <= 0 if self.times is not None else time.monotonic() >= (self.until or 0)


@dataclasses.dataclass(kw_only=True, slots=True)
class Refusal:
    """Refuses a method with any error a number of times."""

    method: str
    error: str
    code: int = 400
    times: int = 1
    user_id: int | None = None

    def refuse(self, user_id: int | None, method: str) -> rpc.RpcError | None:
        """Refuse while the count is not used up."""
        if not _matches(self.method, method) or self.user_id not in (None, user_id):
            return None
        self.times -= 1
        return rpc.RpcError(self.code, self.error)

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times <= 0


@dataclasses.dataclass(kw_only=True, slots=True)
class _Counted:
    """A fault of the next ``left`` pushes."""

    left: int
    user_id: int | None = None

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.left <= 0

    def takes(self, user_id: int) -> bool:
        """Say whether it is about this push, and count it."""
        if self.is_spent or self.user_id not in (None, user_id):
            return False
        self.left -= 1
        return True


class Drop(_Counted):
    """Pushes that never arrive."""

    def change(self, user_id: int, deliveries: Deliveries) -> Deliveries:
        """Deliver nothing."""
        return [] if self.takes(user_id) else deliveries


class Duplicate(_Counted):
    """Pushes that arrive twice."""

    def change(self, user_id: int, deliveries: Deliveries) -> Deliveries:
        """Deliver twice."""
        return deliveries * 2 if self.takes(user_id) else deliveries


@dataclasses.dataclass(kw_only=True, slots=True)
class Delay(_Counted):
    """Pushes that arrive late."""

    seconds: float = 1.0

    def change(self, user_id: int, deliveries: Deliveries) -> Deliveries:
        """Deliver later."""
        if not self.takes(user_id):
            return deliveries
        return [(delay + self.seconds, container) for delay, container in deliveries]


@dataclasses.dataclass(kw_only=True, slots=True)
class Reorder(_Counted):
    """Pushes that are held back until the same user's next one, and arrive after it."""

    held: dict[int, Deliveries] = dataclasses.field(default_factory=dict)

    def change(self, user_id: int, deliveries: Deliveries) -> Deliveries:
        """Hold one push, or deliver the one held before after this one."""
        held = self.held.pop(user_id, None)
        if held is not None:
            return deliveries + held
        if self.takes(user_id):
            self.held[user_id] = deliveries
            return []
        return deliveries

    @property
    def is_spent(self) -> bool:
        """Say whether it is over: nothing more to hold and nothing held."""
        return self.left <= 0 and not self.held


class Faults:
    """The active faults and the server's choices where Telegram's own behaviour is not known.

    ``too_long`` says when a difference is refused as too long: ``page`` when its events are gone, ``strict`` also
    when more than one page of them lies behind. ``difference_limit`` caps the page size. ``pts_style`` says which
    counters edits and deletions inside a difference carry: their own, the answer's with count 0, or zero.
    """

    def __init__(self) -> None:
        self.too_long: TooLong = "page"
        self.pts_style: PtsStyle = "real"
        self.difference_limit = 100
        self.refused_until = 0.0
        self._rpc: list[RpcFault] = []
        self._pushes: list[PushFault] = []
        self._connections: set[Cuttable] = set()

    # What tests and the control API turn on.

    def flood(self, method: str, seconds: int, times: int | None = 1, *, user_id: int | None = None) -> Flood:
        """Answer FLOOD_WAIT to ``messages.getHistory`` or ``messages.*``; ``times`` None: for the whole wait."""
        fault = Flood(method=method, seconds=seconds, times=times, user_id=user_id, until=time.monotonic() + seconds)
        self._rpc.append(fault)
        return fault

    def refuse(self, method: str, error: str, code: int = 400, times: int = 1) -> Refusal:
        """Answer an error to the next calls of a method."""
        fault = Refusal(method=method, error=error, code=code, times=times)
        self._rpc.append(fault)
        return fault

    def drop_updates(self, n: int = 1, *, user_id: int | None = None) -> None:
        """Lose the next ``n`` pushes."""
        self._pushes.append(Drop(left=n, user_id=user_id))

    def duplicate_updates(self, n: int = 1, *, user_id: int | None = None) -> None:
        """Send the next ``n`` pushes twice."""
        self._pushes.append(Duplicate(left=n, user_id=user_id))

    def reorder_updates(self, n: int = 1, *, user_id: int | None = None) -> None:
        """Swap each of the next ``n`` pushes with the one after it."""
        self._pushes.append(Reorder(left=n, user_id=user_id))

    def delay_updates(self, n: int = 1, seconds: float = 1.0, *, user_id: int | None = None) -> None:
        """Send the next ``n`` pushes late."""
        self._pushes.append(Delay(left=n, seconds=seconds, user_id=user_id))

    def cut(self, seconds: float = 0.0) -> int:
        """Close every connection, and refuse new ones for ``seconds``; returns how many there were."""
        self.refused_until = time.monotonic() + seconds
        open_now = list(self._connections)
        for connection in open_now:
            connection.abort()
        return len(open_now)

    def stall(self, seconds: float) -> int:
        """Let every connection hang for ``seconds``; returns how many there were."""
        open_now = list(self._connections)
        for connection in open_now:
            connection.stall(seconds)
        return len(open_now)

    def clear(self) -> None:
        """End all faults."""
        self._rpc.clear()
        self._pushes.clear()
        self.refused_until = 0.0
        self.too_long, self.pts_style, self.difference_limit = "page", "real", 100

    # What the server asks.

    def before_rpc(self, user_id: int | None, method: str) -> rpc.RpcError | None:
        """Return the error that a request is answered with, None to serve it."""
        for fault in list(self._rpc):
            error = None if fault.is_spent else fault.refuse(user_id, method)
            if fault.is_spent:
                self._rpc.remove(fault)
            if error is not None:
                return error
        return None

    def on_push(self, user_id: int, container: Any) -> Deliveries:
        """Return what is delivered for a push, as (delay in seconds, container)."""
        deliveries: Deliveries = [(0.0, container)]
        for fault in list(self._pushes):
            deliveries = fault.change(user_id, deliveries)
            if fault.is_spent:
                self._pushes.remove(fault)
        return deliveries

    @property
    def is_refusing(self) -> bool:
        """Say whether new connections are refused at the moment."""
        return time.monotonic() < self.refused_until

    def add_connection(self, connection: Cuttable) -> None:
        """Make a connection known to ``cut`` and ``stall``."""
        self._connections.add(connection)

    def remove_connection(self, connection: Cuttable) -> None:
        """Forget a connection."""
        self._connections.discard(connection)


def _choose(name: str) -> Callable[..., None]:
    def choose(faults: Faults, *, value: Any) -> None:
        setattr(faults, name, value)

    return choose


KINDS: dict[str, Callable[..., Any]] = {
    "flood": Faults.flood,
    "refuse": Faults.refuse,
    "drop_updates": Faults.drop_updates,
    "duplicate_updates": Faults.duplicate_updates,
    "reorder_updates": Faults.reorder_updates,
    "delay_updates": Faults.delay_updates,
    "cut": Faults.cut,
    "stall": Faults.stall,
    "clear": Faults.clear,
    "too_long": _choose("too_long"),
    "pts_style": _choose("pts_style"),
    "difference_limit": _choose("difference_limit"),
}


def _matches(pattern: str, method: str) -> bool:
    return pattern in ("*", method) or (pattern.endswith(".*") and method.startswith(pattern[:-1]))
