"""What the ledger owes: read by whoever asks Telegram for it, a call's worth of ids at a time.

Nothing here decides; the ids of chats whose history is still on its way are left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from heliograph.domain import identity
from heliograph.store.database import Connection

END: Final = 2**31
"""The upper end of a hole whose newest message is not known."""

CALL: Final = 200
"""Ids that one call asks for."""
REST_SECONDS: Final = 30.0
"""What history leaves out waits for more of it for so long at most."""

# History that is on its way brings what is above it; without history nobody asked for what is older than the first row.
# Each page of history leaves a few ids out: a call asks for many of them, and costs as much when it asks for one.
_WANTED: Final = f"""
SELECT c.space_id, c.chat_id, c.as_of, w.ids
FROM coverage c JOIN chats h ON h.chat_id = c.chat_id
CROSS JOIN LATERAL (SELECT (c.holes - c.suspects) * int8multirange(CASE
    WHEN h.is_complete THEN int8range(NULL, NULL)
    WHEN %(history)s THEN int8range(NULL, h.next_id, '(]')
    ELSE int8range(coalesce(h.told_from, (
        SELECT min(m.message_id) FROM messages m WHERE m.space_id = c.space_id AND m.chat_id = c.chat_id
    ), 2147483648), NULL) END) AS ids) w
WHERE NOT isempty(c.holes) AND h.policy <> 'ignore' AND (
    h.is_complete OR NOT %(history)s OR c.as_of > 0
    OR c.updated_at <= now() - interval '{REST_SECONDS} seconds'
    OR (SELECT sum(upper(part) - lower(part)) FROM unnest(w.ids) AS part) >= {CALL}
)
"""
_HOLES: Final = f"""
SELECT c.chat_id, lower(part), upper(part) - 1, c.as_of
FROM ({_WANTED} AND c.space_id = %(space)s AND c.chat_id <> ALL(%(busy)s)) c, LATERAL unnest(c.ids) AS part
ORDER BY lower(part), c.chat_id LIMIT %(limit)s
"""
_SPACES: Final = f"""
SELECT space_id, bool_or(is_repair) FROM (
    SELECT c.space_id, c.as_of > 0 AS is_repair FROM ({_WANTED}) c WHERE NOT isempty(c.ids)
    UNION ALL
    SELECT c.space_id, NOT isempty(c.holes) AND c.as_of > 0 FROM coverage c LEFT JOIN chats h ON h.chat_id = c.chat_id
    WHERE h.policy IS DISTINCT FROM 'ignore' AND (
        upper(c.holes) = {END}
        OR NOT isempty(c.suspects - c.fresh_suspects) AND c.suspected_at <= now() - make_interval(secs => %(seconds)s)
    )
) AS found GROUP BY space_id
"""
_SUSPECTS: Final = """
SELECT c.chat_id, lower(part), upper(part) - 1, c.as_of
FROM (
    SELECT c.chat_id, c.as_of, c.suspects - c.fresh_suspects AS suspects
    FROM coverage c LEFT JOIN chats h ON h.chat_id = c.chat_id
    WHERE h.policy IS DISTINCT FROM 'ignore' AND c.space_id = %(space)s
      AND c.suspected_at <= now() - make_interval(secs => %(seconds)s)
) c, LATERAL unnest(c.suspects) AS part
ORDER BY lower(part), c.chat_id LIMIT %(limit)s
"""
_ENDLESS: Final = f"""
SELECT c.chat_id, coalesce(h.last_message_id, 0), c.as_of FROM coverage c JOIN chats h ON h.chat_id = c.chat_id
WHERE c.space_id = %s AND upper(c.holes) = {END} AND h.policy <> 'ignore'
"""
_ALIVE: Final = """
SELECT message_id, chat_id, date FROM messages
WHERE space_id = %s AND message_id = ANY(%s) AND deleted_at IS NULL
"""
# What an import brought says nothing about what the channel shows.
_LOWEST: Final = """
SELECT coalesce(
    (SELECT h.told_from FROM chats h WHERE h.chat_id = -1000000000000 - %(space)s),
    (SELECT min(message_id) FROM messages WHERE space_id = %(space)s)
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Ids ``first_id``..``last_id`` of a chat that wait for an answer."""

    chat_id: identity.PeerId
    first_id: int
    last_id: int
    as_of: int
    """The pts of the newest hole: an answer that is older closes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endless:
    """A chat with a hole whose end is not known."""

    chat_id: identity.PeerId
    last_message_id: int
    """The newest that is stored, deleted or not."""
    as_of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Alive:
    """A stored message that is not deleted as far as we know."""

    message_id: int
    chat_id: identity.PeerId
    date: datetime


async def spaces(conn: Connection, *, history: bool, seconds: float) -> dict[identity.SpaceId, bool]:
    """Return the spaces that there is something to ask about, each with whether that is a repair: its log was lost.

    What was found empty is asked for again ``seconds`` later; with ``history`` what it leaves out is gathered.
    """
    cursor = await conn.execute(_SPACES, {"history": history, "seconds": seconds})
    return {space_id: bool(is_repair) for space_id, is_repair in await cursor.fetchall()}


async def holes(
    conn: Connection, space: identity.SpaceId, *, busy: Iterable[identity.PeerId], history: bool, limit: int
) -> list[Stretch]:
    """Return the first stretches of a space that nobody has asked for yet.

    ``busy`` chats are left out; with ``history`` so is what the history of incomplete chats will bring, and what it has
    left out until that is a call's worth.
    """
    values = {"space": space, "busy": list(busy), "history": history, "limit": limit}
    return _stretches(await (await conn.execute(_HOLES, values)).fetchall())


async def suspects(conn: Connection, space: identity.SpaceId, *, seconds: float, limit: int) -> list[Stretch]:
    """Return the first stretches that were found empty at least ``seconds`` ago."""
    values = {"space": space, "seconds": seconds, "limit": limit}
    return _stretches(await (await conn.execute(_SUSPECTS, values)).fetchall())


async def endless(conn: Connection, space: identity.SpaceId) -> list[Endless]:
    """Return the chats of a space with a hole that has no end."""
    cursor = await conn.execute(_ENDLESS, [space])
    return [Endless(chat_id=chat, last_message_id=last, as_of=pts) for chat, last, pts in await cursor.fetchall()]


async def lowest(conn: Connection, space: identity.SpaceId) -> int:
    """Return the lowest id of a channel that Telegram told us a message of; END when there is none."""
    row = await (await conn.execute(_LOWEST, {"space": space})).fetchone()
    return END if row is None or row[0] is None else int(row[0])


async def alive(conn: Connection, space: identity.SpaceId, ids: Sequence[int]) -> list[Alive]:
    """Return which of these ids are stored as messages that still exist."""
    cursor = await conn.execute(_ALIVE, [space, list(ids)])
    return [Alive(message_id=number, chat_id=chat, date=date) for number, chat, date in await cursor.fetchall()]


def _stretches(rows: Sequence[tuple[Any, ...]]) -> list[Stretch]:
    return [Stretch(chat_id=chat, first_id=first, last_id=last, as_of=pts) for chat, first, last, pts in rows]
