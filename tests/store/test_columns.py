"""Whole chats as Arrow record batches: one moment, quoted values, and a connection that is given back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conftest import Rows

from heliograph import errors
from heliograph.store import arrow
from heliograph.store.database import Database
from heliograph.store.reads import columns, export

CHAT = -1_001_500_000_001
EDIT = datetime(2026, 3, 2, tzinfo=UTC)


async def read(database: Database, **wanted: Any) -> list[columns.Part]:
    (chat,) = await export.chats(database, [CHAT])
    async with columns.source(database) as source:
        found = source.parts(chat, export.Filter(**wanted), with_revisions=True, with_observations=True)
        return [part async for part in found]


def ids(parts: list[columns.Part], table: str = columns.MESSAGES) -> list[int]:
    return [each for part in parts if part.table == table for each in part.batch["message_id"].to_pylist()]


async def connections(database: Database) -> int:
    """Return how many connections to the database there are outside of the pool."""
    async with database.connection() as conn:
        cursor = await conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = %s",
            ["client backend"],
        )
        (found,) = await cursor.fetchone() or (0,)
    return int(found) - database.pool.get_stats()["pool_size"]


async def test_all_tables_of_a_chat_show_one_moment(
    database: Database, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    space = await rows.chat(CHAT)
    for message_id in (1, 3):
        await rows.message(CHAT, message_id, "before")
    (chat,) = await export.chats(database, [CHAT])
    async with (
        columns.source(database) as source,
        aclosing(source.parts(chat, export.Filter(), with_revisions=True, with_observations=True)) as parts,
    ):
        found = [await anext(parts)]
        await rows.message(CHAT, 2, "meanwhile")
        row = {"space_id": space, "message_id": 3, "fingerprint": 1, "as_of": 1, "stored_at": EDIT}
        await rows.insert("revisions", {**row, "text": "before"})
        await rows.insert("observations", {"space_id": space, "message_id": 3, "observed_at": EDIT, "views": 1})
        found += [part async for part in parts]
    assert ids(found) == [1, 3]
    assert ids(found, columns.REVISIONS) == ids(found, columns.OBSERVATIONS) == []


async def test_filter_holds_for_every_table(database: Database, rows: Rows) -> None:
    space = await rows.chat(CHAT)
    for message_id, sender_id in ((1, 11), (2, 12)):
        await rows.message(CHAT, message_id, "text", sender_id=sender_id)
        key = {"space_id": space, "message_id": message_id}
        await rows.insert("revisions", {**key, "fingerprint": 1, "as_of": 1, "stored_at": EDIT, "text": "earlier"})
        await rows.insert("observations", {**key, "observed_at": EDIT, "views": 1})
    found = await read(database, sender_id=12)
    assert [ids(found, each) for each in (columns.MESSAGES, columns.REVISIONS, columns.OBSERVATIONS)] == [[2]] * 3


@pytest.mark.parametrize("words", ["it's", "back\\'slash", "%s %(space)s {where}", "'; DROP TABLE messages; --"])
async def test_words_of_a_search_are_only_words(database: Database, rows: Rows, words: str) -> None:
    await rows.chat(CHAT)
    await rows.message(CHAT, 1, words)
    await rows.message(CHAT, 2, "other")
    assert ids(await read(database, words=words)) == [1]


async def test_connection_is_given_back_by_whoever_leaves_early(
    database: Database, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    await rows.chat(CHAT)
    for message_id in (1, 2):
        await rows.message(CHAT, message_id)
    (chat,) = await export.chats(database, [CHAT])
    async with columns.source(database) as source, aclosing(source.parts(chat, export.Filter())) as parts:
        await anext(parts)
    async with asyncio.timeout(30):
        # A backend ends a moment after its client has left.
        while await connections(database):
            pass


async def test_cancelled_read_ends_on_the_server(database: Database) -> None:
    async with arrow.connected(database) as line, asyncio.timeout(30):
        asking = asyncio.ensure_future(line.execute("SELECT pg_sleep(3600)"))
        async with database.connection() as conn:
            while not await _is_asleep(conn):
                pass
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with database.connection() as conn:
            assert not await _is_asleep(conn)


async def test_error_of_the_server_is_one_of_ours(database: Database) -> None:
    async with arrow.connected(database) as line:
        with pytest.raises(errors.DatabaseUnreachable, match="division by zero"):
            await line.execute("SELECT 1/0")
        with pytest.raises(errors.DatabaseUnreachable, match="division by zero"):
            [each async for each in line.batches("SELECT 1 / (99999 - i) FROM generate_series(1, 100000) i")]


async def _is_asleep(conn: Any) -> bool:
    cursor = await conn.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )
    return await cursor.fetchone() is not None
