"""Silence is never evidence (invariant 11): where the server's boxes stand is asked, not waited for.

messages.getPeerDialogs answers for 100 channels at once and tells the account's own state beside them. A pts above our
cursor that is not caught up within five seconds asks for a difference. A pts below it, seen twice, means that the
server lost part of its log, or that our database is from another time: the box starts anew from the server's pts, with
a hole and a known loss in the same commit, and the prober asks for every id again. A channel that no answer can be had
about is found by halves and left to its difference; the others are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from telethon.tl import functions, types

from heliograph import clock, errors, log
from heliograph.crawler import engine, isolation, link, normalize, requests
from heliograph.crawler.reconcile import pace, readers
from heliograph.crawler.transport import refusal
from heliograph.domain import identity, records
from heliograph.store import database

PEERS: Final = 100
"""Channels of one call."""
CONFIRM_SECONDS: Final = 5.0
"""What was pushed meanwhile has arrived by then, and a replica that lags has caught up."""
TICK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 5.0
REFUSED_SECONDS: Final = 60.0
DEFECT_SECONDS: Final = 30.0
"""After something that should not happen."""
LEFT_OUT: Final = 3
"""So many answers in a row that leave a channel out are no accident."""

_log = log.get("sentinel")


class Sentinel:
    """Watches the boxes of one account: its mailbox, and the channels that no other account asks about."""

    def __init__(
        self,
        account: link.Link,
        work: engine.Engine,
        found: readers.Readers,
        opened: database.Database,
        *,
        hot_seconds: float,
        cold_seconds: float,
        time: clock.Clock,
        confirm_seconds: float = CONFIRM_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._engine = work
        self._readers = found
        self._database = opened
        self._time = time
        self._confirm_seconds = confirm_seconds
        self._sleep = sleep
        self._pace = pace.Pace(hot_seconds, cold_seconds)
        self._ahead: dict[identity.SpaceId, tuple[records.BoxState, float]] = {}
        """Boxes of the server that stand above our cursor: where, and since when we know."""
        self._behind: dict[identity.SpaceId, float] = {}
        """Boxes of the server that stood below our cursor: since when we know."""
        self._alone: isolation.Backoff[identity.SpaceId] = isolation.Backoff(time, longest=cold_seconds)
        """Channels that getPeerDialogs gives no answer about."""
        self._left_out: dict[identity.SpaceId, int] = {}
        """Channels that were missing in answers, and in how many in a row."""
        self._not_before = 0.0

    def hurry(self) -> None:
        """Look at everything soon."""
        self._pace.hurry(self._now())

    def hear(self, box: identity.SpaceId, asked: int, pts: int) -> None:
        """Take what the list of chats told: it waits for its confirmation like any look; a pts below is looked at.

        A box that is not watched here yet is looked at when that begins. Of one that cannot be looked at nothing else
        tells, so that the list's word is compared like a look's.
        """
        if box in self._pace.looks and pts < asked:
            self._pace.again(box, self._now())
        elif box in self._pace.looks and pts > asked:
            self._ahead.setdefault(box, (records.BoxState(pts=pts), self._now()))
        elif box in self._alone.waiting():
            self._compare(box, asked, records.BoxState(pts=pts))

    async def run(self) -> None:
        """Watch for ever. Raises SessionEnded."""
        while True:
            try:
                await self.step()
            except errors.SessionEnded:
                raise
            except Exception as error:  # one box's defect must not end the crawl
                _log.error("sentinel_failed", account_id=self._account.account_id, **log.cause(error))
                self._not_before = self._now() + DEFECT_SECONDS
            next_at = max(self._pace.next_at() or 0.0, self._not_before)
            await self._sleep(min(TICK_SECONDS, max(0.05, next_at - self._now())))

    async def step(self) -> None:
        """Do what is due now. Raises SessionEnded."""
        self._confirm()
        now = self._now()
        mailbox = self._account.mailbox
        own = {mailbox} if self._engine.committed_pts(mailbox) is not None else set()
        channels = set(self._readers.channels_of(self._account, "peer_dialogs"))
        self._pace.keep(own | (channels - self._alone.waiting()), now)
        if now < self._not_before:
            return
        # The account's own box comes along with every answer, whatever is asked for.
        due = self._pace.due(now, PEERS)
        if due:
            await self._try([box for box in due if box != mailbox])

    # -- asking -----------------------------------------------------------------------------------------------

    async def _try(self, channels: Sequence[identity.SpaceId]) -> None:
        try:
            search = await isolation.ask(channels, self._look, _is_about_channels)
        except errors.FloodWait as wait:
            self._not_before = self._now() + wait.seconds
        except errors.SessionEnded:
            raise
        except (errors.RpcFailed, errors.Undecodable) as error:
            _log.warning("sentinel_refused", account_id=self._account.account_id, error=str(error))
            self._not_before = self._now() + REFUSED_SECONDS
        except errors.TelegramError as error:
            _log.info("sentinel_waits", account_id=self._account.account_id, reason=type(error).__name__)
            self._not_before = self._now() + RETRY_SECONDS
        else:
            for box, reason in search.alone.items():
                await self._leave_to_difference(box, reason)
            is_general = len(search.alone) > 1 and not search.is_answered
            if is_general and not any(map(refusal.is_access_lost, search.alone.values())):
                # What is left would fare no better; lost access is each channel's own.
                self._not_before = self._now() + REFUSED_SECONDS

    async def _look(self, channels: Sequence[identity.SpaceId]) -> None:
        """Ask about some channels and judge the answer. Raises what ``call`` raises."""
        cursors = {box: self._engine.committed_pts(box) for box in (*channels, self._account.mailbox)}
        standing = await self._ask(channels)
        for box, asked in cursors.items():
            if asked is not None:
                await self._judge(box, asked, standing.get(box))

    async def _leave_to_difference(self, box: identity.SpaceId, error: errors.TelegramError) -> None:
        """Let a channel's difference say what is wrong with it, since nothing else tells where it stands."""
        failures = self._alone.fail(box)
        # One answer of 5xx may be anybody's bad moment; what cannot be read stays so.
        if not refusal.is_access_lost(error) and failures == (1 if isinstance(error, errors.Undecodable) else 2):
            await isolation.report(
                self._database, "sentinel_blind", error, space_id=box, chat_id=identity.channel_peer(box)
            )
        if (asked := self._engine.committed_pts(box)) is not None:
            self._engine.perform(self._engine.machine.server_pts(box, asked - 1, asked, self._now()))

    async def _ask(self, channels: Sequence[identity.SpaceId]) -> dict[identity.SpaceId, records.BoxState]:
        """Return where the server's boxes stand. Raises what ``call`` raises."""
        if not channels:
            state = await self._account.connection.call(requests.account_state(), purpose="sentinel")
            return {self._account.mailbox: requests.state_of(state)}
        peers = [
            types.InputDialogPeer(types.InputPeerChannel(box, self._account.channel_hash(box) or 0)) for box in channels
        ]
        tl = await self._account.connection.call(functions.messages.GetPeerDialogsRequest(peers=peers))
        found = {self._account.mailbox: requests.state_of(tl.state)}
        for dialog in tl.dialogs:
            if (box := _channel(dialog)) is not None and dialog.pts:
                found[box] = records.BoxState(pts=dialog.pts)
        return found

    # -- judging ----------------------------------------------------------------------------------------------

    async def _judge(self, box: identity.SpaceId, asked: int, state: records.BoxState | None) -> None:
        """Take an answer, also one that leaves a box out: that says nothing, and counts as none when it goes on."""
        now = self._now()
        if box in self._pace.looks:
            self._pace.looked(box, asked, now)
        if state is not None:
            self._left_out.pop(box, None)
            self._alone.succeed(box)
            if box in self._pace.looks:
                self._compare(box, asked, state)
            return
        self._left_out[box] = self._left_out.get(box, 0) + 1
        if self._left_out[box] < LEFT_OUT:
            self._pace.again(box, now + RETRY_SECONDS)
        else:
            await self._leave_to_difference(box, errors.RpcTimeout())

    def _compare(self, box: identity.SpaceId, asked: int, state: records.BoxState) -> None:
        """Compare where the server stands with our cursor from before the question."""
        now = self._now()
        if state.pts == asked:
            self._behind.pop(box, None)
        elif state.pts > asked:
            self._behind.pop(box, None)
            self._ahead.setdefault(box, (state, now))
        elif box not in self._behind:
            self._behind[box] = now
            self._pace.again(box, now + self._confirm_seconds)
        elif now - self._behind[box] >= self._confirm_seconds:
            self._start_anew(box, asked, state)

    def _confirm(self) -> None:
        """Have a difference asked where the cursor is still below what was seen some seconds ago."""
        now = self._now()
        # What was pushed and waits for its turn here is not missing, and brings texts that a difference leaves out.
        taken_until = now - max((each.connection.inbox.lag_seconds for each in self._engine.accounts), default=0.0)
        for box, (state, since) in list(self._ahead.items()):
            if taken_until - since < self._confirm_seconds:
                continue
            del self._ahead[box]
            known = self._engine.machine.boxes.get(box)
            if known is None or known.pipeline.pts >= state.pts:
                continue
            events = state.pts - known.pipeline.pts
            _log.info("sentinel_found", box=box, events=events)
            look = self._pace.looks.get(box)
            self._pace.missed(box, events, look.period if look else self._pace.hot, now)
            self._engine.perform(self._engine.machine.server_pts(box, state.pts, known.pipeline.pts, now))

    def _start_anew(self, box: identity.SpaceId, asked: int, state: records.BoxState) -> None:
        del self._behind[box]
        if self._engine.committed_pts(box) != asked:  # it moves after all
            return
        self._engine.perform(self._engine.machine.account_pts(box, state, asked, self._now()))

    def _now(self) -> float:
        return self._time.monotonic()


def _is_about_channels(error: errors.TelegramError) -> bool:
    return refusal.is_access_lost(error) or isolation.is_about_content(error)


def _channel(dialog: Any) -> identity.SpaceId | None:
    chat_id = normalize.peer_id(getattr(dialog, "peer", None)) if type(dialog) is types.Dialog else None
    if chat_id is None:
        return None
    kind, number = identity.split_peer(chat_id)
    return identity.channel_space(number) if kind == "channel" else None
