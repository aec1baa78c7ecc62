"""One chat's history on its way: what is missing, page after page, until it is there.

A page and the progress that it makes are one commit, so that a kill costs the page under way. The next page is asked
while the last one commits. A flood wait stops history alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from heliograph import errors, log
from heliograph.crawler import history, isolation, link, parts, peers, writer
from heliograph.crawler.transport import refusal
from heliograph.domain import records
from heliograph.store import chats, owed

if TYPE_CHECKING:
    from heliograph.crawler.backfill import Backfill

RETRY_SECONDS = (1.0, 2.0, 5.0)
"""Pauses before a page is asked for again; what lasts longer puts the chat off, so that others get their turn."""
PUT_OFF_SECONDS = 30.0
ANCHOR_SECONDS = 0.05
"""How often to look whether a new box has its cursor by now."""
ANCHOR_PATIENCE_SECONDS = 30.0
FLOOD_SWITCH_SECONDS = 30.0
"""A longer wait moves a chat to another account that can read it, or puts it off."""

_log = log.get("backfill")

Answer = TypeVar("Answer")


class Unreadable(Exception):
    """No account of this process can read a chat; the text says why."""


class Postponed(Exception):
    """A chat's turn is over for now; ``seconds`` says when it is tried again.

    ``failure`` is what Telegram keeps answering about it, None when its accounts have to wait for all their chats.
    """

    def __init__(self, seconds: float, failure: errors.TelegramError | None = None) -> None:
        super().__init__(f"history has to wait {seconds:.0f} s")
        self.seconds = seconds
        self.failure = failure


class Outrun(Exception):
    """A chat's history is elsewhere in the store than where this scan has brought it."""


class Foreign(Exception):
    """Another crawler reads this chat, its history included."""


@dataclass(frozen=True, kw_only=True)
class _Pending:
    """A page on its way to the store."""

    progress: records.BackfillProgress
    stored: records.BackfillProgress
    future: asyncio.Future[writer.CommitResult]


