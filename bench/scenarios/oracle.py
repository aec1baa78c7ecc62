"""What really happened, from the simulator's own log, against what a crawler has stored.

An event is a message's text, its first or a later one, or its deletion. It is lost when the store does not show it:
a text that is neither the present one nor an earlier one, a message not marked as deleted. It is told apart from
``recorded``: what the store lacks but says that it lacks. What nobody could know is no event: a text that was replaced,
or a message that was deleted, all while the crawler was cut off from Telegram.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from heliograph.simulator.world.boxes import Entry

ZERO_BYTE = "\ufffd"
"""Stands for a zero byte in a text, which PostgreSQL has no way to store."""

Key = tuple[int, int]
"""The chat's marked id and the message's id in its channel or in the account's mailbox."""


class Away(NamedTuple):
    """Unix times between which the crawler could hear nothing of Telegram."""

    begin: float
    end: float


class Event(NamedTuple):
    """Something that the mirror must show. ``text`` is None for a deletion."""

    key: Key
    space_id: int
    pts: int
    text: str | None
    is_last: bool
    """Whether this is the message's present text."""


@dataclass(kw_only=True)
class Stored:
    """What a crawler holds."""

    texts: dict[Key, str] = field(default_factory=dict)
    """The present text."""
    earlier: dict[Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    deleted: set[Key] = field(default_factory=set)
    twice: int = 0
    """Rows of a message that there should be one of."""
    losses: list[tuple[int, int, int]] = field(default_factory=list)
    """Known losses: (space, above this pts, up to this pts)."""
    letters: set[tuple[int, int]] = field(default_factory=set)
    """Dead letters: (space, message id)."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a store differs from what happened; all are numbers of events, or of rows that are one too many."""

    events: int
    lost: int
    recorded: int
    duplicated: int
    examples: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether everything is there or on record, once."""
        return self.lost == 0 and self.duplicated == 0


def events(boxes: Iterable[tuple[int, Sequence[Entry]]], *, since: float, aways: Sequence[Away]) -> list[Event]:
    """Return what the mirror must show of the messages of groups and channels that came after ``since``.

    ``boxes`` are (space, its log).
    """
    found: list[Event] = []
    for space_id, log in boxes:
        lives: dict[Key, list[Entry]] = defaultdict(list)
        for entry in log:
            is_content = entry.kind in ("new", "delete") or (entry.kind == "edit" and not entry.is_hidden)
            if entry.at >= since and is_content and entry.chat < 0:
                lives[entry.chat, entry.message_id].append(entry)
        for key, life in lives.items():
            found += _events(space_id, key, life, aways)
    return found


def judge(expected: Sequence[Event], stored: Stored) -> Verdict:
    """Hold a store against what happened."""
    lost = recorded = 0
    examples: list[str] = []
    for event in expected:
        if _is_shown(event, stored):
            continue
        if _is_recorded(event, stored):
            recorded += 1
            continue
        lost += 1
        what = "deletion" if event.text is None else "last text" if event.is_last else "earlier text"
        examples.append(f"{event.key[0]}/{event.key[1]} pts {event.pts}: {what}")
    return Verdict(
        events=len(expected),
        lost=lost + _undead(expected, stored),
        recorded=recorded,
        duplicated=stored.twice + _repeated(expected, stored),
        examples=tuple(examples[:10]),
    )


def _events(space_id: int, key: Key, life: list[Entry], aways: Sequence[Away]) -> list[Event]:
    texts = [entry for entry in life if entry.kind != "delete"]
    gone = next((entry for entry in life if entry.kind == "delete"), None)
    ends = [entry.at for entry in [*texts[1:], *([gone] if gone else [])]]
    found = []
    for index, entry in enumerate(texts):
        end = ends[index] if index < len(ends) else None
        if end is None or not _is_unseen(entry.at, end, aways):
            is_last = index == len(texts) - 1
            found.append(Event(key, space_id, entry.pts, (entry.text or "").replace("\0", ZERO_BYTE), is_last))
    is_new = bool(texts) and texts[0].kind == "new"
    if gone is not None and not (is_new and _is_unseen(texts[0].at, gone.at, aways)):
        found.append(Event(key, space_id, gone.pts, None, False))
    return found


def _is_unseen(begin: float, end: float, aways: Sequence[Away]) -> bool:
    return any(away.begin <= begin and end <= away.end for away in aways)


def _is_shown(event: Event, stored: Stored) -> bool:
    if event.text is None:
        return event.key in stored.deleted
    if stored.texts.get(event.key) == event.text:
        return True
    # A later text in the place of the last one would be wrong; an earlier one may be anywhere in the history.
    return not event.is_last and event.text in stored.earlier.get(event.key, ())


def _is_recorded(event: Event, stored: Stored) -> bool:
    is_lost = any(space == event.space_id and low < event.pts <= high for space, low, high in stored.losses)
    return is_lost or (event.text is not None and (event.space_id, event.key[1]) in stored.letters)


def _undead(expected: Sequence[Event], stored: Stored) -> int:
    """Count messages that are marked as deleted and are not."""
    alive = {event.key for event in expected if event.is_last} - {event.key for event in expected if event.text is None}
    return len(alive & stored.deleted)


def _repeated(expected: Sequence[Event], stored: Stored) -> int:
    """Count texts that are kept more often than the message had them."""
    had: dict[Key, Counter[str]] = defaultdict(Counter)
    for event in expected:
        if event.text is not None:
            had[event.key][event.text] += 1
    kept = {key: Counter([*stored.earlier.get(key, ()), stored.texts.get(key, "")]) for key in had}
    return sum(max(0, kept[key][text] - count) for key, texts in had.items() for text, count in texts.items())
