"""A model of Telegram and of the store, small enough to run thousands of random schedules against the engine.

The server keeps a log per box with retention; the store applies commits whole or not at all; the driver delivers
pushes and answers in any order, loses some, crashes at any point, and at the end compares store and server.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.actions import Action, Alarm, Anchor, Commit, Fetch, Reload
from heliograph.domain.sync.events import Container, Control, Event, Failure, Lost, Page, TooLong
from heliograph.domain.sync.machine import Machine
from heliograph.domain.sync.rules import Rules

ACCOUNT = SpaceId(-1)
CHANNELS = tuple(SpaceId(n) for n in (11, 12, 13))


@dataclass(frozen=True)
class Entry:
    """One event of a box's log; its payload is (kind, message id, text)."""

    pts: int
    count: int
    payload: tuple[str, int, str]
    date: int


@dataclass
class ServerBox:
    space: SpaceId
    pts: int = 1
    oldest: int = 1
    """The log before this pts is gone."""
    log: list[Entry] = field(default_factory=list)
    texts: dict[int, str | None] = field(default_factory=dict)
    """Every message's newest text, None once deleted."""
    last_change: dict[int, int] = field(default_factory=dict)

    def append(self, kind: str, ids: list[int], text: str, date: int) -> list[Entry]:
        entries = []
        for message_id in ids:
            self.pts += 1
            self.texts[message_id] = None if kind == "delete" else text
            self.last_change[message_id] = self.pts
            entries.append(Entry(self.pts, 1, (kind, message_id, text), date))
        self.log += entries
        return entries

    def since(self, pts: int) -> list[Entry]:
        return [entry for entry in self.log if entry.pts > pts]


