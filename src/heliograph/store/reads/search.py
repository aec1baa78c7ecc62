"""Ranked full-text search with filters, over a bounded newest set so that frequent words stay quick.

The newest ``RANKED_NEWEST`` matches are ranked, and the result says when more matched than that. They are looked for
in growing stretches of time that end now: in a stretch the word's index and the date's narrow each other down, while
over everything one would read each message that has a frequent word, and the other each message that has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from heliograph import errors
from heliograph.domain import records
from heliograph.store.database import Connection
from heliograph.store.reads import messages, views, words

RANKED_NEWEST = 1000
STRETCHES = (4_000, 40_000, 600_000)
"""Messages, of all chats, that a stretch of time should hold; after these comes everything."""
HIT_STARTS = "\ue000"
HIT_ENDS = "\ue001"
_LESS = "\ue002"
DEADLINE_MS = 10_000

_QUERY = "websearch_to_tsquery('heliograph', %(words)s)"
_MATCHED = f"""
SELECT space_id, message_id, ts_rank_cd({words.vector()}, {_QUERY}) AS rank, total
FROM (
    SELECT space_id, message_id, date, text, service, media, row_number() OVER (ORDER BY date DESC) AS place,
           count(*) OVER () AS total
    FROM (
        SELECT space_id, message_id, date, text, service, media FROM messages
        WHERE {words.match(_QUERY)} AND date >= %(since)s {{filters}}
        ORDER BY date DESC LIMIT %(ranked)s + 1
    ) AS newest
) AS placed
WHERE place <= %(ranked)s
ORDER BY rank DESC, date DESC, message_id DESC
LIMIT %(limit)s OFFSET %(offset)s
"""
# A text may hold the marks itself; they would be taken for hits. What looks like an HTML tag would be left out, so "<"
# travels in disguise.
_EXTENT = """
SELECT (SELECT coalesce(sum(message_count), 0)::bigint FROM chats),
       (SELECT min(date) FROM messages), (SELECT max(date) FROM messages)
"""
# What a channel or group says itself has no sender; whom pages of a group name (records.is_named_only) has none either.
_FROM_CHAT = f"""(sender_id = %(sender)s OR sender_id IS NULL AND chat_id = %(sender)s AND (
    as_of >= {records.IMPORTED_AS_OF} OR -as_of & {records.LACKS_DETAIL} = 0
    OR EXISTS (SELECT FROM chats c WHERE c.chat_id = %(sender)s AND c.kind = 'channel')))"""
_SNIPPETS = f"""
SELECT m.space_id, m.message_id, c.title, ts_headline(
    'heliograph', translate({words.shown("m.")}, '<{_LESS}{HIT_STARTS}{HIT_ENDS}', '{_LESS}'), {_QUERY},
    'StartSel="{HIT_STARTS}", StopSel="{HIT_ENDS}", MaxWords=40, MinWords=20, MaxFragments=2, FragmentDelimiter=" … "'
)
FROM unnest(%(spaces)s::bigint[], %(ids)s::integer[]) AS k (space_id, message_id)
CROSS JOIN LATERAL (
    SELECT * FROM messages WHERE space_id = k.space_id AND message_id = k.message_id LIMIT 1
) m
JOIN chats c ON c.chat_id = m.chat_id
"""


KINDS: Final = ("text", "media", "service", *records.MEDIA_KINDS)
"""``text`` is a message without media, ``media`` one with any; the others are kinds of media and service messages."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is looked for. ``words`` as people type it: quotes for phrases, ``or``, ``-`` to exclude."""

    words: str
    chat_id: int | None = None
    sender_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    kind: str | None = None
    """One of :data:`KINDS`."""


async def search(conn: Connection, query: Query, *, limit: int, offset: int = 0) -> views.SearchResult:
    """Return hits, best first. Raises BadInput for an unknown kind and for a search that takes too long."""
    if query.kind is not None and query.kind not in KINDS:
        raise errors.BadInput(f"There is no such kind of message; use one of {', '.join(KINDS)}.")
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL statement_timeout = {DEADLINE_MS}")
            rows = await _matched(conn, query, limit, offset)
            return await _result(conn, query, rows, offset)
    except psycopg.errors.QueryCanceled:
        raise errors.BadInput("This search takes too long; add a chat, a sender or dates to narrow it down.") from None


