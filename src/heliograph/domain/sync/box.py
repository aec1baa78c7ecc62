"""The state machine of one box: an account's common box or a channel (TELEGRAM.md sections 1 and 7.2).

Invariants: the cursor never passes an update that was not applied; whatever is dropped leaves the box dirty before
it is forgotten; a TooLong answer moves the cursor only together with a hole and a known loss.
"""

from __future__ import annotations

from math import inf

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.actions import Action, Alarm, Anchor, Commit, Fetch, Reload
from heliograph.domain.sync.events import Event, Failure, Lost, Page
from heliograph.domain.sync.gaps import Cause, Notice
from heliograph.domain.sync.pipeline import Pipeline
from heliograph.domain.sync.rules import Backoff, Rules, State
from heliograph.domain.sync.waiting import Room, Waiting


class Box:
    """One sequence of pts. Every method takes ``now`` in monotonic seconds and returns what to do."""

    __slots__ = (
        "_backoff",
        "_fetch",
        "_goal",
        "_rules",
        "_timers",
        "_undecodable",
        "_waiting",
        "accounts",
        "notice",
        "pipeline",
        "space",
        "state",
    )

    def __init__(
        self, space: SpaceId, cursor: BoxState | None, rules: Rules, timers: dict[SpaceId, float], room: Room
    ) -> None:
        self.space = space
        self.pipeline = Pipeline(space, cursor)
        self.state = State.LIVE if cursor else State.UNANCHORED
        self.accounts: list[SpaceId] = []
        """The accounts that can read this box; the first one asks."""
        self._rules = rules
        self._timers = timers
        self._waiting = Waiting(rules, room)
        self._fetch: Fetch | None = None
        self._goal: float = 0
        """The pts that we heard of while fetching; infinite when only that there is something."""
        self._backoff = Backoff(rules)
        self._undecodable = 0
        self.notice = Notice()

    # -- updates ----------------------------------------------------------------------------------------------

    def receive(self, event: Event, now: float) -> list[Action]:
        """Take a pushed event: apply it, know it already, or keep it until the gap before it is closed."""
        line = self.pipeline
        if self.state is State.LIVE:
            if line.pts + event.pts_count == event.pts:
                return self._apply(event, now)
            if event.pts <= line.pts:
                return self._late(event)
            self.state = State.WAIT
            self.notice.take("pts", now, line.pts)
            self._timers[self.space] = now + self._rules.gap_wait
            return self._postpone(event, now)
        if self.state is State.WAIT and line.pts + event.pts_count == event.pts:
            self.notice.forget()
            return self._apply(event, now) + self._drain(now)
        if self.state is State.HELD:
            self._later(now, self._backoff.next())
        return self._postpone(event, now)

    def dirty(self, now: float, cause: Cause, pts: int | None = None) -> list[Action]:
        """Take word that the box has news, up to ``pts`` when that is known."""
        if pts is not None and pts <= self.pipeline.pts and self.state is not State.HELD:
            return []
        if self.state in (State.LIVE, State.WAIT):
            return self._ask(now, cause)
        self._goal = max(self._goal, inf if pts is None else pts)
        if self.state is State.HELD:
            self._later(now, self._backoff.next())
        return []

    def tick(self, now: float) -> list[Action]:
        """Act on a deadline that has passed."""
        if self._timers.get(self.space, inf) > now:
            return []
        del self._timers[self.space]
        if self.state is State.UNANCHORED:
            return self.ask_anchor()
        return self._ask(now, "pts")

    # -- answers ----------------------------------------------------------------------------------------------

    def awaits(self, fetch: Fetch) -> bool:
        """Say whether this request's answer still counts; after a roll-back it does not."""
        return fetch is self._fetch

    def page(self, fetch: Fetch, page: Page, now: float, dirty: tuple[DirtyMark, ...] = ()) -> list[Action]:
        """Take a difference's slice or end. Its events count whatever their pts (section 1.2)."""
        if not self.awaits(fetch):
            return []
        self._fetch, self._undecodable = None, 0
        is_behind = page.to.pts < fetch.from_state.pts
        self.notice.count(len(page.events))
        actions: list[Action] = [Alarm(box=self.space, reason="cursor_ahead")] if is_behind else []
        if is_behind:
            self._waiting.forget_spans()
        self.pipeline.advance(
            page.to,
            page.events,
            seen=self._waiting.cover(fetch.from_state.pts, page.to.pts),
            dirty=dirty,
            loss="cursor_ahead" if is_behind else None,
            is_complete=page.is_final and self._goal <= page.to.pts,
            gap=self.notice.close(page.to.pts, is_lost=is_behind) if page.is_final or is_behind else None,
        )
        if page.is_final:
            self.pipeline.made_up_for(fetch.from_state.pts if is_behind else page.to.pts)
        actions += self._send()
        return actions + (self._finish(now) if page.is_final else self._continue())

    def lost(self, fetch: Fetch, lost: Lost, now: float) -> list[Action]:
        """Take a TooLong answer: go on from its pts with the loss on record."""
        if not self.awaits(fetch):
            return []
        self._fetch, self._undecodable = None, 0
        self.pipeline.advance(
            lost.to,
            lost.events,
            seen=self._waiting.cover(fetch.from_state.pts, lost.to.pts),
            loss="too_long",
            is_complete=self._goal <= lost.to.pts,
            top_id=lost.top_id,
            gap=self.notice.close(lost.to.pts, is_lost=True),
        )
        return [Alarm(box=self.space, reason="too_long"), *self._send(), *self._finish(now)]

    def fetch_failed(self, fetch: Fetch, failure: Failure, now: float, seconds: float = 0) -> list[Action]:
        """Take a failed request; the cursor never moves for it."""
        if not self.awaits(fetch):
            return []
        self._fetch = None
        if failure is Failure.ACCESS:
            return self._lose_access(fetch.account, now)
        if failure is Failure.INVALID:
            self.notice.take("cursor_invalid", now, self.pipeline.pts)
            self.state = State.UNANCHORED
            return [Alarm(box=self.space, reason="cursor_invalid"), *self.ask_anchor()]
        if failure is Failure.UNDECODABLE:
            self._undecodable += 1
            if self._undecodable >= self._rules.stuck_after:
                self.state = State.STUCK
                self._timers[self.space] = now + self._rules.last_backoff
                return [Alarm(box=self.space, reason="undecodable")]
        self._later(now, seconds if failure is Failure.FLOOD else self._backoff.next())
        return []

    # -- anchoring --------------------------------------------------------------------------------------------

    def ask_anchor(self) -> list[Action]:
        """Ask where the server stands."""
        if not self.accounts:
            return []
        return [Anchor(box=self.space, account=self.accounts[0])]

    def anchored(self, state: BoxState, now: float, dirty: tuple[DirtyMark, ...] = ()) -> list[Action]:
        """Start from where the server stands. Over a cursor that was no use, the way between them is lost."""
        if self.state is not State.UNANCHORED:
            return []
        loss = "cursor_invalid" if self.pipeline.has_start else None
        gap = self.notice.close(state.pts, is_lost=True) if loss else None
        self.notice.forget()
        self._timers.pop(self.space, None)
        # What was pushed before the first anchor belongs to history, which tells whether it is still there.
        seen = self._waiting.cover(self.pipeline.pts, state.pts) if loss else ()
        self._waiting.forget_spans()
        self.pipeline.advance(state, (), seen=seen, origin="anchor", dirty=dirty, loss=loss, is_complete=True, gap=gap)
        return [*self._send(), *self._finish(now)]

    def restart(self, state: BoxState, now: float, dirty: tuple[DirtyMark, ...] = ()) -> list[Action]:
        """Go on from the server's state although ours is ahead of it; what lies between is lost."""
        self._fetch = None
        self.notice.take("cursor_ahead", now, self.pipeline.pts)
        self.state = State.UNANCHORED
        return [Alarm(box=self.space, reason="cursor_ahead"), *self.anchored(state, now, dirty)]

    def anchor_failed(self, account: SpaceId, failure: Failure, now: float, seconds: float = 0) -> list[Action]:
        """Try again later, or through another account than the one that was asked.

        Once that one cannot read the box any more, another has been asked already.
        """
        if self.state is not State.UNANCHORED or account not in self.accounts:
            return []
        if failure is Failure.ACCESS:
            return self._lose_access(account, now)
        self._timers[self.space] = now + (seconds if failure is Failure.FLOOD else self._backoff.next())
        return []

    def tell_gap(self, now: float) -> list[Action]:
        """Put on record that the box has been behind for a while; what brings the rest closes that record."""
        line = self.pipeline
        is_idle = line.has_start and not line.depth
        if is_idle and (gap := self.notice.overdue(now - self._rules.gap_open, line.pts)):
            line.advance(line.tentative, (), is_complete=False, gap=gap)
        return self._send()

    # -- commits ----------------------------------------------------------------------------------------------

    def committed(self, commit: Commit, now: float) -> list[Action]:
        """Take a commit's success."""
        if not self.pipeline.finish(commit):
            return []
        if commit.to_state != commit.from_state:  # word of a gap is no progress
            self._backoff.reset()
        return self._send() + (self._continue() if self.state is State.DIFF else [])

    def marked(self) -> list[Action]:
        """Take that a mark of this box is in the store by now, whatever was committed while it was on its way."""
        self.pipeline.marked, self.pipeline.is_mark_stored = self.pipeline.marked or 0, True
        return self._send()

    def commit_failed(self, commit: Commit) -> list[Action]:
        """Take a commit's failure, or that nobody knows how it ended."""
        return self.recover() if commit is self.pipeline.in_flight else []

    def recover(self) -> list[Action]:
        """Roll back to what is committed, whatever is under way. Which state that is, only the store can tell."""
        self.pipeline.give_up()
        self._fetch = None
        self._timers.pop(self.space, None)
        self.notice.forget()
        self.state = State.DIRTY
        return [Reload(box=self.space)]

    def reloaded(self, cursor: BoxState | None, now: float) -> list[Action]:
        """Go on from the cursor that the store holds; below the committed one it is a loss of what lies between."""
        self.pipeline.reload(cursor)
        self._fetch = None  # an answer to what was asked from the older cursor is not applied on top of this one
        if cursor is None:
            self.state = State.UNANCHORED
            return self.ask_anchor()
        self.notice.take("recovered", now, cursor.pts)
        self._later(now, self._backoff.next())
        return []

    # -- access -----------------------------------------------------------------------------------------------

    def add_account(self, account: SpaceId, now: float) -> list[Action]:
        """An account can read this box."""
        if account not in self.accounts:
            self.accounts.append(account)
            if self.state is State.UNANCHORED and len(self.accounts) == 1:
                return self.ask_anchor()
        if self.state is State.HELD:
            self._later(now, self._backoff.next())
        return []

    def remove_account(self, account: SpaceId, now: float) -> list[Action]:
        """An account cannot read this box any more."""
        if account not in self.accounts:
            return []
        if self._fetch is not None and self._fetch.account == account:
            self._fetch = None
        return self._lose_access(account, now)

    # -- inner ------------------------------------------------------------------------------------------------

    def _apply(self, event: Event, now: float) -> list[Action]:
        line = self.pipeline
        if line.live_count >= self._rules.uncommitted:
            line.drop_live()
            line.drop(line.pts, event.pts)
            return self._ask(now, "overflow")
        line.apply(event)
        return self._send() if line.in_flight is None else []

    def _late(self, event: Event) -> list[Action]:
        """Keep what a push says that comes after the difference which covers it."""
        if not self._waiting.is_news(event):
            return []
        if self.pipeline.sightings >= self._rules.postponed:
            self.pipeline.drop(event.pts - event.pts_count, event.pts)
            return []
        self.pipeline.see(event)
        return self._send()

    def _postpone(self, event: Event, now: float) -> list[Action]:
        if self._waiting.add(event):
            return []
        # A difference brings the newest forms of what is dropped; what else it said is lost, and on record as such.
        dropped = self._waiting.take()
        self.pipeline.drop(dropped[0].pts - dropped[0].pts_count, dropped[-1].pts)
        self._goal = inf
        return self._ask(now, "overflow") if self.state is State.WAIT else []

    def _drain(self, now: float) -> list[Action]:
        """Feed the postponed events again, in the order of their pts."""
        waiting = self._waiting.take()
        self._timers.pop(self.space, None)
        self.state = State.LIVE
        if not self.pipeline.depth:
            self._backoff.reset()
        actions: list[Action] = []
        for event in waiting:
            actions += self.receive(event, now)
        return actions

    def _ask(self, now: float, cause: Cause) -> list[Action]:
        """Begin a difference."""
        self.notice.take(cause, now, self.pipeline.pts)
        self._timers.pop(self.space, None)
        if not self.pipeline.has_start:
            self.state = State.UNANCHORED
            return self.ask_anchor()
        if not self.accounts:
            self.state = State.HELD
            return []
        self.state = State.DIFF
        self._goal = 0
        return self._continue()

    def _continue(self) -> list[Action]:
        """Ask for the next slice, at most one ahead of the commit."""
        if self._fetch is not None or self.pipeline.depth > 1:
            return []
        self._fetch = Fetch(
            box=self.space,
            account=self.accounts[0],
            from_state=self.pipeline.tentative,
            limit=self._rules.limit(self._undecodable),
        )
        return [self._fetch]

    def _finish(self, now: float) -> list[Action]:
        """End a difference: live again, unless we heard of more than it brought."""
        goal, self._goal = self._goal, 0
        actions = self._drain(now)
        if goal <= self.pipeline.pts and self.state is State.LIVE:
            self.pipeline.catch_up()
            return actions + self._send()
        if goal <= self.pipeline.pts or self.state is State.DIFF:
            return actions
        if goal == inf:
            return actions + self._ask(now, "overflow")
        self.notice.take("pts", now, self.pipeline.pts)
        self._later(now, self._rules.first_backoff)
        return actions

    def _send(self) -> list[Action]:
        if self.state is State.LIVE:
            self.pipeline.settle()
        commit = self.pipeline.start()
        return [commit] if commit else []

    def _later(self, now: float, seconds: float) -> None:
        self.state = State.DIRTY
        self._timers[self.space] = now + seconds

    def _lose_access(self, account: SpaceId, now: float) -> list[Action]:
        """Go on through another account, or hold with the cursor kept (invariant 16)."""
        self.accounts = [other for other in self.accounts if other != account]
        if self._fetch is not None:
            return []
        self.notice.take("access", now, self.pipeline.pts)
        if self.accounts:
            return self._ask(now, "access")
        self._timers.pop(self.space, None)
        self.state = State.HELD
        return [Alarm(box=self.space, reason="access_lost")]
