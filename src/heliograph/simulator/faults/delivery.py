"""The part of ``Faults`` that live updates pass through; the faults themselves are in ``pushes``."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from telethon.tl import types

from heliograph.simulator.faults import pushes
from heliograph.simulator.faults.stage import Staged
from heliograph.simulator.world import tl_updates
from heliograph.simulator.world.pushes import Push

if TYPE_CHECKING:
    from heliograph.simulator.wire.session import Session


class PushFaults(Staged):
    """The part of ``Faults`` that live updates pass through."""

    monotonic: Callable[[], float]
    rng: random.Random

    def __init__(self) -> None:
        self._pushes: list[pushes.PushFault] = []
        self._afterwards: list[pushes.Resend | pushes.CutAfter] = []

    def drop_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Lose the next ``n`` pushes."""
        self._pushes.append(pushes.Drop(left=n, user_id=user_id, chat=chat))

    def duplicate_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Send the next ``n`` pushes twice."""
        self._pushes.append(pushes.Duplicate(left=n, user_id=user_id, chat=chat))

    def reorder_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Swap each of the next ``n`` pushes with the one after it."""
        self._pushes.append(pushes.Reorder(left=n, user_id=user_id, chat=chat))

    def delay_updates(
        self, n: int | None = 1, seconds: float = 1.0, *, user_id: int | None = None, chat: int | None = None
    ) -> None:
        """Send the next ``n`` pushes late."""
        self._pushes.append(pushes.Delay(left=n, seconds=seconds, user_id=user_id, chat=chat))

    def lose_updates(self, share: float, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Lose this share of all pushes from now on; which ones follows from the world's seed."""
        self._pushes.append(pushes.Lossy(left=None, share=share, rng=self.rng, user_id=user_id, chat=chat))

    def be_passive(
        self, chat: int | None = None, seconds: float | None = None, *, user_id: int | None = None
    ) -> pushes.Passive:
        """Push nothing of a channel (of all channels) for a while or (``seconds`` None) for ever."""
        until = None if seconds is None else self.monotonic() + seconds
        fault = pushes.Passive(left=None, user_id=user_id, chat=chat, until=until, monotonic=self.monotonic)
        self._pushes.append(fault)
        return fault

    def coalesce_albums(
        self, n: int | None = None, *, user_id: int | None = None, chat: int | None = None
    ) -> pushes.Coalesce:
        """Push only the first item of the next ``n`` albums, or of all."""
        fault = pushes.Coalesce(left=n, user_id=user_id, chat=chat)
        self._pushes.append(fault)
        return fault

    def undecodable_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Put an unknown constructor into the next ``n`` pushes."""
        self._pushes.append(pushes.Undecodable(left=n, user_id=user_id, chat=chat))

    def unnamed_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Name no users and chats in the next ``n`` pushes."""
        self._pushes.append(pushes.Unnamed(left=n, user_id=user_id, chat=chat))

    def number_updates(
        self,
        n: int | None = 1,
        how: pushes.Numbering = "rising",
        *,
        user_id: int | None = None,
        chat: int | None = None,
    ) -> None:
        """Give the next ``n`` containers a seq: ``rising``, after a ``gap``, or an ``old`` one."""
        if how not in ("rising", "gap", "old"):
            raise ValueError(f"no such numbering: {how}")
        fault = pushes.Numbered(left=n, how=how, user_id=user_id, chat=chat, next_seq=self._next_seq)
        self._pushes.append(fault)

    def resend_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Send the next ``n`` pushes again under the same message id."""
        self._afterwards.append(pushes.Resend(left=n, user_id=user_id, chat=chat))

    def cut_after_updates(self, n: int | None = 1, *, user_id: int | None = None, chat: int | None = None) -> None:
        """Close the connection after each of the next ``n`` pushes, before an ack can come."""
        self._afterwards.append(pushes.CutAfter(left=n, user_id=user_id, chat=chat))

    def say_too_long(
        self, chat: int | None = None, *, user_id: int | None = None, pts: int | Literal["real"] | None = None
    ) -> int:
        """Push updatesTooLong, or updateChannelTooLong for a chat (also an unknown one); returns to how many.

        ``pts`` is left out, given, or ``real``: the channel's present one.
        """
        world = self._stage.world
        if pts == "real":
            box = world.chats[chat or 0].box
            pts = box.pts if box is not None else None
        users = list(world.accounts) if user_id is None else [user_id]
        for each in users:
            if chat is None:
                world.push(each, types.UpdatesTooLong())
            else:
                now = int(world.clock.now().timestamp())
                world.push(each, types.Updates([tl_updates.too_long(chat, pts)], [], [], now, 0), peer=chat)
        return len(users)

    def on_push(self, push: Push) -> pushes.Deliveries:
        """Return what is delivered for a push, as (delay in seconds, container)."""
        deliveries: pushes.Deliveries = [(0.0, push.container)]
        for fault in list(self._pushes):
            deliveries = fault.change(push, deliveries)
            if fault.is_spent:
                self._pushes.remove(fault)
        return deliveries

    def after_push(self, push: Push, session: Session, msg_id: int) -> None:
        """Do what comes right after a push went out on a session."""
        for fault in list(self._afterwards):
            if fault.takes(push):
                fault.after(session, msg_id)
            if fault.is_spent:
                self._afterwards.remove(fault)

    def _clear_pushes(self) -> None:
        self._pushes.clear()
        self._afterwards.clear()

    def _next_seq(self, user_id: int, how: pushes.Numbering) -> int:
        account = self._stage.world.accounts[user_id]
        if how == "old":
            return max(1, account.seq - 1)
        account.seq += 2 if how == "gap" else 1
        return account.seq
