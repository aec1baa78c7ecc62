"""How far the rolling audit is: per chat and age of its messages, with the time that a whole round takes.

A round that is complete has its period from the round before it, so that the table says what is achieved, not what
was planned; the time in which a chat had nothing of that age does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from heliograph.domain import audits, identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection

_AGES: Final = ", ".join(
    f"({index}, interval '{tier.from_age.total_seconds()} seconds', "
    + ("NULL::interval)" if tier.to_age is None else f"interval '{tier.to_age.total_seconds()} seconds')")
    for index, tier in enumerate(audits.TIERS)
)
# Where the last message of an age had grown out of it before the next one grew into it, there was nothing to look at,
# and a round's time runs from the later one on.
RESTED_SINCE: Final = f"""(
    SELECT greatest(b.at, CASE WHEN p.date IS NULL OR p.date + t.to_age < n.date + t.from_age
                          THEN n.date + t.from_age END)
    FROM (VALUES {_AGES}) AS t (tier, from_age, to_age)
    CROSS JOIN LATERAL (SELECT coalesce(a.completed_at, a.started_at) AS at) b
    LEFT JOIN LATERAL (
        SELECT min(m.date) AS date FROM messages m
        WHERE m.chat_id = a.chat_id AND m.date > b.at - t.from_age AND m.date <= now() - t.from_age
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT max(m.date) AS date FROM messages m WHERE m.chat_id = a.chat_id AND m.date <= b.at - t.from_age
    ) p ON true
    WHERE t.tier = a.tier
)"""
"""Since when the round of a row ``a`` of ``audits`` has been waited for; NULL for a tier that there is no more."""

IS_AUDITED: Final = """
    c.policy <> 'ignore' AND NOT c.is_left AND NOT c.is_min AND c.message_count > 0
    AND (t.to_age IS NULL OR c.last_message_at >= now() - make_interval(secs => t.to_age))
"""
"""Whether a chat ``c`` has messages for the rounds of a tier ``t``."""

# What began a round also ends its predecessor's rest: next_id 0 with a completed round means that none is under way.
_SAVE: Final = f"""
INSERT INTO audits AS a (space_id, chat_id, tier, next_id, started_at, completed_at, period_seconds, target_seconds,
                         checked, edits_found, deletions_found)
SELECT space_id, chat_id, tier, CASE WHEN is_complete THEN 0 ELSE coalesce(next_id, 0) END, now(),
       CASE WHEN is_complete THEN now() END, CASE WHEN is_complete THEN 0 END, target, checked, edits_found,
       deletions_found
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS s (space_id, chat_id, tier, next_id, is_complete, target, checked, edits_found, deletions_found)
ON CONFLICT (space_id, chat_id, tier) DO UPDATE SET
    next_id = CASE WHEN EXCLUDED.completed_at IS NOT NULL THEN 0
                   WHEN EXCLUDED.next_id > 0 THEN EXCLUDED.next_id ELSE a.next_id END,
    started_at = CASE WHEN a.next_id = 0 AND a.completed_at IS NOT NULL
                        AND (EXCLUDED.next_id > 0 OR EXCLUDED.completed_at IS NOT NULL) THEN now()
                      ELSE a.started_at END,
    completed_at = coalesce(EXCLUDED.completed_at, a.completed_at),
    period_seconds = CASE WHEN EXCLUDED.completed_at IS NULL THEN a.period_seconds
                          ELSE extract(epoch FROM now() - {RESTED_SINCE}) END,
    target_seconds = EXCLUDED.target_seconds,
    checked = a.checked + EXCLUDED.checked,
    edits_found = a.edits_found + EXCLUDED.edits_found,
    deletions_found = a.deletions_found + EXCLUDED.deletions_found
"""
# The most overdue round first, measured in its own periods. What has just been fetched for the first time needs no
# second look yet: the first round is waited for from then on, whether or not it has a row.
_NEXT: Final = f"""
SELECT a.space_id, a.chat_id, a.tier, a.next_id,
       extract(epoch FROM now() - coalesce({RESTED_SINCE}, now()))::float8
FROM (SELECT c.space_id, c.chat_id, t.tier, coalesce(a.next_id, 0) AS next_id, a.completed_at,
             coalesce(a.started_at, c.created_at) AS started_at
FROM unnest(%s) AS mine (chat_id)
JOIN chats c USING (chat_id)
CROSS JOIN unnest(%s, %s, %s) AS t (tier, to_age, period)
LEFT JOIN audits a ON a.space_id = c.space_id AND a.chat_id = c.chat_id AND a.tier = t.tier
WHERE {IS_AUDITED}
  AND (a.next_id > 0 OR coalesce(a.completed_at, c.created_at) <= now() - make_interval(secs => t.period))
ORDER BY extract(epoch FROM now() - coalesce(a.completed_at, c.created_at)) / t.period DESC, t.tier, c.chat_id
LIMIT 1) a
"""
# Ids follow dates closely enough to look for a tier's ends by date, and for what is between them by id. What is in a
# hole is asked for as soon as that can be had, and a suspect a second time: neither keeps the others from their round.
_STORED: Final = """
WITH owed AS MATERIALIZED (
    SELECT holes + suspects AS ids FROM coverage WHERE space_id = %(space)s AND chat_id = %(chat)s
)
SELECT m.message_id, m.fingerprint, m.as_of FROM messages m
WHERE m.space_id = %(space)s AND m.chat_id = %(chat)s AND m.deleted_at IS NULL
  AND NOT coalesce((SELECT ids FROM owed) @> m.message_id::bigint, false)
  AND m.message_id > greatest(%(after)s, CASE WHEN %(oldest)s::timestamptz IS NOT NULL THEN (
      SELECT f.message_id - 1 FROM messages f
      WHERE f.chat_id = %(chat)s AND f.date >= %(oldest)s ORDER BY f.date LIMIT 1
  ) ELSE 0 END)
  AND m.message_id < coalesce((
      SELECT f.message_id FROM messages f
      WHERE f.chat_id = %(chat)s AND f.date > %(newest)s ORDER BY f.date LIMIT 1
  ), 2147483648)
