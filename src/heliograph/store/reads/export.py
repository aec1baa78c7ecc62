"""Whole chats for an export: every message in the order of ids, in pages, as one moment saw them.

A chat is read by one cursor in one REPEATABLE READ transaction, so that what is committed meanwhile does not show, a
page costs the same at any depth, and memory holds one page whatever the chat's size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from heliograph import errors
from heliograph.domain import records
from heliograph.store.database import Connection, Database
from heliograph.store.reads import chats as chat_reads
from heliograph.store.reads import exported, people, search, words

ExportedChat: TypeAlias = exported.ExportedChat
ExportedMessage: TypeAlias = exported.ExportedMessage
Page: TypeAlias = list[exported.ExportedMessage]

PAGE_ROWS: Final = 500
"""Few enough that the server can send a page ahead while the one before it is worked on."""
KINDS: Final = search.KINDS

EDITED_AT: Final = """CASE WHEN NOT m.is_edit_hidden THEN m.edit_date WHEN EXISTS (
    SELECT FROM revisions r WHERE r.space_id = %(space)s AND r.message_id = m.message_id) THEN m.text_date END"""
"""SQL for when people see a message as edited. Telegram hides edits that count reactions or change buttons. Under one
of those, ``text_date`` is an edit of the text only where another text is known: many are met after a hidden edit.
"""
FILE_NAME: Final = "coalesce(f.file_name, m.media ->> 'file_name')"
FILE_SIZE: Final = """coalesce(s.size, f.size, CASE
    WHEN m.media @? 'strict $.size ? (@ >= 0 && @ <= 9223372036854775807)' THEN (m.media -> 'size')::bigint END)"""
"""SQL for bytes. A descriptor of an imported message may hold anything, and one row must not end an export."""
FILE_MIME_TYPE: Final = "coalesce(f.mime_type, s.mime_type, m.media ->> 'mime_type')"
_IS_NAMED_ONLY: Final = f"""(m.sender_id IS NULL AND (
    %(chat_kind)s <> 'channel' AND m.as_of < {records.IMPORTED_AS_OF} AND -m.as_of & {records.LACKS_DETAIL} > 0
    OR m.service IS NOT NULL AND m.author_signature <> ''))"""
"""SQL for ``records.is_named_only``."""
GIVEN_NAME: Final = f"CASE WHEN {_IS_NAMED_ONLY} THEN m.author_signature END"
"""SQL for the name of a sender who has no id."""
_SELECT: Final = f"""
SELECT {", ".join(f"m.{name}" for name in exported.MESSAGE_COLUMNS)},
       {EDITED_AT}, m.deleted_at, m.stored_at, m.text_date, {GIVEN_NAME},
       f.state, f.sha256, {FILE_NAME}, {FILE_SIZE}, {FILE_MIME_TYPE},
       o.observed_at, o.views, o.forwards, o.replies, o.reactions, o.poll
"""
FROM: Final = """
FROM messages m
LEFT JOIN message_media f ON f.space_id = %(space)s AND f.message_id = m.message_id
LEFT JOIN media s ON s.sha256 = f.sha256
LEFT JOIN observations o ON o.space_id = %(space)s AND o.message_id = m.message_id
"""
"""SQL for a message ``m`` with its file ``f``, that file in media storage ``s`` and its newest counters ``o``."""
_FROM_CHAT: Final = f"""(m.sender_id = %(sender)s
    OR %(chat_kind)s <> 'private' AND m.sender_id IS NULL AND NOT coalesce({_IS_NAMED_ONLY}, false))"""
"""SQL for messages of the chat itself: what a channel or group says has no sender."""
_REVISIONS: Final = f"""
SELECT {", ".join(exported.REVISION_COLUMNS)} FROM revisions
WHERE space_id = %s AND message_id = ANY(%s) ORDER BY message_id, edit_date NULLS FIRST, as_of, stored_at, fingerprint
"""
_OBSERVATIONS: Final = f"""
SELECT {", ".join(exported.OBSERVATION_COLUMNS)} FROM observation_history
WHERE space_id = %s AND message_id = ANY(%s) ORDER BY message_id, observed_at
"""
_CHATS: Final = """
SELECT c.chat_id, c.space_id, c.kind, c.title, c.username, c.member_count, c.message_count, c.is_left,
       c.linked_chat_id, c.migrated_to_chat_id, b.key, b.kind, b.number
FROM chats c LEFT JOIN import_mailboxes b ON b.chat_id = c.chat_id
"""
_TOPICS: Final = "SELECT space_id, topic_id, title, is_closed FROM topics WHERE space_id = ANY(%s) ORDER BY topic_id"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which messages are wanted; unset fields want all of them."""

    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    sender_id: int | None = None
    """Marked, as everywhere."""
    topic_id: int | None = None
    kind: str | None = None
    """One of :data:`KINDS`."""
    is_edited: bool | None = None
    """True for those that people see as edited, False for the others."""
    is_deleted: bool | None = None
    words: str | None = None
    """As people type them into the search: quotes for phrases, ``or``, ``-`` to exclude."""

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise errors.BadInput(f"There is no such kind of message; use one of {', '.join(KINDS)}.")

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Filter()


async def chats(database: Database, chat_ids: Sequence[int] | None = None) -> list[exported.ExportedChat]:
    """Return these chats, or all that are mirrored, in the order of their ids. Raises NotFound for an unknown id."""
    async with database.connection() as conn:
        if chat_ids is None:
            cursor = await conn.execute(f"{_CHATS} WHERE {chat_reads.MIRRORED} ORDER BY c.chat_id")
        else:
            cursor = await conn.execute(f"{_CHATS} WHERE c.chat_id = ANY(%s) ORDER BY c.chat_id", [list(chat_ids)])
        rows = await cursor.fetchall()
        topics = await _topics(conn, [row[1] for row in rows if row[1] > 0])
    unknown = sorted(set(chat_ids or ()) - {row[0] for row in rows})
    if unknown:
        raise errors.NotFound(f"There is no chat {unknown[0]} here; `heliograph chats` lists those that are known.")
    return [_chat(row, topics) for row in rows]


