"""Faults of requests: refused, flooded, limited, answered late or never."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from heliograph.simulator import rpc
from heliograph.simulator.world import ids

NEVER = math.inf
"""The delay of an answer that does not come."""

# What stays open to an account that is banned: whom it is about is not known before a sign-in.
_ALWAYS_OPEN = frozenset({"help.getConfig", "help.getNearestDc", "auth.bindTempAuthKey"})


class Asked(NamedTuple):
    """One request, as a fault sees it."""

    user_id: int | None
    method: str
    request: Any = None
    is_imported: bool = False
    """The auth key got its sign-in from another data centre, as those of file connections do."""


class RpcFault(Protocol):
    """Asked before each request."""

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Return the error to answer with, None to let the request pass."""


@dataclasses.dataclass(kw_only=True, slots=True)
class _Aimed:
    """A fault of one method (``messages.getHistory``), a namespace (``messages.*``) or all (``*``)."""

    method: str
    user_id: int | None = None
    chat: int | None = None

    def concerns(self, asked: Asked) -> bool:
        """Say whether it is about this request."""
        return (
            _matches(self.method, asked.method)
            and self.user_id in (None, asked.user_id)
            and (self.chat is None or self.chat in peers_in(asked.request))
        )


@dataclasses.dataclass(kw_only=True, slots=True)
class Flood(_Aimed):
    """Refuses a method with a flood wait a number of times; with ``times`` None until the wait has passed."""

    seconds: int
    times: int | None = 1
    name: str = "FLOOD_WAIT"
    monotonic: Callable[[], float] = dataclasses.field(repr=False)
    until: float = 0.0

    def __post_init__(self) -> None:
        self.until = self.monotonic() + self.seconds

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Refuse while the wait lasts or the count is not used up."""
        if not self.concerns(asked):
            return None
        if self.times is not None:
            self.times -= 1
            return rpc.RpcError(420, f"{self.name}_{self.seconds}")
        left = self.until - self.monotonic()
        return rpc.RpcError(420, f"{self.name}_{max(1, round(left))}") if left > 0 else None

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times <= 0 if self.times is not None else self.monotonic() >= self.until


@dataclasses.dataclass(kw_only=True, slots=True)
class Refusal(_Aimed):
    """Refuses a method with any error, a number of times or (None) until it is lifted."""

    error: str
    code: int = 400
    times: int | None = 1

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Refuse while the count is not used up."""
        if not self.concerns(asked):
            return None
        if self.times is not None:
            self.times -= 1
        return rpc.RpcError(self.code, self.error)

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times is not None and self.times <= 0


@dataclasses.dataclass(kw_only=True, slots=True)
class Limit(_Aimed):
    """A limit that nobody is told of: so many requests per account in any ``seconds``, then FLOOD_WAIT.

    The wait is true: a request that comes after it passes, one that comes before is refused again.
    """

    requests: int
    seconds: float
    monotonic: Callable[[], float] = dataclasses.field(repr=False)
    admitted: collections.Counter[int | None] = dataclasses.field(default_factory=collections.Counter)
    refused: collections.Counter[int | None] = dataclasses.field(default_factory=collections.Counter)
    _recent: dict[int | None, collections.deque[float]] = dataclasses.field(default_factory=dict, repr=False)

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Refuse what is beyond the limit, with the seconds until the next request may pass."""
        if not self.concerns(asked):
            return None
        now = self.monotonic()
        recent = self._recent.setdefault(asked.user_id, collections.deque())
        while recent and recent[0] <= now - self.seconds:
            recent.popleft()
        if len(recent) < self.requests:
            recent.append(now)
            self.admitted[asked.user_id] += 1
            return None
        self.refused[asked.user_id] += 1
        return rpc.RpcError(420, f"FLOOD_WAIT_{max(1, math.ceil(recent[0] + self.seconds - now))}")

    @property
    def is_spent(self) -> bool:
        """It lasts until faults are cleared."""
        return False


@dataclasses.dataclass(kw_only=True, slots=True)
class Ban:
    """An account that Telegram has closed: everything it asks is refused, and nothing is pushed to it."""

    user_id: int
    error: str = "USER_DEACTIVATED_BAN"
    code: int = 401

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Refuse whatever the account asks."""
        is_its_own = asked.user_id == self.user_id and asked.method not in _ALWAYS_OPEN
        return rpc.RpcError(self.code, self.error) if is_its_own else None

    @property
    def is_spent(self) -> bool:
        """It lasts until it is lifted."""
        return False


@dataclasses.dataclass(kw_only=True, slots=True)
class Late(_Aimed):
    """Answers that come late, or never; the connection lives on, and the request is acknowledged.

    The answer is made when the request comes: what is read from it is as old as its delay.
    """

    seconds: float
    times: int | None = 1

    def delay(self, asked: Asked) -> float:
        """Return the seconds to wait before answering."""
        if self.is_spent or not self.concerns(asked):
            return 0.0
        if self.times is not None:
            self.times -= 1
        return self.seconds

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times is not None and self.times <= 0


