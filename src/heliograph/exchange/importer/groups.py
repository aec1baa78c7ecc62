"""Reading and normalising, apart from the database: a source's events become groups of rows that fill one commit.

``Groups`` is pulled from a thread, one group ahead of the commit, so that Python and PostgreSQL work at the same time
and memory holds two groups whatever the file's size. It stops after a chat's header until somebody has said where the
chat goes.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import normalise
from heliograph.exchange.importer import summary

GROUP_ROWS: Final = 4_000
GROUP_CHARACTERS: Final = 2_000_000
"""A group of the longest messages is closed earlier, so that it is no larger in memory than one of ordinary ones."""

OPENING_MESSAGES: Final = 1_000
OPENING_BYTES: Final = 1 << 20
"""What is read of a chat, in whole pages, before somebody has to say where it goes."""
MOST_AHEAD: Final = 1_000
"""Things that cannot be read before a chat's pages, beyond which nobody waits for more."""
DUPLICATE: Final = "duplicate_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """A chat begins; ``Groups.go_on`` says where it goes before the next one is pulled."""

    header: model.ChatHeader
    opening: Sequence[records.Json]
    """Its first messages, by which it is recognised; empty when it has none."""


@dataclass(kw_only=True, slots=True)
class Group:
    """Some messages of the present chat for one commit."""

    items: list[model.Imported] = field(default_factory=list)
    places: list[model.Place] = field(default_factory=list)
    """Where each item stands."""
    tally: summary.Tally = field(default_factory=summary.Tally)
    """What was read and skipped; what the store knows of it is added by the commit."""
    offset_after: int | None = None
    """Where a later run goes on once this is committed; None when that is not between two pages."""
    topic_id: int | None = None
    """The topic that everything so far is of, as far as can be told."""


Pulled = Beginning | Group | model.Broken


class Groups:
    """The groups of one source in its order."""

    def __init__(self, events: Generator[model.ChatEvent]) -> None:
        self._events = events
        self._file = ""
        self._held: list[model.ChatEvent] = []
        self._waiting: list[Group] = []
        self._group = Group()
        self._ids: dict[int, str] = {}
        self._characters = 0
        self._target: model.Target | None = None
        self._is_html = False

    def go_on(self, target: model.Target | None) -> None:
        """Say where the messages that follow go; None leaves them out."""
        self._target = target

    def pull(self) -> Pulled | None:
        """Return what comes next, None at the end."""
        while True:
            if self._waiting:
                return self._waiting.pop(0)
            event = self._next()
            if event is None:
                return self._close() if self._is_open else None
            if isinstance(event, model.ChatHeader | model.Broken):
                if self._is_open:
                    self._held.insert(0, event)
                    return self._close()
                return self._begin(event) if isinstance(event, model.ChatHeader) else event
            if isinstance(event, model.Skip):
                self._skip(event)
            else:
                self._page(event)

    @property
    def _is_open(self) -> bool:
        return bool(self._group.items or self._group.tally.read or self._group.tally.skipped)

    def _next(self) -> model.ChatEvent | None:
        return self._held.pop(0) if self._held else next(self._events, None)

    def _begin(self, header: model.ChatHeader) -> Beginning:
        self._file = header.place.file
        self._is_html = header.is_html
        ahead: list[model.ChatEvent] = []
        opening: list[records.Json] = []
        while len(opening) < OPENING_MESSAGES and len(ahead) < MOST_AHEAD and (event := self._next()) is not None:
            ahead.append(event)
            if isinstance(event, model.ChatHeader | model.Broken):
                break
            if isinstance(event, model.Page):
                opening += event.messages
                if event.offset_after - header.place.offset >= OPENING_BYTES:
                    break
        self._held = ahead + self._held
        return Beginning(header=header, opening=opening)

    def close(self) -> None:
        """End reading, and with it whatever the source has open."""
        self._events.close()

    def _page(self, page: model.Page) -> None:
        target = self._target
        if target is None:
            self._waiting.append(Group(offset_after=page.offset_after))
            return
        for message, offset in zip(page.messages, page.places, strict=True):
            place = model.Place(file=self._file, offset=offset)
            self._group.tally.read += 1
            found = normalise.normalise(message, target, place)
            if isinstance(found, model.Skip):
                self._group.tally.skip(found.reason, found.place, found.message_id)
            else:
                self._add(_ranked(found, is_page=self._is_html), place)
        self._group.offset_after = page.offset_after
        if len(self._group.items) >= GROUP_ROWS or self._characters >= GROUP_CHARACTERS:
            self._waiting.append(self._close())

    def _add(self, found: model.Imported, place: model.Place) -> None:
        message = found.message
        # Another text under the same id is for the store to judge, as between two exports.
        if self._ids.get(message.message_id) == message.text:
            self._group.tally.skip(DUPLICATE, place, message.message_id)
            return
        self._ids[message.message_id] = message.text
        self._characters += len(message.text)
        self._group.items.append(found)
        self._group.places.append(place)
        self._group.tally.local_times += found.is_local_time

    def _skip(self, skip: model.Skip) -> None:
        self._group.tally.read += 1
        self._group.tally.skip(skip.reason, skip.place, skip.message_id)

    def _close(self) -> Group:
        closed, self._group = self._group, Group()
        if self._target is not None and self._target.topics is not None:
            closed.topic_id = self._target.topics.alone
        self._ids, self._characters = {}, 0
        return closed


def _ranked(found: model.Imported, *, is_page: bool) -> model.Imported:
    """Return a row with what its source lacks in its rank. Pages tell of service messages the day only."""
    is_local = found.is_local_time or (is_page and found.message.service is not None)
    if not is_page and not is_local:
        return found
    as_of = records.imported_as_of(is_page=is_page, is_local_time=is_local)
    return replace(found, message=replace(found.message, as_of=as_of))