async def _matched(conn: Connection, query: Query, limit: int, offset: int) -> list[tuple[Any, ...]]:
    """Return keys, ranks and the number of matches, from the shortest stretch that holds enough of them."""
    statement = _MATCHED.replace("{filters}", _filters(query))
    arguments = {**_arguments(query), "ranked": RANKED_NEWEST, "limit": limit, "offset": offset}
    rows: list[tuple[Any, ...]] = []
    for number, since in enumerate(await _stretches(conn, query)):
        if number == 1:
            # The planner takes parsing a message for much cheaper than it is, and would walk by date here as well.
            await conn.execute("SET LOCAL enable_indexscan = off")
        # Planned each time with its values: how frequent the word is decides which index is quick.
        cursor = await conn.execute(statement, {**arguments, "since": since}, prepare=False)
        rows = await cursor.fetchall()
        if rows and rows[0][3] > RANKED_NEWEST:
            break
    await conn.execute("SET LOCAL enable_indexscan = on")
    return rows


async def _stretches(conn: Connection, query: Query) -> list[datetime]:
    """Return where stretches of time begin, the shortest first and what the query asks for last."""
    row = await (await conn.execute(_EXTENT, prepare=True)).fetchone()
    assert row is not None
    count, first, last = row
    earliest = query.since or datetime.min.replace(tzinfo=UTC)
    if query.chat_id is not None or not count or first is None:
        return [earliest]
    end = max(first, min(last, query.until)) if query.until else last
    starts = [end - (last - first) * size / count for size in STRETCHES if size < count]
    return [*(start for start in starts if start > max(earliest, first)), earliest]


async def _result(conn: Connection, query: Query, rows: list[tuple[Any, ...]], offset: int) -> views.SearchResult:
    total = rows[0][3] if rows else await _count(conn, query) if offset else 0
    keys = [(space_id, message_id) for space_id, message_id, _, _ in rows]
    found = await messages.by_keys(conn, keys)
    snippets = await _snippets(conn, query, keys)
    hits = [
        views.SearchHit(message=found[key], chat_title=snippets[key][0], snippet=snippets[key][1], rank=row[2])
        for key, row in zip(keys, rows, strict=True)
        if key in found and key in snippets
    ]
    return views.SearchResult(
        hits=hits, total=min(total, RANKED_NEWEST), is_truncated=total > RANKED_NEWEST, ranked_newest=RANKED_NEWEST
    )


async def _count(conn: Connection, query: Query) -> int:
    """Return the number of matches for a page beyond the last hit."""
    rows = await _matched(conn, query, 1, 0)
    return rows[0][3] if rows else 0


async def _snippets(conn: Connection, query: Query, keys: list[messages.Key]) -> dict[messages.Key, tuple[str, str]]:
    if not keys:
        return {}
    arguments = {**_arguments(query), "spaces": [each[0] for each in keys], "ids": [each[1] for each in keys]}
    cursor = await conn.execute(_SNIPPETS, arguments)
    rows = await cursor.fetchall()
    return {(space, message): (title, snippet.replace(_LESS, "<")) for space, message, title, snippet in rows}


def _filters(query: Query) -> str:
    """Return SQL for the filters that are set; values stay parameters."""
    conditions = {
        "chat_id = %(chat)s": query.chat_id is not None,
        "sender_id = %(sender)s": query.sender_id is not None and query.sender_id > 0,
        _FROM_CHAT: query.sender_id is not None and query.sender_id < 0,
        "date < %(until)s": query.until is not None,
        "service IS NOT NULL": query.kind == "service",
        "media IS NULL AND service IS NULL": query.kind == "text",
        "media IS NOT NULL": query.kind == "media",
        "media ->> 'kind' = %(kind)s": query.kind not in (None, "service", "text", "media"),
    }
    return "".join(f"AND {condition} " for condition, is_set in conditions.items() if is_set)


def _arguments(query: Query) -> dict[str, object]:
    return {
        "words": query.words,
        "chat": query.chat_id,
        "sender": query.sender_id,
        "until": query.until,
        "kind": query.kind,
    }
