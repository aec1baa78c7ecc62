"""The states of a box, and the times and sizes that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

PAGE: Final = 100
"""Updates of a difference's page."""


class State(Enum):
    """What a box is doing."""

    UNANCHORED = "unanchored"
    LIVE = "live"
    WAIT = "wait"
    """A gap; the missing update may still arrive out of order."""
    DIFF = "diff"
    DIRTY = "dirty"
    """A difference is due at the deadline, or, without one, once the committed cursor has been read again."""
    HELD = "held"
    """No account may read it at present; the cursor stays."""
    STUCK = "stuck"
    """Answers cannot be decoded; tried again slowly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Times in seconds and sizes in events."""

    gap_wait: float = 0.5
    first_backoff: float = 1.0
    last_backoff: float = 60.0
    silence: float = 900.0
    postponed: int = 1_000
    """Events kept per box while it waits or fetches; more are dropped, and fetched afterwards."""
    postponed_in_all: int = 10_000
    """The same for all boxes together."""
    uncommitted: int = 2_000
    """Live events kept per box while a commit is in flight."""
    page_limit: int = PAGE
    gap_open: float = 5.0
    """A gap that lasts longer is on record before it closes."""
    stuck_after: int = 3
    """Undecodable answers in a row."""

    def limit(self, undecodable: int) -> int:
        """Return the size of a page. A smaller one may be answered TooLong (section 1.3), so it is the last resort."""
        shrunk = max(0, undecodable - self.stuck_after + 1)
        return max(1, self.page_limit // int(10**shrunk))


class Backoff:
    """Pauses in seconds that double from one failure to the next."""

    __slots__ = ("_pause", "_rules")

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._pause = 0.0

    def next(self) -> float:
        """Return the pause after one more failure."""
        self._pause = min(max(self._pause * 2, self._rules.first_backoff), self._rules.last_backoff)
        return self._pause

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._pause = 0.0
