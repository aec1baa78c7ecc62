"""What exports bring: rows of the lowest rank, which add what is missing and overwrite nothing.

Keeps the rule of docs/decisions/0009-exchange.md: whatever Telegram told us stands, an imported text that differs is a
revision, and the ledger, cursors and the progress of histories stay as they are. Importers share the lock of a space
among themselves and with no crawler, so that the rows of two groups may be written side by side; what follows the rows
(:func:`finish`) happens group by group.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from heliograph import errors
from heliograph.domain import identity, records
from heliograph.store import chats, import_chats, import_merge, import_rows, imported, locks, outbox, tombstones
from heliograph.store.database import Connection

FileState = import_rows.FileState
Filled = import_rows.Filled
"""What :func:`fill` takes."""

# As in store/commit.py: look-ups are index probes at any size.
_BEGIN: Final = f"""
SELECT pg_advisory_xact_lock_shared({locks.LOCK_CLASS}, %s), set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)
"""
# A class of its own: an importer that waits here holds the space's lock, which no other importer waits for.
_FINISH_CLASS: Final = 0x48454C49
_FINISH: Final = f"SELECT pg_advisory_xact_lock({_FINISH_CLASS}, %s)"
_CHAT: Final = f"""
SELECT c.space_id, coalesce(c.told_from, lowest.message_id, {chats.UNTOLD})
FROM (VALUES (1)) AS one
LEFT JOIN chats c ON c.chat_id = %(chat)s
LEFT JOIN LATERAL (
    SELECT min(m.message_id) AS message_id FROM messages m
    WHERE m.space_id = %(space)s AND m.chat_id = %(chat)s AND c.told_from IS NULL
) lowest ON true
"""
# What came and could not become a row is no proof that there is nothing.
_EMPTY: Final = """
SELECT lower(part), upper(part), v.as_of
FROM coverage v CROSS JOIN LATERAL unnest(
    v.covered * int8multirange(int8range(%(first)s, %(last)s, '[]')) - coalesce((
        SELECT range_agg(int8range(d.message_id, d.message_id, '[]')) FROM dead_letters d
        WHERE d.space_id = v.space_id AND d.message_id BETWEEN %(first)s AND %(last)s
          AND d.resolution IS DISTINCT FROM 'replayed'
    ), '{}')
) AS part
WHERE v.space_id = %(space)s AND v.chat_id = %(chat)s
ORDER BY lower(part)
"""
_ORPHANS: Final = """
SELECT message_id, as_of, deleted_at FROM orphan_tombstones
WHERE space_id = %(space)s AND message_id BETWEEN %(first)s AND %(last)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """What became of the rows of a group: each is in one of its numbers, or refused."""

    imported: int = 0
    known: int = 0
    """They are here with the same text already."""
    revisions_added: int = 0
    """They are here with another text, and theirs is an earlier one now, or was so already for a part of them."""
    enriched: int = 0
    """They gained what they lacked: rows of earlier imports anything, Telegram's a file or counters."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Index and reason of what cannot be stored: ``text_too_long``, ``out_of_range``."""
    elsewhere: int = 0
    """Their ids are another chat's messages here: the export does not come from this mailbox."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A group whose new rows are written, but not yet counted or told."""

    chat: records.Chat
    fresh: list[import_rows.Item]
    others: list[import_rows.Item]
    """What is stored already, or a second time in the group."""
    attached: import_rows.Attached
    refused: list[tuple[int, str]]
    told_from: int


async def fill(conn: Connection, chat: records.Chat, items: Sequence[Filled]) -> Filling:
    """Write messages of one chat, in any order, in the caller's transaction; ``chat`` is described unless it is known.

    Raises BadInput when the chat is another mailbox's.
    """
    return await finish(conn, await begin(conn, chat, items))


async def begin(conn: Connection, chat: records.Chat, items: Sequence[Filled]) -> Begun:
    """Write the rows that are new: the heavy half of :func:`fill`, for two groups at once on two connections.

    The second group begins when this has returned for the first, has other ids, and is finished after the first has
    committed. Raises BadInput when the chat is another mailbox's.
    """
    given = import_rows.prepare(items)
    around = await _look_around(conn, chat, [item.row.message.message_id for item in given.rows])
    rows = [_marked(item, around) for item in given.rows]
    written = await imported.insert(conn, import_rows.columns(rows, given.columns)) if rows else set()
    fresh: list[import_rows.Item] = []
    others: list[import_rows.Item] = []
    for item in rows:
        # Of two with one id the first is written.
        (fresh if item.row.message.message_id in written else others).append(item)
        written.discard(item.row.message.message_id)
    return Begun(
        chat=chat,
        fresh=fresh,
        others=others,
        attached=given.attached,
        refused=given.refused,
        told_from=around.told_from,
    )


