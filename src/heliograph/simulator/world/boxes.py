"""A box is a replayable log: a counter (pts), the events that moved it, and how far back they are kept."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import Any, NamedTuple

CHANNEL_RETENTION = 100_000
COMMON_RETENTION = 1_000_000
"""Events kept; Telegram's documentation names these orders of magnitude as details of its servers."""


class Event(NamedTuple):
    """The box moved by ``moved`` to ``pts``; ``ids`` are message ids as this box numbers them."""

    pts: int
    moved: int
    kind: str
    """new, edit, delete, pin, unpin or read."""
    peer: int
    ids: tuple[int, ...]
    at: int
    payload: Any = None


class Entry(NamedTuple):
    """What really happened to one message, for whoever checks a mirror."""

    pts: int
    moved: int
    """How far the box moved; a deletion of several messages moves once for each, 0 for what clients are not told."""
    kind: str
    """An event's kind, or expire (a message went without an event) or rollback."""
    chat: int
    message_id: int
    """As the box numbers it; 0 for a rollback."""
    text: str | None
    """The text at that time, for new and edit."""
    is_hidden: bool
    """An edit that users do not see: reactions or markup."""
    at: float


class Box:
    """One pts sequence. It starts at 1 or above, since clients read 0 as "unknown"."""

    __slots__ = ("_usual", "events", "floor", "log", "max_age", "pts", "retention")

    def __init__(self, *, pts: int = 1, retention: int = CHANNEL_RETENTION) -> None:
        self.pts = pts
        self.floor = pts
        """A cursor below this cannot be served any more: the events it needs are gone."""
        self.retention = self._usual = retention
        self.max_age: float | None = None
        """Seconds that events are kept; None for as long as there is room."""
        self.events: list[Event] = []
        self.log: list[Entry] = []
        """Everything that ever happened in the box since the world began; never trimmed, never rolled back."""

    def append(self, kind: str, peer: int, ids: tuple[int, ...], at: int, payload: Any = None) -> Event:
        """Log an event; a deletion or a pin counts once for each id, everything else once."""
        count = max(1, len(ids)) if kind in ("delete", "pin", "unpin") else 1
        self.pts += count
        event = Event(self.pts, count, kind, peer, ids, at, payload)
        self.events.append(event)
        if len(self.events) > self.retention + self.retention // 10:
            self.trim(self.retention)
        return event

    def keep(self, *, events: int | None = None, seconds: float | None = None) -> None:
        """Keep so many events, or those so young; with neither, as many as usual."""
        self.retention, self.max_age = self._usual if events is None else events, seconds

    def expire(self, now: float) -> None:
        """Forget what is too much or too old to be kept."""
        if self.max_age is not None:
            self.trim(len(self.events) - bisect_right(self.events, now - self.max_age, key=attrgetter("at")))
        self.trim(self.retention)

    def roll_back(self, count: int) -> int:
        """Lose the last events, at most those that are kept; the counter goes back with them. Returns the new pts."""
        lost = self.events[-count:] if count > 0 else []
        if lost:
            del self.events[-count:]
            self.pts = lost[0].pts - lost[0].moved
        return self.pts

    def trim(self, keep: int) -> None:
        """Forget all but the newest ``keep`` events."""
        if len(self.events) > keep:
            cut = len(self.events) - keep
            self.floor = self.events[cut - 1].pts
            del self.events[:cut]

    def after(self, pts: int, limit: int | None = None) -> list[Event]:
        """Return the events above a cursor, oldest first, at most ``limit``."""
        start = bisect_right(self.events, pts, key=attrgetter("pts"))
        return self.events[start:] if limit is None else self.events[start : start + limit]

    def has_after(self, pts: int) -> bool:
        """Say whether every event above a cursor is still kept."""
        return pts >= self.floor
