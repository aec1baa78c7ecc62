"""Pushed updates that come out of turn: those that wait for a gap to close, and those that a difference overtook.

A difference brings messages in their newest form only. What it covers and had been pushed is therefore kept as a
*sighting*, true for its own pts: else a text that was replaced meanwhile, or a message that came and went, would be
lost although it had arrived. Memory is bounded for one box and for all of them together.
"""

from __future__ import annotations

from collections.abc import Iterable

from heliograph.domain.sync.events import Event
from heliograph.domain.sync.rules import Rules

_SPANS = 4
"""Stretches that are remembered, the newest; a push that comes later than that has long been in the store."""


class Room:
    """How many events may wait in all boxes together."""

    __slots__ = ("limit", "taken")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0


class Waiting:
    """What waits in one box, and the stretches of pts that differences brought."""

    __slots__ = ("_events", "_room", "_rules", "_spans", "_told")

    def __init__(self, rules: Rules, room: Room) -> None:
        self._rules = rules
        self._room = room
        self._events: list[Event] = []
        self._spans: list[tuple[int, int]] = []
        """Each from the pts before it to the one at its end."""
        self._told: set[int] = set()
        """The pts within the spans of which a sighting is kept already."""

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> bool:
        """Have an event wait; False when there is no room, which the caller answers by taking all out."""
        self._events.append(event)
        self._room.taken += 1
        return len(self._events) <= self._rules.postponed and self._room.taken <= self._room.limit

    def take(self) -> list[Event]:
        """Take out everything, in the order of pts."""
        found = sorted(self._events, key=lambda event: event.pts)
        self._keep([])
        return found

    def cover(self, low: int, high: int) -> tuple[Event, ...]:
        """Note that a difference brought what lies above ``low`` up to ``high``, and take out its sightings."""
        if self._spans and self._spans[-1][1] == low:
            low = self._spans.pop()[0]
        if low < high:
            self._spans.append((low, high))
        if len(self._spans) > _SPANS or len(self._told) > self._rules.postponed:
            self._spans = self._spans[-1:]
            self._told = {pts for pts in self._told if self._is_covered(pts)}
        return tuple(event for event in self._take_until(high) if self.is_news(event))

    def is_news(self, event: Event) -> bool:
        """Say whether a difference overtook this update and no other account has brought it, and count it as told."""
        if event.pts in self._told or not self._is_covered(event.pts):
            return False
        self._told.add(event.pts)
        return True

    def forget_spans(self) -> None:
        """Forget what differences brought: the server counts from an earlier place."""
        self._spans.clear()
        self._told.clear()

    def _take_until(self, pts: int) -> list[Event]:
        found = sorted((event for event in self._events if event.pts <= pts), key=lambda event: event.pts)
        if found:
            self._keep(event for event in self._events if event.pts > pts)
        return found

    def _is_covered(self, pts: int) -> bool:
        return any(low < pts <= high for low, high in self._spans)

    def _keep(self, events: Iterable[Event]) -> None:
        self._room.taken -= len(self._events)
        self._events = list(events)
        self._room.taken += len(self._events)
