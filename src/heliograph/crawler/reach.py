"""Which channels can be read at present, said in the store: one that nobody can read is inactive, with the reason.

Cursors, rows and the ledger stay as they are (invariant 16); a channel that can be read again is active again. Basic
groups are none of its business: whether they are lost commits with the role that says so (store/mailboxes.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from heliograph import errors, log
from heliograph.crawler import claims, directory
from heliograph.domain import identity, records
from heliograph.store import chats, database

UNREADABLE: Final = "No signed-in account can read this chat any more; it goes on by itself once one can again."
RETRY_SECONDS = 1.0

_log = log.get("reach")


def channels(accesses: Iterable[records.Access]) -> list[tuple[identity.SpaceId, bool]]:
    """Return the boxes of the channels among these, each with whether the account's role lets it read."""
    named = [(identity.split_peer(access.peer_id), access.role in directory.READS) for access in accesses]
    return [(identity.channel_space(number), is_reading) for (kind, number), is_reading in named if kind == "channel"]


class Reach:
    """What was found out about channels, on its way to the store. Run it with :meth:`run`."""

    def __init__(self, opened: database.Database, claimed: claims.Claims) -> None:
        self._database = opened
        self._claims = claimed
        self._lost: set[identity.PeerId] = set()
        self._due: set[identity.PeerId] = set()
        """Channels whose state is to be written."""
        self._wake = asyncio.Event()

    def load(self, lost: Iterable[identity.PeerId]) -> None:
        """Take over, before anything is found out, which channels the store says are unreadable."""
        self._lost.update(lost)

    def is_lost(self, chat_id: identity.PeerId) -> bool:
        """Say whether nobody can read a channel, as far as we know."""
        return chat_id in self._lost

    def lose(self, chat_id: identity.PeerId) -> None:
        """Note that no account here can read a channel, so that another crawler may."""
        self._lost.add(chat_id)
        self._write(chat_id)

    def find(self, chat_id: identity.PeerId) -> None:
        """Note that a channel can be read."""
        box = identity.channel_space(identity.split_peer(chat_id)[1])
        if chat_id in self._lost or box in self._claims.reclaimed:
            self._lost.discard(chat_id)
            self._claims.reclaimed.discard(box)
            self._write(chat_id)

    async def run(self) -> None:
        """Write what is noted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                try:
                    await self._save_due()
                except (errors.DatabaseUnreachable, errors.DiskFull):
                    await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what is still due, once :meth:`run` has ended; while the database is away it cannot be said."""
        with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
            await self._save_due()

    async def _save_due(self) -> None:
        while self._due:
            chat_id = self._due.pop()
            try:
                await self._save(chat_id)
            except BaseException:  # the end of :meth:`run` among them: it is due until it is written
                self._due.add(chat_id)
                raise

    def _write(self, chat_id: identity.PeerId) -> None:
        self._due.add(chat_id)
        self._wake.set()

    async def _save(self, chat_id: identity.PeerId) -> None:
        is_lost = chat_id in self._lost
        _log.info("chat_reach", chat_id=chat_id, is_lost=is_lost)
        async with self._database.transaction(database.SHORT_SECONDS) as conn:
            if not is_lost:
                await chats.reopen(conn, [chat_id])
            elif await self._claims.release(conn, identity.channel_space(identity.split_peer(chat_id)[1])):
                await chats.set_status(conn, chat_id, "inactive", UNREADABLE)
