"""The ledger read: each id of a chat in exactly one class, counted from the rows themselves, not from counters.

Classes and their order: an id in an open hole is *open*, even when its message is here, since an edit or its deletion
may be unknown; a message that is here is *stored* or *deleted*; what nobody can ask for is *unreachable*; an id that
was asked for and has no message is *empty*, unless its message came and could not become a row: then it is an open
*dead letter*. Above the ledger's last range ids count by the cursor: Telegram's log has no gaps from the anchor on, so
an id without a message there is empty as well, up to the newest id that Telegram told where an import may have brought
newer ones. Above that, and below the first range by the depth that was chosen, nobody asked: those are *outside*. What
is in none of these is *unaccounted*, and there must be none: that is invariant 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from heliograph import errors
from heliograph.domain import audits, identity, records
from heliograph.store import audits as rounds
from heliograph.store import chats as stored_chats
from heliograph.store.database import Connection
from heliograph.store.reads import chats, digest, ledger_views, spans

END: Final = 2**31
"""Where a hole ends, exclusively, whose end is not known."""

# What was never described and never held, such as the source of a forward, is not a chat of ours.
MIRRORED: Final = f"""
    ({chats.MIRRORED} OR c.policy = 'mirror' AND c.kind <> 'private'
     AND EXISTS (SELECT FROM coverage o WHERE o.space_id = c.space_id AND o.chat_id = c.chat_id))
