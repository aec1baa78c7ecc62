"""Which cursors this process may move: read from the store and put under its epoch, or left to a later holder.

A box without a cursor in memory may have one in the store all the same: another account of this installation read the
channel before, or this one left it and came back. Such a cursor is taken over, never set anew (invariants 2 and 16).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable
from typing import TypeVar

from heliograph import errors, log
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
        self.released: set[identity.SpaceId] = set()
        """Boxes that no account of ours can read: theirs who can."""
        self.reclaimed: set[identity.SpaceId] = set()
        """Boxes that nobody held when we claimed them: the store calls them unreadable until one answers."""

    async def take(self, boxes: Iterable[identity.SpaceId]) -> dict[identity.SpaceId, records.BoxState]:
        """Read and claim the cursors of ``boxes``, and return those that there are and that nobody later holds.

        What was given up is read only. Raises DatabaseUnreachable and DiskFull.
        """
        async with self._database.transaction(database.SHORT_SECONDS) as conn:
            found = await cursors.lock(conn, boxes)
            earlier = {box for box, cursor in found.items() if cursor.epoch < self.epoch}
            claimed = earlier - self.released
            await cursors.claim(conn, claimed, self.epoch)
        self.reclaimed |= {box for box in claimed if found[box].epoch == cursors.NOBODY}
        later = {box for box, cursor in found.items() if cursor.epoch > self.epoch}
        for box in later - self.foreign:
            _log.error("box_taken_over", box=box)
        self.foreign |= later
        return {box: cursor.state for box, cursor in found.items() if box not in later}

    def is_ours(self, box: identity.SpaceId) -> bool:
        """Say whether a box is read here, as far as we know."""
        return box not in self.foreign and box not in self.released

    def give_up(self, box: identity.SpaceId) -> None:
        """Note that no account of ours can read a box; :meth:`release` says so in the store."""
        self.released.add(box)

    async def release(self, conn: database.Connection, box: identity.SpaceId) -> bool:
        """Let others claim a box that was given up; False when one of them has it already, or it answers after all.

        Raises DatabaseUnreachable and DiskFull.
        """
        await cursors.lock(conn, [box])
        if box not in self.released:  # whoever holds it again waits for the lock, or had it before
            return False
        if await cursors.release(conn, box, self.epoch):
            return True
        _log.info("box_read_elsewhere", box=box)
        return False

    async def hold(self, box: identity.SpaceId) -> bool:
        """Claim a box that answers, if it was given up, and say whether it is ours.

        While the database is away it may be neither: then the box's next commit conflicts, and it is asked again.
        """
        if box in self.released:
            self.released.discard(box)
            with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
                await self.take([box])
        return box not in self.foreign

    async def free(
        self, account_ids: Iterable[identity.AccountId]
    ) -> list[tuple[identity.SpaceId, identity.AccountId]]:
        """Return what other crawlers have given up, each box with those of our accounts that read it.

        They are foreign no more, and claimed when they are next taken. Raises DatabaseUnreachable and DiskFull.
        """
        if not self.foreign:
            return []
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            found = await cursors.released(conn, self.foreign, account_ids)
        self.foreign.difference_update(box for box, _ in found)
        return found

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
