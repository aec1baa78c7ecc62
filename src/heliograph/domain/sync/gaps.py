"""Why a box was behind, since when, and how far: what is put on record once it has caught up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Cause = Literal[
    "start",
    "pts",
    "seq",
    "reconnected",
    "new_session",
    "undecodable",
    "overflow",
    "silence",
    "pushed_too_long",
    "account_difference",
    "sentinel",
    "unknown_peer",
    "cursor_ahead",
    "cursor_invalid",
    "database",
    "access",
    "recovered",
]
"""What made somebody look: the kinds of the table ``gaps``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch of a box that was not followed as it happened."""

    cause: Cause
    from_pts: int
    to_pts: int
    events: int
    """What the difference brought: messages, edits, deletions."""
    noticed_at: float
    """In monotonic seconds."""
    is_open: bool = False
    """Whether it lasts: the record is to be there before the rest is."""


class Notice:
    """What one box has noticed and not yet closed; the first to notice counts."""

    __slots__ = ("_at", "_cause", "_events", "_from_pts", "_is_told")

    def __init__(self) -> None:
        self._is_told = False
        self.forget()

    def forget(self) -> None:
        """Nothing was missing after all, or nothing that is known of it counts any more; what is on record stays so."""
        self._cause: Cause | None = None
        self._at = 0.0
        self._from_pts = 0
        self._events = 0

    def remember(self) -> None:
        """Take that an earlier process has put a gap on record which is still open: the next end is its end."""
        self._is_told = True

    def take(self, cause: Cause, now: float, pts: int) -> None:
        """Note that something may be missing above ``pts``."""
        if self._cause is None:
            self._cause, self._at, self._from_pts = cause, now, pts

    def count(self, events: int) -> None:
        """Add what a slice brought."""
        self._events += events

    def overdue(self, before: float, pts: int) -> Gap | None:
        """Return, once, what was noticed before a moment and is not closed yet; the box stands at ``pts``."""
        if self._cause is None or self._is_told or self._at > before:
            return None
        self._is_told = True
        return Gap(
            cause=self._cause,
            from_pts=self._from_pts,
            to_pts=pts,
            events=self._events,
            noticed_at=self._at,
            is_open=True,
        )

    def close(self, to_pts: int, *, is_lost: bool = False) -> Gap | None:
        """Return what was missing, None when there was nothing, and begin anew."""
        gap = None
        has_news = is_lost or to_pts != self._from_pts or self._events > 0
        if self._cause is not None and (has_news or self._is_told):
            gap = Gap(
                cause=self._cause,
                from_pts=self._from_pts,
                to_pts=to_pts,
                events=self._events,
                noticed_at=self._at,
            )
            self._is_told = False
        self.forget()
        return gap
