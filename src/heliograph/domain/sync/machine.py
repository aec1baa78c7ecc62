"""All boxes of one crawler and the accounts that feed them (TELEGRAM.md section 7.2).

Channel boxes are shared: pts is the channel's own, so every account's sighting of an update feeds the same box, and
the first account that can read the channel asks for its differences. Invariants: an account's state advances only
together with dirty marks for all channels that its difference named; nested pts go through their own boxes before
seq is looked at; ``date`` advances with differences only, so that a later one names every channel since.
"""

from __future__ import annotations

from collections.abc import Iterable

from heliograph.domain.identity import SpaceId, is_channel_space
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.actions import Action, Anchor, Commit, Fetch
from heliograph.domain.sync.box import Box
from heliograph.domain.sync.events import Container, Control, Failure, Lost, Page
from heliograph.domain.sync.rules import Rules, State
from heliograph.domain.sync.waiting import Room


class Machine:
    """Takes what happens, with ``now`` in monotonic seconds, and returns what to do."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.boxes: dict[SpaceId, Box] = {}
        self._rules = rules or Rules()
        self._timers: dict[SpaceId, float] = {}
        self._room = Room(self._rules.postponed_in_all)
        self._seq: dict[SpaceId, int] = {}
        self._silent_at: dict[SpaceId, float] = {}
        self._marks_kept: set[SpaceId] = set()
        """Boxes that are marked in the store and not met yet."""
        self._behind: frozenset[SpaceId] = frozenset()

    # -- what there is ----------------------------------------------------------------------------------------

    def add_account(self, account: SpaceId, cursor: BoxState | None, now: float) -> list[Action]:
        """Start an account's common box: with a cursor by a difference, without one by anchoring."""
        self._seq[account] = 0
        self._silent_at[account] = now + self._rules.silence
        box = self._box(account, cursor)
        actions = box.add_account(account, now)
        return actions + (box.dirty(now, "start") if cursor else [])

    def load(self, box: SpaceId, cursor: BoxState) -> None:
        """Take over a committed cursor; accounts that can read the box are named later."""
        self._box(box, cursor)

    def add_channel(self, channel: SpaceId, account: SpaceId, server_pts: int | None, now: float) -> list[Action]:
        """Name an account that can read a channel, and where the server's box stands if that is known."""
        box = self._box(channel, None)
        # Whoever was asked where it stands may not know yet how it is reached: the first answer counts.
        known = box.state is State.UNANCHORED and not box.pipeline.has_start and server_pts is not None
        actions = box.add_account(account, now)
        return box.anchored(BoxState(pts=server_pts or 0), now) if known else actions

    def remove_channel(self, channel: SpaceId, account: SpaceId, now: float) -> list[Action]:
        """An account has lost a channel."""
        return self.boxes[channel].remove_account(account, now) if channel in self.boxes else []

    def leave_channel(self, channel: SpaceId, now: float) -> list[Action]:
        """Leave a channel to others with all accounts at once: none is asked for what the one before it asked."""
        box = self.boxes[channel]
        return [box.remove_account(account, now) for account in list(box.accounts)][-1] if box.accounts else []

    def remove_account(self, account: SpaceId, now: float) -> list[Action]:
        """An account is gone: its boxes go on through others or are held."""
        self._silent_at.pop(account, None)
        return [action for box in self.boxes.values() for action in box.remove_account(account, now)]

    def load_gaps(self, boxes: Iterable[SpaceId]) -> None:
        """Know, before any box, which of them the store has an open gap of: their next end is its end."""
        self._behind = frozenset(boxes)

    def mark(self, box: SpaceId, now: float) -> list[Action]:
        """Take over a dirty mark that the store holds, also of a box that is not met yet."""
        if box not in self.boxes:
            self._marks_kept.add(box)
            return []
        self.boxes[box].pipeline.marked = float("inf")
        return self.boxes[box].dirty(now, "start")

    # -- what arrives -----------------------------------------------------------------------------------------

    def container(self, container: Container, now: float) -> list[Action]:
        """Take a pushed container.

        A difference must begin before what it has to complete, so the account's own events are left to it.
        """
        account, boxes = container.account, self.boxes
        actions: list[Action] = []
        for event in container.events:
            if container.needs_difference and event.box == account:
                continue
            box = boxes.get(event.box)
            if box is None or account not in box.accounts:
                actions += self._meet(event.box, account, now)
                box = boxes[event.box]
            actions += box.receive(event, now)
        for word in container.too_long:
            actions += self._meet(word.box, account, now)
            actions += boxes[word.box].dirty(now, "pushed_too_long", word.pts)
        if container.needs_difference:
            actions += boxes[account].dirty(now, "unknown_peer" if container.events else "pushed_too_long")
        elif not self._in_order(container):
            actions += boxes[account].dirty(now, "seq")
        return actions

    def control(self, account: SpaceId, control: Control, now: float) -> list[Action]:
        """Something may have cost updates: the account's difference names every channel that changed."""
        if control in (Control.RECONNECTED, Control.NEW_SESSION):
            self._seq[account] = 0
        return self.boxes[account].dirty(now, control.value)

    def server_pts(self, channel: SpaceId, pts: int, asked_at_pts: int, now: float) -> list[Action]:
        """Take a dialog's pts, read when our cursor was ``asked_at_pts``: any other value asks for a difference.

        A pts below ours is judged by the difference's answer, not by the dialog, which may come from a replica
        that lags behind.
        """
        box = self.boxes.get(channel)
        if box is None or pts == asked_at_pts:
            return []
        return box.dirty(now, "sentinel", pts if pts > asked_at_pts else None)

    def account_pts(self, account: SpaceId, state: BoxState, asked_at_pts: int, now: float) -> list[Action]:
        """Take getState's answer: a pts below our cursor means that the server lost part of its log."""
        if state.pts >= asked_at_pts:
            return []
        return self.boxes[account].restart(state, now, self._mark_all(account)) + self._ask_marked(account, now)

    # -- how actions ended ------------------------------------------------------------------------------------

    def answer(self, fetch: Fetch, answer: Page | Lost, now: float) -> list[Action]:
        """Take whatever answer a request got."""
        return self.page(fetch, answer, now) if isinstance(answer, Page) else self.lost(fetch, answer, now)

    def page(self, fetch: Fetch, page: Page, now: float) -> list[Action]:
        """Take a difference's answer."""
        if is_channel_space(fetch.box):
            return self.boxes[fetch.box].page(fetch, page, now)
        account, box = fetch.box, self.boxes[fetch.box]
        if not box.awaits(fetch):
            return []
        self._silent_at[account] = now + self._rules.silence
        self._seq[account] = max(self._seq[account], page.to.seq)
        actions = box.page(fetch, page, now, dirty=self._marks(page))
        for event in page.channel_events:
            actions += self._meet(event.box, account, now)
            actions += self.boxes[event.box].receive(event, now)
        for word in page.too_long:
            actions += self._meet(word.box, account, now)
            actions += self.boxes[word.box].dirty(now, "account_difference", word.pts)
        return actions

    def lost(self, fetch: Fetch, lost: Lost, now: float) -> list[Action]:
        """Take a TooLong answer. An account's tells no channels, so it asks again, with the date it had."""
        box = self.boxes[fetch.box]
        if not box.awaits(fetch):
            return []
        actions = box.lost(fetch, lost, now)
        is_account = not is_channel_space(fetch.box)
        return actions + (
            box.dirty(now, "account_difference") if is_account and lost.to.pts != fetch.from_state.pts else []
        )

    def fetch_failed(self, fetch: Fetch, failure: Failure, now: float, seconds: float = 0) -> list[Action]:
        """Take a failed request; ``seconds`` belongs to FLOOD."""
        return self.boxes[fetch.box].fetch_failed(fetch, failure, now, seconds)

    def anchored(self, box: SpaceId, state: BoxState, now: float) -> list[Action]:
        """Take where the server's box stands.

        An account's new date names nothing that happened before it, so all its channels are marked along with it.
        """
        if is_channel_space(box) or self.boxes[box].state is not State.UNANCHORED:
            return self.boxes[box].anchored(state, now)
        return self.boxes[box].anchored(state, now, self._mark_all(box)) + self._ask_marked(box, now)

    def anchor_failed(self, anchor: Anchor, failure: Failure, now: float, seconds: float = 0) -> list[Action]:
        """Take that it could not be found out; ``seconds`` belongs to FLOOD."""
        return self.boxes[anchor.box].anchor_failed(anchor.account, failure, now, seconds)

    def committed(self, commit: Commit, now: float) -> list[Action]:
        """Take a commit's success."""
        actions = self.boxes[commit.box].committed(commit, now)
        return actions + self._marked(commit)

    def commit_failed(self, commit: Commit) -> list[Action]:
        """Take a commit's failure, or that nobody knows how it ended."""
        return self.boxes[commit.box].commit_failed(commit) + self._marked(commit)

    def recover(self, box: SpaceId) -> list[Action]:
        """Take that something went wrong in a way that nobody foresaw: nothing that is under way for a box counts."""
        return self.boxes[box].recover() if box in self.boxes else []

    def reloaded(self, box: SpaceId, cursor: BoxState | None, now: float) -> list[Action]:
        """Take the cursor that the store holds."""
        return self.boxes[box].reloaded(cursor, now)

    # -- time -------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """Return when tick is due, None for never."""
        return min((*self._timers.values(), *self._silent_at.values()), default=None)

    def tick(self, now: float) -> list[Action]:
        """Act on the deadlines that have passed."""
        actions: list[Action] = []
        for space in [space for space, at in self._timers.items() if at <= now]:
            actions += self.boxes[space].tick(now)
        for account in [account for account, at in self._silent_at.items() if at <= now]:
            self._silent_at[account] = now + self._rules.silence
            actions += self.boxes[account].dirty(now, "silence")
        return actions

    def tell_gaps(self, now: float) -> list[Action]:
        """Put on record what has been missing for a while, whoever it is that has to wait."""
        return [action for box in self.boxes.values() for action in box.tell_gap(now)]

    # -- inner ------------------------------------------------------------------------------------------------

    def _box(self, space: SpaceId, cursor: BoxState | None) -> Box:
        if space not in self.boxes:
            self.boxes[space] = box = Box(space, cursor, self._rules, self._timers, self._room)
            box.pipeline.marked = float("inf") if space in self._marks_kept else None
            if space in self._behind:
                box.notice.remember()
        return self.boxes[space]

    def _meet(self, space: SpaceId, account: SpaceId, now: float) -> list[Action]:
        """Note that an account sees a box, known or not: a channel's first update never sets its cursor."""
        return self._box(space, None).add_account(account, now)

    def _in_order(self, container: Container) -> bool:
        """Follow the container sequence; False after a gap."""
        start, account = container.seq_start, container.account
        seq = self._seq[account]
        if start == 0 or seq == 0 or start <= seq:
            # Without a seq of our own yet the first container tells it: a difference is under way in any case.
            self._seq[account] = max(seq, container.seq)
            return True
        self._seq[account] = container.seq
        return start == seq + 1

    def _marks(self, page: Page) -> tuple[DirtyMark, ...]:
        """Return a mark for every channel that the page names and whose news is not committed yet."""
        named: dict[SpaceId, float] = {}
        for space, pts in self._named(page):
            committed = self.boxes[space].pipeline.committed if space in self.boxes else None
            if committed is None or pts > committed.pts:
                named[space] = max(pts, named.get(space, 0))
        for space, pts in named.items():
            line = self._box(space, None).pipeline
            line.marked, line.is_mark_stored = max(pts, line.marked or 0), False
        return tuple(DirtyMark(box=space, reason="account_difference") for space in named)

    def _mark_all(self, account: SpaceId) -> tuple[DirtyMark, ...]:
        channels = [box for box in self._channels(account) if box.pipeline.has_start]
        for box in channels:
            box.pipeline.marked, box.pipeline.is_mark_stored = float("inf"), False
        return tuple(DirtyMark(box=box.space, reason="account_anchored") for box in channels)

    def _ask_marked(self, account: SpaceId, now: float) -> list[Action]:
        return [
            action
            for box in self._channels(account)
            if box.pipeline.marked
            for action in box.dirty(now, "account_difference")
        ]

    def _channels(self, account: SpaceId) -> list[Box]:
        return [box for space, box in self.boxes.items() if is_channel_space(space) and account in box.accounts]

    def _marked(self, commit: Commit) -> list[Action]:
        """Have the marks of a commit taken back once they are answered; after a failure some may be in the store."""
        return [action for mark in commit.dirty for action in self.boxes[mark.box].marked()]

    @staticmethod
    def _named(page: Page) -> Iterable[tuple[SpaceId, float]]:
        for event in page.channel_events:
            yield event.box, event.pts
        for word in page.too_long:
            yield word.box, float("inf") if word.pts is None else word.pts

    def states(self) -> dict[State, int]:
        """Count the boxes by state."""
        counts = dict.fromkeys(State, 0)
        for box in self.boxes.values():
            counts[box.state] += 1
        return counts
