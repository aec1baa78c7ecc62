"""The ledger of a real mirror: what verify says of it, against what the simulated Telegram knows."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import Counter

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from tests import conftest as shared

from heliograph import config
from heliograph.cli.demo import verify
from heliograph.store import database as store_database
from heliograph.store.reads import gaps, integrity

from .conftest import Installation
from .test_story import posts


async def verified(installation):
    async with integrity.moment(installation.database) as conn:
        return await integrity.verify(conn, is_audited=True)


async def test_every_id_of_a_mirror_is_in_the_class_that_telegram_says(installation):
    """After history, live traffic and probes nothing is owed, and each channel's deletions and gaps in ids add up."""
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        await posts(installation, 200, pause=0.005)
        await installation.until_equal(unknowable=unknowable)
        await installation.until_verified()
    found = await verified(installation)
    assert found.is_complete
    assert (found.totals.coverage, found.totals.ids.open, found.totals.ids.unaccounted) == (1.0, 0, 0)
    truth = [record for record in installation.world.truth(installation.users) if record["space_id"] > 0]
    alive = Counter(record["chat_id"] for record in truth if not record["is_deleted"])
    gone = {verify.key(record) for record in truth if record["is_deleted"]}
    tops = {record["space_id"]: record["message_id"] for record in sorted(truth, key=verify.key)}
    channels = [chat for chat in found.chats if not chat.is_shared]
    assert {chat.chat_id: chat.ids.stored for chat in channels} == alive
    # What went since the mirror looks is known to be deleted; what was gone before, or never used, was found empty.
    assert sum(chat.ids.deleted for chat in channels) == len(gone - unknowable)
    assert found.totals.ids.empty == sum(tops.values()) - len(truth) + len(gone & unknowable)


async def test_absence_is_a_gap_with_its_cause_and_its_length(installation):
    async with installation.crawling():
        await installation.until_backfilled()
    await posts(installation, 60)
    async with installation.crawling():
        await installation.until_equal(unknowable=installation.deleted())
    async with installation.database.connection() as conn:
        page = await gaps.page(conn, gaps.Query(), limit=200)
    assert page.gaps
    assert all(gap.closed_by == "difference" and gap.duration_seconds >= 0 for gap in page.gaps)
    assert {"start", "account_difference"} & {gap.cause for gap in page.gaps}


@pytest.fixture
async def twin(installation, settings, postgres_dsn, tmp_path):
    """A second mirror of the same accounts, with sessions and a database of its own."""
    name = f"twin_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(shared.TEMPLATE))
        )
    dsn = psycopg.conninfo.make_conninfo(postgres_dsn, dbname=name)
    given = installation.settings
    own = given.model_copy(update={"data_dir": tmp_path / "twin", "database": config.Database(url=SecretStr(dsn))})
    database = await store_database.open(own)
    made = Installation(own, database, installation.telegram)
    await made.sign_in("+99966100001", "+99966100002")
    yield made
    await database.close()
    with psycopg.connect(postgres_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def test_two_mirrors_of_the_same_chats_have_one_digest(installation, twin):
    async with contextlib.AsyncExitStack() as stack:
        for each in (installation, twin):
            await stack.enter_async_context(each.crawling())
        for each in (installation, twin):
            await each.until_backfilled()
        unknowable = installation.deleted()
        await posts(installation, 150, pause=0.005)
        for each in (installation, twin):
            await each.until_equal(unknowable=unknowable)
            await each.until_verified()
    one, other = await asyncio.gather(verified(installation), verified(twin))
    # A group that both accounts are in may be mirrored from either mailbox, which number it their own ways.
    digests = [{chat.chat_id: chat.digest for chat in found.chats if not chat.is_shared} for found in (one, other)]
    assert digests[0] == digests[1]
    async with twin.database.connection() as conn:
        await conn.execute("UPDATE messages SET text = text || '!' WHERE (space_id, message_id) IN"
                           " (SELECT space_id, message_id FROM messages WHERE space_id > 0 LIMIT 1)")  # fmt: skip
    changed = {chat.chat_id: chat.digest for chat in (await verified(twin)).chats if not chat.is_shared}
    assert len(set(changed.items()) ^ set(digests[0].items())) == 2
