"""The engine's commits as the store's batches: payloads become rows under the right ``as_of``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from heliograph.crawler import normalize
from heliograph.domain import identity, records
from heliograph.domain.sync import actions

LAST_ID: Final = 2**31 - 1
"""The end of a hole whose newest message is not known."""
NOT_KEPT: Final = "not_kept"
"""Why a stretch is lost whose updates had arrived while the database was away and nothing could keep them."""
LOST_COMMITS: Final = "lost_commits"
"""Why a stretch is lost whose commits the store does not hold any more."""


def batch(
    commit: actions.Commit,
    context: normalize.Context,
    *,
    epoch: int,
    groups: list[identity.PeerId],
    now: float,
) -> records.Batch:
    """Return the batch of a commit; ``groups`` are the chats that a mailbox holds, ``now`` is in monotonic seconds.

    A live update is true for its own pts; what a difference brings is true for the answer's.
    """
    rows = normalize.Rows()
    is_live = commit.origin == "live"
    for event in commit.events:
        as_of = event.pts if is_live else commit.to_state.pts
        rows.add(event.payload, space_id=commit.box, as_of=as_of, context=context)
    seen = _sightings(commit, context)
    move = records.CursorMove(box=commit.box, from_state=commit.from_state, to_state=commit.to_state, epoch=epoch)
    return records.Batch(
        origin=commit.origin,
        account_id=context.account_id,
        moves=(move,),
        messages=[*seen.messages, *rows.messages],
        tombstones=[*seen.tombstones, *rows.tombstones],
        pins=rows.pins,
        observations=rows.observations,
        topics=rows.topics,
        dead_letters=[*seen.dead_letters, *rows.dead_letters],
        dirty=list(commit.dirty),
        clean=[commit.box] if commit.is_clean else [],
        coverage=_holes(commit, groups) if commit.loss else [],
        unconfirmed=[] if commit.loss else _unconfirmed(commit, seen, rows),
        losses=_losses(commit, context.at),
        gaps=[_gap(commit, context.at, now)] if commit.gap else [],
        pushed_at=commit.events[0].pushed_at if is_live and commit.events else None,
    )


def _sightings(commit: actions.Commit, context: normalize.Context) -> normalize.Rows:
    """Return what updates said that a difference has overtaken; counters and titles of then are not news."""
    rows = normalize.Rows()
    for event in commit.seen:
        rows.add(event.payload, space_id=commit.box, as_of=event.pts, context=context)
    return rows


def _unconfirmed(commit: actions.Commit, seen: normalize.Rows, rows: normalize.Rows) -> list[records.Coverage]:
    """Return the ids of messages that were pushed and that the difference does not speak of.

    One that is not stored either may be gone: a difference need not tell of a message that came and went in it.
    """
    told = {item.message_id for item in rows.messages}
    told.update(item.message_id for item in (*rows.tombstones, *seen.tombstones))
    found = {item.message_id: item.chat_id for item in seen.messages if item.message_id not in told}
    return [
        records.Coverage(
            space_id=commit.box,
            chat_id=chat_id,
            first_id=message_id,
            last_id=message_id,
            as_of=commit.to_state.pts,
            source="owed",
        )
        for message_id, chat_id in sorted(found.items())
    ]


def _losses(commit: actions.Commit, at: datetime) -> list[records.KnownLoss]:
    found = [_loss(commit, commit.loss, at)] if commit.loss else []
    if commit.not_kept:
        loss = _loss(commit, NOT_KEPT, at)
        found.append(replace(loss, from_pts=min(loss.from_pts, commit.not_kept_from)))
    if commit.lost_commits:
        low, high = commit.lost_commits
        found.append(
            records.KnownLoss(space_id=commit.box, from_pts=low, to_pts=high, reason=LOST_COMMITS, noticed_at=at)
        )
    return found


def _loss(commit: actions.Commit, reason: str, at: datetime) -> records.KnownLoss:
    before, after = commit.from_state or commit.to_state, commit.to_state
    return records.KnownLoss(
        space_id=commit.box,
        from_pts=min(before.pts, after.pts),
        to_pts=max(before.pts, after.pts),
        reason=reason,
        noticed_at=at,
        since=datetime.fromtimestamp(before.date, UTC) if before.date else None,
    )


def _gap(commit: actions.Commit, at: datetime, now: float) -> records.Gap:
    gap = commit.gap
    assert gap is not None
    return records.Gap(
        space_id=commit.box,
        cause=gap.cause,
        from_pts=gap.from_pts,
        to_pts=gap.to_pts,
        events=gap.events,
        noticed_at=at - timedelta(seconds=max(0.0, now - gap.noticed_at)),
        closed_at=None if commit.loss or gap.is_open else at,
        is_lost=commit.loss is not None,
    )


def _holes(commit: actions.Commit, groups: list[identity.PeerId]) -> list[records.Coverage]:
    """Return a hole over all ids: edits and deletions in the gap may concern any message, old ones too."""
    chats = [identity.channel_peer(commit.box)] if identity.is_channel_space(commit.box) else groups
    return [
        records.Coverage(
            space_id=commit.box,
            chat_id=chat_id,
            first_id=1,
            last_id=commit.top_id or LAST_ID,
            as_of=commit.to_state.pts,
            source="hole",
        )
        for chat_id in chats
    ]
