"""Known losses in plain words: between which moments something is missing for good, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from heliograph.domain import identity
from heliograph.store import mailboxes
from heliograph.store.database import Connection
from heliograph.store.reads import ledger_views

REASONS: Final = {
    "too_long": (
        "More had happened than Telegram keeps for a client that was away. Messages were asked for again; what was "
        "edited twice, or sent and deleted, in between is not known."
    ),
    "cursor_ahead": (
        "Telegram lost part of its own log and counts from an earlier place. What it had said in between cannot be "
        "asked for again."
    ),
    "cursor_invalid": (
        "Telegram no longer knew the place where the mirror had stopped. What happened until it began anew is not "
        "known."
    ),
    "not_kept": (
        "Updates had arrived and there was no room for them: the database was away and the spool full or off, or too "
        "many came at once. Messages were asked for again; texts that were replaced, and what was sent and deleted, in "
        "between is not known."
    ),
    "lost_commits": (
        "The database lost what it had stored, as in a fail-over or after a restore. Messages were asked for again; "
        "texts that were replaced, and what was sent and deleted, in between is not known."
    ),
    "left": "The account that mirrors this group was not in it.",
    "session_ended": "The session of the account that mirrors this group had ended.",
}
"""By the part of a reason before its colon; a group's id may follow it."""

# A loss that names a group is its own; any other of a mailbox is of all its groups.
_SELECT: Final = """
SELECT l.loss_id, l.space_id, l.from_pts, l.to_pts, split_part(l.reason, ':', 1), l.since, l.noticed_at,
       c.chat_id, c.title, a.label
FROM known_losses l
LEFT JOIN chats c ON CASE WHEN l.space_id > 0 THEN c.chat_id = -1000000000000 - l.space_id
                          ELSE c.chat_id::text = split_part(l.reason, ':', 2) END
LEFT JOIN accounts a ON a.user_id = -l.space_id
WHERE %(chats)s::int8[] IS NULL OR c.chat_id = ANY(%(chats)s)
   OR c.chat_id IS NULL AND l.space_id IN (SELECT w.space_id FROM chats w WHERE w.chat_id = ANY(%(chats)s))
ORDER BY l.to_pts = %(open)s DESC, l.noticed_at DESC, l.loss_id DESC
"""


async def of(conn: Connection, wanted: Sequence[int] | None = None) -> list[ledger_views.Loss]:
    """Return the losses of chats, None for all: those that go on first, then the one that was noticed last."""
    given = {"chats": None if wanted is None else list(wanted), "open": mailboxes.OPEN}
    return [_loss(row) for row in await (await conn.execute(_SELECT, given)).fetchall()]


def _loss(row: tuple[Any, ...]) -> ledger_views.Loss:
    loss_id, space_id, from_pts, to_pts, reason, since, noticed_at, chat_id, title, label = row
    is_open = to_pts == mailboxes.OPEN
    return ledger_views.Loss(
        loss_id=loss_id,
        chat_id=chat_id,
        title=title or name_of_space(space_id, label),
        reason=reason,
        explanation=REASONS.get(reason, f"The record says “{reason.replace('_', ' ')}” and no more."),
        from_pts=from_pts,
        to_pts=None if is_open else to_pts,
        since=since,
        noticed_at=noticed_at,
        is_open=is_open,
    )


def name_of_space(space_id: int, label: str | None) -> str:
    """Return what a space is called that is no known chat: a mailbox by its account's label."""
    if identity.is_channel_space(identity.SpaceId(space_id)):
        return f"Channel {space_id}"
    return f"Groups of {label or f'user {-space_id}'}"
