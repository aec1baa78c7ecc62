"""What a commit did, and what followers are told of it: one event per change that people see, one per history page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.domain import records
from heliograph.store import messages, outbox

_LIVE: Final = frozenset({"live", "difference", "probe"})
"""Origins whose changes are told one by one; what history brings is told page by page."""
_EDITED: Final = messages.Fate.CHANGED | messages.Fate.TOUCHED | messages.Fate.REOPENED


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """The rows that made a difference, each with the index of the batch that brought it."""

    messages: list[tuple[int, messages.Row, int]]
    tombstones: list[tuple[int, records.Tombstone, int]]
    """With the chat of the message; deletions of what was alive."""
    observations: list[tuple[int, records.Observation, int]]
    """With the chat of the message; samples that differ from the last."""
    chats: list[int]

    @property
    def inserted(self) -> int:
        """Messages that are new."""
        return sum(bool(fate & messages.Fate.NEW) for _, _, fate in self.messages)

    @property
    def updated(self) -> int:
        """Messages that were edited, reopened or deleted."""
        return sum(bool(fate & _EDITED) for _, _, fate in self.messages) + len(self.tombstones)


def collect(batches: Mapping[int, records.Batch], happened: Happened) -> list[outbox.Event]:
    """Return the events of a commit: chats, then new and edited messages, then deletions, then counters."""
    complete = [batch.progress.chat_id for batch in batches.values() if batch.progress and batch.progress.is_complete]
    found = [outbox.Event(kind="chat", chat_id=chat_id) for chat_id in dict.fromkeys([*happened.chats, *complete])]
    live = {index for index, batch in batches.items() if batch.origin in _LIVE}
    found += _ranges(item for item in happened.messages if item[0] not in live)
    told: set[messages.Key] = set()
    for index, row, fate in happened.messages:
        if index in live and fate & (messages.Fate.NEW | _EDITED):
            told.add(row.key)
            change: outbox.Change = "new" if fate & messages.Fate.NEW else "edit"
            found.append(_event(batches[index], row.key, row.message.chat_id, change))
    for index, tombstone, chat_id in happened.tombstones:
        key = (tombstone.space_id, tombstone.message_id)
        told.add(key)
        found.append(_event(batches[index], key, chat_id, "delete"))
    for index, sample, chat_id in happened.observations:
        key = (sample.space_id, sample.message_id)
        if index in live and key not in told:
            found.append(_event(batches[index], key, chat_id, "observation"))
    return found


def _event(batch: records.Batch, key: messages.Key, chat_id: int, change: outbox.Change) -> outbox.Event:
    return outbox.Event(
        kind="message", chat_id=chat_id, space_id=key[0], message_id=key[1], change=change, pushed_at=batch.pushed_at
    )


def _ranges(written: Iterable[tuple[int, messages.Row, int]]) -> list[outbox.Event]:
    """Return one event per batch and chat of history."""
    ids: dict[tuple[int, int, int], list[int]] = {}
    for index, row, fate in written:
        if fate & (messages.Fate.NEW | _EDITED):
            place = (index, row.message.chat_id, row.message.space_id)
            ids.setdefault(place, []).append(row.message.message_id)
    return [
        outbox.Event(
            kind="range", chat_id=chat_id, space_id=space_id, first_id=min(found), last_id=max(found), count=len(found)
        )
        for (_, chat_id, space_id), found in ids.items()
    ]