class Server:
    """Telegram: the truth."""

    def __init__(self, rng: random.Random, *, page: int, strict: bool, style: str, tells_pts: bool) -> None:
        self.rng, self.page_size, self.strict, self.style, self.tells_pts = rng, page, strict, style, tells_pts
        self.boxes = {space: ServerBox(space) for space in (ACCOUNT, *CHANNELS)}
        self.date = 1

    def act(self) -> Container:
        """Change something and return its push."""
        rng = self.rng
        box = self.boxes[rng.choice(list(self.boxes))]
        self.date += rng.choice((0, 0, 1))
        alive = [message_id for message_id, text in box.texts.items() if text is not None]
        kind = rng.choice(("new", "new", "edit", "delete")) if alive else "new"
        ids = [len(box.texts) + 1] if kind == "new" else [rng.choice(alive)]
        entries = box.append(kind, ids, f"{kind}{self.date}-{box.pts}", self.date)
        return Container(
            account=ACCOUNT,
            events=tuple(Event(box=box.space, pts=e.pts, pts_count=e.count, payload=e.payload) for e in entries),
            date=self.date,
        )

    def forget(self) -> None:
        """Drop the older half of one log."""
        box = self.boxes[self.rng.choice(list(self.boxes))]
        box.log = box.log[len(box.log) // 2 :]
        box.oldest = box.log[0].pts - 1 if box.log else box.pts

    def state(self, space: SpaceId) -> BoxState:
        return BoxState(pts=self.boxes[space].pts, date=self.date if space == ACCOUNT else 0)

    def difference(self, fetch: Fetch) -> Page | Lost:
        box, asked = self.boxes[fetch.box], fetch.from_state
        entries = box.since(asked.pts)
        if asked.pts < box.oldest or (self.strict and len(entries) > self.page_size):
            latest = [m for m, text in box.texts.items() if text is not None][-2:]
            events = tuple(self._event(box, box.pts, ("new", m, box.texts[m] or "")) for m in latest)
            own = () if fetch.box == ACCOUNT else events
            return Lost(to=replace(asked, pts=box.pts), events=own, top_id=len(box.texts))
        size = min(self.page_size, fetch.limit * 100)
        part = entries[:size]
        is_final = len(part) == len(entries)
        to_pts = part[-1].pts if part else box.pts
        page = Page(to=replace(asked, pts=to_pts), is_final=is_final, events=self._items(box, part, to_pts))
        return self._account_part(page, asked) if fetch.box == ACCOUNT else page

    def _items(self, box: ServerBox, part: list[Entry], to_pts: int) -> tuple[Event, ...]:
        """New messages in their newest form first, then the other updates, in the server's pts style."""
        new = [e for e in part if e.payload[0] == "new" and box.texts[e.payload[1]] is not None]
        items = [self._event(box, 0, ("new", e.payload[1], box.texts[e.payload[1]] or "")) for e in new]
        for entry in part:
            kind, message_id, _ = entry.payload
            if kind == "edit" and box.texts[message_id] is not None:
                items.append(
                    self._event(box, self._styled(entry.pts, to_pts), ("edit", message_id, box.texts[message_id] or ""))
                )
            if kind == "delete":
                items.append(self._event(box, self._styled(entry.pts, to_pts), entry.payload))
        return tuple(items)

    def _styled(self, real: int, final: int) -> int:
        return {"real": real, "final": final, "zero": 0}[self.style]

    @staticmethod
    def _event(box: ServerBox, pts: int, payload: tuple[str, int, str]) -> Event:
        return Event(box=box.space, pts=pts, pts_count=0, payload=payload)

    def _account_part(self, page: Page, asked: BoxState) -> Page:
        """Name the channels with news since the asked date: by their updates, or as too long."""
        if not page.is_final:
            return page
        events: list[Event] = []
        words: list[TooLong] = []
        for space in CHANNELS:
            box = self.boxes[space]
            news = [e for e in box.log if e.date >= asked.date]
            if news and len(news) <= 2 and self.rng.random() < 0.5:
                events += [Event(box=space, pts=e.pts, pts_count=e.count, payload=e.payload) for e in news]
            elif any(True for e in news) or box.oldest > 1:
                words.append(TooLong(box=space, pts=box.pts if self.tells_pts else None))
        to = replace(page.to, date=self.date)
        return replace(page, to=to, channel_events=tuple(events), too_long=tuple(words))


@dataclass
class Row:
    text: str | None
    as_of: int


class Store:
    """PostgreSQL: everything here survives a crash."""

    def __init__(self) -> None:
        self.cursors: dict[SpaceId, BoxState] = {}
        self.rows: dict[tuple[SpaceId, int], Row] = {}
        self.dirty: set[SpaceId] = set()
        self.losses: list[tuple[SpaceId, int, int]] = []
        self.anchors: dict[SpaceId, int] = {}

    def commit(self, commit: Commit) -> bool:
        """Apply a commit, or nothing of it when the cursor is not where it starts."""
        if self.cursors.get(commit.box) != commit.from_state:
            return False
        self.move(commit)
        self.write(commit)
        self.write_marks(commit.dirty)
        return True

    def move(self, commit: Commit) -> None:
        before = commit.from_state
        assert before is None or commit.loss or commit.to_state.pts >= before.pts, "the cursor went back"
        self.cursors[commit.box] = commit.to_state
        if before is None:
            self.anchors[commit.box] = commit.to_state.pts
        elif commit.loss:
            self.losses.append((commit.box, before.pts, commit.to_state.pts))

    def write(self, commit: Commit) -> None:
        for event in commit.events:
            as_of = event.pts if commit.origin == "live" else commit.to_state.pts
            self._put(commit.box, event.payload, as_of)
        if commit.is_clean:
            self.dirty.discard(commit.box)

    def write_marks(self, marks: tuple[DirtyMark, ...]) -> None:
        self.dirty |= {mark.box for mark in marks}

    def _put(self, space: SpaceId, payload: tuple[str, int, str], as_of: int) -> None:
        kind, message_id, text = payload
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
        self.store = store()
        self._machine_type = machine
        self.now = 0.0
        self.pushes: list[Container] = []
        self.open: list[Action] = []
        self.answers: list[tuple[Fetch, Page | Lost]] = []
        self.start()

    def start(self) -> None:
        """Start the process: everything it knows comes from the store."""
        rules = Rules(postponed=self.rng.choice((2, 100)), uncommitted=self.rng.choice((2, 100)))
        self.machine = self._machine_type(rules)
        self.pushes, self.open, self.answers = [], [], []
        for space, cursor in self.store.cursors.items():
            if space in CHANNELS:
                self.machine.load(space, cursor)
        self.take(self.machine.add_account(ACCOUNT, self.store.cursors.get(ACCOUNT), self.now))
        for space in sorted(set(self.store.cursors) & set(CHANNELS)):
            self.take(self.machine.add_channel(space, ACCOUNT, None, self.now))
        for space in sorted(self.store.dirty):
            self.take(self.machine.add_channel(space, ACCOUNT, None, self.now))
            self.take(self.machine.mark(space, self.now))

    def take(self, actions: list[Action]) -> None:
        self.open += [action for action in actions if not isinstance(action, Alarm)]

    # -- one random step --------------------------------------------------------------------------------------

    def step(self) -> None:
        rng = self.rng
        roll = rng.random()
        if roll < 0.02:
            self.start()
        elif roll < 0.06:
            self.pushes.clear()
            self.take(self.machine.control(ACCOUNT, rng.choice(list(Control)), self.now))
        elif roll < 0.08:
            self.server.forget()
        elif roll < 0.35 and self.pushes:
            self.push()
        elif roll < 0.55 and self.answers:
            self.answer()
        elif roll < 0.85 and self.open:
            self.perform(self.open.pop(rng.randrange(len(self.open))), may_fail=True)
        else:
            self.advance(rng.choice((0.1, 0.6, 3.0)))

    def push(self) -> None:
        index = self.rng.randrange(min(len(self.pushes), 3))
        container = self.pushes.pop(index)
        roll = self.rng.random()
        if roll < 0.15:
            return
        if roll < 0.25:
            self.pushes.append(container)
        self.take(self.machine.container(container, self.now))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.machine.tick(self.now))

    def answer(self) -> None:
        fetch, answer = self.answers.pop(self.rng.randrange(len(self.answers)))
        self.take(self.machine.answer(fetch, answer, self.now))

    def perform(self, action: Action, may_fail: bool) -> None:
        fails = may_fail and self.rng.random() < 0.15
        if isinstance(action, Fetch):
            if fails:
                failure = self.rng.choice((Failure.RETRY, Failure.FLOOD, Failure.UNDECODABLE))
                return self.take(self.machine.fetch_failed(action, failure, self.now, 5))
            self.answers.append((action, self.server.difference(action)))
        elif isinstance(action, Anchor):
            if fails:
                return self.take(self.machine.anchor_failed(action.box, Failure.RETRY, self.now))
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
                self.pushes.append(self.server.act())
            self.step()
            self.check_always()
        self.settle()
        self.check_complete()

    def settle(self) -> None:
        """Let everything finish, with the reconnection that any lost push ends in."""
        self.pushes.clear()
        self.take(self.machine.control(ACCOUNT, Control.RECONNECTED, self.now))
        for _ in range(3_000):
            if self.answers:
                self.answer()
            elif self.open:
                self.perform(self.open.pop(0), may_fail=False)
            elif self.machine.deadline() is not None and self.machine.deadline() < self.now + 600:
                self.advance(max(0.0, self.machine.deadline() - self.now))
            else:
                return
        raise AssertionError("the engine does not come to rest")

    # -- what must hold ---------------------------------------------------------------------------------------

    def check_always(self) -> None:
        for space, cursor in self.store.cursors.items():
            assert cursor.pts <= self.server.boxes[space].pts, "the cursor is ahead of the truth"

    def check_complete(self) -> None:
        for space, box in self.server.boxes.items():
            anchor = self.store.anchors.get(space)
            if anchor is None:
                continue
            assert self.store.cursors[space].pts == box.pts, f"box {space} is behind"
            lost = [(low, high) for where, low, high in self.store.losses if where == space]
            for message_id, text in box.texts.items():
                changed = box.last_change[message_id]
                if changed <= anchor or any(low < changed <= high for low, high in lost):
                    continue
                row = self.store.rows.get((space, message_id))
                assert row is not None, f"message {message_id} of {space} is missing"
                assert row.text == text, f"message {message_id} of {space} is not in its final form"
