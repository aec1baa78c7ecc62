"""The list of chats, read at the start, every few minutes, and whenever silence may hide something.

It makes new chats known, anchors their boxes, and compares every channel's pts with our cursor: the one check that
notices what was never pushed (invariant 11).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from heliograph import errors, log
from heliograph.crawler import directory, engine, link, peers, writer
from heliograph.domain import identity, records

SPACING_SECONDS = 5.0
"""Between two readings that events ask for; each costs several requests."""
RETRY_SECONDS = 2.0

_log = log.get("refresh")

OnPage = Callable[[dict[identity.PeerId, int]], Awaitable[None]]


class Refresh:
    """Keeps one account's list of chats."""

    def __init__(
        self,
        account: link.Link,
        work: engine.Engine,
        commits: writer.Writer,
        chats: directory.Directory,
        *,
        every_seconds: float,
        on_page: OnPage,
    ) -> None:
        self._account = account
        self._engine = work
        self._writer = commits
        self._directory = chats
        self._every_seconds = every_seconds
        self._on_page = on_page
        self._wanted = asyncio.Event()
        self._with_topics: set[identity.PeerId] = set()

    def ask(self) -> None:
        """Have the list read soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Read the list for ever. Raises SessionEnded."""
        while True:
            self._wanted.clear()
            pause = await self._try()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause)
            await asyncio.sleep(min(pause, SPACING_SECONDS))

    async def once(self) -> None:
        """Read the list. Raises what Connection.call raises, DatabaseUnreachable and DiskFull."""
        asked_at = self._engine.committed()
        forums: list[peers.Dialog] = []
        async for page in peers.dialogs(self._account.connection, is_new=self._directory.is_new):
            batch = self._account.settled(page.batch)
            if batch.row_count or batch.chats or batch.users or batch.accesses or batch.coverage:
                await self._write(batch)
            asked_at |= await self._engine.adopt(each.space_id for each in page.dialogs if each.pts is not None)
            tops: dict[identity.PeerId, int] = {}
            for dialog in page.dialogs:
                self._directory.stored(dialog.chat_id)
                if dialog.pts is not None:
                    self._engine.channel(self._account, dialog.space_id, dialog.pts, asked_at.get(dialog.space_id))
                if self._directory.wants(dialog.space_id, dialog.chat_id):
                    tops[dialog.chat_id] = dialog.top_id
                    if dialog.is_forum and dialog.chat_id not in self._with_topics:
                        forums.append(dialog)
            await self._on_page(tops)
            asked_at = self._engine.committed()
        for dialog in forums:
            await self._topics(dialog)

    async def _try(self) -> float:
        """Read the list once and return how long to wait for the next time."""
        try:
            await self.once()
        except errors.SessionEnded:
            raise
        except errors.FloodWait as wait:
            return wait.seconds
        except (errors.TelegramError, errors.DatabaseUnreachable, errors.DiskFull) as error:
            _log.warning("refresh_failed", account_id=self._account.account_id, error=type(error).__name__)
            return RETRY_SECONDS
        return self._every_seconds

    async def _topics(self, dialog: peers.Dialog) -> None:
        found = await peers.topics(self._account.connection, dialog.space_id, dialog.access_hash or 0)
        await self._write(records.Batch(origin="peers", topics=found))
        self._with_topics.add(dialog.chat_id)

    async def _write(self, batch: records.Batch) -> None:
        try:
            await self._writer.submit(batch)
        except (errors.DatabaseUnreachable, errors.DiskFull):
            self._account.forget()
            raise
