"""Which cursors this process may move: read from the store and put under its epoch, or left to a later holder.

A box without a cursor in memory may have one in the store all the same: another account of this installation read the
channel before, or this one left it and came back. Such a cursor is taken over, never set anew (invariants 2 and 16).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TypeVar

from heliograph import log
from heliograph.domain import identity, records
from heliograph.domain.sync import events
from heliograph.store import cursors, database

Word = TypeVar("Word", events.Container, events.Page | events.Lost)

_log = log.get("claims")


class Claims:
    """The cursors of this process; its epoch is above that of every holder before it."""

    def __init__(self, opened: database.Database, epoch: int) -> None:
        self._database = opened
        self.epoch = epoch
        self.foreign: set[identity.SpaceId] = set()
        """Boxes that a later holder has claimed: nothing about them is our business any more."""

    async def take(self, boxes: Iterable[identity.SpaceId]) -> dict[identity.SpaceId, records.BoxState]:
        """Read and claim the cursors of ``boxes``, and return those that there are and that nobody later holds.

        Raises DatabaseUnreachable and DiskFull.
        """
        async with self._database.transaction() as conn:
            found = await cursors.lock(conn, boxes)
            await cursors.claim(conn, [box for box, cursor in found.items() if cursor.epoch < self.epoch], self.epoch)
        later = {box for box, cursor in found.items() if cursor.epoch > self.epoch}
        for box in later - self.foreign:
            _log.error("box_taken_over", box=box)
        self.foreign |= later
        return {box: cursor.state for box, cursor in found.items() if box not in later}

    def is_ours(self, box: identity.SpaceId) -> bool:
        """Say whether a box is read here, as far as we know."""
        return box not in self.foreign

    def ours(self, word: Word) -> Word:
        """Leave out what concerns boxes of others: whoever holds one compares its pts when it starts."""
        if not self.foreign or isinstance(word, events.Lost):
            return word
        named = tuple(each for each in word.too_long if each.box not in self.foreign)
        if isinstance(word, events.Page):
            told = tuple(each for each in word.channel_events if each.box not in self.foreign)
            return dataclasses.replace(word, too_long=named, channel_events=told)
        pushed = tuple(each for each in word.events if each.box not in self.foreign)
        return dataclasses.replace(word, too_long=named, events=pushed)
