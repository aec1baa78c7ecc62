"""Rows that leave one database as Telegram Desktop's JSON are the same rows in the next, whatever they hold."""

from __future__ import annotations

import io
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from obstore.store import LocalStore
from psycopg import sql
from pydantic import SecretStr

from heliograph import config
from heliograph.domain import identity, records
from heliograph.exchange import importer, media
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.exchange.importer import choice
from heliograph.store import commit
from heliograph.store import database as store_database

from . import drawn

CHATS = "SELECT kind, title, is_left, message_count, deleted_count FROM chats WHERE space_id = %s AND chat_id = %s"
TOPICS = """
SELECT t.topic_id, t.title, t.is_closed FROM topics t JOIN chats c USING (space_id)
WHERE c.space_id = %s AND c.chat_id = %s ORDER BY t.topic_id
"""
MESSAGES = """
SELECT message_id, date, sender_id, author_signature, text, entities, reply_to_message_id, reply_to_chat_id,
       reply_quote, topic_id, album_id, forward, media, service, edit_date, is_edit_hidden, is_outgoing, is_pinned,
       via_bot_id, ttl_seconds, deleted_at, text_date
FROM messages WHERE space_id = %s AND chat_id = %s ORDER BY message_id
"""
REVISIONS = """
SELECT r.message_id, r.edit_date, r.until_date, r.text, r.entities, r.media FROM revisions r
JOIN messages m USING (space_id, message_id) WHERE r.space_id = %s AND m.chat_id = %s
ORDER BY r.message_id, r.edit_date NULLS FIRST, r.text
"""
OBSERVATIONS = """
SELECT o.message_id, o.observed_at, o.views, o.forwards, o.replies, o.reactions, o.poll FROM observations o
JOIN messages m USING (space_id, message_id) WHERE o.space_id = %s AND m.chat_id = %s ORDER BY o.message_id
"""
EXAMPLES = 4
NUMBERS = itertools.count(1)
"""All examples share the two databases, each in chats of its own."""


@asynccontextmanager
async def _opened(dsn: str, folder: Path) -> AsyncIterator[store_database.Database]:
    told = config.Settings(data_dir=folder, database=config.Database(url=SecretStr(dsn)))
    opened = await store_database.open(told)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def other_database(
    postgres_dsn: str, database_dsn: str, tmp_path: Path
) -> AsyncIterator[store_database.Database]:
    """A second database with nothing in it."""
    name = psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"]
    second = sql.Identifier(f"{name}_b")
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(second, sql.Identifier("heliograph_template")))
    async with _opened(psycopg.conninfo.make_conninfo(postgres_dsn, dbname=f"{name}_b"), tmp_path / "b") as opened:
        yield opened
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(second))


class Chats:
    """Chats of all kinds with drawn messages, as a crawler commits them."""

    def __init__(self, database: store_database.Database, number: int) -> None:
        self.database = database
        self.owner = 800_000_000 + number
        mailbox = identity.mailbox_space(self.owner)
        channels = {kind: 10 * number + place for place, kind in enumerate(("channel", "supergroup", "forum"), 1)}
        self.chats = [
            *(
                records.Chat(
                    chat_id=identity.channel_peer(bare),
                    space_id=identity.channel_space(bare),
                    kind=kind,  # type: ignore[arg-type]
                    title=f"A {kind}",
                    is_left=kind == "channel",
                )
                for kind, bare in channels.items()
            ),
            records.Chat(chat_id=identity.chat_peer(10 * number), space_id=mailbox, kind="group", title="A group"),
            records.Chat(chat_id=identity.user_peer(10 * number), space_id=mailbox, kind="private", title="Aino"),
        ]

    async def write(self, told: list[list[Any]]) -> None:
        """Commit them: the messages, then edits, deletions and counters."""
        first: dict[str, list[Any]] = {"messages": [], "observations": [], "tombstones": []}
        edited: list[records.Message] = []
        named = {1: "All else", 7: "Boats", 2**31 - 1: "Nets"}
        for place, (chat, items) in enumerate(zip(self.chats, told, strict=True)):
            for index, (item, before) in enumerate(items):
                # A mailbox numbers all of its chats together.
                ids = {"space_id": chat.space_id, "message_id": 100 * place + index + 1}
                message = replace(item.message, **ids, chat_id=chat.chat_id, as_of=10, raw=b"raw", layer=229)
                if message.service is not None and message.service["type"] == "topic_create":
                    if chat.kind == "forum":
                        named[message.message_id] = "As it is called by now"
                    else:
                        # Only forums have topics, so that an import takes a group in which one is opened for a forum.
                        message = replace(message, service={**message.service, "type": "topic_edit"})
                if before is not None and message.service is None:
                    first["messages"].append(replace(message, text=before, entities=None, edit_date=None, as_of=5))
                    edited.append(replace(message, edit_date=message.edit_date or message.date))
                else:
                    first["messages"].append(message)
                if item.observation is not None:
                    first["observations"].append(replace(item.observation, **ids))
                if item.deleted_at is not None:
                    stone = records.Tombstone(**ids, as_of=20, deleted_at=item.deleted_at, chat_id=chat.chat_id)
                    first["tombstones"].append(stone)
        forum = next(chat for chat in self.chats if chat.kind == "forum")
        topics = [
            records.Topic(space_id=forum.space_id, topic_id=number, title=title, is_closed=number == 7)
            for number, title in named.items()
        ]
        people = [records.User(user_id=10 + place, first_name="Aino") for place in range(3)]
        async with self.database.transaction() as conn:
            await commit.commit(conn, [records.Batch(origin="peers", chats=self.chats, users=people, topics=topics)])
            await commit.commit(conn, [records.Batch(origin="backfill", messages=first.pop("messages"))])
            await commit.commit(conn, [records.Batch(origin="live", messages=edited, **first)])

    async def rows(self, database: store_database.Database) -> list[Any]:
        """What a database has of them, without what says where it came from."""
        found: list[Any] = []
        async with database.connection() as conn:
            for chat in self.chats:
                for statement in (CHATS, TOPICS, MESSAGES, REVISIONS, OBSERVATIONS):
                    cursor = await conn.execute(statement, [chat.space_id, chat.chat_id])
                    found += [(chat.kind, *row) for row in await cursor.fetchall()]
        return found