async def count(database: Database, chat: exported.ExportedChat, wanted: Filter) -> int:
    """Return how many messages an export of the chat has."""
    async with database.connection() as conn:
        cursor = await conn.execute(
            f"SELECT count(*) FROM messages m WHERE {where(chat, wanted)}", values(chat, wanted)
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def pages(
    database: Database,
    chat: exported.ExportedChat,
    wanted: Filter,
    *,
    with_revisions: bool = False,
    with_observations: bool = False,
) -> AsyncIterator[Page]:
    """Yield the chat's messages in the order of ids. Whoever leaves early closes it: ``contextlib.aclosing``."""
    found = row_pages(database, chat, wanted, with_revisions=with_revisions, with_observations=with_observations)
    async with aclosing(found):
        async for page in found:
            yield page.messages()


async def row_pages(
    database: Database,
    chat: exported.ExportedChat,
    wanted: Filter,
    *,
    with_revisions: bool = False,
    with_observations: bool = False,
) -> AsyncGenerator[exported.RowPage, None]:
    """Yield the same messages as plain rows."""
    known = people.People()
    place = exported.AT["message_id"]
    async with snapshot(database) as conn:
        async for rows in _fetched(conn, chat, wanted):
            ids = [chat.space_id, [row[place] for row in rows]]
            yield exported.RowPage(
                rows=rows,
                people=await known.of(conn, people.ids(rows)),
                revisions=await _all(conn, _REVISIONS, ids) if with_revisions else (),
                observations=await _all(conn, _OBSERVATIONS, ids) if with_observations else (),
            )


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """Give a connection that sees one moment of the database. Raises DatabaseUnreachable."""
    async with database.transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield conn


async def _fetched(conn: Connection, chat: exported.ExportedChat, wanted: Filter) -> AsyncIterator[list[exported.Row]]:
    statement = f"{_SELECT} {FROM} WHERE {where(chat, wanted)} ORDER BY m.message_id"
    async with conn.cursor(name="export") as cursor:
        await cursor.execute(statement, values(chat, wanted), binary=True)
        while rows := await cursor.fetchmany(PAGE_ROWS):
            yield rows


def where(chat: exported.ExportedChat, wanted: Filter) -> str:
    """Return SQL for the chat and the filters that are set, of a message ``m``; values stay parameters."""
    conditions = {
        "m.space_id = %(space)s": True,
        "m.space_id < 0 AND m.chat_id = %(chat)s": chat.space_id < 0,
        "m.date >= %(since)s": wanted.since is not None,
        "m.date < %(until)s": wanted.until is not None,
        "m.sender_id = %(sender)s": wanted.sender_id not in (None, chat.chat_id),
        _FROM_CHAT: wanted.sender_id == chat.chat_id,
        "m.topic_id = %(topic)s": wanted.topic_id is not None,
        "m.service IS NOT NULL": wanted.kind == "service",
        "m.media IS NULL AND m.service IS NULL": wanted.kind == "text",
        "m.media IS NOT NULL": wanted.kind == "media",
        "m.media ->> 'kind' = %(kind)s": wanted.kind not in (None, "service", "text", "media"),
        f"({EDITED_AT} IS NOT NULL) = %(edited)s": wanted.is_edited is not None,
        "(m.deleted_at IS NOT NULL) = %(deleted)s": wanted.is_deleted is not None,
        words.match("websearch_to_tsquery('heliograph', %(words)s)", "m."): wanted.words is not None,
    }
    return " AND ".join(condition for condition, is_set in conditions.items() if is_set)


def values(chat: exported.ExportedChat, wanted: Filter) -> dict[str, object]:
    """Return what :func:`where` and :data:`FROM` refer to."""
    return {
        "space": chat.space_id,
        "chat": chat.chat_id,
        "chat_kind": chat.kind,
        "since": wanted.since,
        "until": wanted.until,
        "sender": wanted.sender_id,
        "topic": wanted.topic_id,
        "kind": wanted.kind,
        "edited": wanted.is_edited,
        "deleted": wanted.is_deleted,
        "words": wanted.words,
    }


async def _all(conn: Connection, statement: str, arguments: list[Any]) -> list[exported.Row]:
    return await (await conn.execute(statement, arguments, prepare=True, binary=True)).fetchall()


async def _topics(conn: Connection, spaces: list[int]) -> dict[int, list[exported.Topic]]:
    found: dict[int, list[exported.Topic]] = defaultdict(list)
    cursor = await conn.execute(_TOPICS, [spaces])
    for space_id, topic_id, title, is_closed in await cursor.fetchall():
        found[space_id].append(exported.Topic(topic_id=topic_id, title=title, is_closed=is_closed))
    return found


def _chat(row: tuple[Any, ...], topics: dict[int, list[exported.Topic]]) -> exported.ExportedChat:
    return exported.ExportedChat(
        chat_id=row[0],
        space_id=row[1],
        kind=row[2],
        title=row[3],
        username=row[4],
        member_count=row[5],
        message_count=row[6],
        is_left=row[7],
        linked_chat_id=row[8],
        migrated_to_chat_id=row[9],
        topics=tuple(topics.get(row[1], ())),
        mailbox=exported.Mailbox(key=row[10], kind=row[11], number=row[12]) if row[10] is not None else None,
    )
