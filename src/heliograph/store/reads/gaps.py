"""Gaps: what was noticed to be missing, when, by what, how it closed, and how long that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from heliograph import errors
from heliograph.store.database import Connection
from heliograph.store.reads import ledger_views
from heliograph.store.reads.losses import name_of_space

CAUSES: Final = {
    "start": "Heliograph was started and asked what it had missed",
    "pts": "An update came whose number does not follow the one before",
    "seq": "A number between two packets of updates was missing",
    "reconnected": "The connection to Telegram was lost and made again",
    "new_session": "Telegram began a new session",
    "undecodable": "Something came that could not be decoded",
    "overflow": "More came than fits in memory",
    "silence": "Nothing had come for a long time",
    "pushed_too_long": "Telegram said that there was too much to push",
    "account_difference": "The account's own catching up named this chat",
    "sentinel": "A regular check found Telegram further than the mirror",
    "unknown_peer": "An update was about somebody who is not known",
    "cursor_ahead": "Telegram counted from an earlier place than the mirror",
    "cursor_invalid": "Telegram no longer knew the mirror's place",
    "database": "The database had been away",
    "access": "The account that read it had lost access",
    "recovered": "The mirror went back to what was stored after an error",
}

_SELECT: Final = """
SELECT g.gap_id, g.space_id, g.cause, g.from_pts, g.to_pts, g.events, g.noticed_at, g.closed_at, g.closed_by,
       extract(epoch FROM g.closed_at - g.noticed_at)::float8, c.chat_id, c.title, a.label
FROM gaps g
LEFT JOIN chats c ON g.space_id > 0 AND c.chat_id = -1000000000000 - g.space_id
LEFT JOIN accounts a ON a.user_id = -g.space_id
WHERE (%(chats)s::int8[] IS NULL OR g.space_id IN (SELECT w.space_id FROM chats w WHERE w.chat_id = ANY(%(chats)s)))
  AND (NOT %(is_open)s OR g.closed_at IS NULL)
  AND (%(since)s::timestamptz IS NULL OR g.noticed_at >= %(since)s)
  AND (%(moment)s::timestamptz IS NULL OR (g.noticed_at, g.gap_id) < (%(moment)s, %(gap_id)s))
ORDER BY g.noticed_at DESC, g.gap_id DESC LIMIT %(limit)s
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which gaps to look for."""

    chats: Sequence[int] | None = None
    """None for all. A group stands for its mailbox, whose groups are followed together."""
    is_open: bool = False
    """Only those that have not closed yet."""
    since: datetime | None = None
    """Only those that were noticed then or later."""


async def page(conn: Connection, query: Query, *, after: str | None = None, limit: int) -> ledger_views.GapPage:
    """Return gaps, the one that was noticed last first. Raises BadInput for an ``after`` that no page has given."""
    moment, gap_id = _read(after) if after is not None else (None, None)
    given = {
        "chats": None if query.chats is None else list(query.chats),
        "is_open": query.is_open,
        "since": query.since,
        "moment": moment,
        "gap_id": gap_id,
        "limit": limit + 1,
    }
    rows = await (await conn.execute(_SELECT, given)).fetchall()
    shown = [_gap(row) for row in rows[:limit]]
    return ledger_views.GapPage(gaps=shown, after=_place(shown[-1]) if len(rows) > limit else None)


def _place(gap: ledger_views.Gap) -> str:
    """Return where the page after a gap begins: its moment in microseconds and its id."""
    return f"{(gap.noticed_at - _EPOCH) // _MICROSECOND}.{gap.gap_id}"


def _read(place: str) -> tuple[datetime, int]:
    moment, _, gap_id = place.partition(".")
    try:
        found = _EPOCH + int(moment) * _MICROSECOND, int(gap_id)
    except (ValueError, OverflowError):
        found = _EPOCH, 0
    if not 0 < found[1] < 2**63:
        raise errors.BadInput("“after” is not from a page of gaps; begin without it.")
    return found


def _gap(row: tuple[Any, ...]) -> ledger_views.Gap:
    gap_id, space_id, cause, from_pts, to_pts, events, noticed_at, closed_at, closed_by, seconds = row[:10]
    chat_id, title, label = row[10:]
    return ledger_views.Gap(
        gap_id=gap_id,
        chat_id=chat_id,
        title=title or name_of_space(space_id, label),
        cause=cause,
        explanation=CAUSES.get(cause, cause),
        from_pts=from_pts,
        to_pts=to_pts,
        events=events,
        noticed_at=noticed_at,
        closed_at=closed_at,
        closed_by=closed_by,
        duration_seconds=seconds,
    )