items = st.lists(st.tuples(drawn.imported("supergroup"), st.none() | drawn.words), min_size=1, max_size=4)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.lists(items, min_size=5, max_size=5))
async def test_rows_come_back_equal_from_an_empty_database(
    database: store_database.Database,
    other_database: store_database.Database,
    tmp_path: Path,
    told: list[list[Any]],
) -> None:
    number = next(NUMBERS)
    chats = Chats(database, number)
    await chats.write(told)
    out = tmp_path / f"export {number}"
    ids = tuple(chat.chat_id for chat in chats.chats)
    await exports.export(database, None, requests.Request(format="telegram", chat_ids=ids, with_revisions=True), out)
    done = await importer.run(other_database, None, [out], choice.Options())
    assert (done.total().imported, done.total().skips, done.is_broken) == (sum(map(len, told)), 0, False)
    assert await chats.rows(other_database) == await chats.rows(database)


async def test_chat_that_was_left_comes_back_so_from_an_export_of_its_own(
    database: store_database.Database, other_database: store_database.Database, tmp_path: Path
) -> None:
    chats = Chats(database, next(NUMBERS))
    left = next(chat for chat in chats.chats if chat.is_left)
    said = records.Message(
        space_id=left.space_id, message_id=1, chat_id=left.chat_id, date=drawn.START, as_of=10, text="The last word."
    )
    async with database.transaction() as conn:
        await commit.commit(conn, [records.Batch(origin="peers", chats=[left])])
        await commit.commit(conn, [records.Batch(origin="live", messages=[said])])
    out = tmp_path / "out"
    await exports.export(database, None, requests.Request(format="telegram", chat_ids=(left.chat_id,)), out)
    await importer.run(other_database, None, [out], choice.Options())
    chats.chats = [left]
    found = await chats.rows(other_database)
    assert found == await chats.rows(database)
    assert found[0][3] is True


async def test_people_whom_pages_name_come_back_as_such(
    database: store_database.Database, other_database: store_database.Database, tmp_path: Path
) -> None:
    pages = Path(__file__).parents[1] / "fixtures" / "desktop_html" / "single_2023"
    await importer.run(database, None, [pages], choice.Options())
    await exports.export(database, None, requests.Request(format="telegram"), tmp_path / "out")
    await importer.run(other_database, None, [tmp_path / "out"], choice.Options())
    found = []
    for each in (database, other_database):
        async with each.connection() as conn:
            rows = await conn.execute(
                "SELECT m.message_id, c.title, m.sender_id, m.author_signature, -m.as_of & %s, m.text, m.text_date"
                " FROM messages m JOIN chats c USING (chat_id) ORDER BY 1",
                [records.LACKS_DETAIL],
            )
            found.append(await rows.fetchall())
    assert found[0] == found[1] != []


async def test_files_come_back_under_their_hash(
    database: store_database.Database, other_database: store_database.Database, tmp_path: Path
) -> None:
    storages = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        storages.append(media.Storage(LocalStore(tmp_path / name), tmp_path / name))
    kept = await storages[0].put(io.BytesIO(b"a picture"))
    chats = Chats(database, next(NUMBERS))
    chat = chats.chats[1]
    photo = records.Message(
        space_id=chat.space_id,
        message_id=1,
        chat_id=chat.chat_id,
        date=drawn.START,
        as_of=10,
        media={"kind": "photo", "id": 5, "width": 2, "height": 2},
    )
    async with database.transaction() as conn:
        await commit.commit(conn, [records.Batch(origin="peers", chats=[chat])])
        await commit.commit(conn, [records.Batch(origin="live", messages=[photo])])
        await conn.execute("INSERT INTO media (sha256, size) VALUES (%s, %s)", [kept.sha256, kept.size])
        await conn.execute("UPDATE message_media SET sha256 = %s, state = 'stored'", [kept.sha256])
    out = tmp_path / "export"
    await exports.export(database, storages[0], requests.Request(format="telegram", chat_ids=(chat.chat_id,)), out)
    await importer.run(other_database, storages[1], [out], choice.Options())
    async with other_database.connection() as conn:
        cursor = await conn.execute("SELECT state, sha256, file_id FROM message_media")
        assert await cursor.fetchall() == [("stored", kept.sha256, 5)]
    assert b"".join([chunk async for chunk in storages[1].read(kept.sha256)]) == b"a picture"
