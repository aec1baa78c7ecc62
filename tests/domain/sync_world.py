"""A model of the store, and a driver that runs the engine against the modelled server in thousands of schedules.

The store applies commits whole or not at all; the driver delivers pushes and answers in any order, loses some, refuses
requests, moves accounts in and out of channels, lets the server lose the end of a log, crashes at any point, and at
the end compares store and server.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from sync_server import ACCOUNTS, CHANNELS, Change, Payload, Server

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.actions import Action, Alarm, Anchor, Commit, Fetch, Reload
from heliograph.domain.sync.events import Container, Control, Event, Failure, Lost, Page
from heliograph.domain.sync.machine import Machine
from heliograph.domain.sync.rules import Rules


@dataclass
class Row:
    text: str | None
    as_of: int


class Store:
    """PostgreSQL: everything here survives a crash."""

    def __init__(self, server: Server) -> None:
        self._server = server
        """Asked for nothing but the era, which dates anchors and losses for the comparison at the end."""
        self.cursors: dict[SpaceId, BoxState] = {}
        self.rows: dict[tuple[SpaceId, int], Row] = {}
        self.dirty: set[SpaceId] = set()
        self.readers: set[tuple[SpaceId, SpaceId]] = set()
        """Account and channel."""
        self.losses: list[tuple[SpaceId, int, int, int]] = []
        """Box, era, and the pts between which updates are lost."""
        self.holes: dict[SpaceId, int] = {}
        """Boxes whose ids are all owed, and the pts that each was opened at: what was asked before closes none."""
        self.applied: set[tuple[SpaceId, int, int]] = set()
        """Box, era and pts of the live updates that were applied."""
        self.texts: set[tuple[SpaceId, int, str]] = set()
        """Box, message and text: every one that was ever written."""
        self.unkept: list[tuple[SpaceId, int, int]] = []
        """Box and the pts between which updates had arrived and could not be kept."""
        self.duplicated = 0
        self.anchors: dict[SpaceId, Change] = {}

    def commit(self, commit: Commit) -> bool:
        """Apply a commit, or nothing of it when the cursor is not where it starts."""
        if self.cursors.get(commit.box) != commit.from_state:
            return False
        self.move(commit)
        self.write(commit)
        self.write_marks(commit.dirty)
        return True

    def move(self, commit: Commit) -> None:
        before, after, era = commit.from_state, commit.to_state.pts, self._server.boxes[commit.box].era
        assert before is None or commit.loss or after >= before.pts, "the cursor went back"
        self.cursors[commit.box] = commit.to_state
        if before is None:
            self.anchors.setdefault(commit.box, (era, after))
        elif commit.loss:
            self.losses.append((commit.box, era, before.pts, after))
            self.holes[commit.box] = after
        if commit.not_kept and before is not None:
            self.unkept.append((commit.box, commit.not_kept_from, after))
        if before is not None and after < before.pts:
            self.age(commit.box, after)

    def age(self, space: SpaceId, pts: int) -> None:
        """Make what is stored no newer than the cursor that went back."""
        for (where, _), row in self.rows.items():
            if where == space:
                row.as_of = min(row.as_of, pts)

    def write(self, commit: Commit) -> None:
        era = self._server.boxes[commit.box].era
        for event in commit.seen:
            self._put(commit.box, event.payload, min(event.pts, commit.to_state.pts))
        for event in commit.events:
            as_of = event.pts if commit.origin == "live" else commit.to_state.pts
            if commit.origin == "live":
                self.duplicated += (commit.box, era, event.pts) in self.applied
                self.applied.add((commit.box, era, event.pts))
            self._put(commit.box, event.payload, as_of)
        if commit.is_clean:
            self.dirty.discard(commit.box)

    def write_marks(self, marks: tuple[DirtyMark, ...]) -> None:
        self.dirty |= {mark.box for mark in marks}

    def scan(self, space: SpaceId, as_of: int, texts: dict[int, str | None]) -> None:
        """Take a page of history: nothing in it is newer than the cursor."""
        as_of = min(as_of, self.cursors[space].pts)
        for message_id, text in texts.items():
            row = self.rows.get((space, message_id))
            if text is not None and (row is None or as_of > row.as_of):
                self.rows[space, message_id] = Row(text, as_of)

    def probe(self, space: SpaceId, as_of: int, texts: dict[int, str | None]) -> None:
        """Take answers about every id; what is stored and not there any more was deleted."""
        if as_of < self.holes.get(space, 0):
            return
        self.scan(space, as_of, texts)
        as_of = min(as_of, self.cursors[space].pts)
        for (where, message_id), row in self.rows.items():
            if where == space and texts.get(message_id) is None and row.text is not None and as_of >= row.as_of:
                self.rows[where, message_id] = Row(None, as_of)
        self.holes.pop(space, None)

    def _put(self, space: SpaceId, payload: Payload, as_of: int) -> None:
        kind, message_id, text = payload
        self.texts.add((space, message_id, text))
        row = self.rows.get((space, message_id))
        is_deletion = kind == "delete"
        if row and (as_of < row.as_of or (row.text is None and not is_deletion and as_of <= row.as_of)):
            return
        self.rows[space, message_id] = Row(None if is_deletion else text, as_of)


class Driver:
    """Runs engine, server and store under one random schedule."""

    def __init__(self, rng: random.Random, *, machine: type[Machine] = Machine, store: type[Store] = Store) -> None:
        self.rng = rng
        self.server = Server(
            rng,
            page=rng.choice((2, 5, 100)),
            strict=rng.random() < 0.3,
            style=rng.choice(("real", "final", "zero")),
            tells_pts=rng.random() < 0.5,
        )
        self.store = store(self.server)
        self._machine_type = machine
        self._compares = rng.random() < 0.5
        """Whether dialogs are compared with the cursors; without that the differences alone must find everything."""
        self.now = 0.0
        self.is_settled = False
        self.start()

    def start(self) -> None:
        """Start the process: everything it knows comes from the store."""
        rng = self.rng
        rules = Rules(
            postponed=rng.choice((2, 100)), uncommitted=rng.choice((2, 100)), page_limit=self.server.page_size
        )
        self.rules = rules
        self.arrived: list[tuple[SpaceId, int, Payload]] = []
        """Box, pts and payload of what was pushed to this process; what it had not stored when it died is nobody's."""
        self.began_at = {space: cursor.pts for space, cursor in self.store.cursors.items()}
        """What is not above was known before this process, which cannot tell what of it was overtaken."""
        self.machine = self._machine_type(rules)
        self.pushes: list[Container] = []
        self.open: list[Action] = []
        self.answers: list[tuple[Fetch, Page | Lost | None]] = []
        self.dialogs: list[tuple[SpaceId, SpaceId, int, int | None]] = []
        self.scans: list[tuple[SpaceId, int, dict[int, str | None], bool]] = []
        for space, cursor in self.store.cursors.items():
            if space in CHANNELS:
                self.machine.load(space, cursor)
        for account in ACCOUNTS:
            self.take(self.machine.add_account(account, self.store.cursors.get(account), self.now))
        for account, channel in sorted(self.store.readers):
            self.take(self.machine.add_channel(channel, account, None, self.now))
        for space in sorted(self.store.dirty):
            self.take(self.machine.mark(space, self.now))
        for account in ACCOUNTS:
            self.list_dialogs(account)

    def take(self, actions: list[Action]) -> None:
        self.open += [action for action in actions if not isinstance(action, Alarm)]

    # -- one random step --------------------------------------------------------------------------------------

    def step(self) -> None:
        rng = self.rng
        roll = rng.random()
        if roll < 0.02:
            self.start()
        elif roll < 0.05:
            self.pushes.clear()
            self.take(self.machine.control(rng.choice(ACCOUNTS), rng.choice(list(Control)), self.now))
        elif roll < 0.10:
            self.disturb(rng.random())
        elif roll < 0.13 and self.dialogs:
            self.dialog(rng.randrange(len(self.dialogs)))
        elif roll < 0.16 and self.scans:
            self.scanned(self.scans.pop(rng.randrange(len(self.scans))))
        elif roll < 0.38 and self.pushes:
            self.push()
        elif roll < 0.58 and self.answers:
            self.answer(rng.randrange(len(self.answers)))
        elif roll < 0.86 and self.open:
            self.perform(self.open.pop(rng.randrange(len(self.open))), may_fail=True)
        else:
            self.advance(rng.choice((0.1, 0.6, 3.0)))

    def disturb(self, roll: float) -> None:
        """Have happen what is rare in life."""
        if roll < 0.25:
            self.server.forget()
        elif roll < 0.5:
            self.join_or_leave(self.rng.choice(CHANNELS), self.rng.choice(ACCOUNTS))
        elif roll < 0.65:
            self.list_dialogs(self.rng.choice(ACCOUNTS))
        elif roll < 0.95:
            self.scan(self.rng.choice((*ACCOUNTS, *CHANNELS)), is_probe=self.rng.random() < 0.5)
        else:
            self.rewind(self.rng.choice((*ACCOUNTS, *CHANNELS)))

    def join_or_leave(self, channel: SpaceId, account: SpaceId) -> None:
        members = self.server.members[channel]
        if account in members:
            members.discard(account)
            self.pushes = [each for each in self.pushes if each.account != account or each.events[0].box != channel]
            if self.rng.random() < 0.5:
                self.store.readers.discard((account, channel))
                self.take(self.machine.remove_channel(channel, account, self.now))
        else:
            members.add(account)
            self.list_dialogs(account, compares=True)

    def list_dialogs(self, account: SpaceId, *, compares: bool = False) -> None:
        """Ask for an account's chats; the answer comes later, one dialog at a time."""
        for channel in (each for each in CHANNELS if account in self.server.members[each]):
            # One that stands where a dialog has put it may be behind from the start: that dialog may have been old.
            stands_at = self.store.anchors.get(channel, (0, None))[1]
            is_new = (account, channel) not in self.store.readers or stands_at == self.committed(channel)
            asked_at = self.committed(channel) if compares or self._compares or is_new else None
            self.dialogs.append((account, channel, self.server.boxes[channel].pts, asked_at))

    def committed(self, space: SpaceId) -> int | None:
        box = self.machine.boxes.get(space)
        return box.pipeline.committed.pts if box and box.pipeline.committed else None

    def dialog(self, index: int) -> None:
        account, channel, pts, asked_at = self.dialogs.pop(index)
        self.store.readers.add((account, channel))
        self.take(self.machine.add_channel(channel, account, pts, self.now))
        if asked_at is not None:
            self.take(self.machine.server_pts(channel, pts, asked_at, self.now))

    def scan(self, space: SpaceId, *, is_probe: bool = False) -> None:
        """Ask for history, or for every id; the answer is true for the cursor that was committed before."""
        as_of = self.committed(space)
        if as_of is not None:
            self.scans.append((space, as_of, dict(self.server.boxes[space].texts), is_probe))

    def scanned(self, page: tuple[SpaceId, int, dict[int, str | None], bool]) -> None:
        space, as_of, texts, is_probe = page
        (self.store.probe if is_probe else self.store.scan)(space, as_of, texts)

    def rewind(self, space: SpaceId) -> None:
        """Have the server lose the end of a log. It is noticed before the lost numbers are used up again."""
        box = self.server.boxes[space]
        self.pushes = [push for push in self.pushes if push.events[0].box != space]
        self.rest()
        if not box.history or not self.server.readers(space):
            return
        box.rewind(self.rng.randint(1, min(4, len(box.history))))
        self.arrived = [each for each in self.arrived if each[0] != space]
        cursor = self.store.cursors.get(space)
        if space in CHANNELS:
            for account in sorted(self.server.members[space]):
                self.list_dialogs(account, compares=True)
        elif cursor is not None and self.rng.random() < 0.5:
            self.take(self.machine.account_pts(space, self.server.state(space), cursor.pts, self.now))
        else:
            self.take(self.machine.control(space, Control.SILENCE, self.now))
        self.rest()

    def push(self) -> None:
        index = self.rng.randrange(min(len(self.pushes), 3))
        container = self.pushes.pop(index)
        roll = self.rng.random()
        if roll < 0.15:
            return
        if roll < 0.25:
            self.pushes.append(container)
        self.arrived += [
            (event.box, event.pts, event.payload) for event in container.events if self._is_followed(event)
        ]
        self.take(self.machine.container(container, self.now))

    def _is_followed(self, event: Event) -> bool:
        box = self.machine.boxes.get(event.box)
        is_anchored = box is not None and box.pipeline.committed is not None
        _, anchor = self.store.anchors.get(event.box, (0, 0))
        return is_anchored and event.pts > max(anchor, self.began_at.get(event.box, 0))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.machine.tick(self.now))

    def answer(self, index: int) -> None:
        fetch, answer = self.answers.pop(index)
        if answer is None:
            return self.refuse(fetch, Failure.ACCESS)
        self.take(self.machine.answer(fetch, answer, self.now))

    def refuse(self, fetch: Fetch, failure: Failure) -> None:
        self.take(self.machine.fetch_failed(fetch, failure, self.now, 5))
        if failure is Failure.ACCESS:
            self.list_dialogs(fetch.account, compares=True)

    def perform(self, action: Action, may_fail: bool) -> None:
        fails = may_fail and self.rng.random() < 0.15
        if isinstance(action, Fetch):
            if fails:
                kinds = [Failure.RETRY, Failure.FLOOD, Failure.UNDECODABLE, Failure.UNDECODABLE, Failure.INVALID]
                return self.refuse(action, self.rng.choice(kinds + [Failure.ACCESS] * (action.box in CHANNELS)))
            self.answers.append((action, self.server.difference(action)))
        elif isinstance(action, Anchor):
            if fails or action.account not in self.server.readers(action.box):
                failure = Failure.RETRY if fails else Failure.ACCESS
                return self.take(self.machine.anchor_failed(action, failure, self.now))
            self.take(self.machine.anchored(action.box, self.server.state(action.box), self.now))
        elif isinstance(action, Reload):
            self.take(self.machine.reloaded(action.box, self.store.cursors.get(action.box), self.now))
        elif isinstance(action, Commit):
            self.commit(action, fails)

    def commit(self, commit: Commit, fails: bool) -> None:
        """Commit; a failure may come before it happened, or after it without anyone knowing."""
        is_done = not (fails and self.rng.random() < 0.5) and self.store.commit(commit)
        if fails or not is_done:
            return self.take(self.machine.commit_failed(commit))
        self.take(self.machine.committed(commit, self.now))

    # -- the whole run ----------------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        for _ in range(steps):
            if self.rng.random() < 0.4:
                self.pushes += self.server.act()
            self.step()
            self.check_always()
        self.settle()
        self.is_settled = True
        self.check_complete()

    def settle(self) -> None:
        """Let everything finish, with the reconnection that any lost push ends in; answers under way go with it."""
        self.pushes.clear()
        self.dialogs.clear()
        for account in ACCOUNTS:
            self.take(self.machine.control(account, Control.RECONNECTED, self.now))
            self.list_dialogs(account)
        self.rest()
        for space in sorted(self.store.holes):
            self.scan(space, is_probe=True)
        self.rest()

    def rest(self) -> None:
        """Let what is under way come to its end, without new trouble."""
        for _ in range(3_000):
            if self.dialogs:
                self.dialog(0)
            elif self.scans:
                self.scanned(self.scans.pop(0))
            elif self.answers:
                self.answer(0)
            elif self.open:
                self.perform(self.open.pop(0), may_fail=False)
            elif (self.machine.deadline() or self.now + 600) < self.now + 600:
                self.advance(max(0.0, self.machine.deadline() - self.now))
            else:
                return
        raise AssertionError("the engine does not come to rest")

    # -- what must hold ---------------------------------------------------------------------------------------

    def check_always(self) -> None:
        for space, cursor in self.store.cursors.items():
            if self.server.readers(space):
                assert cursor.pts <= self.server.boxes[space].pts, "the cursor is ahead of the truth"
        for space in self.store.anchors:
            assert space in self.store.cursors, f"box {space} has lost its cursor"
        for space, box in self.machine.boxes.items():
            assert box.pipeline.live_count <= self.rules.uncommitted, f"box {space} runs too far ahead of the store"

    def check_complete(self) -> None:
        for space in self.server.boxes:
            if self.server.readers(space):
                assert space in self.store.anchors, f"box {space} was never anchored"
                assert self.store.cursors[space].pts == self.server.boxes[space].pts, f"box {space} is behind"
                assert space not in self.store.dirty, f"box {space} stays marked"
                assert space not in self.store.holes, f"a hole of {space} stays open"
        for wrong in (*self.wrong_rows(), *self.lost_texts()):
            raise AssertionError(wrong)
        assert not self.store.duplicated, f"{self.store.duplicated} updates are applied twice"

    def wrong_rows(self) -> Iterator[str]:
        """Yield what is wrong with each message that is neither as the server has it nor on record as lost."""
        for space in self.server.boxes:
            if self.server.readers(space):
                yield from self._wrong_rows(space)

    def _wrong_rows(self, space: SpaceId) -> Iterator[str]:
        box = self.server.boxes[space]
        for message_id, text in box.texts.items():
            era, pts = box.last_change[message_id]
            anchor = self.store.anchors.get(space)
            if (anchor and (era, pts) <= anchor) or message_id in box.undone:
                continue
            row = self.store.rows.get((space, message_id))
            if row is None and text is None and self.is_lost(space, era, pts):
                continue
            if row is None:
                yield f"message {message_id} of {space} is missing"
            elif row.text != text:
                yield f"message {message_id} of {space} is not in its final form"

    def is_lost(self, space: SpaceId, era: int, pts: int) -> bool:
        """Say whether a change is on record as lost: a message that came and went in it is known to nobody."""
        return any(where == space and when >= era and low < pts <= high for where, when, low, high in self.store.losses)

    def lost_texts(self) -> Iterator[str]:
        """Yield each text that arrived and is neither stored nor in a stretch of which the store says that some is."""
        for space, pts, (kind, message_id, text) in self.arrived:
            stretches = [(low, high) for where, low, high in self.store.unkept if where == space]
            stretches += [(low, high) for where, _, low, high in self.store.losses if where == space]
            is_told = any(low < pts <= high for low, high in stretches)
            is_read = self.server.readers(space) and kind != "delete"
            if is_read and not is_told and (space, message_id, text) not in self.store.texts:
                yield f"a text of message {message_id} of {space} arrived and is lost"
