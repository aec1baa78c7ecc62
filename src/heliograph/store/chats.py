"""Chats as the crawler sees them: what is mirrored, how far its history is, and through which account it is reached.

Titles, members and counters are written by commits (store/entities.py, store/messages.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import psycopg

from heliograph.domain import identity, records
from heliograph.store import arrays
from heliograph.store.database import Connection

UNTOLD: Final = 2**31 - 1
"""``told_from`` of a chat of which Telegram told us nothing: all that is here of it was imported."""
Status = Literal["active", "inactive", "error", "initializing"]
Policy = Literal["mirror", "ignore"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRow:
    """A chat with the progress of its history."""

    chat_id: identity.PeerId
    space_id: identity.SpaceId
    kind: identity.ChatKind
    title: str
    status: Status
    policy: Policy
    is_left: bool
    is_min: bool
    next_id: int
    """The next page of history holds ids above this one."""
    done: int
    total: int
    since: datetime | None
    """The depth that the history was asked with."""
    is_complete: bool
    is_covered: bool = True
    """Whether its ids are on the ledger, scanned or owed; those of a chat that was only mentioned are not."""
    is_copy: bool = False
    """Whether it was imported, and its mailbox is nobody's here: then it gives way to an account that mirrors it."""


IS_IMPORT: Final = f"c.is_min AND coalesce(c.told_from, 0) = {UNTOLD}"
"""Whether nothing but imports tells of a chat ``c``."""
IS_COPY: Final = f"""
    {IS_IMPORT} AND c.space_id < 0
        AND NOT EXISTS (SELECT FROM accounts a WHERE a.user_id = -c.space_id)
"""
"""Whether a chat ``c`` is somebody's export, in a mailbox that no account here has."""
_SELECT: Final = f"""
SELECT chat_id, space_id, kind, title, status, policy, is_left, is_min, next_id, done, total, since, is_complete,
       is_complete OR EXISTS (SELECT FROM coverage v WHERE v.space_id = c.space_id AND v.chat_id = c.chat_id),
       {IS_COPY}
FROM chats c
"""
_SET_STATUS = """
WITH changed AS (
    UPDATE chats SET status = %(status)s, last_error = %(error)s,
        error_count = CASE WHEN %(status)s = 'error' THEN error_count + 1 ELSE 0 END, updated_at = now()
    WHERE chat_id = %(chat_id)s AND (status, last_error) IS DISTINCT FROM (%(status)s, %(error)s)
    RETURNING chat_id
), counter AS (
    UPDATE outbox_counter SET n = n + 1 WHERE EXISTS (SELECT FROM changed) RETURNING epoch, n
), event AS (
    INSERT INTO outbox (epoch, n, kind, chat_id) SELECT epoch, n, 'chat', chat_id FROM counter, changed
    RETURNING epoch, n
)
SELECT pg_notify('heliograph_outbox', epoch || '.' || n) FROM event
"""
# A chat that was left becomes "initializing" as soon as it is described again, though its history may be there.
_CLOSED = """
SELECT chat_id, CASE WHEN is_complete THEN 'active' ELSE 'initializing' END FROM chats
WHERE chat_id = ANY(%s) AND (status = 'inactive' OR status = 'initializing' AND is_complete) ORDER BY chat_id
"""
_ACCESSES = """
SELECT account_id, peer_id, access_hash, role FROM chat_access WHERE account_id = %s ORDER BY peer_id
"""
# A page that came is the end of the error that kept it away: said here, since nothing looks at a complete chat again.
_PROGRESS = """
WITH stepped AS (
    UPDATE chats c SET
        next_id = p.next_id, done = p.done, total = p.total, since = p.since, is_complete = p.is_complete,
        status = CASE WHEN c.status NOT IN ('error', 'initializing') THEN c.status
            WHEN p.is_complete THEN 'active' ELSE 'initializing' END,
        last_error = CASE WHEN c.status <> 'error' THEN c.last_error END,
        error_count = CASE WHEN c.status <> 'error' THEN c.error_count ELSE 0 END, updated_at = now()
    FROM unnest(%s, %s, %s, %s, %s, %s) AS p (chat_id, next_id, done, total, since, is_complete)
    JOIN chats o USING (chat_id)
    WHERE c.chat_id = p.chat_id
    RETURNING c.chat_id, c.status <> o.status AS is_news
)
SELECT chat_id FROM stepped WHERE is_news ORDER BY chat_id
"""
# A chat that only imports know is mirrored from nowhere.
_PRIVATE: Final = f"""
SELECT DISTINCT space_id FROM chats
WHERE kind = 'private' AND message_count > 0 AND coalesce(told_from, 0) < {UNTOLD}
"""
_STEPS = "SELECT chat_id, next_id, is_complete FROM chats WHERE chat_id = ANY(%s)"