async def finish(conn: Connection, begun: Begun) -> Filling:
    """Compare what is stored already, keep what hangs on the rows, count, and tell: last in its transaction."""
    chat = begun.chat
    await conn.execute(_FINISH, [locks.slot(chat.space_id)])
    merged = await import_merge.enrich(conn, begun.others) if begun.others else import_merge.Enriched()
    attached = await imported.attach(conn, chat.chat_id, begun.attached, begun.others, merged)
    if settled := [item.row.key for item in begun.fresh if item.is_orphan]:
        await tombstones.settle(conn, settled)
    is_news = await import_chats.count(conn, chat, begun.fresh, begun.others, merged, begun.told_from)
    added = {item.row.message.message_id for item in begun.fresh}
    revised = merged.revised | _places(begun.others, attached.versions - added)
    completed = (merged.completed | _places(begun.others, attached.others - added)) - revised - merged.elsewhere
    found = [outbox.Event(kind="chat", chat_id=chat.chat_id)] if is_news else []
    if touched := added | {begun.others[index].row.message.message_id for index in revised | completed}:
        found.append(_range(chat, touched))
    if found:
        await outbox.append(conn, found)
    return Filling(
        imported=len(begun.fresh),
        known=len(begun.others) - len(revised) - len(completed) - len(merged.elsewhere),
        revisions_added=len(revised),
        enriched=len(completed),
        refused=begun.refused,
        elsewhere=len(merged.elsewhere),
    )


def _places(items: Sequence[import_rows.Item], ids: Set[int]) -> frozenset[int]:
    """Return where the last row of each of these messages is."""
    return frozenset(
        {number: index for index, item in enumerate(items) if (number := item.row.message.message_id) in ids}.values()
    )


def _range(chat: records.Chat, ids: Set[int]) -> outbox.Event:
    return outbox.Event(
        kind="range",
        chat_id=chat.chat_id,
        space_id=chat.space_id,
        first_id=min(ids),
        last_id=max(ids),
        count=len(ids),
    )


@dataclass(frozen=True, slots=True)
class _Around:
    told_from: int
    orphans: dict[int, tuple[int, datetime]]
    empty: Sequence[tuple[Any, ...]]
    """First id, the one after the last, and the pts from which on it is known that nothing is there."""


async def _look_around(conn: Connection, chat: records.Chat, ids: Sequence[int]) -> _Around:
    """Lock the space and return what is known of these ids without having their messages."""
    given = {"space": chat.space_id, "chat": chat.chat_id, "first": min(ids, default=0), "last": max(ids, default=0)}
    # Locked first: what is read was committed by then.
    await conn.execute(_BEGIN, [locks.slot(chat.space_id)])
    async with conn.pipeline():
        stored = await conn.execute(_CHAT, given)
        orphans = await conn.execute(_ORPHANS, given)
        empty = await conn.execute(_EMPTY, given)
        space_id, told_from = await stored.fetchone() or (None, chats.UNTOLD)
        if space_id is not None and space_id != chat.space_id:
            raise errors.BadInput(
                "This chat is mirrored from another account's mailbox, which numbers its messages differently."
            )
        return _Around(
            told_from,
            {number: (as_of, deleted_at) for number, as_of, deleted_at in await orphans.fetchall()},
            await empty.fetchall(),
        )


def _marked(item: import_rows.Item, around: _Around) -> import_rows.Item:
    """Return a row with the deletion that is known of it."""
    number = item.row.message.message_id
    if (orphan := around.orphans.get(number)) is not None:
        return replace(item, deleted_as_of=orphan[0], deleted_at=orphan[1], is_orphan=True)
    place = bisect.bisect_right(around.empty, number, key=lambda part: part[0]) - 1
    if place >= 0 and number < around.empty[place][1]:
        # Nobody knows since when: it is noticed now.
        return replace(item, deleted_as_of=around.empty[place][2])
    return item if item.deleted_at is None else replace(item, deleted_as_of=records.IMPORTED_AS_OF)


async def save_names(conn: Connection, names: dict[identity.PeerId, str]) -> None:
    """Keep what an export calls people and channels of whom nothing is known; who has a name keeps it."""
    await imported.save_names(conn, names)