"""
# Adding nothing to a range takes it apart once: in its stored form it would be decompressed again for each row.
_RANGES: Final = f"""
ledger AS MATERIALIZED (
    SELECT c.chat_id, c.space_id, c.kind, c.title, c.username, c.status, v.space_id IS NOT NULL AS is_on_ledger,
           {stored_chats.IS_IMPORT} AS is_import,
           r.covered, r.holes, r.unreachable, r.suspects, e.last_id,
           CASE WHEN v.space_id IS NULL THEN
               -- What an import brought of a chat that is not mirrored yet was never asked for.
               CASE WHEN c.told_from IS NULL THEN '{{}}' ELSE int8multirange(int8range(1, c.told_from)) END
               ELSE int8multirange(int8range(1, coalesce(e.first_id, f.first_id))) END
               + CASE WHEN c.told_from IS NULL THEN '{{}}'
                   ELSE int8multirange(int8range(greatest(t.first_id, u.next_id), NULL)) - r.holes - r.unreachable
               END AS outside,
           r.covered + CASE WHEN b.box IS NULL THEN '{{}}'
               ELSE int8multirange(int8range(t.first_id, CASE WHEN c.told_from IS NOT NULL
                   THEN greatest(t.first_id, u.next_id) END)) END - r.holes - r.unreachable AS known
    FROM chats c
    LEFT JOIN coverage v ON v.space_id = c.space_id AND v.chat_id = c.chat_id
    LEFT JOIN box_cursors b ON b.box = c.space_id
    CROSS JOIN LATERAL (
        SELECT coalesce(v.covered, '{{}}') + '{{}}' AS covered, coalesce(v.holes, '{{}}') + '{{}}' AS holes,
               coalesce(v.unreachable, '{{}}') + '{{}}' AS unreachable,
               coalesce(v.suspects, '{{}}') + '{{}}' AS suspects
    ) r
    CROSS JOIN LATERAL (
        SELECT min(lower(ids)) AS first_id,
               coalesce(max(upper(ids)) FILTER (WHERE upper(ids) < {END}) - 1, 0) AS last_id
        FROM (VALUES (r.covered), (r.holes), (r.unreachable)) AS of_kind (ranges), unnest(ranges) AS ids
    ) e
    -- Of a chat without any range only what came by itself is known: ids from the first message that Telegram told.
    LEFT JOIN LATERAL (
        SELECT coalesce(c.told_from, (
            SELECT min(m.message_id) FROM messages m WHERE m.space_id = c.space_id AND m.chat_id = c.chat_id
        ), {END} - 1) AS first_id
    ) f ON e.first_id IS NULL
    CROSS JOIN LATERAL (SELECT coalesce(f.first_id, e.last_id + 1) AS first_id) t
    -- What Telegram told last, where an import may have brought what is newer; without imports there is no end.
    LEFT JOIN LATERAL (
        SELECT greatest((
            SELECT m.message_id FROM messages m
            WHERE m.space_id = c.space_id AND m.chat_id = c.chat_id AND (m.as_of > {records.IMPORTED_AS_OF}
                OR m.deleted_as_of > {records.IMPORTED_AS_OF})
            ORDER BY m.message_id DESC LIMIT 1
        ), (
            SELECT max(o.message_id) FROM orphan_tombstones o
            WHERE o.space_id = c.space_id AND (c.space_id > 0 OR o.chat_id = c.chat_id)
        ), (
            SELECT max(d.message_id) FROM dead_letters d
            WHERE d.space_id = c.space_id AND (c.space_id > 0 OR d.chat_id = c.chat_id)
        ), 0) + 1 AS next_id
    ) u ON c.told_from IS NOT NULL
    WHERE {MIRRORED} AND (%(chats)s::int8[] IS NULL OR c.chat_id = ANY(%(chats)s))
)
"""
_COUNTED: Final = """
counted AS (
    SELECT l.chat_id, greatest(l.last_id, n.newest_id, d.newest_id) AS top_id, n.*, d.lettered
    FROM ledger l CROSS JOIN LATERAL (
        SELECT coalesce(max(message_id), 0) AS newest_id,
               count(*) FILTER (WHERE NOT is_open AND NOT is_deleted) AS stored,
               count(*) FILTER (WHERE NOT is_open AND is_deleted) AS deleted,
               count(*) FILTER (WHERE is_open) AS rechecked,
               count(*) FILTER (WHERE l.unreachable @> message_id::int8) AS in_unreachable,
               count(*) FILTER (WHERE l.known @> message_id::int8) AS in_known,
               count(*) FILTER (WHERE l.outside @> message_id::int8) AS in_outside
        FROM (
            SELECT message_id, is_deleted, l.holes @> message_id::int8 AS is_open FROM (
                SELECT m.message_id, m.deleted_at IS NOT NULL AS is_deleted FROM messages m
                WHERE m.space_id = l.space_id AND m.chat_id = l.chat_id
                UNION ALL
                SELECT o.message_id, true FROM orphan_tombstones o
                WHERE o.space_id = l.space_id AND (l.space_id > 0 OR o.chat_id = l.chat_id)
            ) AS sighting
        ) AS classed
    ) n
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT d.message_id) AS lettered, coalesce(max(d.message_id), 0) AS newest_id
        FROM dead_letters d
        WHERE d.space_id = l.space_id AND d.resolved_at IS NULL AND (l.space_id > 0 OR d.chat_id = l.chat_id)
          AND l.known @> d.message_id
          AND NOT EXISTS (SELECT FROM messages m WHERE m.space_id = d.space_id AND m.message_id = d.message_id)
          AND NOT EXISTS (SELECT FROM orphan_tombstones o
                          WHERE o.space_id = d.space_id AND o.message_id = d.message_id)
    ) d
)
"""
_SURVEY: Final = f"""
WITH {_RANGES}, {_COUNTED}
SELECT l.chat_id, l.space_id, l.kind, l.title, l.username, l.status, l.is_on_ledger, n.top_id,
       n.stored, n.deleted, n.rechecked, n.in_unreachable, n.in_known, n.in_outside, s.open,
       s.unreachable, s.known, s.outside, s.suspects,
       (SELECT count(*) FROM unnest(l.holes)),
       ARRAY(SELECT ARRAY[lower(hole), upper(hole)] FROM unnest(l.holes) AS hole LIMIT %(holes)s), n.lettered,
       l.is_import
FROM ledger l JOIN counted n USING (chat_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(upper(ids) - lower(ids)) FILTER (WHERE kind = 1), 0)::bigint AS open,
           coalesce(sum(upper(ids) - lower(ids)) FILTER (WHERE kind = 2), 0)::bigint AS unreachable,
           coalesce(sum(upper(ids) - lower(ids)) FILTER (WHERE kind = 3), 0)::bigint AS known,
           coalesce(sum(upper(ids) - lower(ids)) FILTER (WHERE kind = 4), 0)::bigint AS outside,
           coalesce(sum(upper(ids) - lower(ids)) FILTER (WHERE kind = 5), 0)::bigint AS suspects
    FROM (VALUES (1, l.holes), (2, l.unreachable), (3, l.known), (4, l.outside), (5, l.suspects))
             AS of_kind (kind, ranges),
         unnest(ranges * int8multirange(int8range(1, n.top_id + 1))) AS ids
) s
ORDER BY l.title, l.chat_id
"""
# Where the crawler audits, a first round that has not begun is waited for as well: since the chat was mirrored. A
# chat that no crawler has described, such as an imported one, has nobody to look at it.
_AUDITS: Final = f"""
SELECT a.chat_id, a.tier, a.period_seconds, a.target_seconds, a.started_at, a.completed_at, a.checked, a.edits_found,
       a.deletions_found,
       extract(epoch FROM now() - greatest(a.started_at, a.completed_at, {rounds.RESTED_SINCE}))::float8,
       extract(epoch FROM now() - c.last_message_at)::float8
