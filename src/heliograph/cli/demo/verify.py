"""Compares what the simulator knows to be true with what the store holds, field by field.

Both sides come as plain dictionaries in the form of the simulator's control API, ``GET /truth``. The simulator
derives it from its own world and the store from what arrived over the wire, so that neither can vouch for itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Record = dict[str, Any]
Key = tuple[int, int]

FIELDS = (
    "sender_id",
    "date",
    "reply_to",
    "topic_id",
    "album_id",
    "forward",
    "entities",
    "media",
    "service",
    "is_deleted",
)
"""Compared besides the text; see ``wrong_fields`` in the README."""
EDITABLE = ("entities", "media")
"""What an edit may change besides the text."""


class Gap(NamedTuple):
    """Unix times between which the mirror may have missed what was pushed; at the end it looks at what is there."""

    begin: float
    end: float


@dataclass
class Comparison:
    """How the store differs from the truth. ``examples`` names a few keys and fields, never text."""

    messages: int = 0
    missing: int = 0
    duplicated: int = 0
    wrong_text: int = 0
    wrong_fields: int = 0
    examples: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)

    @property
    def is_equal(self) -> bool:
        """Say whether the store holds exactly the truth; a truth without a message shows nothing."""
        return self.messages > 0 and not (self.missing or self.duplicated or self.wrong_text or self.wrong_fields)

    def note(self, key: Key, what: str) -> None:
        """Keep one of the first differences."""
        if len(self.examples) < 20:
            self.examples.append(f"{key[0]}/{key[1]}: {what}")


def mirrored(truth: Iterable[Record], mailboxes: Mapping[int, int]) -> list[Record]:
    """Leave out the copies of each basic group but one: that of the mailbox it is mirrored from.

    Every account in a basic group has a copy of its own, numbered its own way. ``mailboxes`` says which one the store
    took, by chat id. A group that it took from none of them keeps one copy all the same, whose messages are missing.
    """
    records = list(truth)
    copies: dict[int, set[int]] = defaultdict(set)
    for record in filter(_is_basic_group, records):
        copies[record["chat_id"]].add(record["space_id"])
    chosen = {chat_id: mailboxes.get(chat_id) for chat_id in copies}
    kept = {chat_id: chosen[chat_id] if chosen[chat_id] in of_it else max(of_it) for chat_id, of_it in copies.items()}
    return [
        record for record in records if not _is_basic_group(record) or record["space_id"] == kept[record["chat_id"]]
    ]


def compare(
    truth: Iterable[Record],
    stored: Iterable[Record],
    *,
    orphans: set[Key],
    unknowable: set[Key],
    optional: set[Key],
    earlier: Mapping[Key, Sequence[str]],
    gaps: Sequence[Gap] | None,
) -> Comparison:
    """Compare all records.

    ``orphans`` are deletions that the store recorded without ever having had the message, ``unknowable`` are
    messages that were gone before the mirror could have looked, and ``optional`` those older than the history
    that was asked for: they need not be there, but must be right when they are. ``earlier`` are the stored texts
    before the last one. Each must have been one; those that the mirror cannot have missed must be there. What it may
    have missed follows from ``gaps``, the first of which ends with its first look; None says nothing is known of them.
    """
    result = Comparison()
    rows: dict[Key, Record] = {}
    for row in stored:
        place = key(row)
        if place in rows:
            result.duplicated += 1
            result.note(place, "stored twice")
        rows[place] = row
    merged = None if gaps is None else _merged(gaps)
    for record in truth:
        result.messages += 1
        place = key(record)
        held = rows.pop(place, None)
        if held is not None:
            seen = None if place in optional else merged
            _compare_fields(result, place, record, held, seen)
            _compare_texts(result, record, held, earlier.get(place, ()), seen)
        elif place not in optional and not (record["is_deleted"] and (place in orphans or place in unknowable)):
            result.missing += 1
            result.note(place, "missing")
    result.duplicated += len(rows)
    for place in rows:
        result.note(place, "not in the truth")
    return result


def key(record: Record) -> Key:
    """Return what identifies a message."""
    return int(record["space_id"]), int(record["message_id"])


def _is_basic_group(record: Record) -> bool:
    # A private conversation is in a mailbox as well, but the other account's one with the same person is another.
    return bool(record["space_id"] < 0 and record["chat_id"] < 0)


def _compare_fields(result: Comparison, place: Key, record: Record, row: Record, gaps: Sequence[Gap] | None) -> None:
    skipped = EDITABLE if _went_unseen(record, gaps) else ()
    for name in FIELDS:
        if name not in skipped and _plain(record.get(name)) != _plain(row.get(name)):
            result.wrong_fields += 1
            result.fields[name] += 1
            result.note(place, name)


def _compare_texts(
    result: Comparison, record: Record, row: Record, earlier: Sequence[str], gaps: Sequence[Gap] | None
) -> None:
    versions = record["versions"]
    wrong = {
        "text": row["text"] not in (versions if _went_unseen(record, gaps) else [record["text"]]),
        "an earlier text that never was": not set(versions) >= set(earlier),
        "an earlier text is absent": gaps is not None and not {*earlier, row["text"]} >= _surely_seen(record, gaps),
    }
    result.wrong_text += any(wrong.values())
    for what, is_wrong in wrong.items():
        if is_wrong:
            result.note(key(record), what)


def _surely_seen(record: Record, gaps: Sequence[Gap]) -> set[str]:
    """Return the texts that the mirror cannot have missed: pushed outside every gap, or still there at its end."""
    versions, times = record["versions"], record["version_times"]
    lives = zip(versions[:-1], times[:-1], times[1:], strict=True)
    return {
        text for text, begin, end in lives if not any(gap.begin <= begin <= gap.end and end <= gap.end for gap in gaps)
    }


def _went_unseen(record: Record, gaps: Sequence[Gap] | None) -> bool:
    """Say whether the message was edited for the last time and deleted in one gap: nobody can have its last form."""
    if gaps is None or not record["is_deleted"]:
        return False
    # An edit of the formatting alone is no version, and its date has whole seconds.
    edited = 0 if record.get("edit_date") is None else record["edit_date"] + 1
    begin, end = max(record["version_times"][-1], edited), record["deleted_at"]
    return any(gap.begin <= begin and end <= gap.end for gap in gaps)


def _merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Join gaps that overlap: what the mirror saw at the end of one may be lost in the next."""
    merged: list[Gap] = []
    for gap in sorted(gaps):
        if merged and gap.begin <= merged[-1].end:
            merged[-1] = Gap(merged[-1].begin, max(merged[-1].end, gap.end))
        else:
            merged.append(gap)
    return merged


def _plain(value: Any) -> Any:
    """Make an absent value, an empty list and an empty object equal, and leave unset keys out."""
    if isinstance(value, dict):
        kept = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None} or None
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value] or None
    return value
