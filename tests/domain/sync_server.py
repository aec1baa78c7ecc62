"""A model of Telegram for the engine's property tests: a log per box with retention, members, and the truth."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState
from heliograph.domain.sync.actions import Fetch
from heliograph.domain.sync.events import Container, Event, Lost, Page, TooLong

ACCOUNTS = (SpaceId(-1), SpaceId(-2))
CHANNELS = tuple(SpaceId(n) for n in (11, 12, 13))

Payload = tuple[str, int, str]
"""Kind, message id, text."""
Change = tuple[int, int]
"""Era and pts of a message's last change. A new era begins when the server loses the end of a log."""


@dataclass(frozen=True)
class Entry:
    """One event of a box's log."""

    pts: int
    count: int
    payload: Payload
    date: int


@dataclass
class ServerBox:
    space: SpaceId
    pts: int = 1
    oldest: int = 1
    """The log before this pts is gone."""
    era: int = 0
    log: list[Entry] = field(default_factory=list)
    history: list[Entry] = field(default_factory=list)
    """Everything that happened, the forgotten part of the log too."""
    texts: dict[int, str | None] = field(default_factory=dict)
    """Every message's newest text, None once deleted."""
    last_change: dict[int, Change] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    """Messages whose newest form the server itself has lost: only a scan can tell what they are now."""

    def append(self, kind: str, message_id: int, text: str, date: int) -> Entry:
        self.pts += 1
        entry = Entry(self.pts, 1, (kind, message_id, text), date)
        self.texts[message_id] = None if kind == "delete" else text
        self.last_change[message_id] = (self.era, self.pts)
        self.undone.discard(message_id)
        self.log.append(entry)
        self.history.append(entry)
        return entry

    def since(self, pts: int) -> list[Entry]:
        return [entry for entry in self.log if entry.pts > pts]

    def rewind(self, events: int) -> None:
        """Lose the newest events, as a server that is restored from an older copy."""
        kept, lost = self.history[:-events], self.history[-events:]
        self.pts = lost[0].pts - 1
        self.oldest = min(self.oldest, self.pts)
        self.era += 1
        self.history, self.log = kept, [entry for entry in self.log if entry.pts <= self.pts]
        self.texts.clear()
        for entry in kept:
            kind, message_id, text = entry.payload
            self.texts[message_id] = None if kind == "delete" else text
        self.undone |= {entry.payload[1] for entry in lost}


class Server:
    """Telegram: the truth."""

    def __init__(self, rng: random.Random, *, page: int, strict: bool, style: str, tells_pts: bool) -> None:
        self.rng, self.page_size, self.strict, self.style, self.tells_pts = rng, page, strict, style, tells_pts
        self.boxes = {space: ServerBox(space) for space in (*ACCOUNTS, *CHANNELS)}
        self.members = {CHANNELS[0]: {ACCOUNTS[0]}, CHANNELS[1]: set(ACCOUNTS), CHANNELS[2]: set(ACCOUNTS)}
        self.date = 1

    def readers(self, space: SpaceId) -> set[SpaceId]:
        return {space} if space in ACCOUNTS else self.members[space]

    def act(self) -> list[Container]:
        """Change something and return its pushes, one for each account that sees it."""
        rng = self.rng
        box = self.boxes[rng.choice(list(self.boxes))]
        self.date += rng.choice((0, 0, 1))
        alive = [message_id for message_id, text in box.texts.items() if text is not None]
        kind = rng.choice(("new", "new", "edit", "delete")) if alive else "new"
        message_id = max(box.texts, default=0) + 1 if kind == "new" else rng.choice(alive)
        entry = box.append(kind, message_id, f"{kind}{self.date}-{box.era}-{box.pts}", self.date)
        event = Event(box=box.space, pts=entry.pts, pts_count=entry.count, payload=entry.payload)
        readers = sorted(self.readers(box.space))
        return [Container(account=account, events=(event,), date=self.date) for account in readers]

    def forget(self) -> None:
        """Drop the older half of one log."""
        box = self.boxes[self.rng.choice(list(self.boxes))]
        box.log = box.log[len(box.log) // 2 :]
        box.oldest = box.log[0].pts - 1 if box.log else box.pts

    def state(self, space: SpaceId) -> BoxState:
        return BoxState(pts=self.boxes[space].pts, date=self.date if space in ACCOUNTS else 0)

    def difference(self, fetch: Fetch) -> Page | Lost | None:
        """Answer a difference; None to an account that may not read the box."""
        box, asked = self.boxes[fetch.box], fetch.from_state
        if fetch.account not in self.readers(fetch.box):
            return None
        entries = box.since(asked.pts)
        # An account's difference has no limit of its own.
        limit = self.page_size if fetch.box in ACCOUNTS else fetch.limit
        if asked.pts < box.oldest or (self.strict and len(entries) > limit):
            latest = [m for m, text in box.texts.items() if text is not None][-2:]
            events = tuple(self._event(box, box.pts, ("new", m, box.texts[m] or "")) for m in latest)
            own = () if fetch.box in ACCOUNTS else events
            return Lost(to=replace(asked, pts=box.pts), events=own, top_id=len(box.texts))
        part = entries[: min(self.page_size, limit)]
        is_final = len(part) == len(entries)
        to_pts = part[-1].pts if part else box.pts
        page = Page(to=replace(asked, pts=to_pts), is_final=is_final, events=self._items(box, part, to_pts))
        return self._account_part(page, asked, fetch.box) if fetch.box in ACCOUNTS else page

    def _items(self, box: ServerBox, part: list[Entry], to_pts: int) -> tuple[Event, ...]:
        """New messages in their newest form first, then the other updates, in the server's pts style."""
        new = [e for e in part if e.payload[0] == "new" and box.texts[e.payload[1]] is not None]
        items = [self._event(box, 0, ("new", e.payload[1], box.texts[e.payload[1]] or "")) for e in new]
        for entry in part:
            kind, message_id, _ = entry.payload
            styled = {"real": entry.pts, "final": to_pts, "zero": 0}[self.style]
            if kind == "edit" and box.texts[message_id] is not None:
                items.append(self._event(box, styled, ("edit", message_id, box.texts[message_id] or "")))
            if kind == "delete":
                items.append(self._event(box, styled, entry.payload))
        return tuple(items)

    @staticmethod
    def _event(box: ServerBox, pts: int, payload: Payload) -> Event:
        return Event(box=box.space, pts=pts, pts_count=0, payload=payload)

    def _account_part(self, page: Page, asked: BoxState, account: SpaceId) -> Page:
        """Name the account's channels with news since the asked date: by their updates, or as too long."""
        if not page.is_final:
            return page
        events: list[Event] = []
        words: list[TooLong] = []
        for box in (self.boxes[space] for space in CHANNELS if account in self.members[space]):
            news = [e for e in box.log if e.date >= asked.date]
            if news and len(news) <= 2 and self.rng.random() < 0.5:
                events += [Event(box=box.space, pts=e.pts, pts_count=e.count, payload=e.payload) for e in news]
            elif news or box.oldest > 1:
                words.append(TooLong(box=box.space, pts=box.pts if self.tells_pts else None))
        to = replace(page.to, date=self.date)
        return replace(page, to=to, channel_events=tuple(events), too_long=tuple(words))