FROM (
    SELECT chat_id, space_id, tier, period_seconds, target_seconds, started_at, completed_at, checked, edits_found,
           deletions_found
    FROM audits
    UNION ALL
    SELECT c.chat_id, c.space_id, t.tier, NULL, t.period, c.created_at, NULL, 0, 0, 0
    FROM chats c CROSS JOIN unnest(%(tiers)s::int2[], %(to_ages)s::int8[], %(periods)s::int8[])
        AS t (tier, to_age, period)
    WHERE %(is_audited)s AND NOT c.is_min
      AND NOT EXISTS (
          SELECT FROM audits b WHERE b.space_id = c.space_id AND b.chat_id = c.chat_id AND b.tier = t.tier
      )
      AND {rounds.IS_AUDITED}
      AND c.created_at <= now() - make_interval(secs => t.period)
) a JOIN chats c ON c.chat_id = a.chat_id AND c.space_id = a.space_id
WHERE %(chats)s::int8[] IS NULL OR a.chat_id = ANY(%(chats)s)
ORDER BY a.chat_id, a.tier
"""
_HOLES: Final = """
SELECT lower(hole), upper(hole) FROM chats c
JOIN coverage v ON v.space_id = c.space_id AND v.chat_id = c.chat_id, unnest(v.holes) AS hole
WHERE c.chat_id = %s AND lower(hole) > %s ORDER BY lower(hole) LIMIT %s
"""


async def mirrored(conn: Connection) -> list[int]:
    """Return the ids of the chats that the ledger is kept of, by title."""
    cursor = await conn.execute(f"SELECT c.chat_id FROM chats c WHERE {MIRRORED} ORDER BY c.title, c.chat_id")
    return [row[0] for row in await cursor.fetchall()]


async def survey(
    conn: Connection,
    wanted: Sequence[int] | None = None,
    *,
    holes: int | None,
    is_audited: bool,
    is_digested: bool = False,
) -> list[ledger_views.ChatLedger]:
    """Return how complete chats are, by title; ``wanted`` None means all, and ``holes`` how many of each are named.

    Reads every row of them, and with ``is_digested`` their contents as well. ``is_audited`` says whether crawlers look
    at messages again, so that a round that never began is late. Raises NotFound for a chat that is not here. The
    caller's transaction says whether all of it is of one moment.
    """
    given = {"chats": None if wanted is None else list(wanted), "holes": holes, "is_audited": is_audited}
    rows = await (await conn.execute(_SURVEY, given)).fetchall()
    if wanted is not None and {row[0] for row in rows} != set(wanted):
        raise errors.NotFound("There is no such chat here.")
    rounds = await _audits(conn, given)
    digests = await digest.chats(conn, [(row[1], row[0]) for row in rows]) if is_digested else {}
    return [_chat(row, rounds.get(row[0], []), digests.get(row[0])) for row in rows]


async def holes(conn: Connection, chat_id: int, *, after: int, limit: int) -> ledger_views.HolePage:
    """Return open holes of a chat that begin above ``after``."""
    rows = await (await conn.execute(_HOLES, [chat_id, after, limit + 1])).fetchall()
    shown = [_hole(*row) for row in rows[:limit]]
    return ledger_views.HolePage(holes=shown, after=shown[-1].first_id if len(rows) > limit else None)


async def _audits(conn: Connection, given: dict[str, Any]) -> dict[int, list[ledger_views.Audit]]:
    found: dict[int, list[ledger_views.Audit]] = {}
    names, columns = ("tiers", "to_ages", "periods"), rounds.tiers()
    cursor = await conn.execute(_AUDITS, {**given, **dict(zip(names, columns, strict=True))})
    for chat_id, tier, period, target, started, completed, *counts, resting, age in await cursor.fetchall():
        rule = audits.TIERS[tier] if tier < len(audits.TIERS) else None
        checked, edits, deletions = counts
        # Nothing is due in a chat that has no message of this age.
        is_due = rule is None or rule.to_age is None or (age is not None and age <= rule.to_age.total_seconds())
        seconds = max(period or 0, resting if is_due else 0)
        audit = ledger_views.Audit(
            tier=tier,
            name=rule.name if rule else f"tier {tier}",
            period_seconds=period,
            target_seconds=target,
            started_at=started,
            completed_at=completed,
            checked=checked,
            edits_found=edits,
            deletions_found=deletions,
            is_late=target is not None and seconds > target * audits.LATE,
        )
        found.setdefault(chat_id, []).append(audit)
    return found


def _chat(row: tuple[Any, ...], rounds: list[ledger_views.Audit], digested: str | None) -> ledger_views.ChatLedger:
    chat_id, space_id, kind, title, username, status, is_on_ledger, top_id = row[:8]
    suspects, hole_count, named, _, is_import = row[18:]
    is_shared = not identity.is_channel_space(space_id)
    ids, asked, answered = _classes(row, is_shared=is_shared)
    return ledger_views.ChatLedger(
        chat_id=chat_id,
        kind=kind,
        title=title,
        username=username,
        status=status,
        is_shared=is_shared,
        is_on_ledger=is_on_ledger,
        top_id=top_id,
        ids=ids,
        rechecked=row[10],
        suspects=suspects,
        coverage=share(answered, asked),
        hole_count=hole_count,
        holes=[_hole(*each) for each in named],
        audits=rounds,
        warnings=_warnings(ids, rounds, is_unasked=not is_on_ledger and not is_import),
        is_complete=hole_count == 0 and not ids.unaccounted,
        digest=digested,
    )


def share(part: int, whole: int) -> float | None:
    """Return a share between 0 and 1, None of nothing; 1 is said of the whole alone."""
    if whole <= 0:
        return None
    return 1.0 if part == whole else min(part / whole, 1 - 1e-9)


def _classes(row: tuple[Any, ...], *, is_shared: bool) -> tuple[ledger_views.Ids, int, int]:
    """Return ids by class, how many can be asked for at all, and of how many the answer is known."""
    top_id, stored, deleted, _, in_unreachable, in_known, in_outside, open_, unreachable, known, outside = row[7:18]
    lettered = row[21]
    elsewhere = stored + deleted - in_unreachable - in_known - in_outside
    unaccounted = top_id - open_ - unreachable - known - outside - elsewhere
    ids = ledger_views.Ids(
        stored=stored,
        deleted=deleted,
        # An id of a mailbox that this chat has no message for may be another chat's.
        dead_letter=lettered,
        empty=None if is_shared else known - in_known - lettered,
        unreachable=unreachable - in_unreachable,
        outside=None if is_shared else outside - in_outside,
        open=open_,
        unaccounted=None if is_shared else unaccounted,
    )
    asked = top_id - ids.unreachable - (outside - in_outside)
    return ids, asked, asked - open_ - (0 if is_shared else unaccounted)


def _hole(lower: int, upper: int) -> ledger_views.Hole:
    return ledger_views.Hole(first_id=lower, last_id=upper - 1 if upper < END else None)


def _warnings(ids: ledger_views.Ids, rounds: list[ledger_views.Audit], *, is_unasked: bool) -> list[str]:
    found = []
    if is_unasked:
        found.append("Its history has not been asked for yet.")
    if ids.dead_letter:
        found.append(f"{ids.dead_letter} messages could not be stored: `heliograph dead-letters list` names them.")
    if ids.unaccounted:
        found.append(f"{ids.unaccounted} ids are in no class: the ledger has lost sight of them.")
    return found + [_lateness(audit) for audit in rounds if audit.is_late]


def _lateness(audit: ledger_views.Audit) -> str:
    target = spans.span(audit.target_seconds or 0)
    if audit.period_seconds and audit.period_seconds > (audit.target_seconds or 0) * audits.LATE:
        took = spans.span(audit.period_seconds)
        return f"Looking at its messages again (age: {audit.name}) took {took} a round; {target} is the target."
    return f"Looking at its messages again (age: {audit.name}) is overdue; a round every {target} is the target."
