"""What is stored is looked at again, the younger the more often: for edits and deletions that no update told of.

The same calls sample views, forwards, reactions and replies. A round is as fast as the flood budget lets it be; how
long it took is in the table ``audits``, and one that takes longer than its target is a warning. What is found empty is
a suspect, which the prober looks at a second time. Messages that were to delete themselves are looked at when their
time is over, since servers may tell nobody (row 50 of TELEGRAM.md section 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from heliograph import clock, errors, log
from heliograph.crawler import directory, engine, isolation, link, writer
from heliograph.crawler.reconcile import lookup, readers, unanswered
from heliograph.crawler.transport import refusal
from heliograph.domain import audits as rules
from heliograph.domain import identity, records
from heliograph.store import audits, content, database

IDLE_SECONDS: Final = 30.0
"""Between two looks whether a round is due."""
RETRY_SECONDS: Final = 5.0
DEFECT_SECONDS: Final = 30.0
"""After something that should not happen."""
EXPIRED_SECONDS: Final = 60.0
"""Between two looks for messages whose time is over."""
EXPIRED_WITHIN: Final = timedelta(days=2)
"""What was to delete itself longer ago and still exists is left to the rounds."""
EXPIRED_MOST: Final = 10_000
"""Messages of which it is remembered when they were looked at."""

_log = log.get("audit")


class Audit:
    """The rounds of one account: of its mailbox's chats, and of the channels that no other account asks about."""

    def __init__(
        self,
        account: link.Link,
        work: engine.Engine,
        commits: writer.Writer,
        opened: database.Database,
        known: directory.Directory,
        found: readers.Readers,
        *,
        time: clock.Clock,
        idle_seconds: float = IDLE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._engine = work
        self._writer = commits
        self._database = opened
        self._directory = known
        self._readers = found
        self._time = time
        self._idle_seconds = idle_seconds
        self._sleep = sleep
        self._unanswered = unanswered.Unanswered(opened, time)
        self._put_off: isolation.Backoff[identity.PeerId] = isolation.Backoff(time, first=RETRY_SECONDS)
        """Chats whose round did not come on."""
        self._late: set[tuple[identity.PeerId, int]] = set()
        """Rounds under way of which people were told that they are late."""
        self._expired_at = 0.0
        self._looked_at: isolation.Backoff[tuple[identity.SpaceId, int]] = isolation.Backoff(
            time, first=2 * EXPIRED_SECONDS, most=EXPIRED_MOST
        )
        """Messages whose time was over: what is still there is looked at ever less often."""

    async def run(self) -> None:
        """Audit for ever. Raises SessionEnded."""
        while True:
            await self._sleep(await self._try())

    async def _try(self) -> float:
        try:
            return await self.step()
        except errors.SessionEnded:
            raise
        except errors.FloodWait as wait:
            return wait.seconds
        except (errors.DatabaseUnreachable, errors.DiskFull):
            self._readers.forget()
            await self._writer.until_healthy()
            return RETRY_SECONDS
        except errors.TelegramError as error:
            _log.info("audit_put_off", account_id=self._account.account_id, reason=type(error).__name__)
            return RETRY_SECONDS
        except Exception as error:  # one chat's defect must not end the crawl
            _log.error("audit_failed", account_id=self._account.account_id, **log.cause(error))
            return DEFECT_SECONDS

    async def step(self) -> float:
        """Look at some messages again, and return how long to pause. Raises what ``call`` and the database raise."""
        if self._time.monotonic() >= self._expired_at:
            self._expired_at = self._time.monotonic() + EXPIRED_SECONDS
            await self._expire()
        put_off = self._put_off.waiting()
        chats = [each for each in self._chats() if each not in put_off]
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            due = await audits.next_round(conn, chats) if chats else None
            if due is None:
                return self._idle_seconds
        self._warn(due)
        # The most overdue round would be chosen again and again, and no other one, whatever it is that fails.
        is_done = False
        try:
            is_done = await self._go_on(due)
        except (errors.RpcFailed, errors.RpcTimeout, errors.Undecodable) as error:
            _log.info("audit_put_off", chat_id=due.chat_id, reason=type(error).__name__)
        finally:
            if is_done:
                self._put_off.succeed(due.chat_id)
            else:
                self._put_off.fail(due.chat_id)
        return 0.0 if is_done else RETRY_SECONDS

    # -- a round ----------------------------------------------------------------------------------------------

    def _chats(self) -> list[identity.PeerId]:
        channels = [identity.channel_peer(space) for space in self._readers.channels_of(self._account, "messages")]
        return channels + self._directory.groups_of(self._account.mailbox)

    async def _go_on(self, due: audits.Round) -> bool:
        """Ask for the next messages of a round; False when this account may not."""
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            stored = await audits.stored(conn, due, self._time.now(), lookup.LIMIT)
        as_of = self._engine.committed_pts(due.space_id)
        return as_of is not None and await self._compare(due, stored, as_of)

    async def _compare(self, due: audits.Round, stored: Sequence[audits.Stored], as_of: int) -> bool:
        """Ask for messages that are stored and keep what is different; False when this account may not."""
        is_complete = len(stored) < lookup.LIMIT
        step = records.AuditStep(
            space_id=due.space_id, chat_id=due.chat_id, tier=due.tier, is_complete=is_complete, checked=len(stored)
        )
        if not stored:
            await self._writer.submit(records.Batch(origin="probe", audits=[step]))
            self._over(due)
            return True
        waiting = self._unanswered.ids(due.space_id)
        ids = [each.message_id for each in stored if each.message_id not in waiting]
        batch = await self._look(due.space_id, {due.chat_id: ids}, as_of) if ids else records.Batch(origin="probe")
        if batch is None:
            return False
        step = replace(step, next_id=stored[-1].message_id, edits_found=_edits(batch, stored, as_of))
        if step.edits_found:
            _log.info("edits_found", chat_id=due.chat_id, messages=step.edits_found)
        await self._writer.submit(replace(batch, audits=[step]))
        if is_complete:
            self._over(due)
        return True

    async def _look(
        self, space: identity.SpaceId, ids: dict[identity.PeerId, list[int]], as_of: int
    ) -> records.Batch | None:
        """Ask for ids of a space; None when the account may not."""
        wanted = sorted(number for those in ids.values() for number in those)
        question = lookup.Question(space_id=space, ids=wanted, as_of=as_of, purpose="audit")
        memory = self._readers.memory(self._account)
        await self._writer.until_room()
        try:
            answer = await lookup.ask(self._account, question, memory, self._time.now())
        except errors.RpcFailed as error:
            if not refusal.is_access_lost(error):
                raise
            _log.info("audit_refused", space_id=space, account_id=self._account.account_id, error=error.name)
            self._readers.refuse(space, self._account)
            return None
        await self._unanswered.take(space, answer)
        empty = {chat_id: [each for each in those if each in answer.empty] for chat_id, those in ids.items()}
        return replace(answer.batch, coverage=lookup.coverage(space, empty, as_of, "suspect"))

    # -- lateness ---------------------------------------------------------------------------------------------

    def _warn(self, due: audits.Round) -> None:
        """Tell people, once a round, that it misses its target."""
        tier, key = rules.TIERS[due.tier], (due.chat_id, due.tier)
        if tier.is_late(due.seconds) and key not in self._late:
            self._late.add(key)
            _log.warning(
                "audit_late",
                chat_id=due.chat_id,
                tier=tier.name,
                seconds=round(due.seconds),
                target_seconds=round(tier.period.total_seconds()),
            )

    def _over(self, due: audits.Round) -> None:
        self._late.discard((due.chat_id, due.tier))

    # -- messages that delete themselves ----------------------------------------------------------------------

    async def _expire(self) -> None:
        """Look whether messages are gone whose time is over."""
        mine = [*self._readers.channels_of(self._account, "messages"), self._account.mailbox]
        waiting = self._looked_at.waiting() | self._unanswered.waiting()
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            found = await audits.expired(conn, mine, EXPIRED_WITHIN, lookup.LIMIT, but=waiting)
        spaces: dict[identity.SpaceId, dict[identity.PeerId, list[int]]] = {}
        for space, chat_id, message_id in found:
            # Whatever comes of it, what is behind it has its turn next.
            self._looked_at.fail((space, message_id))
            spaces.setdefault(space, {}).setdefault(chat_id, []).append(message_id)
        for space, ids in spaces.items():
            as_of = self._engine.committed_pts(space)
            try:
                if as_of is not None and (batch := await self._look(space, ids, as_of)) is not None:
                    await self._writer.submit(batch)
            except (errors.RpcFailed, errors.RpcTimeout, errors.Undecodable) as error:
                _log.info("audit_put_off", space_id=space, reason=type(error).__name__)


def _edits(batch: records.Batch, stored: Sequence[audits.Stored], as_of: int) -> int:
    """Count the messages that look different from what Telegram told before, unless that is newer than the answer."""
    marks = {each.message_id: each.fingerprint for each in stored if records.IMPORTED_AS_OF < each.as_of <= as_of}
    return sum(
        row.message_id in marks and marks[row.message_id] != content.fingerprint(row.text, row.entities, row.media)
        for row in batch.messages
    )