class RpcFaults:
    """The part of ``Faults`` that is asked about requests."""

    monotonic: Callable[[], float]

    def __init__(self) -> None:
        self._rpc: list[RpcFault] = []
        self._late: list[Late] = []

    def add(self, fault: RpcFault) -> None:
        """Ask a fault, or a mere observer, of one's own before each request."""
        self._rpc.append(fault)

    def flood(
        self,
        method: str,
        seconds: int,
        times: int | None = 1,
        *,
        user_id: int | None = None,
        chat: int | None = None,
        name: str = "FLOOD_WAIT",
    ) -> Flood:
        """Answer FLOOD_WAIT to ``messages.getHistory`` or ``messages.*``; ``times`` None: for the whole wait.

        ``name`` may be FLOOD_PREMIUM_WAIT, which slows files down, or another wait.
        """
        fault = Flood(
            method=method,
            seconds=seconds,
            times=times,
            user_id=user_id,
            chat=chat,
            name=name,
            monotonic=self.monotonic,
        )
        self._rpc.append(fault)
        return fault

    def refuse(
        self,
        method: str,
        error: str,
        code: int = 400,
        times: int | None = 1,
        *,
        user_id: int | None = None,
        chat: int | None = None,
    ) -> Refusal:
        """Answer an error to the next calls of a method, or (``times`` None) to all of them; ``chat`` by marked id."""
        fault = Refusal(method=method, error=error, code=code, times=times, user_id=user_id, chat=chat)
        self._rpc.append(fault)
        return fault

    def limit_rate(self, method: str, requests: int, seconds: float, *, user_id: int | None = None) -> Limit:
        """Admit so many requests per account in any ``seconds``; more are answered FLOOD_WAIT with the true wait."""
        fault = Limit(method=method, requests=requests, seconds=seconds, user_id=user_id, monotonic=self.monotonic)
        self._rpc.append(fault)
        return fault

    def ban(self, user_id: int, error: str = "USER_DEACTIVATED_BAN", code: int = 401) -> Ban:
        """Close an account: every request is refused and nothing is pushed any more."""
        fault = Ban(user_id=user_id, error=error, code=code)
        self._rpc.append(fault)
        return fault

    def unban(self, user_id: int) -> None:
        """Open a closed account again."""
        self._rpc = [each for each in self._rpc if not (isinstance(each, Ban) and each.user_id == user_id)]

    def silence(
        self, method: str, times: int | None = 1, *, user_id: int | None = None, chat: int | None = None
    ) -> Late:
        """Never answer the next calls of a method; the connection lives on."""
        return self.slow(method, NEVER, times, user_id=user_id, chat=chat)

    def slow(
        self,
        method: str,
        seconds: float,
        times: int | None = 1,
        *,
        user_id: int | None = None,
        chat: int | None = None,
    ) -> Late:
        """Answer the next calls of a method late."""
        fault = Late(method=method, seconds=seconds, times=times, user_id=user_id, chat=chat)
        self._late.append(fault)
        return fault

    def before_rpc(
        self, user_id: int | None, method: str, request: Any = None, *, is_imported: bool = False
    ) -> rpc.RpcError | None:
        """Return the error that a request is answered with, None to serve it."""
        asked = Asked(user_id, method, request, is_imported)
        for fault in list(self._rpc):
            error = None if fault.is_spent else fault.refuse(asked)
            if fault.is_spent and fault in self._rpc:
                self._rpc.remove(fault)
            if error is not None:
                return error
        return None

    def delay_of(self, user_id: int | None, method: str, request: Any = None) -> float:
        """Return how many seconds late an answer is sent; ``NEVER`` for one that does not come."""
        delay = sum(fault.delay(Asked(user_id, method, request)) for fault in self._late)
        self._late = [fault for fault in self._late if not fault.is_spent]
        return delay

    def is_banned(self, user_id: int) -> bool:
        """Say whether an account is closed."""
        return any(isinstance(fault, Ban) and fault.user_id == user_id for fault in self._rpc)

    def _clear_rpc(self) -> None:
        self._rpc.clear()
        self._late.clear()


def peers_in(request: Any) -> set[int]:
    """Return the marked ids of the chats and users that a request names at its top level."""
    given = [
        getattr(request, "channel", None),
        getattr(request, "peer", None),
        *(getattr(request, "peers", None) or ()),
    ]
    return {peer for each in given if each is not None for peer in _marked(each)}


def _marked(given: Any) -> Iterator[int]:
    given = getattr(given, "peer", given)  # an InputDialogPeer names an InputPeer
    if (number := getattr(given, "channel_id", None)) is not None:
        yield ids.channel_peer(number)
    elif (number := getattr(given, "chat_id", None)) is not None:
        yield ids.chat_peer(number)
    elif (number := getattr(given, "user_id", None)) is not None:
        yield number


def _matches(pattern: str, method: str) -> bool:
    return pattern in ("*", method) or (pattern.endswith(".*") and method.startswith(pattern[:-1]))
