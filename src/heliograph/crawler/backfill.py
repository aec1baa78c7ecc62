"""Past messages, oldest first, of every chat that lacks them: resumable at any point, and never in the live path's way.

Chats are offered as they are seen and wait in one queue; a chat is fetched by one account at a time. A chat that cannot
be read is marked and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from heliograph import clock, config, errors, log
from heliograph.crawler import claims, directory, history, isolation, link, normalize, parts, writer
from heliograph.crawler import scan as scans
from heliograph.domain import identity, records
from heliograph.store import chats, database

ROUNDS = 5
"""So often in a row Telegram may fail to answer about a chat before people are told."""
AGAIN_SECONDS = 1.0

_log = log.get("backfill")

OnProgress = Callable[[records.BackfillProgress], None]


class Backfill:
    """The histories of this process's chats."""

    def __init__(
        self,
        settings: config.Crawler,
        commits: writer.Writer,
        opened: database.Database,
        known: directory.Directory,
        *,
        claimed: claims.Claims,
        committed: Callable[[identity.SpaceId], int | None],
        limit: int | None = None,
        fetched: dict[identity.PeerId, int] | None = None,
        on_progress: OnProgress | None = None,
        time: clock.Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.claims = claimed
        self.committed = committed
        self.writer = commits
        self.directory = known
        self.sleep = sleep
        self.time = time or clock.SystemClock()
        self.on_progress = on_progress
        self.memories: dict[int, normalize.PeerMemory] = {}
        self._settings = settings
        self._database = opened
        self._limit = limit or settings.history_limit_per_run
        self._links: list[link.Link] = []
        self._rows: dict[identity.PeerId, chats.ChatRow] = {}
        self._queue: asyncio.Queue[tuple[chats.ChatRow, int]] = asyncio.Queue()
        self._busy: set[identity.PeerId] = set()
        self._put_offs: set[asyncio.Task[None]] = set()
        self._failures: Counter[identity.PeerId] = Counter()
        """How often in a row a chat was put off because Telegram failed to answer about it."""
        self._fetched = {} if fetched is None else fetched
        """Messages of each chat that count towards the limit; they outlive a tenure."""

    # -- for the service --------------------------------------------------------------------------------------

    def add(self, account: link.Link) -> None:
        """Let an account fetch."""
        self._links.append(account)
        self.memories.setdefault(account.account_id, normalize.PeerMemory())

    def remove(self, account: link.Link) -> None:
        """Let an account fetch no more; its chats go on through others."""
        if account in self._links:
            self._links.remove(account)

    def offer(self, row: chats.ChatRow, top_id: int = 0) -> bool:
        """Queue a chat unless it has its history, is being fetched or is another crawler's.

        ``top_id`` is its newest message, if known.
        """
        row = self._newest(row)
        if row.chat_id in self._busy or not self.claims.is_ours(row.space_id):
            return False
        if self.is_at_limit(row.chat_id) or row.policy == "ignore" or not self._lacks(row):
            return False
        self._busy.add(row.chat_id)
        self._queue.put_nowait((row, top_id))
        return True

    async def run(self) -> None:
        """Fetch what is offered, several chats at once, for ever; cancel it to stop."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._settings.concurrency):
                    group.create_task(self._work())
        finally:
            for task in self._put_offs:
                task.cancel()

    async def until_idle(self) -> None:
        """Wait until every chat that was offered is complete, at its limit or marked as unreadable."""
        await self._queue.join()

    @property
    def is_idle(self) -> bool:
        """Say whether nothing is queued or being fetched."""
        return not self._busy

    def deepening(self) -> list[identity.PeerId]:
        """Return the complete chats whose older part is being fetched: what the ledger owes of them is on its way."""
        return [chat_id for chat_id in self._busy if chat_id in self._rows and self._rows[chat_id].is_complete]

    # -- for a scan -------------------------------------------------------------------------------------------

    def since(self) -> datetime | None:
        """Return the oldest moment to fetch, None for everything."""
        return config.history_since(self._settings.history_depth, self.time.now())

    def is_at_limit(self, chat_id: identity.PeerId) -> bool:
        """Say whether a chat has had its messages of this run."""
        return self._limit is not None and self._fetched.get(chat_id, 0) >= self._limit

    def page_size(self, chat_id: identity.PeerId) -> int:
        """Return how many messages may be asked for."""
        if self._limit is None:
            return history.PAGE
        return max(1, min(history.PAGE, self._limit - self._fetched.get(chat_id, 0)))

    def count(self, chat_id: identity.PeerId, messages: int) -> None:
        """Count messages towards the limit of this run."""
        self._fetched[chat_id] = self._fetched.get(chat_id, 0) + messages

    def able(self, row: chats.ChatRow, refused: set[int]) -> list[link.Link]:
        """Return the accounts that reach a chat, the least frozen first."""
        found = [each for each in self._links if each.account_id not in refused and self._reaches(each, row)]
        return sorted(found, key=lambda each: each.connection.governor.frozen_seconds("history"))

    def keep(self, row: chats.ChatRow) -> None:
        """Remember how far a chat is, as it was just committed."""
        self._rows[row.chat_id] = row
        self._failures.pop(row.chat_id, None)

    def forget(self) -> None:
        """Send peers again: a commit that held some did not happen, or may not have."""
        for memory in self.memories.values():
            memory.forget()

    def begin_anew(self) -> None:
        """Take how far chats are from the store again, which has lost commits; scans under way find out by theirs."""
        self._rows.clear()
        self.forget()

    async def mark(self, chat_id: identity.PeerId, status: chats.Status, error: str | None) -> None:
        """Store how a chat fares."""
        _log.info("chat_status", chat_id=chat_id, status=status, reason=error)
        try:
            async with self._database.connection(database.SHORT_SECONDS) as conn:
                await chats.set_status(conn, chat_id, status, error)
        except (errors.DatabaseUnreachable, errors.DiskFull):
            _log.warning("chat_status_not_stored", chat_id=chat_id)

    async def report(self, row: chats.ChatRow, message_id: int, error: errors.TelegramError) -> None:
        """Put on record that something from this id on cannot be read; the ledger goes on owing it."""
        await isolation.report(
            self._database,
            "history_skipped",
            error,
            space_id=row.space_id,
            chat_id=row.chat_id,
            message_id=message_id,
        )

    # -- inside -----------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            row, top_id = await self._queue.get()
            try:
                await self._fetch_chat(row, top_id)
            except scans.Postponed as wait:
                if wait.failure is None or not self._is_hopeless(row.chat_id):
                    self._put_off(row, top_id, wait.seconds)
                    continue
                await self.mark(row.chat_id, "error", str(wait.failure))
            except scans.Foreign:
                _log.info("history_left_to_another", chat_id=row.chat_id)
            except (scans.Unreadable, errors.TelegramError) as error:
                await self.mark(row.chat_id, "error", str(error))
            except Exception as error:  # one chat's defect must not end the others
                _log.error("backfill_failed", chat_id=row.chat_id, **log.cause(error))
                reason = f"An internal error stopped its history ({type(error).__name__})."
                await self.mark(row.chat_id, "error", reason)
            self._busy.discard(row.chat_id)
            self._queue.task_done()

    def _put_off(self, row: chats.ChatRow, top_id: int, seconds: float) -> None:
        """Queue a chat again after a wait; until then it counts as under way."""

        async def again() -> None:
            await self.sleep(seconds)
            self._queue.put_nowait((self._newest(row), top_id))
            self._queue.task_done()

        task = asyncio.create_task(again())
        self._put_offs.add(task)
        task.add_done_callback(self._put_offs.discard)

    def _is_hopeless(self, chat_id: identity.PeerId) -> bool:
        """Count that Telegram failed to answer about a chat, and say whether that has been often enough."""
        self._failures[chat_id] += 1
        if is_enough := self._failures[chat_id] >= ROUNDS:
            del self._failures[chat_id]
        return is_enough

    async def _fetch_chat(self, row: chats.ChatRow, top_id: int) -> None:
        scan = scans.Scan(self, row, top_id)
        while not self.is_at_limit(row.chat_id):
            try:
                part = await scan.plan()
                if part is None:
                    break
                await scan.fetch(part)
            except scans.Outrun:
                scan = scans.Scan(self, await self._stored(row), top_id)
        if row.status == "error":
            await self.mark(row.chat_id, "active" if scan.is_complete else "initializing", None)

    async def _stored(self, row: chats.ChatRow) -> chats.ChatRow:
        """Return a chat as it is in the store, and find out on the way whether it is another crawler's by now."""
        self._rows.pop(row.chat_id, None)
        while True:
            await self.writer.until_healthy()
            with contextlib.suppress(errors.DatabaseUnreachable, errors.DiskFull):
                await self.claims.take([row.space_id])
                async with self._database.connection(database.SHORT_SECONDS) as conn:
                    self._rows[row.chat_id] = await chats.find(conn, row.chat_id) or row
                return self._rows[row.chat_id]
            await self.sleep(AGAIN_SECONDS)

    def _newest(self, row: chats.ChatRow) -> chats.ChatRow:
        """Return a row with the progress of this run: it may have been read before the last page was committed."""
        kept = self._rows.get(row.chat_id)
        if kept is None:
            return row
        return replace(
            row,
            next_id=kept.next_id,
            done=kept.done,
            total=kept.total,
            since=kept.since,
            is_complete=kept.is_complete,
        )

    def _lacks(self, row: chats.ChatRow) -> bool:
        # A chat that was complete when it was marked has nothing to fetch, and loses the mark.
        return row.status == "error" or not row.is_complete or parts.is_deeper(self.since(), row.since)

    def _reaches(self, account: link.Link, row: chats.ChatRow) -> bool:
        if account.connection.is_ended:
            return False
        if not identity.is_channel_space(row.space_id):
            return account.mailbox == row.space_id
        return self.directory.access_hash(account.account_id, row.chat_id) is not None
