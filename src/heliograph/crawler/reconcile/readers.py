"""Who may be asked about a space: its own account for a mailbox, any account that reads it for a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from heliograph import clock
from heliograph.crawler import engine, link, normalize
from heliograph.domain import identity

REFUSED_SECONDS: Final = 300.0
"""An account that was refused a chat is asked about it again after so long: access comes back unannounced."""
FROZEN_SECONDS: Final = 30.0
"""An account that has to wait longer leaves its channels to the next one that reads them."""


class Readers:
    """The accounts at work, the channels that each of them answers for, and what was already sent of their peers."""

    def __init__(self, work: engine.Engine, time: clock.Clock) -> None:
        self._engine = work
        self._time = time
        self._refused: dict[tuple[identity.SpaceId, int], float] = {}
        self._memories: dict[int, normalize.PeerMemory] = {}

    def able(self, space: identity.SpaceId) -> list[link.Link]:
        """Return who may be asked about a space, the least frozen first; nobody when another crawler reads it."""
        found = [each for each in self._of(space) if not each.connection.is_ended and not self._is_refused(space, each)]
        return sorted(found, key=lambda each: each.connection.governor.frozen_seconds("messages"))

    def refuse(self, space: identity.SpaceId, account: link.Link) -> None:
        """Leave an account out for a while that may not read a space."""
        self._refused[space, account.account_id] = self._time.monotonic() + REFUSED_SECONDS

    def channels_of(self, account: link.Link, family: str) -> list[identity.SpaceId]:
        """Return the channels that an account asks about for all who read them: whose first reader it is that can.

        ``family`` is that of the method it asks by. Where every reader has to wait, the first of them does.
        """
        links = {each.mailbox: each for each in self._engine.accounts if not each.connection.is_ended}
        late = {
            mailbox
            for mailbox, each in links.items()
            if each.connection.governor.frozen_seconds(family) > FROZEN_SECONDS
        }
        return [
            space
            for space, box in self._engine.machine.boxes.items()
            if identity.is_channel_space(space)
            and box.pipeline.committed is not None
            and space not in self._engine.claims.foreign
            and self._first(space, [links[each] for each in box.accounts if each in links], late) is account
        ]

    def memory(self, account: link.Link) -> normalize.PeerMemory:
        """Return what was sent of the peers that an account met here."""
        return self._memories.setdefault(account.account_id, normalize.PeerMemory())

    def forget(self) -> None:
        """Send peers again: a commit that held some may not have happened."""
        for memory in self._memories.values():
            memory.forget()

    def _first(
        self, space: identity.SpaceId, readers: list[link.Link], late: set[identity.SpaceId]
    ) -> link.Link | None:
        able = [each for each in readers if each.channel_hash(space) is not None]
        free = [each for each in able if each.mailbox not in late and not self._is_refused(space, each)]
        return next(iter(free or able), None)

    def _is_refused(self, space: identity.SpaceId, account: link.Link) -> bool:
        return self._refused.get((space, account.account_id), 0.0) > self._time.monotonic()

    def _of(self, space: identity.SpaceId) -> Iterable[link.Link]:
        links = {each.mailbox: each for each in self._engine.accounts}
        if not identity.is_channel_space(space):
            return [links[space]] if space in links else []
        box = self._engine.machine.boxes.get(space)
        if box is None or not self._engine.claims.is_ours(space):
            return []
        readers = [links[mailbox] for mailbox in box.accounts if mailbox in links]
        return [each for each in readers if each.channel_hash(space) is not None]
