"""Performs what the sequence engine decides: requests through the accounts, batches through the writer.

It holds no rule of its own. Everything between two awaits is one step of the pure machine, so that nothing needs a
lock; how each action ended is told to the machine, whatever it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from heliograph import clock, errors, log
from heliograph.crawler import (
    anchoring,
    batches,
    claims,
    directory,
    intake,
    link,
    questions,
    reach,
    requests,
    rereading,
    tasks,
    transport,
    writer,
)
from heliograph.domain import identity, records
from heliograph.domain.sync import actions as todo
from heliograph.domain.sync import events, machine

CHUNK = 50
"""Containers taken in one go before other tasks get their turn."""
TELL_SECONDS = 1.0
TICK_SECONDS = 0.05
"""How exactly deadlines are kept; the shortest is half a second."""

_log = log.get("engine")


class Engine:
    """All boxes and accounts of this process at work."""

    def __init__(
        self,
        sequence: machine.Machine,
        commits: writer.Writer,
        chats: directory.Directory,
        *,
        claimed: claims.Claims,
        reached: reach.Reach,
        time: clock.Clock | None = None,
        on_refresh: Callable[[], None] = lambda: None,
    ) -> None:
        self.machine = sequence
        self.claims = claimed
        self.reach = reached
        self._writer = commits
        self._directory = chats
        self._time = time or clock.SystemClock()
        self._on_refresh = on_refresh
        self._intake = intake.Intake(commits, chats, self._time, on_refresh=on_refresh, on_roles=self._note_roles)
        self._links = link.Links()
        self._tasks = tasks.Tasks(self.recover)
        self._anchoring = anchoring.Anchoring(
            sequence,
            claimed,
            self._links,
            self._intake,
            now=self._now,
            perform=self.perform,
            is_found=self._is_found,
            on_refresh=on_refresh,
        )
        self._rereading = rereading.Rereading(claimed, commits, self._tasks, self._reloaded)

    # -- for the service --------------------------------------------------------------------------------------

    def add(self, account: link.Link, cursor: records.BoxState | None, *, is_following: bool = True) -> None:
        """Take an account: its common box is anchored, or starts with a difference unless it is not followed."""
        self._links.add(account)
        if not is_following and cursor is not None:
            self.machine.load(account.mailbox, cursor)
            return
        self.perform(self.machine.add_account(account.mailbox, cursor, self._now()))

    def owe(self, boxes: Iterable[identity.SpaceId], behind: Iterable[identity.SpaceId]) -> None:
        """Know before anything else which boxes are marked in the store, also of those that are met later.

        ``behind`` are those with an open gap on record.
        """
        self.machine.load_gaps(behind)
        for box in boxes:
            self.machine.mark(box, self._now())

    def resume_channel(
        self, account: link.Link, box: identity.SpaceId, cursor: records.BoxState | None, *, is_dirty: bool
    ) -> None:
        """Take a channel that the store knows, with its dirty mark."""
        now = self._now()
        if cursor is not None:
            self.machine.load(box, cursor)
        self.perform(self.machine.add_channel(box, account.mailbox, None, now))
        if is_dirty:
            self.perform(self.machine.mark(box, now))

    def remove(self, account: link.Link) -> None:
        """Let an account go; its channels go on through others."""
        if self._links.remove(account):
            self.perform(self.machine.remove_account(account.mailbox, self._now()))

    @property
    def accounts(self) -> list[link.Link]:
        """The accounts at work."""
        return self._links.at_work

    def committed_pts(self, box: identity.SpaceId) -> int | None:
        """Return the pts a box is committed at: what a scan that is asked for now is true for."""
        found = self.machine.boxes.get(box)
        return found.pipeline.committed.pts if found and found.pipeline.committed else None

    def committed(self) -> dict[identity.SpaceId, int]:
        """Return the committed pts of every box that has one."""
        boxes = self.machine.boxes.items()
        return {space: box.pipeline.committed.pts for space, box in boxes if box.pipeline.committed}

    def channel(self, account: link.Link, box: identity.SpaceId, server_pts: int, adopted_pts: int | None) -> None:
        """Take a channel's dialog: anchor it, or go on from the cursor that was adopted just now.

        Whether the store has a cursor for it must be known by then: see :meth:`adopt`. What comes after a cursor that
        only the store had, nobody pushes again; of any other box the sentinel judges where it stands.
        """
        if box in self.claims.foreign:
            return
        now = self._now()
        self.perform(self.machine.add_channel(box, account.mailbox, server_pts, now))
        if box in self.claims.reclaimed:  # as at a start: only an answer says that it can be read
            self.perform(self.machine.mark(box, now))
        if adopted_pts is not None:
            self.perform(self.machine.server_pts(box, server_pts, adopted_pts, now))

    async def adopt(self, boxes: Iterable[identity.SpaceId]) -> dict[identity.SpaceId, int]:
        """Take the stored cursors of those boxes that have none here, and return their pts.

        Raises DatabaseUnreachable and DiskFull.
        """
        return await self._anchoring.adopt(boxes)

    def recover(self, box: identity.SpaceId) -> None:
        """Have a box begin anew from its stored cursor: after a defect, which may have swallowed its next action."""
        self.perform(self.machine.recover(box))

    async def follow(self, account: link.Link) -> None:
        """Take what an account's connection yields, until its session ends. Raises SessionEnded."""
        inbox = account.connection.inbox
        while True:
            await self._writer.until_room()
            taken = [await inbox.get()]
            while len(taken) < CHUNK and inbox.qsize():
                taken.append(inbox.get_nowait())
            self._take(account, taken)
            await asyncio.sleep(0)

    async def keep_time(self) -> None:
        """Tell the machine when its deadlines pass, and have it say what is missing for long, for ever."""
        told = self._now()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            deadline, now = self.machine.deadline(), self._now()
            if deadline is not None and deadline <= now:
                self.perform(self.machine.tick(now))
            if now - told > TELL_SECONDS:
                told = now
                self.perform(self.machine.tell_gaps(now))

    async def stop(self) -> None:
        """Start nothing new, and wait until what was decided has ended, and what others wait for is written."""
        await self._tasks.stop()
        await self._writer.until_idle()
        while any(map(self._is_under_way, self.machine.boxes)):  # each commit lets the next one of its box begin
            await asyncio.sleep(TICK_SECONDS)
            await self._writer.until_idle()
        await self.reach.flush()

    # -- what arrives -----------------------------------------------------------------------------------------

    def _take(self, account: link.Link, taken: list[transport.Incoming]) -> None:
        """Take some incoming events together: what belongs to no box is one batch, and goes before the rest."""
        read = [self._intake.read(account, incoming) for incoming in taken]
        containers = [each for each in read if isinstance(each, events.Container)]
        self._intake.set_aside(
            account,
            [user for each in containers for user in each.users],
            [chat for each in containers for chat in each.chats],
            [update for each in containers for update in each.rest],
            pushed_at=next((each.pushed_at for each in containers if each.rest), None),
        )
        for each in read:
            if isinstance(each, events.Container):
                self.perform(self.machine.container(self.claims.ours(each), self._now()))
            else:
                self._take_control(account, each)

    def _take_control(self, account: link.Link, control: events.Control) -> None:
        _log.info("updates_may_be_missing", account_id=account.account_id, reason=control.value)
        self.perform(self.machine.control(account.mailbox, control, self._now()))
        # Silence proves nothing about channels: their dialogs are compared as well.
        self._on_refresh()

    def _note_roles(self, account: link.Link, accesses: Sequence[records.Access]) -> None:
        """Take that this account has left channels, or is in them again."""
        for box, is_reading in reach.channels(accesses):
            known = self.machine.boxes.get(box)
            if not is_reading:
                self.perform(self.machine.remove_channel(box, account.mailbox, self._now()))
            elif known is None or account.mailbox not in known.accounts:
                self._on_refresh()

    # -- what is to be done -----------------------------------------------------------------------------------

    def perform(self, actions: list[todo.Action]) -> None:
        """Start every action; its end is told to the machine."""
        for action in actions:
            if isinstance(action, todo.Commit):
                self._commit(action)
            elif isinstance(action, todo.Fetch):
                self._tasks.start(action.box, self._fetch(action))
            elif isinstance(action, todo.Anchor):
                self._tasks.start(action.box, self._anchoring.run(action))
            elif isinstance(action, todo.Reload):
                self._reload(action)
            elif action.box not in self.claims.foreign:
                self._alarm(action)

    def _alarm(self, alarm: todo.Alarm) -> None:
        _log.error("box_alarm", box=alarm.box, reason=alarm.reason)
        if alarm.reason == "access_lost" and identity.is_channel_space(alarm.box):
            self.claims.give_up(alarm.box)
            self._release(alarm.box)

    def _release(self, box: identity.SpaceId) -> None:
        """Let others have what was given up once nothing of it is under way: what they begin from is its cursor."""
        if box in self.claims.released and not self._is_under_way(box):
            self.reach.lose(identity.channel_peer(box))

    def _is_under_way(self, box: identity.SpaceId) -> bool:
        return box in self.machine.boxes and self.machine.boxes[box].pipeline.depth > 0

    def _commit(self, commit: todo.Commit) -> None:
        self._tasks.step(commit.box, partial(self._enqueue, commit))

    def _enqueue(self, commit: todo.Commit) -> None:
        account = self._links.speaker(commit.box, self.machine.boxes[commit.box].accounts)
        batch = batches.batch(
            commit,
            account.context(self._time.now()),
            epoch=self.claims.epoch,
            groups=self._directory.groups_of(commit.box) if commit.loss else [],
            now=self._now(),
        )
        future = self._writer.enqueue(batch)
        future.add_done_callback(lambda done: self._tasks.step(commit.box, partial(self._committed, commit, done)))

    def _committed(self, commit: todo.Commit, future: asyncio.Future[writer.CommitResult]) -> None:
        if future.cancelled() or future.exception() is not None or future.result().is_conflict:
            self.perform(self.machine.commit_failed(commit))
        else:
            self.perform(self.machine.committed(commit, self._now()))
            self._release(commit.box)

    async def _fetch(self, fetch: todo.Fetch) -> None:
        account = self._links.get(fetch.account)
        request = questions.difference(fetch, account) if account else None
        if account is None or request is None:
            self._fetch_failed(fetch, events.Failure.ACCESS, 0)
            return
        await self._writer.until_room()
        try:
            answer = await account.connection.call(request)
            result = questions.answer(fetch, answer, account)
            rest = result.rest if isinstance(result, events.Page) else ()
            self._intake.set_aside(account, result.users, result.chats, rest)
        except errors.TelegramError as error:
            self._fetch_failed(fetch, *requests.failure(error))
            return
        except Exception as error:  # an answer that our code cannot read is one more that cannot be decoded
            _log.error("answer_unreadable", box=fetch.box, **log.cause(error))
            self._fetch_failed(fetch, events.Failure.UNDECODABLE, 0)
            return
        if await self._is_found(fetch.box):
            self.perform(self.machine.answer(fetch, self.claims.ours(result), self._now()))

    def _fetch_failed(self, fetch: todo.Fetch, failure: events.Failure, seconds: float) -> None:
        _log.warning("difference_failed", box=fetch.box, failure=failure.value, seconds=seconds)
        self.perform(self.machine.fetch_failed(fetch, failure, self._now(), seconds))
        if failure is events.Failure.ACCESS:
            self._on_refresh()

    async def _is_found(self, box: identity.SpaceId) -> bool:
        """Note that a box answers, which mailboxes always do, and say whether its answer is ours to take."""
        if not identity.is_channel_space(box):
            return True
        if not await self.claims.hold(box):
            self._give_up(box)
            return False
        self.reach.find(identity.channel_peer(box))
        return True

    def _reload(self, reload: todo.Reload) -> None:
        if self._rereading.add(reload.box):
            self._tasks.start(reload.box, self._rereading.run())

    def _reloaded(self, box: identity.SpaceId, cursor: records.BoxState | None) -> None:
        if box in self.claims.foreign:
            self._give_up(box)
        else:
            self.perform(self.machine.reloaded(box, cursor, self._now()))
            self._release(box)

    def _give_up(self, box: identity.SpaceId) -> None:
        """Leave a box to the crawler that has claimed it."""
        self.perform(self.machine.leave_channel(box, self._now()))

    def _now(self) -> float:
        return self._time.monotonic()
