"""The schema: made once, described truly, and never touched by a program that is too old for it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from heliograph import errors
from heliograph.store import database as store_database
from heliograph.store import migrations, schema

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.sql"


async def test_schema_in_the_docs_equals_the_migrations(database: store_database.Database) -> None:
    """Run with WRITE_SCHEMA=1 to renew the document."""
    async with database.connection() as conn:
        described = await schema.describe(conn)
    if os.environ.get("WRITE_SCHEMA"):
        DOCUMENT.write_text(described, "utf-8")
    assert DOCUMENT.read_text("utf-8") == described


async def test_two_programs_that_start_at_once_migrate_once(database_dsn: str) -> None:
    with psycopg.connect(database_dsn, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
    await asyncio.gather(migrations.migrate(database_dsn), migrations.migrate(database_dsn))
    with psycopg.connect(database_dsn) as conn:
        assert conn.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrations.HEAD,)]


async def test_schema_of_a_newer_program_is_refused(database: store_database.Database, database_dsn: str) -> None:
    async with database.connection() as conn:
        assert await migrations.check_schema(conn)
        await conn.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(errors.SchemaTooNew):
            await migrations.check_schema(conn)
    with pytest.raises(errors.SchemaTooNew):
        await migrations.migrate(database)
    with pytest.raises(errors.SchemaTooNew):
        await migrations.migrate(database_dsn)


async def test_database_of_the_first_release_keeps_its_rows_and_its_place(database_dsn: str) -> None:
    with psycopg.connect(database_dsn, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
        await migrations.migrate(database_dsn, "0001")
        conn.execute("UPDATE outbox_counter SET epoch = 5, n = 6")
        conn.execute(
            "INSERT INTO coverage (space_id, chat_id, covered, as_of) VALUES (7, -1000000000007, '{[1,5)}', 3)"
        )
        conn.execute("INSERT INTO dead_letters (raw, layer, error, resolved_at) VALUES ('x', 229, 'old', now())")
        conn.execute("INSERT INTO media (sha256, size) VALUES (decode(repeat('07', 32), 'hex'), 1)")
        for message_id, sha256 in ((1, "decode(repeat('07', 32), 'hex')"), (2, "NULL")):
            conn.execute(
                "INSERT INTO messages (space_id, chat_id, date, fingerprint, message_id, as_of, layer, is_edit_hidden,"
                " is_outgoing, is_pinned, text, raw) VALUES (7, -1000000000007, now(), 1, %s, 1, 1, false, false,"
                " false, '', '')",
                [message_id],
            )
            conn.execute(f"INSERT INTO message_media VALUES (7, 9, {message_id}, 'photo', {sha256})")
        await migrations.migrate(database_dsn)
        assert conn.execute("SELECT state FROM message_media ORDER BY message_id").fetchall() == [
            ("stored",),
            ("remote",),
        ]
        assert conn.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrations.HEAD,)]
        assert conn.execute("SELECT epoch, n, lineage FROM outbox_counter").fetchall() == [(5, 6, None)]
        assert conn.execute("SELECT covered::text, unreachable::text FROM coverage").fetchall() == [("{[1,5)}", "{}")]
        assert conn.execute("SELECT resolution FROM dead_letters").fetchall() == [("discarded",)]


async def test_empty_database_is_not_current(database: store_database.Database) -> None:
    async with database.connection() as conn:
        await conn.execute("DROP TABLE alembic_version")
        assert not await migrations.check_schema(conn)


async def test_search_folds_case_and_accents_in_every_script(database: store_database.Database) -> None:
    query = "SELECT to_tsvector('heliograph', %s) @@ plainto_tsquery('heliograph', %s)"
    pairs = [
        ("Sähköposti KÄYTTÄJÄ", "kayttaja"),
        ("Привет МИР", "мир"),
        ("مرحبا بالعالم", "مرحبا"),
        ("Straße", "strasse"),
    ]
    async with database.connection() as conn:
        for text, word in pairs:
            assert await (await conn.execute(query, [text, word])).fetchone() == (True,)


@pytest.mark.parametrize(
    ("statement", "prevented"),
    [
        ("INSERT INTO outbox_counter VALUES (false)", "a second counter"),
        (
            "INSERT INTO chats (chat_id, space_id, kind, title) VALUES (-5, 5, 'group', 'x')",
            "a group outside a mailbox",
        ),
        ("INSERT INTO coverage VALUES (1, 1, '{[1,5)}', '{[4,9)}', 1)", "an id that is known and owed"),
        ("INSERT INTO commands (kind, expires_at) VALUES ('x', now() - interval '1 day')", "a request that never ends"),
        ("INSERT INTO outbox (epoch, n, kind, chat_id) VALUES (1, 1, 'message', 5)", "an event about nothing"),
        ("INSERT INTO media (sha256, size) VALUES ('\\x00', 1)", "a truncated digest"),
        ("INSERT INTO import_mailboxes VALUES ('k', -7, -600000000000)", "a mailbox of an import that may be a user's"),
        ("INSERT INTO import_mailboxes VALUES ('k', -4611686018427387999, -5)", "a chat of an import that may be real"),
    ],
)
async def test_constraint_prevents(database: store_database.Database, statement: Any, prevented: str) -> None:
    async with database.connection() as conn:
        with pytest.raises(psycopg.IntegrityError):
            await conn.execute(statement)