class Scan:
    """One chat on its way through its parts."""

    def __init__(self, home: Backfill, row: chats.ChatRow, top_id: int) -> None:
        self._home = home
        self._row = row
        self._top_id = top_id
        self._refused: set[int] = set()
        self._account: link.Link | None = None
        self._size = isolation.PageSize(history.PAGE)

    @property
    def is_complete(self) -> bool:
        """Say whether the chat has its history by now."""
        return self._row.is_complete

    async def plan(self) -> parts.Part | None:
        """Return what is to be fetched next, None when the chat has what is asked for. Raises Unreadable."""
        row, since = self._row, self._home.since()
        start = parts.progress_of(row)
        if row.is_complete:
            return await self._older_part(start, since) if parts.is_deeper(since, row.since) else None
        if row.next_id == 0 and row.done == 0:
            first = await self._start(since)
            beside = parts.unwanted(0, first)
            return parts.Part(progress=replace(start, next_id=first, since=since), since=since, beside=beside)
        if row.since is None and since is not None:
            # Everything was asked for once; now it need not be.
            first = max(row.next_id, await self._start(since))
            beside = parts.unwanted(row.next_id, first)
            return parts.Part(progress=replace(start, next_id=first, since=since), since=since, beside=beside)
        return parts.Part(progress=start, since=row.since)

    async def fetch(self, part: parts.Part) -> None:
        """Fetch a part page by page; one commit and one request are under way at once.

        Raises Unreadable, Postponed, Outrun, Foreign, and RpcFailed or Undecodable for what no account gets an answer
        to.
        """
        done = asked = part.progress
        pending: _Pending | None = None
        while True:
            try:
                page = await self._page(part, asked)
            except (Unreadable, Postponed, Foreign, errors.TelegramError):
                if pending is not None:
                    await self._is_committed(pending)
                raise
            if pending is not None and not await self._is_committed(pending):
                asked, pending = done, None
                continue
            done = pending.progress if pending is not None else done
            self._home.count(self._row.chat_id, page.progress.done - asked.done)
            pending = self._submit(part, page)
            asked = page.progress
            if asked.is_complete or self._home.is_at_limit(self._row.chat_id):
                if await self._is_committed(pending):
                    return
                asked, pending = done, None

    # -- asking -----------------------------------------------------------------------------------------------

    async def _older_part(self, start: records.BackfillProgress, since: datetime | None) -> parts.Part:
        """Return what lies between the depth that is reached and a deeper one."""
        until_id, first = await self._start(self._row.since), await self._start(since)
        # Where an earlier run stopped, if it was inside this part.
        next_id = start.next_id if first <= start.next_id < until_id else first
        owed: tuple[records.CoverageSource, int, int] = ("owed", next_id + 1, until_id)
        beside = (owed,) if next_id < until_id else ()
        return parts.Part(progress=replace(start, next_id=next_id), until_id=until_id, since=since, beside=beside)

    async def _start(self, since: datetime | None) -> int:
        """Return the id that a depth starts above."""
        if since is None:
            return 0

        async def ask(account: link.Link) -> int:
            return await history.start_id(account, self._peer(account), since)

        return await self._ask(ask)

    async def _page(self, part: parts.Part, asked: records.BackfillProgress) -> history.Page:
        """Ask for a page; a message that cannot be read is left out, and stays owed with what is around it.

        Which id it has is not known, so that ever more of them are left out until there is an answer.
        """
        start, unreadable = asked, None
        while True:
            limit = min(self._size.limit, self._home.page_size(self._row.chat_id))
            try:
                page = await self._ask_page(part, start, limit, beside=part.beside if asked is part.progress else ())
            except errors.Undecodable as error:
                if self._size.shrink(limit):
                    continue
                unreadable = error
                start = replace(asked, next_id=asked.next_id + max(1, 2 * (start.next_id - asked.next_id)))
                end = part.until_id or self._top_id
                if start.next_id < (end or owed.END):
                    continue
                if not end or asked is part.progress:  # nothing of it can be read
                    raise
                progress = replace(asked, next_id=end, total=asked.done, is_complete=True)
                page = history.Page(batch=records.Batch(origin="backfill"), progress=progress)
            if unreadable is None:
                self._size.read(page.progress.done - asked.done)
            else:
                self._size.pass_by()
                await self._home.report(self._row, asked.next_id + 1, unreadable)
            return page

    async def _ask_page(
        self,
        part: parts.Part,
        start: records.BackfillProgress,
        limit: int,
        beside: Sequence[tuple[records.CoverageSource, int, int]],
    ) -> history.Page:
        home = self._home

        async def ask(account: link.Link) -> history.Page:
            request = history.Request(
                account=account,
                peer=self._peer(account),
                progress=start,
                as_of=await self._as_of(),
                until_id=part.until_id,
                top_id=self._top_id,
                limit=limit,
                beside=beside,
            )
            return await history.fetch(request, home.memories[account.account_id], home.time.now())

        return await self._ask(ask)

    def _peer(self, account: link.Link) -> object:
        chat_id = self._row.chat_id
        return peers.input_peer(chat_id, self._home.directory.access_hash(account.account_id, chat_id))

    async def _as_of(self) -> int:
        """Return the committed cursor. A box that has none is being anchored, and nothing is scanned before that.

        Raises Unreadable after a while: other chats must not wait for a box that nobody can anchor.
        """
        for _ in range(round(ANCHOR_PATIENCE_SECONDS / ANCHOR_SECONDS)):
            if (pts := self._home.committed(self._row.space_id)) is not None:
                return pts
            await self._home.sleep(ANCHOR_SECONDS)
        raise Unreadable("Telegram does not say where this chat stands; its history is tried again later.")

    async def _ask(self, ask: Callable[[link.Link], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer, through another account when this one may not.

        Raises Unreadable, Postponed, Foreign, and RpcFailed or Undecodable for what another try would not change.
        """
        attempt = 0
        while True:
            account = self._choose()
            failure: errors.TelegramError | None = None
            try:
                return await ask(account)
            except errors.FloodWait as wait:
                await self._wait_out(account, wait.seconds)
                continue
            except errors.SessionEnded:
                continue
            except errors.Disconnected:
                pass
            except errors.RpcTimeout as error:
                failure = error
            except errors.RpcFailed as error:
                if refusal.is_access_lost(error):
                    self._refuse(account, error)
                    continue
                if error.code < 500:
                    raise
                failure = error
            if attempt == len(RETRY_SECONDS):
                raise Postponed(PUT_OFF_SECONDS, failure)
            await self._home.sleep(RETRY_SECONDS[attempt])
            attempt += 1

    # -- accounts ---------------------------------------------------------------------------------------------

    def _choose(self) -> link.Link:
        """Return the account that reads this chat; it stays the same while it can. Raises Unreadable and Foreign."""
        if not self._home.claims.is_ours(self._row.space_id):
            raise Foreign
        able = self._home.able(self._row, self._refused)
        if not able:
            raise Unreadable("No signed-in account can read this chat at the moment.")
        if self._account not in able:
            self._account = able[0]
        return self._account

    async def _wait_out(self, account: link.Link, seconds: float) -> None:
        """Obey a flood wait; a long one is not slept through here, so that chats of other accounts get their turn."""
        if seconds <= FLOOD_SWITCH_SECONDS:
            await self._home.sleep(seconds)
            return
        able = self._home.able(self._row, self._refused)
        self._account = next((each for each in able if each is not account and _frozen(each) == 0), None)
        if self._account is None:
            _log.info("history_waits", chat_id=self._row.chat_id, seconds=seconds)
            raise Postponed(seconds)

    def _refuse(self, account: link.Link, error: errors.RpcFailed) -> None:
        """Leave an account out that may not read this chat; when it was the last one, its error is the reason."""
        self._refused.add(account.account_id)
        if self._home.claims.is_ours(self._row.space_id) and not self._home.able(self._row, self._refused):
            raise Unreadable(f"Telegram refuses to show this chat ({error.name}).") from None

    # -- committing -------------------------------------------------------------------------------------------

    def _submit(self, part: parts.Part, page: history.Page) -> _Pending:
        stored = replace(parts.stored(part, page.progress), before=(self._row.next_id, self._row.is_complete))
        future = self._home.writer.enqueue(replace(page.batch, progress=stored))
        return _Pending(progress=page.progress, stored=stored, future=future)

    async def _is_committed(self, pending: _Pending) -> bool:
        """Wait for a commit; when it is unknown whether it happened, its page is asked for again. Raises Outrun."""
        home = self._home
        try:
            result = await pending.future
        except (errors.DatabaseUnreachable, errors.DiskFull):
            home.forget()
            await home.writer.until_healthy()
            return False
        if result.is_conflict:
            home.forget()
            raise Outrun
        self._advance(pending.stored)
        return True

    def _advance(self, stored: records.BackfillProgress) -> None:
        self._row = replace(
            self._row,
            next_id=stored.next_id,
            done=stored.done,
            total=stored.total,
            since=stored.since,
            is_complete=stored.is_complete,
        )
        self._home.keep(self._row)
        if self._home.on_progress is not None:
            self._home.on_progress(stored)


def _frozen(account: link.Link) -> float:
    return account.connection.governor.frozen_seconds("history")
