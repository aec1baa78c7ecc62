"""What waits for the writer's lanes, and which of it a lane may take: the order within a space always stays."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from heliograph.domain import records
from heliograph.store import commit, locks


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitResult:
    """How a batch ended when the database answered, or the spool in its place."""

    is_conflict: bool
    """The cursor was not where the batch starts, so that nothing of it was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A batch that waits."""

    batch: records.Batch
    slots: frozenset[int]
    """The locks that its commit takes: of its spaces, and of any that share one with them."""
    future: asyncio.Future[CommitResult]
    queued_at: float
    """In monotonic seconds."""

    @property
    def size(self) -> int:
        """Rows; a batch counts as one at least."""
        return max(1, self.batch.row_count)


def slots(batch: records.Batch) -> frozenset[int]:
    """Return the locks that a batch's commit takes."""
    return frozenset(map(locks.slot, commit.spaces(batch)))


@dataclass(eq=False, slots=True)
class Queue:
    """What waits for lanes of one kind, and the locks of what is under way or held back in it."""

    limit: int
    """Rows of one commit, so that none takes long; a batch that is larger by itself goes alone."""
    waiting: deque[Queued] = field(default_factory=deque)
    rows: int = 0
    """Of what waits."""
    since: float | None = None
    """When its latest commit under way began, in monotonic seconds."""
    oldest: float | None = None
    """When the oldest batch of that commit was queued, in monotonic seconds."""
    writing: set[int] = field(default_factory=set)
    held: frozenset[int] = frozenset()
    """Of batches that were passed over, because another lane writes their spaces."""

    def put(self, item: Queued) -> None:
        """Queue a batch."""
        self.waiting.append(item)
        self.rows += item.size

    def put_back(self, items: Iterable[Queued]) -> None:
        """Queue batches again, before what came after them."""
        items = list(items)
        self.waiting.extendleft(reversed(items))
        self.rows += sum(item.size for item in items)

    def take(self, blocked: Iterable[int] = ()) -> list[Queued]:
        """Take batches up to the limit of rows, at least one, and leave those whose locks are ``blocked``."""
        shut = set(blocked)
        taken: list[Queued] = []
        held: list[Queued] = []
        rows = 0
        while self.waiting:
            item = self.waiting[0]
            if is_blocked := not shut.isdisjoint(item.slots):
                shut |= item.slots
            elif taken and rows + item.size > self.limit:
                break
            self.waiting.popleft()
            (held if is_blocked else taken).append(item)
            rows += 0 if is_blocked else item.size
        self.waiting.extendleft(reversed(held))
        self.rows -= rows
        self.held = frozenset().union(*(item.slots for item in held))
        return taken

    def take_all(self) -> list[Queued]:
        """Take everything that waits."""
        taken = list(self.waiting)
        self.waiting.clear()
        self.rows = 0
        self.held = frozenset()
        return taken
