"""The parts of a chat's history: what a scan fetches in one go, and what its progress says of the whole chat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from heliograph.domain import records
from heliograph.store import chats


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of history to fetch: from above ``progress.next_id`` up to ``until_id``, or to the newest message."""

    progress: records.BackfillProgress
    until_id: int | None = None
    since: datetime | None = None
    """The depth that is reached once this part is complete."""
    beside: tuple[tuple[records.CoverageSource, int, int], ...] = ()
    """What its first page puts on the ledger: ids that are wanted from now on, or that are not."""


def is_deeper(asked: datetime | None, reached: datetime | None) -> bool:
    """Say whether one depth goes further back than another; None is everything."""
    return reached is not None and (asked is None or asked < reached)


def progress_of(row: chats.ChatRow) -> records.BackfillProgress:
    """Return how far a chat is as its row says."""
    return records.BackfillProgress(
        chat_id=row.chat_id,
        space_id=row.space_id,
        next_id=row.next_id,
        done=row.done,
        total=row.total,
        is_complete=row.is_complete,
        since=row.since,
    )


def stored(part: Part, progress: records.BackfillProgress) -> records.BackfillProgress:
    """Return what a part's progress says of the whole chat.

    While an older part is fetched the chat stays complete down to its old depth, so that a kill in between makes
    nobody fetch the newer part again.
    """
    if part.until_id is None:
        return progress
    return replace(progress, is_complete=True, since=part.since if progress.is_complete else part.progress.since)


def unwanted(after: int, until: int) -> tuple[tuple[records.CoverageSource, int, int], ...]:
    """Return what the ledger is told about ids above ``after`` and up to ``until`` that are too old to be asked for."""
    return (("outside", after + 1, until),) if after < until else ()
