"""How often the sentinel looks at a box: pure arithmetic over what the looks before it saw.

A box with traffic is looked at every ``hot`` seconds; one that stands still ever less often, down to every ``cold``
seconds. Where news was found that nobody pushed, the pause is what keeps a gap below half a page of a difference,
since more than a page may be refused (TELEGRAM.md section 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from heliograph.domain import identity
from heliograph.domain.sync import rules

SLOWER: Final = 1.5
WARM_SECONDS: Final = 300.0
"""A box whose cursor moved no longer ago has traffic, though nothing came between two looks."""
SHORTEST_SECONDS: Final = 5.0
"""Less the budget of messages.getPeerDialogs does not give (TELEGRAM.md section 4.1)."""
SAFE_EVENTS: Final = rules.PAGE // 2


@dataclass(slots=True)
class Look:
    """When a box was looked at, and when it will be."""

    due_at: float
    period: float
    seen_at: float
    committed: int | None = None
    """Where our cursor stood at the last look."""
    moved_at: float | None = None
    """When a look first saw it there, if it saw it elsewhere before."""


@dataclass
class Pace:
    """The looks of one account. Times are monotonic seconds."""

    hot: float
    cold: float
    looks: dict[identity.SpaceId, Look] = field(default_factory=dict)

    def keep(self, boxes: set[identity.SpaceId], now: float) -> None:
        """Look at these boxes from now on: a new one at once, another one no more."""
        for gone in self.looks.keys() - boxes:
            del self.looks[gone]
        for new in boxes - self.looks.keys():
            self.looks[new] = Look(due_at=now, period=self.hot, seen_at=now)

    def hurry(self, now: float) -> None:
        """Look at everything at once: somebody wants to know."""
        for look in self.looks.values():
            look.due_at, look.period = now, self.hot

    def due(self, now: float, limit: int) -> list[identity.SpaceId]:
        """Return what is due, filled up with what is due next, since a call costs the same; nothing before that."""
        ordered = sorted(self.looks, key=lambda box: self.looks[box].due_at)
        return ordered[:limit] if ordered and self.looks[ordered[0]].due_at <= now else []

    def next_at(self) -> float | None:
        """Return when the next look is due, None for never."""
        return min((look.due_at for look in self.looks.values()), default=None)

    def looked(self, box: identity.SpaceId, committed: int, now: float) -> None:
        """Note a look: a cursor that moved since the last one, or shortly before it, means traffic."""
        look = self.looks[box]
        if look.committed is not None and committed != look.committed:
            look.moved_at = now
        is_warm = look.moved_at is not None and now - look.moved_at <= WARM_SECONDS
        look.period = self.hot if is_warm or look.committed is None else min(self.cold, look.period * SLOWER)
        look.committed, look.seen_at, look.due_at = committed, now, now + look.period

    def missed(self, box: identity.SpaceId, events: int, seconds: float, now: float) -> None:
        """Note that ``events`` came within ``seconds`` and nobody pushed them."""
        if look := self.looks.get(box):
            safe = seconds * SAFE_EVENTS / max(1, events)
            look.period = min(self.hot, max(SHORTEST_SECONDS, safe))
            look.due_at = min(look.due_at, now + look.period)

    def again(self, box: identity.SpaceId, at: float) -> None:
        """Look at a box at this time, if not before."""
        if look := self.looks.get(box):
            look.due_at = min(look.due_at, at)