ORDER BY m.message_id LIMIT %(limit)s
"""
_EXPIRED: Final = """
SELECT m.space_id, m.chat_id, m.message_id
FROM messages m JOIN chats c ON c.space_id = m.space_id AND c.chat_id = m.chat_id
WHERE m.ttl_seconds IS NOT NULL AND m.deleted_at IS NULL
  AND m.date + m.ttl_seconds * interval '1 second' BETWEEN now() - %s * interval '1 second' AND now()
  AND m.space_id = ANY(%s) AND c.policy <> 'ignore' AND NOT c.is_left
  AND NOT EXISTS (
      SELECT FROM unnest(%s, %s) AS but (space_id, message_id)
      WHERE but.space_id = m.space_id AND but.message_id = m.message_id
  )
  AND NOT EXISTS (
      SELECT FROM coverage v WHERE v.space_id = m.space_id AND v.chat_id = m.chat_id
          AND v.suspects @> m.message_id::bigint
  )
ORDER BY m.date LIMIT %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A round of one tier of a chat that is due or under way."""

    space_id: identity.SpaceId
    chat_id: identity.PeerId
    tier: int
    after_id: int
    """Ids up to this one were looked at in this round."""
    seconds: float
    """Since the round before it was complete, the first one began, or there was something to look at again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the store has of a message that is to be looked at again."""

    message_id: int
    fingerprint: int
    as_of: int


async def save(conn: Connection, steps: Sequence[records.AuditStep]) -> None:
    """Move rounds on, and count what they found."""
    folded: dict[tuple[int, int, int], records.AuditStep] = {}
    for step in steps:
        key = (step.space_id, step.chat_id, step.tier)
        folded[key] = _joined(folded[key], step) if key in folded else step
    rows = [
        (
            step.space_id,
            step.chat_id,
            step.tier,
            step.next_id,
            step.is_complete,
            int(audits.TIERS[step.tier].period.total_seconds()),
            step.checked,
            step.edits_found,
            step.deletions_found,
        )
        for _, step in sorted(folded.items())
    ]
    await conn.execute(_SAVE, arrays.pack_rows("int8 int8 int2 int4 bool int8 int8 int8 int8", rows), prepare=True)


async def next_round(conn: Connection, chat_ids: Sequence[identity.PeerId]) -> Round | None:
    """Return the most overdue round of these chats, None when none is due."""
    columns = arrays.pack_rows("int8", [(each,) for each in chat_ids])
    row = await (await conn.execute(_NEXT, [*columns, *tiers()])).fetchone()
    if row is None:
        return None
    space_id, chat_id, tier, after_id, seconds = row
    return Round(space_id=space_id, chat_id=chat_id, tier=tier, after_id=after_id, seconds=seconds)


def tiers() -> Sequence[Any]:
    """Return the tiers as columns: their indexes, upper ages and periods in seconds."""
    rows = [
        (index, None if tier.to_age is None else int(tier.to_age.total_seconds()), int(tier.period.total_seconds()))
        for index, tier in enumerate(audits.TIERS)
    ]
    return arrays.pack_rows("int2 int8 int8", rows)


async def stored(conn: Connection, due: Round, now: datetime, limit: int) -> list[Stored]:
    """Return the next messages of a round, fewer than ``limit`` when they are its last."""
    tier = audits.TIERS[due.tier]
    values = {
        "space": due.space_id,
        "chat": due.chat_id,
        "after": due.after_id,
        "oldest": None if tier.to_age is None else now - tier.to_age,
        "newest": now - tier.from_age,
        "limit": limit,
    }
    cursor = await conn.execute(_STORED, values)
    return [Stored(message_id=number, fingerprint=mark, as_of=pts) for number, mark, pts in await cursor.fetchall()]


async def expired(
    conn: Connection,
    spaces: Sequence[identity.SpaceId],
    within: timedelta,
    limit: int,
    *,
    but: Collection[tuple[identity.SpaceId, int]] = (),
) -> list[tuple[identity.SpaceId, identity.PeerId, int]]:
    """Return space, chat and id of messages that are stored as alive, though they were to delete themselves by now.

    ``but`` names ids that are left out; what was due longer than ``within`` ago is left to the rounds.
    """
    columns = arrays.pack_rows("int8", [(each,) for each in spaces]) + arrays.pack_rows("int8 int8", sorted(but))
    cursor = await conn.execute(_EXPIRED, [within.total_seconds(), *columns, limit])
    return [(space_id, chat_id, message_id) for space_id, chat_id, message_id in await cursor.fetchall()]


def _joined(one: records.AuditStep, other: records.AuditStep) -> records.AuditStep:
    reached = [step.next_id for step in (one, other) if step.next_id is not None]
    return replace(
        one,
        next_id=max(reached, default=None),
        is_complete=one.is_complete or other.is_complete,
        checked=one.checked + other.checked,
        edits_found=one.edits_found + other.edits_found,
        deletions_found=one.deletions_found + other.deletions_found,
    )
