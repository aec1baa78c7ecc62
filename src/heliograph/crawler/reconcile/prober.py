"""Whatever the ledger owes is asked for by its ids, 200 a call, until no hole is open.

A hole is what history left out, or all ids of a chat whose log was lost. The rows and what they prove are one commit,
true as of the cursor from before the question; a hole that opens meanwhile stays open. An id that is answered as empty
may be hidden for a moment, so that only a second look, some time later and through another account if one can, makes a
tombstone of what is stored and a known emptiness of what is not. Where no account may look, the hole stays; so does an
id whose answer cannot be had, which waits while the others are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Final

from heliograph import clock, config, errors, log
from heliograph.crawler import engine, link, writer
from heliograph.crawler.reconcile import ends, lookup, readers, unanswered
from heliograph.crawler.transport import refusal
from heliograph.domain import audits, identity, records
from heliograph.store import coverage, database, owed

POLL_SECONDS: Final = 1.0
"""How often the ledger is looked at for something new."""
LATER_SECONDS: Final = 5.0
DEFECT_SECONDS: Final = 30.0
"""After something that should not happen."""
PER_ACCOUNT: Final = 2
"""Spaces that are asked about at once for each account: one more than its budget lets pass."""

_log = log.get("prober")


class Prober:
    """Works off the ledger of this process's spaces. Run it with :meth:`run`."""

    def __init__(
        self,
        settings: config.Crawler,
        work: engine.Engine,
        commits: writer.Writer,
        opened: database.Database,
        found: readers.Readers,
        *,
        history: bool,
        busy: Callable[[], Iterable[identity.PeerId]],
        time: clock.Clock,
    ) -> None:
        self._settings = settings
        self._engine = work
        self._writer = commits
        self._database = opened
        self._readers = found
        self._history = history
        self._busy = busy
        self._time = time
        self._ends = ends.Ends(found, time)
        self._unanswered = unanswered.Unanswered(opened, time)
        self._again_at: dict[identity.SpaceId, float] = {}
        self._under_way: set[identity.SpaceId] = set()
        self._asked_by: dict[identity.SpaceId, int] = {}
        """The account that found ids of a space empty; the second look goes through another one."""
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Ask for what is owed, for ever; cancel it to stop."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for space, is_repair in await self._startable():
                    self._under_way.add(space)
                    group.create_task(self._serve(space, is_repair=is_repair), name="prober")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), POLL_SECONDS)

    # -- whose turn it is -------------------------------------------------------------------------------------

    async def _startable(self) -> list[tuple[identity.SpaceId, bool]]:
        """Return the spaces to ask about now, repairs first."""
        try:
            async with self._database.connection(database.SHORT_SECONDS) as conn:
                await coverage.settle(conn)
                await coverage.ripen(conn, self._settings.confirm_seconds)
                spaces = await owed.spaces(conn, history=self._history, seconds=self._settings.confirm_seconds)
        except (errors.DatabaseUnreachable, errors.DiskFull):
            await self._writer.until_healthy()
            return []
        now, limit = self._time.monotonic(), PER_ACCOUNT * len(self._engine.accounts)
        waiting = [space for space in spaces if space not in self._under_way and self._again_at.get(space, 0.0) <= now]
        waiting.sort(key=lambda space: (not spaces[space], self._again_at.get(space, 0.0)))
        return [(space, spaces[space]) for space in waiting[: max(0, limit - len(self._under_way))]]

    async def _serve(self, space: identity.SpaceId, *, is_repair: bool) -> None:
        """Ask about a space once, and note when to ask again."""
        pause = LATER_SECONDS
        try:
            pause = await self._step(space, is_repair=is_repair)
        except errors.FloodWait:
            pause = max(LATER_SECONDS, self._frozen(space))
        except (errors.DatabaseUnreachable, errors.DiskFull):
            self._readers.forget()
            await self._writer.until_healthy()
        except (errors.RpcFailed, errors.Undecodable) as error:
            pause = await self._unanswered.give_up(space, error)
        except errors.TelegramError as error:
            _log.info("probe_put_off", space_id=space, reason=type(error).__name__)
        except Exception as error:  # one space's defect must not end the others
            _log.error("probe_failed", space_id=space, **log.cause(error))
            pause = DEFECT_SECONDS
        finally:
            self._under_way.discard(space)
            self._again_at[space] = self._time.monotonic() + pause
            self._changed.set()

    # -- one call ---------------------------------------------------------------------------------------------

    async def _step(self, space: identity.SpaceId, *, is_repair: bool) -> float:
        """Ask one question about a space, and return after how many seconds there may be another."""
        account, as_of = self._choose(space), self._engine.committed_pts(space)
        if account is None or as_of is None:  # nothing is asked: that is looked at again soon
            return LATER_SECONDS
        waiting = self._unanswered.ids(space)
        limit = lookup.LIMIT + len(waiting)
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            unknown = self._ends.waiting()
            endless = [each for each in await owed.endless(conn, space) if each.chat_id not in unknown]
            busy = [*self._busy(), *unknown]
            stretches = await owed.holes(conn, space, busy=busy, history=self._history, limit=limit)
            suspects = await owed.suspects(conn, space, seconds=self._settings.confirm_seconds, limit=limit)
        newest = max([each.as_of for each in endless] + [each.as_of for each in (*stretches, *suspects)], default=0)
        if newest > as_of:
            return POLL_SECONDS  # the store is ahead of what we have heard of it
        purpose = lookup.Question(space_id=space, ids=(), as_of=as_of, purpose="repair" if is_repair else "audit")
        try:
            if endless:
                await self._submit(await self._ends.find(account, space, endless, as_of))
            elif ids := _ids(stretches, waiting):
                await self._look(account, replace(purpose, ids=ids), stretches)
            elif ids := _ids(suspects, waiting):
                other = self._choose(space, but=self._asked_by.get(space)) or account
                await self._look_again(other, replace(purpose, ids=ids), suspects)
            else:
                return POLL_SECONDS
        except errors.RpcFailed as error:
            if not refusal.is_access_lost(error):
                raise
            _log.info("probe_refused", space_id=space, account_id=account.account_id, error=error.name)
            self._readers.refuse(space, account)
        return 0.0

    async def _look(self, account: link.Link, question: lookup.Question, stretches: Sequence[owed.Stretch]) -> None:
        """Ask for ids that nobody has asked for yet."""
        answer = await self._ask(account, question)
        space, as_of = question.space_id, question.as_of
        empty = _of_chats(stretches, answer.empty)
        floor = await self._floor(space, answer)
        barred = {chat_id: [each for each in ids if each <= floor] for chat_id, ids in empty.items()}
        hidden = lookup.coverage(space, barred, as_of, "unreachable")
        empty = {chat_id: [each for each in ids if each > floor] for chat_id, ids in empty.items()}
        self._asked_by[space] = account.account_id
        found = lookup.coverage(space, _of_chats(stretches, answer.found), as_of, "probe")
        ranges = [*found, *hidden, *lookup.coverage(space, empty, as_of, "suspect")]
        await self._submit(replace(answer.batch, coverage=ranges))

    async def _look_again(
        self, account: link.Link, question: lookup.Question, suspects: Sequence[owed.Stretch]
    ) -> None:
        """Confirm that ids are empty: what is stored of them was deleted, nobody knows exactly when."""
        space, as_of, now = question.space_id, question.as_of, self._time.now()
        try:
            answer = await self._ask(account, question)
        except (errors.RpcFailed, errors.RpcTimeout, errors.Undecodable):
            await self._put_behind(space, question.ids)
            raise
        await self._put_behind(space, set(question.ids) - answer.found - answer.empty)
        empty = _of_chats(suspects, answer.empty)
        gone = await self._gone(space, empty)
        # Whom a group hides its past from sees nothing of it, and says nothing about it.
        floor = await self._ends.hidden_until(space) if gone and identity.is_channel_space(space) else 0
        gone = [each for each in gone if each.message_id > floor]
        barred = {chat_id: [each for each in ids if each <= floor] for chat_id, ids in empty.items()}
        tombstones = [
            records.Tombstone(
                space_id=space, message_id=each.message_id, as_of=as_of, deleted_at=now, chat_id=each.chat_id
            )
            for each in gone
        ]
        steps = [
            records.AuditStep(
                space_id=space, chat_id=each.chat_id, tier=audits.tier_of(now - each.date), deletions_found=1
            )
            for each in (gone if self._settings.audit else ())
        ]
        if gone:
            _log.info("deletions_found", space_id=space, messages=len(gone))
        answered = _of_chats(suspects, answer.found | answer.empty)
        ranges = lookup.coverage(space, answered, as_of, "probe") + lookup.coverage(space, barred, as_of, "unreachable")
        await self._submit(replace(answer.batch, coverage=ranges, tombstones=tombstones, audits=steps))

    async def _put_behind(self, space: identity.SpaceId, unanswered: Collection[int]) -> None:
        if unanswered:
            async with self._database.connection(database.SHORT_SECONDS) as conn:
                await coverage.put_behind(conn, space, unanswered)

    async def _gone(self, space: identity.SpaceId, empty: Mapping[identity.PeerId, Sequence[int]]) -> list[owed.Alive]:
        """Return what is stored of ids that were found empty."""
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            stored = await owed.alive(conn, space, sorted({each for ids in empty.values() for each in ids}))
        return [each for each in stored if each.message_id in empty.get(each.chat_id, ())]

    async def _floor(self, space: identity.SpaceId, answer: lookup.Answer) -> int:
        """Return up to which id a channel hides its messages, if what was found empty gives a reason to ask."""
        if not answer.empty or not identity.is_channel_space(space):
            return 0
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            lowest = await owed.lowest(conn, space)
        if min(answer.empty) > min([lowest, *answer.found]):
            return 0
        return await self._ends.hidden_until(space)

    async def _ask(self, account: link.Link, question: lookup.Question) -> lookup.Answer:
        """Ask. Raises for an answer that says nothing, so that it is not asked for again at once."""
        await self._writer.until_room()
        answer = await lookup.ask(account, question, self._readers.memory(account), self._time.now())
        await self._unanswered.take(question.space_id, answer)
        return answer

    def _frozen(self, space: identity.SpaceId) -> float:
        """Return how long it is until some account may ask about a space."""
        waits = [each.connection.governor.frozen_seconds("messages") for each in self._readers.able(space)]
        return min(waits, default=LATER_SECONDS)

    def _choose(self, space: identity.SpaceId, *, but: int | None = None) -> link.Link | None:
        return next((each for each in self._readers.able(space) if each.account_id != but), None)

    async def _submit(self, batch: records.Batch) -> None:
        await self._writer.submit(batch)


def _ids(stretches: Sequence[owed.Stretch], waiting: Set[int]) -> list[int]:
    """Return the lowest ids of these stretches that do not wait, a call's worth."""
    ids: set[int] = set()
    most = lookup.LIMIT + len(waiting)
    for each in stretches:
        ids.update(range(each.first_id, min(each.last_id, each.first_id + most - 1) + 1))
    return sorted(ids - waiting)[: lookup.LIMIT]


def _of_chats(stretches: Sequence[owed.Stretch], ids: Iterable[int]) -> dict[identity.PeerId, list[int]]:
    """Return which of these ids each chat waits for. Ids of a mailbox count for every chat that waits for them."""
    known = sorted(ids)
    found: dict[identity.PeerId, list[int]] = {}
    for each in stretches:
        waiting = [number for number in known if each.first_id <= number <= each.last_id]
        found.setdefault(each.chat_id, []).extend(waiting)
    return found
