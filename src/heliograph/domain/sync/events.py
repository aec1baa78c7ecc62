"""What the sequence engine is told. The crawler turns Telegram's updates and answers into these.

A *payload* is opaque here: the TL update (or message) that the crawler makes rows from once the engine has decided
that it counts. TELEGRAM.md names follow core.telegram.org/api/updates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One update that takes pts: the box stands at ``pts`` after it and at ``pts - pts_count`` before it.

    Inside a difference the numbers differ between servers and are not looked at for the asked box's own updates;
    channel updates inside an account difference carry real ones. A payload of None moves the box without a row,
    which is what the affected pts of one's own calls do.
    """

    box: SpaceId
    pts: int
    pts_count: int
    payload: Any = None
    pushed_at: datetime | None = None
    """When Telegram pushed it; None inside a difference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TooLong:
    """A channel has news that was not pushed (updateChannelTooLong); ``pts`` is where it stands, when told."""

    box: SpaceId
    pts: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One pushed container: updates, updatesCombined, updateShort… or updatesTooLong."""

    account: SpaceId
    """The mailbox of the account that received it."""
    events: tuple[Event, ...] = ()
    """Updates with pts, of the common box and of channels, in the container's order."""
    too_long: tuple[TooLong, ...] = ()
    rest: tuple[Any, ...] = ()
    """Updates outside every box: reactions, views, polls. A difference never repeats them."""
    needs_difference: bool = False
    """Set for updatesTooLong, and when a short update names a peer that is not known: the difference brings the
    message with its people, so the account's own events beside it are not applied."""
    users: tuple[Any, ...] = ()
    chats: tuple[Any, ...] = ()
    seq_start: int = 0
    """0 means unordered."""
    seq: int = 0
    date: int = 0
    pushed_at: datetime | None = None


class Control(Enum):
    """Something happened to an account's connection; each may have cost updates of any box."""

    RECONNECTED = "reconnected"
    NEW_SESSION = "new_session"
    UNDECODABLE = "undecodable"
    OVERFLOW = "overflow"
    SILENCE = "silence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """An answer of getDifference or getChannelDifference, one slice of it or the last."""

    to: BoxState
    """Where the box stands after it: state, intermediate_state or the channel answer's pts. An answer that does
    not tell a counter (differenceEmpty has no pts) repeats the one that was asked from."""
    is_final: bool = True
    events: tuple[Event, ...] = ()
    """The asked box's own: new_messages first, then other_updates; applied without looking at their pts."""
    channel_events: tuple[Event, ...] = ()
    """Channel updates inside an account difference: they go through their channels' boxes by pts."""
    too_long: tuple[TooLong, ...] = ()
    """Channels that an account difference names for catching up."""
    rest: tuple[Any, ...] = ()
    users: tuple[Any, ...] = ()
    chats: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """A TooLong answer: the log before ``to`` is gone. ``events`` are the few newest messages a channel gets.

    differenceTooLong tells pts only; ``to`` then keeps the other counters that were asked from.
    """

    to: BoxState
    events: tuple[Event, ...] = ()
    top_id: int = 0
    """The newest message id, 0 when the answer does not tell it."""
    users: tuple[Any, ...] = ()
    chats: tuple[Any, ...] = ()


class Failure(Enum):
    """Why a request for a difference brought no answer."""

    RETRY = "retry"
    """Timeouts, lost connections, 5xx, PERSISTENT_TIMESTAMP_OUTDATED."""
    FLOOD = "flood"
    ACCESS = "access"
    """CHANNEL_PRIVATE and its like."""
    INVALID = "invalid"
    """PERSISTENT_TIMESTAMP_INVALID or _EMPTY: the cursor means nothing to the server."""
    UNDECODABLE = "undecodable"
