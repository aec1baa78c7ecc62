"""The list of chats, read at the start, every few minutes, and whenever silence may hide something.

It makes new chats known, anchors their boxes, and tells where every channel stands to whoever watches that (invariant
11): the sentinel, which lets what was pushed have its turn before it asks for a difference. A dialog that
cannot be read is passed by.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from heliograph import errors, log
from heliograph.crawler import directory, engine, isolation, link, peers, writer
from heliograph.domain import identity, records
from heliograph.store import database

SPACING_SECONDS = 5.0
"""Between two readings that events ask for; each costs several requests."""
RETRY_SECONDS = (0.5, 2.0, 5.0, 10.0, 30.0)
"""Pauses after errors that pass by themselves."""
SERVER_ERROR = 500
"""Telegram's codes from here on tell of trouble of its own, which passes."""
DEFECT_SECONDS = 30.0
"""After something that should not happen."""
REFUSED_SECONDS = 60.0
"""What Telegram refuses is asked again so often, whoever asks for it."""

_log = log.get("refresh")

OnPage = Callable[[dict[identity.PeerId, int]], Awaitable[None]]
OnStanding = Callable[[identity.SpaceId, int, int], None]
"""Told a box, our cursor from before the list was asked for, and the server's pts."""


class Refresh:
    """Keeps one account's list of chats."""

    def __init__(
        self,
        account: link.Link,
        work: engine.Engine,
        commits: writer.Writer,
        chats: directory.Directory,
        opened: database.Database,
        *,
        every_seconds: float,
        on_page: OnPage,
        on_standing: OnStanding,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._engine = work
        self._writer = commits
        self._directory = chats
        self._database = opened
        self._unreadable = peers.Unreadable()
        self._every_seconds = every_seconds
        self._on_page = on_page
        self._on_standing = on_standing
        self._sleep = sleep
        self._wanted = asyncio.Event()
        self._with_topics: set[identity.PeerId] = set()

    def ask(self) -> None:
        """Have the list read soon."""
        self._wanted.set()

    def begin_anew(self) -> None:
        """Have the list read soon, topics included: what was read before may be in the store no more."""
        self._with_topics.clear()
        self.ask()

    async def run(self) -> None:
        """Read the list for ever. Raises SessionEnded."""
        while True:
            try:
                await self.until_read()
            except (errors.RpcFailed, errors.Undecodable) as error:
                _log.error("refresh_refused", account_id=self._account.account_id, error=_name(error))
                await self._sleep(REFUSED_SECONDS)
            else:
                await self._rest(self._every_seconds)

    async def until_read(self) -> None:
        """Read the list once, waiting out what passes by itself.

        Raises SessionEnded, and RpcFailed or Undecodable for what another try would not change.
        """
        failures = 0
        while (pause := await self._try(failures)) is not None:
            await self._rest(pause)
            failures += 1

    async def once(self) -> None:
        """Read the list. Raises what Connection.call raises, DatabaseUnreachable and DiskFull."""
        asked_at = self._engine.committed()
        forums: list[peers.Dialog] = []
        known, self._unreadable.count = self._unreadable.count, 0
        is_new = self._directory.is_new
        async for page in peers.dialogs(self._account.connection, is_new=is_new, unreadable=self._unreadable):
            batch = self._account.settled(page.batch)
            if batch.row_count or batch.chats or batch.users or batch.accesses or batch.coverage:
                await self._write(batch)
            adopted = await self._engine.adopt(each.space_id for each in page.dialogs if each.pts is not None)
            tops: dict[identity.PeerId, int] = {}
            for dialog in page.dialogs:
                self._directory.stored(dialog.chat_id)
                if dialog.pts is not None:
                    self._engine.channel(self._account, dialog.space_id, dialog.pts, adopted.get(dialog.space_id))
                    if dialog.space_id in asked_at:
                        self._on_standing(dialog.space_id, asked_at[dialog.space_id], dialog.pts)
                if self._directory.wants(dialog.space_id, dialog.chat_id):
                    tops[dialog.chat_id] = dialog.top_id
                    if dialog.is_forum and dialog.chat_id not in self._with_topics:
                        forums.append(dialog)
            await self._on_page(tops)
            asked_at = self._engine.committed()
        if self._unreadable.error is not None and self._unreadable.count > known:
            space = self._account.mailbox
            await isolation.report(self._database, "dialogs_skipped", self._unreadable.error, space_id=space)
        for dialog in forums:
            await self._topics(dialog)

    async def _try(self, failures: int) -> float | None:
        """Read the list; None when it was read, otherwise how long to wait after so many failures before this one."""
        self._wanted.clear()
        try:
            await self.once()
        except errors.FloodWait as wait:
            return wait.seconds
        except (
            errors.RpcFailed,
            errors.RpcTimeout,
            errors.Disconnected,
            errors.DatabaseUnreachable,
            errors.DiskFull,
        ) as error:
            if isinstance(error, errors.RpcFailed) and error.code < SERVER_ERROR:
                raise
            _log.warning("refresh_failed", account_id=self._account.account_id, error=_name(error))
            return RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
        except errors.HeliographError:
            raise
        except Exception as error:  # a list that cannot be read must not end the crawl
            _log.error("refresh_defect", account_id=self._account.account_id, **log.cause(error))
            return DEFECT_SECONDS
        return None

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until somebody asks and others may have asked as well."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), seconds)
        await self._sleep(min(seconds, SPACING_SECONDS))

    async def _topics(self, dialog: peers.Dialog) -> None:
        try:
            found = await peers.topics(self._account.connection, dialog.space_id, dialog.access_hash or 0)
        except errors.RpcFailed as error:
            if error.code >= SERVER_ERROR:
                raise
            # A forum that is one no longer, or that is closed to us by now, says nothing about the list.
            _log.info("topics_refused", chat_id=dialog.chat_id, error=error.name)
            return
        await self._write(records.Batch(origin="peers", topics=found))
        self._with_topics.add(dialog.chat_id)

    async def _write(self, batch: records.Batch) -> None:
        try:
            await self._writer.submit(batch)
        except (errors.DatabaseUnreachable, errors.DiskFull):
            self._account.forget()
            raise


def _name(error: errors.HeliographError) -> str:
    return error.name if isinstance(error, errors.RpcFailed) else type(error).__name__
