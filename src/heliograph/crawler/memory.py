"""What this process remembers of the store, and how it begins anew with a database that has lost commits.

Cursors go back with their rows, and differences bring again what came live. What came by another way (history, lists of
chats, who was described) is asked for once and then remembered: after a fail-over those memories speak of rows that are
gone, so that nobody would ask for them again.
"""

from __future__ import annotations

import asyncio

from heliograph import errors, log
from heliograph.crawler import backfill, directory, engine, reconcile, refresh, writer
from heliograph.store import chats, database

AGAIN_SECONDS = 1.0

_log = log.get("memory")


class Memory:
    """The memories of one crawl. Run it with :meth:`run`."""

    def __init__(
        self,
        opened: database.Database,
        commits: writer.Writer,
        known: directory.Directory,
        work: engine.Engine,
        history: backfill.Backfill,
        looks: reconcile.Reconcile,
    ) -> None:
        self._database = opened
        self._writer = commits
        self._directory = known
        self._engine = work
        self._history = history
        self._looks = looks
        self._listings: list[refresh.Refresh] = []
        self._is_void = asyncio.Event()

    def add(self, listing: refresh.Refresh) -> None:
        """Take an account's list of chats, which is read again after what was remembered is void."""
        self._listings.append(listing)

    def refresh(self) -> None:
        """Have every account's list of chats read soon."""
        for each in self._listings:
            each.ask()

    def forget(self) -> None:
        """Take that the database is another one: who was sent and what was fetched may not be in it."""
        for account in self._engine.accounts:
            account.forget_people()
        self._history.begin_anew()
        self._looks.forget()
        self._is_void.set()

    async def run(self) -> None:
        """Read anew which chats the store has, whenever it is another one, and then the lists of chats; for ever."""
        while True:
            await self._is_void.wait()
            self._is_void.clear()
            await self._writer.until_healthy()
            try:
                async with self._database.connection(database.SHORT_SECONDS) as conn:
                    rows = await chats.load(conn)
            except (errors.DatabaseUnreachable, errors.DiskFull):
                self._is_void.set()
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self._directory.begin_anew(rows)
            # A page of history whose commit was heard of late may have been noted meanwhile.
            self._history.begin_anew()
            for each in self._listings:
                each.begin_anew()
            _log.warning("chats_read_anew", chats=len(rows))