async def load(conn: Connection) -> list[ChatRow]:
    """Return every chat that is known, those that are only mentioned somewhere among them."""
    cursor = await conn.execute(f"{_SELECT} ORDER BY chat_id")
    return [_row(row) for row in await cursor.fetchall()]


async def find(conn: Connection, chat_id: identity.PeerId) -> ChatRow | None:
    """Return one chat."""
    row = await (await conn.execute(f"{_SELECT} WHERE chat_id = %s", [chat_id])).fetchone()
    return None if row is None else _row(row)


async def set_status(conn: Connection, chat_id: identity.PeerId, status: Status, error: str | None = None) -> None:
    """Say how a chat fares, last in its transaction, since it locks the outbox; the page is told when that changed."""
    await conn.execute(_SET_STATUS, {"status": status, "error": error, "chat_id": chat_id})


async def reopen(conn: Connection, chat_ids: Sequence[identity.PeerId]) -> None:
    """Say that chats can be read again."""
    cursor = await conn.execute(_CLOSED, [list(chat_ids)])
    for chat_id, status in await cursor.fetchall():
        await set_status(conn, chat_id, status)


async def accesses(conn: Connection, account_id: identity.AccountId) -> list[records.Access]:
    """Return how an account reaches its peers, users among them."""
    cursor = await conn.execute(_ACCESSES, [account_id])
    return [
        records.Access(account_id=account_id, peer_id=peer_id, access_hash=access_hash, role=role)
        for account_id, peer_id, access_hash, role in await cursor.fetchall()
    ]


async def people(conn: Connection, limit: int) -> list[int]:
    """Return the ids of up to ``limit`` users that are fully described, the newest known first."""
    cursor = await conn.execute("SELECT user_id FROM users WHERE NOT is_min ORDER BY created_at DESC LIMIT %s", [limit])
    return [row[0] for row in await cursor.fetchall()]


async def private_mailboxes(conn: Connection) -> set[identity.SpaceId]:
    """Return the mailboxes that messages of private chats are mirrored from."""
    cursor = await conn.execute(_PRIVATE)
    return {row[0] for row in await cursor.fetchall()}


async def outrun(conn: Connection, steps: Mapping[int, records.BackfillProgress]) -> frozenset[int]:
    """Return which of ``steps``, by their keys and in their order, were not made from where the history is by now.

    The caller holds the locks of their spaces. Two crawlers may fetch one history, and a commit that was given up may
    have happened: neither must take back what the other has reached.
    """
    given = [step.chat_id for step in steps.values() if step.before is not None]
    if not given:
        return frozenset()
    cursor = await conn.execute(_STEPS, [given])
    stored = {chat_id: (next_id, is_complete) for chat_id, next_id, is_complete in await cursor.fetchall()}
    late: set[int] = set()
    for key, step in steps.items():
        if step.before is not None and stored.get(step.chat_id, step.before) != step.before:
            late.add(key)
        else:
            stored[step.chat_id] = (step.next_id, step.is_complete)
    return frozenset(late)


async def save_progress(
    conn: Connection, steps: Sequence[records.BackfillProgress]
) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Keep how far histories are; the last of several steps of a chat counts.

    The result's rows are the ids of the chats whose status changed with it.
    """
    newest = {step.chat_id: step for step in steps}
    rows = [
        (step.chat_id, step.next_id, step.done, step.total, step.since, step.is_complete)
        for _, step in sorted(newest.items())
    ]
    return await conn.execute(_PROGRESS, arrays.pack_rows("int8 int8 int4 int4 time bool", rows), prepare=True)


def _row(row: tuple[Any, ...]) -> ChatRow:
    chat_id, space_id, kind, title, status, policy, is_left, is_min, next_id, done, total, since, *flags = row
    is_complete, is_covered, is_copy = flags
    return ChatRow(
        chat_id=chat_id,
        space_id=space_id,
        kind=kind,
        title=title,
        status=status,
        policy=policy,
        is_left=is_left,
        is_min=is_min,
        next_id=next_id,
        done=done,
        total=total,
        since=since,
        is_complete=is_complete,
        is_covered=is_covered,
        is_copy=is_copy,
    )
