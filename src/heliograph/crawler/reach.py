"""Which chats can be read at present, said in the store: a chat that nobody can read is inactive, with the reason.

Cursors, rows and the ledger stay as they are (invariant 16); a chat that can be read again is active again. A basic
group goes on in one mailbox only, so what happens after that account has left it is a known loss from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from heliograph import errors, log
from heliograph.domain import identity
from heliograph.store import chats, database, mailboxes

UNREADABLE: Final = "No signed-in account can read this chat any more; it goes on by itself once one can again."
LEFT: Final = "The account that mirrors this group has left it, so what was said from then on is lost."
RETRY_SECONDS = 1.0

_log = log.get("reach")


class Reach:
    """What was found out about chats, on its way to the store. Run it with :meth:`run`."""

    def __init__(self, opened: database.Database) -> None:
        self._database = opened
        self._lost: set[identity.PeerId] = set()
        self._due: dict[identity.PeerId, identity.SpaceId | None] = {}
        """Chats whose state is to be written, with the mailbox of those that are basic groups."""
        self._wake = asyncio.Event()

    def load(self, lost: Iterable[identity.PeerId]) -> None:
        """Take over which chats the store says are unreadable."""
        self._lost.update(lost)

    def is_lost(self, chat_id: identity.PeerId) -> bool:
        """Say whether nobody can read a chat, as far as we know."""
        return chat_id in self._lost

    def lose(self, chat_id: identity.PeerId) -> None:
        """Note that no account can read a chat."""
        self._lose(chat_id, None)

    def find(self, chat_id: identity.PeerId) -> None:
        """Note that a chat can be read."""
        if chat_id in self._lost:
            self._lost.discard(chat_id)
            self._write(chat_id, None)

    def note_group(self, chat_id: identity.PeerId, mailbox: identity.SpaceId, *, is_reading: bool) -> None:
        """Note whether the account of the mailbox that a basic group is mirrored from is in it."""
        if is_reading:
            self.find(chat_id)
        else:
            self._lose(chat_id, mailbox)

    async def run(self) -> None:
        """Write what is noted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                chat_id, mailbox = self._due.popitem()
                try:
                    await self._save(chat_id, mailbox)
                except (errors.DatabaseUnreachable, errors.DiskFull):
                    self._due.setdefault(chat_id, mailbox)
                    await asyncio.sleep(RETRY_SECONDS)

    def _lose(self, chat_id: identity.PeerId, mailbox: identity.SpaceId | None) -> None:
        if chat_id not in self._lost:
            self._lost.add(chat_id)
            self._write(chat_id, mailbox)

    def _write(self, chat_id: identity.PeerId, mailbox: identity.SpaceId | None) -> None:
        self._due[chat_id] = mailbox
        self._wake.set()

    async def _save(self, chat_id: identity.PeerId, mailbox: identity.SpaceId | None) -> None:
        is_lost = chat_id in self._lost
        _log.info("chat_reach", chat_id=chat_id, is_lost=is_lost)
        async with self._database.transaction() as conn:
            if not is_lost:
                await chats.reopen(conn, [chat_id])
            elif mailbox is None:
                await chats.set_status(conn, chat_id, "inactive", UNREADABLE)
            else:
                await mailboxes.close(conn, mailbox, reason="left", error=LEFT, only=[chat_id])
