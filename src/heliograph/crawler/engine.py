"""Performs what the sequence engine decides: requests through the accounts, batches through the writer.

It holds no rule of its own. Everything between two awaits is one step of the pure machine, so that nothing needs a
lock; how each action ended is told to the machine, whatever it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from heliograph import clock, errors, log, metrics
from heliograph.crawler import batches, directory, link, normalize, requests, transport, writer
from heliograph.domain import identity, records
from heliograph.domain.sync import actions as todo
from heliograph.domain.sync import events, machine
from heliograph.store import cursors, database

CHUNK = 50
"""Containers taken in one go before other tasks get their turn."""
TICK_SECONDS = 0.05
"""How exactly deadlines are kept; the shortest is half a second."""
REFUSED_SECONDS = 1.0

_log = log.get("engine")


class Engine:
    """All boxes and accounts of this process at work."""

    def __init__(
        self,
        sequence: machine.Machine,
        commits: writer.Writer,
        opened: database.Database,
        chats: directory.Directory,
        *,
        epoch: int,
        time: clock.Clock | None = None,
        on_refresh: Callable[[], None] = lambda: None,
    ) -> None:
        self.machine = sequence
        self._writer = commits
        self._database = opened
        self._directory = chats
        self._epoch = epoch
        self._time = time or clock.SystemClock()
        self._on_refresh = on_refresh
        self._links: dict[identity.SpaceId, link.Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloading: set[identity.SpaceId] = set()
        self._is_stopping = False

    # -- for the service --------------------------------------------------------------------------------------

    def add(self, account: link.Link, cursor: records.BoxState | None, *, is_following: bool = True) -> None:
        """Take an account: its common box is anchored, or starts with a difference unless it is not followed."""
        self._links[account.mailbox] = account
        if not is_following and cursor is not None:
            self.machine.load(account.mailbox, cursor)
            return
        self.perform(self.machine.add_account(account.mailbox, cursor, self._now()))

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
        if self._links.pop(account.mailbox, None):
            self.perform(self.machine.remove_account(account.mailbox, self._now()))

    def committed_pts(self, box: identity.SpaceId) -> int | None:
        """Return the pts a box is committed at: what a scan that is asked for now is true for."""
        found = self.machine.boxes.get(box)
        return found.pipeline.committed.pts if found and found.pipeline.committed else None

    def committed(self) -> dict[identity.SpaceId, int]:
        """Return the committed pts of every box that has one."""
        return {
            space: box.pipeline.committed.pts for space, box in self.machine.boxes.items() if box.pipeline.committed
        }

    def channel(self, account: link.Link, box: identity.SpaceId, server_pts: int, asked_at_pts: int | None) -> None:
        """Take a channel's dialog: anchor it, or compare its pts with the cursor from before the request."""
        now = self._now()
        self.perform(self.machine.add_channel(box, account.mailbox, server_pts, now))
        if asked_at_pts is not None:
            self.perform(self.machine.server_pts(box, server_pts, asked_at_pts, now))

    def account_state(self, account: link.Link, state: records.BoxState, asked_at_pts: int) -> None:
        """Compare the server's state with an account's cursor from before the request."""
        self.perform(self.machine.account_pts(account.mailbox, state, asked_at_pts, self._now()))

    async def follow(self, account: link.Link) -> None:
        """Take what an account's connection yields, until its session ends. Raises SessionEnded."""
        inbox = account.connection.inbox
        while True:
            taken = [await inbox.get()]
            while len(taken) < CHUNK and inbox.qsize():
                taken.append(inbox.get_nowait())
            self._take(account, taken)
            await asyncio.sleep(0)

    async def keep_time(self) -> None:
        """Tell the machine when its deadlines pass, for ever."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            deadline, now = self.machine.deadline(), self._now()
            if deadline is not None and deadline <= now:
                self.perform(self.machine.tick(now))

    async def stop(self) -> None:
        """Start nothing new, and wait until what is on its way to the store has ended."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.until_idle()

    def measure(self) -> None:
        """Set the gauges of boxes and of what they have not committed yet."""
        for state, count in self.machine.states().items():
            metrics.BOXES.labels(state.value).set(count)
        lag = {"channel": 0, "account": 0}
        for space, box in self.machine.boxes.items():
            if box.pipeline.committed:
                kind = "channel" if identity.is_channel_space(space) else "account"
                lag[kind] = max(lag[kind], box.pipeline.pts - box.pipeline.committed.pts)
        for kind, events_ in lag.items():
            metrics.BOX_LAG.labels(kind).set(events_)

    # -- what arrives -----------------------------------------------------------------------------------------

    def _take(self, account: link.Link, taken: list[transport.Incoming]) -> None:
        """Take some incoming events together: what belongs to no box is one batch, and goes before the rest."""
        read = [self._read(account, incoming) for incoming in taken]
        containers = [each for each in read if isinstance(each, events.Container)]
        self._set_aside(
            account,
            [user for each in containers for user in each.users],
            [chat for each in containers for chat in each.chats],
            [update for each in containers for update in each.rest],
            pushed_at=next((each.pushed_at for each in containers if each.rest), None),
        )
        for each in read:
            if isinstance(each, events.Container):
                self.perform(self.machine.container(each, self._now()))
            else:
                self._take_control(account, each)

    def _read(self, account: link.Link, incoming: transport.Incoming) -> events.Container | events.Control:
        if incoming.kind == "ended":
            raise errors.SessionEnded
        if incoming.kind != "container":
            return events.Control(incoming.kind)
        try:
            return normalize.container(
                incoming.container,
                self_user_id=account.user_id,
                pushed_at=incoming.pushed_at,
                is_known=self._directory.is_known,
            )
        except Exception as error:  # one odd container must not cost the others: the difference has it
            _log.error("container_unreadable", constructor=type(incoming.container).__name__, **log.cause(error))
            return events.Control.UNDECODABLE

    def _take_control(self, account: link.Link, control: events.Control) -> None:
        _log.info("updates_may_be_missing", account_id=account.account_id, reason=control.value)
        self.perform(self.machine.control(account.mailbox, control, self._now()))
        # Silence proves nothing about channels: their dialogs are compared as well.
        self._on_refresh()

    def _set_aside(
        self,
        account: link.Link,
        users: Sequence[Any],
        chats: Sequence[Any],
        rest: Sequence[Any],
        pushed_at: datetime | None = None,
    ) -> None:
        """Write what belongs to no box: it goes first, so that the messages beside it find their people."""
        if not (users or chats or rest):
            return
        batch = account.aside(users, chats, rest, at=self._time.now(), pushed_at=pushed_at)
        if batch is None:
            return
        if any(not (chat.is_min or chat.is_left or self._directory.has(chat.chat_id)) for chat in batch.chats):
            self._on_refresh()
        self._writer.enqueue(batch).add_done_callback(partial(_forget_unwritten, account))

    # -- what is to be done -----------------------------------------------------------------------------------

    def perform(self, actions: list[todo.Action]) -> None:
        """Start every action; its end is told to the machine."""
        for action in actions:
            if isinstance(action, todo.Commit):
                self._commit(action)
            elif isinstance(action, todo.Fetch):
                self._start(self._fetch(action))
            elif isinstance(action, todo.Anchor):
                self._start(self._anchor(action))
            elif isinstance(action, todo.Reload):
                self._reload(action)
            else:
                _log.error("box_alarm", box=action.box, reason=action.reason)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._is_stopping:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _commit(self, commit: todo.Commit) -> None:
        account = self._speaker(commit.box)
        batch = batches.batch(
            commit,
            account.context(self._time.now()),
            epoch=self._epoch,
            groups=self._directory.groups_of(commit.box) if commit.loss else [],
        )
        self._writer.enqueue(batch).add_done_callback(partial(self._committed, commit))

    def _speaker(self, box: identity.SpaceId) -> link.Link:
        """Return the account whose view a box's payloads are."""
        for mailbox in (box, *self.machine.boxes[box].accounts):
            if mailbox in self._links:
                return self._links[mailbox]
        return next(iter(self._links.values()))

    def _committed(self, commit: todo.Commit, future: asyncio.Future[writer.CommitResult]) -> None:
        if future.cancelled() or future.exception() is not None or future.result().is_conflict:
            self.perform(self.machine.commit_failed(commit))
        else:
            self.perform(self.machine.committed(commit, self._now()))

    async def _fetch(self, fetch: todo.Fetch) -> None:
        account = self._links.get(fetch.account)
        request = self._difference(fetch, account) if account else None
        if account is None or request is None:
            self._fetch_failed(fetch, events.Failure.ACCESS, 0)
            return
        try:
            answer = await account.connection.call(request)
            result = self._classify(fetch, answer, account)
        except errors.TelegramError as error:
            self._fetch_failed(fetch, *requests.failure(error))
            return
        except Exception as error:  # an answer that our code cannot read is one more that cannot be decoded
            _log.error("answer_unreadable", box=fetch.box, **log.cause(error))
            self._fetch_failed(fetch, events.Failure.UNDECODABLE, 0)
            return
        rest = result.rest if isinstance(result, events.Page) else ()
        self._set_aside(account, result.users, result.chats, rest)
        self.perform(self.machine.answer(fetch, result, self._now()))

    def _difference(self, fetch: todo.Fetch, account: link.Link) -> Any:
        if not identity.is_channel_space(fetch.box):
            return requests.difference(fetch.from_state)
        access_hash = account.channel_hash(fetch.box)
        if access_hash is None:
            return None
        return requests.channel_difference(fetch.box, access_hash, fetch.from_state, fetch.limit)

    def _classify(self, fetch: todo.Fetch, answer: Any, account: link.Link) -> events.Page | events.Lost:
        if identity.is_channel_space(fetch.box):
            return normalize.channel_difference(
                answer, box=fetch.box, asked=fetch.from_state, self_user_id=account.user_id
            )
        return normalize.difference(answer, asked=fetch.from_state, self_user_id=account.user_id)

    def _fetch_failed(self, fetch: todo.Fetch, failure: events.Failure, seconds: float) -> None:
        _log.warning("difference_failed", box=fetch.box, failure=failure.value, seconds=seconds)
        self.perform(self.machine.fetch_failed(fetch, failure, self._now(), seconds))
        if failure is events.Failure.ACCESS:
            self._on_refresh()

    async def _anchor(self, anchor: todo.Anchor) -> None:
        account = self._links.get(anchor.account)
        try:
            state = await self._server_state(anchor.box, account) if account else None
        except errors.TelegramError as error:
            self.perform(self.machine.anchor_failed(anchor.box, requests.failure(error)[0], self._now(), 1))
            return
        if state is None:
            self.perform(self.machine.anchor_failed(anchor.box, events.Failure.ACCESS, self._now()))
        else:
            self.perform(self.machine.anchored(anchor.box, state, self._now()))

    async def _server_state(self, box: identity.SpaceId, account: link.Link) -> records.BoxState | None:
        if not identity.is_channel_space(box):
            return requests.state_of(await account.connection.call(requests.account_state()))
        access_hash = account.channel_hash(box)
        if access_hash is None:
            return None
        answer = await account.connection.call(requests.channel_dialog(box, access_hash))
        self._set_aside(account, answer.users, answer.chats, ())
        pts = answer.dialogs[0].pts if answer.dialogs else None
        return records.BoxState(pts=pts) if pts else None

    # -- after a failed commit --------------------------------------------------------------------------------

    def _reload(self, reload: todo.Reload) -> None:
        """Read cursors again; however many boxes failed together, they are read together."""
        self._reloading.add(reload.box)
        if len(self._reloading) == 1:
            self._start(self._reload_all())

    async def _reload_all(self) -> None:
        committed = None
        while committed is None:
            await self._writer.until_healthy()
            try:
                async with self._database.connection() as conn:
                    committed = await cursors.load(conn)
            except (errors.DatabaseUnreachable, errors.DiskFull):
                await asyncio.sleep(REFUSED_SECONDS)
        boxes, self._reloading = self._reloading, set()
        for box in boxes:
            cursor = committed.get(box)
            if cursor is not None and cursor.epoch != self._epoch:
                _log.error("box_taken_over", box=box)
                self._give_up(box)
                continue
            self.perform(self.machine.reloaded(box, cursor.state if cursor else None, self._now()))

    def _give_up(self, box: identity.SpaceId) -> None:
        """Leave a box to the crawler that has claimed it."""
        for mailbox in list(self.machine.boxes[box].accounts):
            self.perform(self.machine.remove_channel(box, mailbox, self._now()))

    def _now(self) -> float:
        return self._time.monotonic()


def _forget_unwritten(account: link.Link, future: asyncio.Future[writer.CommitResult]) -> None:
    if future.cancelled() or future.exception() is not None or future.result().is_conflict:
        account.forget()
