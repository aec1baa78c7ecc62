"""Faults of live updates: lost, doubled, late, swapped, withheld, unreadable, numbered."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

from telethon.tl import types

from heliograph.simulator.world import ids, tl_updates
from heliograph.simulator.world.pushes import Push

if TYPE_CHECKING:
    from heliograph.simulator.wire.session import Session

Deliveries = list[tuple[float, Any]]
Numbering = Literal["rising", "gap", "old"]


class PushFault(Protocol):
    """Asked for each push."""

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Return what is delivered instead, as (delay in seconds, container)."""


@dataclasses.dataclass(kw_only=True, slots=True)
class Counted:
    """A fault of the next ``left`` pushes (None: of all), of one account's or one chat's if these are given."""

    left: int | None
    user_id: int | None = None
    chat: int | None = None

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.left is not None and self.left <= 0

    def concerns(self, push: Push) -> bool:
        """Say whether it is about this push."""
        return not self.is_spent and self.user_id in (None, push.user_id) and self.chat in (None, push.peer)

    def takes(self, push: Push) -> bool:
        """Say whether it is about this push, and count it."""
        if not self.concerns(push):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Drop(Counted):
    """Pushes that never arrive."""

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver nothing."""
        return [] if self.takes(push) else deliveries


class Duplicate(Counted):
    """Pushes that arrive twice."""

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver twice."""
        return deliveries * 2 if self.takes(push) else deliveries


@dataclasses.dataclass(kw_only=True, slots=True)
class Delay(Counted):
    """Pushes that arrive late."""

    seconds: float = 1.0

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver later."""
        if not self.takes(push):
            return deliveries
        return [(delay + self.seconds, container) for delay, container in deliveries]


@dataclasses.dataclass(kw_only=True, slots=True)
class Reorder(Counted):
    """Pushes that are held back until the same user's next one, and arrive after it."""

    held: dict[int, Deliveries] = dataclasses.field(default_factory=dict)

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Hold one push, or deliver the one held before after this one."""
        held = self.held.pop(push.user_id, None)
        if held is not None:
            return deliveries + held
        if self.takes(push):
            self.held[push.user_id] = deliveries
            return []
        return deliveries

    @property
    def is_spent(self) -> bool:
        """Say whether it is over: nothing more to hold and nothing held."""
        return self.left is not None and self.left <= 0 and not self.held


@dataclasses.dataclass(kw_only=True, slots=True)
class Lossy(Counted):
    """Pushes of which a share is lost, by the world's own dice."""

    share: float
    rng: random.Random = dataclasses.field(repr=False)

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver, or not."""
        return [] if self.takes(push) and self.rng.random() < self.share else deliveries


@dataclasses.dataclass(kw_only=True, slots=True)
class Passive(Counted):
    """A channel (all channels with ``chat`` None) that pushes nothing while its pts moves on."""

    until: float | None
    monotonic: Callable[[], float] = dataclasses.field(repr=False)

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver nothing of the channel."""
        is_channel = push.peer != 0 and ids.split(push.peer)[0] == "channel"
        return [] if is_channel and self.concerns(push) else deliveries

    @property
    def is_spent(self) -> bool:
        """Say whether its time is over."""
        return self.until is not None and self.monotonic() >= self.until


@dataclasses.dataclass(kw_only=True, slots=True)
class Coalesce(Counted):
    """Albums of which only the first item is pushed; ``left`` counts albums per account."""

    seen: set[tuple[int, int]] = dataclasses.field(default_factory=set)

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Deliver the first item of an album only."""
        album = push.messages[0].album if push.kind == "new" and push.messages else None
        if album is None or self.user_id not in (None, push.user_id) or self.chat not in (None, push.peer):
            return deliveries
        if (push.user_id, album) in self.seen:
            return []
        if self.left != 0 and self.takes(push):
            self.seen.add((push.user_id, album))
        return deliveries

    @property
    def is_spent(self) -> bool:
        """The last album taken is still on its way when the count is used up."""
        return False


class Undecodable(Counted):
    """Pushes in which something has a constructor that the client does not know."""

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Put an unknown update in front of the known ones."""
        if not self.takes(push):
            return deliveries
        return [(delay, _unreadable(container)) for delay, container in deliveries]


class Unnamed(Counted):
    """Pushes that name no users and chats: who has no access hash yet gets none."""

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Take the users and chats away."""
        if not self.takes(push):
            return deliveries
        return [(delay, _changed(container, users=[], chats=[])) for delay, container in deliveries]


@dataclasses.dataclass(kw_only=True, slots=True)
class Numbered(Counted):
    """Containers with a seq: ``rising`` by one, with a ``gap`` before it, or ``old``."""

    how: Numbering
    next_seq: Callable[[int, Numbering], int] = dataclasses.field(repr=False)

    def change(self, push: Push, deliveries: Deliveries) -> Deliveries:
        """Give the container its number, unless it has one; short updates have none."""
        is_numbered = any(getattr(container, "seq", 1) for _delay, container in deliveries)
        if is_numbered or not self.takes(push):
            return deliveries
        seq = self.next_seq(push.user_id, self.how)
        return [(delay, _changed(container, seq=seq)) for delay, container in deliveries]


class Resend(Counted):
    """Pushes that the server sends again under the same message id, as if no ack had come."""

    def after(self, session: Session, msg_id: int) -> None:
        """Send it once more."""
        session.flush()
        session.resend([msg_id])


class CutAfter(Counted):
    """Pushes after which the connection ends, before the client's ack can arrive."""

    def after(self, session: Session, msg_id: int) -> None:
        """Let the push out and close."""
        session.flush()
        if session.connection is not None:
            session.connection.close()


def _unreadable(container: Any) -> Any:
    if not isinstance(container, types.Updates):
        return tl_updates.unknown()
    return _changed(container, updates=[tl_updates.unknown(), *container.updates])


def _changed(container: Any, **fields: Any) -> Any:
    if not isinstance(container, types.Updates):
        return container
    changed = copy.copy(container)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
