"""Compares what the simulator knows to be true with what the store holds, field by field.

Both sides come as plain dictionaries in the form of the simulator's control API, ``GET /truth``. The simulator
derives it from its own world and the store from what arrived over the wire, so that neither can vouch for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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
        """Say whether the store holds exactly the truth."""
        return not (self.missing or self.duplicated or self.wrong_text or self.wrong_fields)

    def note(self, key: Key, what: str) -> None:
        """Keep one of the first differences."""
        if len(self.examples) < 20:
            self.examples.append(f"{key[0]}/{key[1]}: {what}")


def compare(
    truth: Iterable[Record], stored: Iterable[Record], *, orphans: set[Key], unknowable: set[Key], optional: set[Key]
) -> Comparison:
    """Compare all records.

    ``orphans`` are deletions that the store recorded without ever having had the message, ``unknowable`` are
    messages that were gone before the mirror could have looked, and ``optional`` those older than the history
    that was asked for: they need not be there, but must be right when they are.
    """
    result = Comparison()
    rows: dict[Key, Record] = {}
    for row in stored:
        key = _key(row)
        if key in rows:
            result.duplicated += 1
            result.note(key, "stored twice")
        rows[key] = row
    for record in truth:
        result.messages += 1
        key = _key(record)
        held = rows.pop(key, None)
        if held is not None:
            _compare_one(result, key, record, held)
        elif key not in optional and not (record["is_deleted"] and (key in orphans or key in unknowable)):
            result.missing += 1
            result.note(key, "missing")
    result.duplicated += len(rows)
    for key in rows:
        result.note(key, "not in the truth")
    return result


def _compare_one(result: Comparison, key: Key, record: Record, row: Record) -> None:
    if record["text"] != row["text"]:
        result.wrong_text += 1
        result.note(key, "text")
    for name in FIELDS:
        if _plain(record.get(name)) != _plain(row.get(name)):
            result.wrong_fields += 1
            result.fields[name] += 1
            result.note(key, name)


def _plain(value: Any) -> Any:
    """Make an absent value, an empty list and an empty object equal, and leave unset keys out."""
    if isinstance(value, dict):
        kept = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None} or None
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value] or None
    return value


def _key(record: Record) -> Key:
    return int(record["space_id"]), int(record["message_id"])
