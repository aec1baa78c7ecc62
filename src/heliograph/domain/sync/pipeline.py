"""One box's way to the store: what is decided, what is on its way and what is committed.

Invariant: at most one commit of a box is in flight, each starts where the one before it ends, and a failure throws
away everything that was decided after the committed state. Memory is bounded: live events pile up only to a limit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final, Literal

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.actions import Commit
from heliograph.domain.sync.events import Event
from heliograph.domain.sync.gaps import Gap

_NOWHERE: Final = 2**31 - 1


class Pipeline:
    """The committed state, the tentative one, and the commits between them."""

    __slots__ = (
        "_base",
        "_live",
        "_queue",
        "_seen",
        "box",
        "committed",
        "given_up",
        "given_up_from",
        "in_flight",
        "is_mark_stored",
        "lost_commits",
        "marked",
        "pts",
    )

    def __init__(self, box: SpaceId, cursor: BoxState | None) -> None:
        self.box = box
        self.in_flight: Commit | None = None
        self.marked: float | None = None
        """The pts that answers the stored dirty mark that no commit answers yet; infinite when only a finished
        difference does."""
        self.is_mark_stored = True
        """Whether the store has the mark already, and a commit can take it back."""
        self.lost_commits: tuple[int, int] | None = None
        """The pts between which the store has lost commits, until that is on record."""
        self.given_up = 0
        """Up to which pts updates had arrived that could not be kept, until what catches up is decided; 0 for none."""
        self.given_up_from = _NOWHERE
        """Above which pts they were, where that is known to be below what catches up."""
        self._queue: deque[Commit] = deque()
        self._live: list[Event] = []
        self._seen: list[Event] = []
        """Sightings that no decided commit has yet. No roll-back forgets them: a difference does not bring them."""
        self.reset(cursor)

    def reset(self, cursor: BoxState | None) -> None:
        """Forget everything that is not committed."""
        decided = [commit for commit in (self.in_flight, *self._queue) if commit]
        is_owed = self.marked is not None or any(commit.is_clean for commit in decided)
        self._seen[:0] = [event for commit in decided for event in commit.seen]
        self.committed = cursor
        self._base = cursor or BoxState(pts=0)
        self.pts = self._base.pts
        """The tentative pts: where the box stands once everything decided is committed."""
        self.in_flight = None
        self._queue.clear()
        self._live.clear()
        if is_owed:
            self.marked = float("inf")

    def drop(self, low: int, high: int) -> None:
        """Note that updates above ``low`` up to ``high`` had arrived and there was no room for them."""
        self.given_up, self.given_up_from = max(self.given_up, high), min(self.given_up_from, low)

    def made_up_for(self, pts: int) -> None:
        """Note that what could not be kept is behind, on record or in the store, if it lay below ``pts``."""
        if self.given_up <= pts:
            self.given_up, self.given_up_from = 0, _NOWHERE

    def give_up(self) -> None:
        """Forget everything that is not committed; what catches up puts on record that updates were among it."""
        decided = [commit for commit in (self.in_flight, *self._queue) if commit]
        if self._live or any(commit.events or commit.not_kept for commit in decided):
            self.given_up = max(self.given_up, self.pts)
        self.reset(self.committed)

    def reload(self, cursor: BoxState | None) -> None:
        """Go on from what the store holds; what it held before and holds no more, the next commit puts on record."""
        had, has = (state.pts if state else 0 for state in (self.committed, cursor))
        if has < had:
            low, high = self.lost_commits or (has, had)
            self.lost_commits = (min(low, has), max(high, had))
        self.made_up_for(has)  # it may have been written after all
        self.reset(cursor)

    @property
    def tentative(self) -> BoxState:
        """All tentative counters."""
        return replace(self._base, pts=self.pts)

    @property
    def has_start(self) -> bool:
        """Say whether there is a state, committed or on its way, to go on from."""
        return self.committed is not None or self.depth > 0

    @property
    def depth(self) -> int:
        """How many commits are on their way or wait for it."""
        return len(self._queue) + (self.in_flight is not None) + bool(self._live)

    @property
    def live_count(self) -> int:
        """How many live events wait for the commit in flight."""
        return len(self._live)

    @property
    def sightings(self) -> int:
        """How many sightings wait for a commit."""
        return len(self._seen)

    def see(self, event: Event) -> None:
        """Take a sighting; the next commit has it, whether or not it moves the cursor."""
        self._seen.append(event)

    def apply(self, event: Event) -> None:
        """Take a live event that fits."""
        self._live.append(event)
        self.pts = event.pts

    def drop_live(self) -> None:
        """Give up the live events that wait; the box must then fetch a difference."""
        self._live.clear()
        last = self._queue[-1] if self._queue else self.in_flight
        self.pts = last.to_state.pts if last else self._base.pts

    def advance(
        self,
        to: BoxState,
        events: tuple[Event, ...],
        *,
        seen: tuple[Event, ...] = (),
        origin: Literal["difference", "anchor"] = "difference",
        dirty: tuple[DirtyMark, ...] = (),
        loss: str | None = None,
        is_complete: bool,
        top_id: int = 0,
        gap: Gap | None = None,
    ) -> None:
        """Queue a commit from the tentative state to ``to``, unless it would change nothing."""
        start = self.tentative if self.has_start else None
        # Invariant 7: a cursor that jumps back has lost what it had, and says so.
        assert loss or start is None or to.pts >= start.pts, "the cursor goes back without a loss"
        self._seen += seen
        if start == to and not (events or dirty or gap or self.lost_commits or self._seen) and self.marked is None:
            return
        commit = Commit(
            box=self.box,
            from_state=start,
            to_state=to,
            origin=origin,
            events=events,
            seen=self._take_seen(),
            dirty=dirty,
            is_clean=self.answers_mark(to.pts, is_complete=is_complete),
            loss=loss,
            not_kept=bool(self.given_up) and loss is None and start is not None and to.pts > start.pts,
            not_kept_from=min(self.given_up_from, start.pts if start else 0),
            top_id=top_id,
            gap=gap,
        )
        self._close_live()
        self._queue.append(commit)
        self._base = to
        self.pts = to.pts

    def start(self) -> Commit | None:
        """Return the commit to send now, or None when one is in flight or nothing is left.

        Whether it cleans the box is settled here: a mark that came after it was decided is not the one it answers.
        """
        if self.in_flight is not None:
            return None
        if not self._queue:
            self._close_live()
        if not self._queue and self._seen and self.committed is not None:
            self.advance(self.tentative, (), is_complete=False)
        if not self._queue:
            return None
        commit = self._queue.popleft()
        if commit.is_clean and not self._is_clean_at(commit.to_state.pts):
            commit = replace(commit, is_clean=False)
        if self.lost_commits:
            commit = replace(commit, lost_commits=self.lost_commits)
        # Invariants 2 and 3: what was decided after a state that is not committed has been thrown away with it.
        assert commit.from_state == self.committed, "a commit starts elsewhere than where the one before it ended"
        self.in_flight = commit
        return commit

    def finish(self, commit: Commit) -> bool:
        """Note that a commit succeeded; False when it is not the one in flight."""
        if commit is not self.in_flight:
            return False
        self.committed = commit.to_state
        self.in_flight = None
        if commit.lost_commits:
            self.lost_commits = None
        return True

    def answers_mark(self, pts: int, *, is_complete: bool) -> bool:
        """Say whether arriving at ``pts`` answers the stored dirty mark, and count it as answered."""
        if self.marked is None or not (is_complete or pts >= self.marked):
            return False
        self.marked = None
        return True

    def catch_up(self) -> None:
        """Count a mark as answered by what is on its way: a difference, and what came meanwhile, brought all of it."""
        self.marked = None if self.marked is None else min(self.marked, self.pts)

    def settle(self) -> None:
        """After the last commit, take back a mark that it has answered."""
        is_answered = self.marked is not None and self.marked <= self.pts
        if is_answered and self.is_mark_stored and self.has_start and not self.depth:
            self.advance(self.tentative, (), is_complete=False)

    def _is_clean_at(self, pts: int) -> bool:
        return self.marked is None or self.answers_mark(pts, is_complete=False)

    def _close_live(self) -> None:
        if not self._live:
            return
        last = self._queue[-1] if self._queue else self.in_flight
        start = last.to_state if last else self.committed
        self._queue.append(
            Commit(
                box=self.box,
                from_state=start,
                to_state=self.tentative,
                origin="live",
                events=tuple(self._live),
                seen=self._take_seen(),
                is_clean=self.answers_mark(self.pts, is_complete=False),
            )
        )
        self._live.clear()

    def _take_seen(self) -> tuple[Event, ...]:
        seen = tuple(self._seen)
        self._seen.clear()
        return seen
