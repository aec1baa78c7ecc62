"""Where boxes begin that have no cursor here: with the one that the store has after all, or where the server stands.

A cursor is never set anew over a stored one (invariants 2 and 16), nor from the first update that is seen. Word may
come of a channel that nobody has described yet: until the list of chats tells how it is reached, its box waits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterable

from heliograph import errors, log
from heliograph.crawler import claims, intake, link, questions, requests
from heliograph.domain import identity
from heliograph.domain.sync import actions as todo
from heliograph.domain.sync import events, machine

_log = log.get("engine")


class Anchoring:
    """Performs the machine's Anchor actions, whose end it tells in any case."""

    def __init__(
        self,
        sequence: machine.Machine,
        claimed: claims.Claims,
        links: link.Links,
        aside: intake.Intake,
        *,
        now: Callable[[], float],
        perform: Callable[[list[todo.Action]], None],
        is_found: Callable[[identity.SpaceId], Awaitable[bool]],
        on_refresh: Callable[[], None],
    ) -> None:
        self._machine = sequence
        self._claims = claimed
        self._links = links
        self._intake = aside
        self._now = now
        self._perform = perform
        self._is_found = is_found
        self._on_refresh = on_refresh
        self._unlisted: set[identity.SpaceId] = set()
        """Boxes that wait for the list of chats, which was asked for on their account."""

    def has_start(self, box: identity.SpaceId) -> bool:
        """Say whether a box has a cursor, committed or on its way."""
        found = self._machine.boxes.get(box)
        return found is not None and found.pipeline.has_start

    async def adopt(self, boxes: Iterable[identity.SpaceId]) -> dict[identity.SpaceId, int]:
        """Take the stored cursors of those boxes that have none here, and return their pts.

        Raises DatabaseUnreachable and DiskFull.
        """
        unknown = [box for box in boxes if not (self.has_start(box) or box in self._claims.foreign)]
        taken = await self._claims.take(unknown) if unknown else {}
        for box, cursor in taken.items():
            if box not in self._machine.boxes:
                self._machine.load(box, cursor)
            elif not self.has_start(box):
                self._perform(self._machine.reloaded(box, cursor, self._now()))
        return {box: cursor.pts for box, cursor in taken.items()}

    async def run(self, anchor: todo.Anchor) -> None:
        """Find out where a box begins, unless its cursor was in the store after all."""
        # A cursor that means nothing to the server is not looked up again: the box has it already.
        try:
            if not self.has_start(anchor.box):
                await self.adopt([anchor.box])
                if self.has_start(anchor.box):
                    return
            if anchor.box in self._claims.foreign:
                self._perform(self._machine.leave_channel(anchor.box, self._now()))
                return
            account = self._reader(anchor)
            if account is None:
                self._wait_for_list(anchor)
                return
            anchor = dataclasses.replace(anchor, account=account.mailbox)
            found = await questions.standing(anchor.box, account)
            self._intake.set_aside(account, found.users, found.chats, ())
            if found.state is None:  # the list of chats tells whether we are in it
                self._fail(anchor, events.Failure.ACCESS)
                self._on_refresh()
            elif await self._is_found(anchor.box):
                self._unlisted.discard(anchor.box)
                self._perform(self._machine.anchored(anchor.box, found.state, self._now()))
        except errors.TelegramError as error:
            self._fail(anchor, *requests.failure(error))
        except Exception as error:  # whatever it was, a box without a timer would wait for ever
            _log.warning("anchor_failed", box=anchor.box, **log.cause(error))
            self._fail(anchor, events.Failure.RETRY)

    def _reader(self, anchor: todo.Anchor) -> link.Link | None:
        """Return an account that knows how to reach a box, the one that was named if it does."""
        box = self._machine.boxes[anchor.box]
        for mailbox in (anchor.account, *box.accounts):
            account = self._links.get(mailbox)
            if account and (not identity.is_channel_space(box.space) or account.channel_hash(box.space) is not None):
                return account
        return None

    def _wait_for_list(self, anchor: todo.Anchor) -> None:
        """Try again later, for nothing but a look at what is known; the list is asked for once."""
        if self._links.get(anchor.account) is None:
            self._fail(anchor, events.Failure.ACCESS)
            return
        self._fail(anchor, events.Failure.RETRY)
        if anchor.box not in self._unlisted:
            self._unlisted.add(anchor.box)
            _log.info("channel_unknown", box=anchor.box)
            self._on_refresh()

    def _fail(self, anchor: todo.Anchor, failure: events.Failure, seconds: float = 0) -> None:
        self._perform(self._machine.anchor_failed(anchor, failure, self._now(), seconds))
