"""Limiters as Telegram may have them: each lets a request pass, or says how long to wait, in whole seconds.

Nobody outside knows which it is, so a governor has to live with all of them. ``penalty_seconds`` is the shortest wait
that one gives, however soon a request would pass.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

_ROUNDING = 1e-9


class Limiter(Protocol):
    """What refuses requests."""

    @property
    def per_second(self) -> float:
        """How many it lets pass for long."""
        ...

    def ask(self, now: float) -> int:
        """Return 0 when a request passes at this moment, otherwise the seconds to wait."""
        ...


@dataclass
class Tokens:
    """``burst`` tokens that come back at ``per_second``."""

    per_second: float
    burst: float
    penalty_seconds: int = 0
    _tokens: float = field(init=False)
    _counted_at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def ask(self, now: float) -> int:
        """Spend a token, or say when there is one."""
        self._tokens = min(self.burst, self._tokens + (now - self._counted_at) * self.per_second)
        self._counted_at = now
        if self._tokens >= 1 - _ROUNDING:
            self._tokens -= 1
            return 0
        return _seconds((1 - self._tokens) / self.per_second, self.penalty_seconds)


@dataclass
class FixedWindow:
    """``count`` requests in each window of ``seconds``; the first window began ``phase`` seconds ago."""

    count: int
    seconds: float
    phase: float = 0.0
    penalty_seconds: int = 0
    _window: int = -1
    _passed: int = 0

    @property
    def per_second(self) -> float:
        """How many it lets pass for long."""
        return self.count / self.seconds

    def ask(self, now: float) -> int:
        """Pass while the window is not full, or say when the next one begins."""
        window = math.floor((now + self.phase + _ROUNDING) / self.seconds)
        if window != self._window:
            self._window, self._passed = window, 0
        if self._passed < self.count:
            self._passed += 1
            return 0
        return _seconds((window + 1) * self.seconds - self.phase - now, self.penalty_seconds)


@dataclass
class SlidingWindow:
    """``count`` requests in any ``seconds``."""

    count: int
    seconds: float
    penalty_seconds: int = 0
    _passed: deque[float] = field(default_factory=deque)

    @property
    def per_second(self) -> float:
        """How many it lets pass for long."""
        return self.count / self.seconds

    def ask(self, now: float) -> int:
        """Pass while fewer passed of late, or say when the oldest of them is forgotten."""
        while self._passed and self._passed[0] <= now - self.seconds + _ROUNDING:
            self._passed.popleft()
        if len(self._passed) < self.count:
            self._passed.append(now)
            return 0
        return _seconds(self._passed[0] + self.seconds - now, self.penalty_seconds)


@dataclass
class Changing:
    """One limiter after the other, each from its second on; the first begins at 0."""

    parts: Sequence[tuple[float, Limiter]]
    _at: float = 0.0

    @property
    def per_second(self) -> float:
        """How many it lets pass for long by now."""
        return self._now().per_second

    def ask(self, now: float) -> int:
        """Ask the one whose time it is."""
        self._at = now
        return self._now().ask(now)

    def _now(self) -> Limiter:
        return [limiter for begin, limiter in self.parts if begin <= self._at][-1]


def _seconds(exact: float, shortest: int) -> int:
    return max(1, shortest, math.ceil(exact - _ROUNDING))
