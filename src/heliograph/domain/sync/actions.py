"""What the sequence engine wants done. The crawler performs each and tells the engine how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState, DirtyMark
from heliograph.domain.sync.events import Event
from heliograph.domain.sync.gaps import Gap


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fetch:
    """Ask for the difference of ``box`` from ``from_state`` through ``account``; compared by identity.

    Answered with Machine.answer or Machine.fetch_failed. ``limit`` shrinks once the box is
    stuck, so that the fewest other updates are held up by the one that nobody can read.
    """

    box: SpaceId
    account: SpaceId
    from_state: BoxState
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Commit:
    """Commit these rows and this move of one box together; compared by identity.

    Answered with Machine.committed or Machine.commit_failed. At most one per box is on its way.
    """

    box: SpaceId
    from_state: BoxState | None
    to_state: BoxState
    origin: Literal["live", "difference", "anchor"]
    events: tuple[Event, ...] = ()
    seen: tuple[Event, ...] = ()
    """Pushed updates that a difference has overtaken, each true for its own pts: a difference has newest forms only."""
    dirty: tuple[DirtyMark, ...] = ()
    is_clean: bool = False
    """This commit answers the box's own dirty mark."""
    loss: str | None = None
    """Why what lies between the two states cannot be fetched: open a hole and record the loss with the move."""
    lost_commits: tuple[int, int] | None = None
    """Above which pts, and up to which, the store has lost what it held: record the loss with the move, without a hole.
    The difference brings those messages again, but neither texts between nor what was deleted since."""
    not_kept: bool = False
    """Updates that lie between the two states had arrived and could not be kept: record the loss, without a hole."""
    not_kept_from: int = 0
    """Above which pts they lay: at most that of ``from_state``."""
    top_id: int = 0
    gap: Gap | None = None
    """What this commit brings to its end, or with a loss leaves open until the hole is closed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """Find out where the server's box stands, since we have no usable cursor.

    Answered with Machine.anchored or Machine.anchor_failed.
    """

    box: SpaceId
    account: SpaceId


@dataclass(frozen=True, kw_only=True, slots=True)
class Reload:
    """Read the box's committed cursor: a failed commit may have happened all the same.

    Answered with Machine.reloaded.
    """

    box: SpaceId


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Tell people: something that should not happen did."""

    box: SpaceId
    reason: str


Action = Fetch | Commit | Anchor | Reload | Alarm
