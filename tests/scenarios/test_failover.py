"""A primary is lost with commits that its asynchronous stand-by never had; the stand-by takes over.

Expected: the store's cursors went back together with their rows, so Telegram is asked again for exactly what is gone.
Nothing is lost but texts that were replaced meanwhile, which a crawler that runs on puts on record as a known loss;
nothing is stored twice, and because positions of the outbox would be given again for other events, it begins a new
epoch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from pydantic import SecretStr
from tests.fixtures import standby

from heliograph import config
from heliograph.domain import identity
from heliograph.store import database as store_database
from heliograph.store import migrations

STORED = """
SELECT count(*) FILTER (WHERE text LIKE 'lost %%' AND deleted_at IS NULL) = 18
   AND count(*) FILTER (WHERE text LIKE 'lost %%' AND deleted_at IS NOT NULL) = 2
   AND count(*) FILTER (WHERE text = 'edited while held back') = 2 FROM messages
"""
REPLAYED = """
SELECT count(*) FILTER (WHERE text LIKE 'lost %%' AND deleted_at IS NULL) = 18
   AND count(*) FILTER (WHERE text = 'edited while held back') = 2 FROM messages
"""
LOSSES = "SELECT space_id FROM known_losses WHERE reason = 'lost_commits' AND from_pts < to_pts ORDER BY space_id"
EPOCH = "SELECT epoch FROM outbox_counter"
TOLD = """
SELECT count(*) FROM outbox o JOIN messages m USING (space_id, message_id)
WHERE o.epoch = %s AND o.change = 'new' AND m.text LIKE 'lost %%' AND m.deleted_at IS NULL
"""


@pytest.fixture
async def pair(tmp_path) -> AsyncIterator[standby.Pair]:
    async with standby.pair(tmp_path / "servers") as made:
        opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(made.dsn))))
        await migrations.migrate(opened)
        await opened.close()
        yield made


@pytest.fixture
def database_dsn(pair) -> str:
    """The database that everything here uses is that of the pair."""
    return pair.dsn


async def found_chats(installation):
    """A channel and a basic group, each with one message, that only the first account is in."""
    world, (first, _) = installation.world, installation.users
    await installation.enable(first)
    chats = [
        world.run("create_channel", creator=first, title="Harbour"),
        world.run("create_group", creator=first, title="Quay", user_ids=[]),
    ]
    return [(chat, world.post(chat, first, "kept")) for chat in chats]


async def commit_what_will_be_lost(installation, pair, chats):
    """Have new, edited and deleted messages committed that the stand-by never hears of."""
    world, (first, _) = installation.world, installation.users
    await installation.until("SELECT count(*) = 2 FROM messages WHERE text = 'kept'")
    await installation.until_backfilled()
    await pair.hold_back()
    for chat, kept in chats:
        posted = [world.post(chat, first, f"lost {number}") for number in range(10)]
        world.edit(chat, kept, "edited while held back", sender=first)
        world.delete(chat, [posted[0]], sender=first)
    await installation.until(STORED)


async def assert_nothing_is_lost_or_twice(installation, epoch):
    await installation.until_equal()
    assert await installation.one(EPOCH) > epoch
    # Readers that resume are told of each once, in the new epoch.
    assert await installation.one(TOLD, await installation.one(EPOCH)) == 18
    edited = "SELECT r.text FROM revisions r JOIN messages m USING (space_id, message_id) WHERE m.text LIKE 'edited %%'"
    assert await installation.all(edited) == ["kept", "kept"]


async def test_row_29_running_crawler_replays_what_a_fail_over_lost(installation, pair):
    """Cursors went back with their rows and are replayed; the lost connection alone makes the process look at them."""
    chats = await found_chats(installation)
    await installation.start_process()
    await commit_what_will_be_lost(installation, pair, chats)
    epoch = await installation.one(EPOCH)
    installation.look_away()
    await pair.fail_over()
    await installation.until(REPLAYED)
    for chat, _ in chats:
        installation.world.post(chat, installation.users[0], "said afterwards")
    await installation.until("SELECT count(*) = 2 FROM messages WHERE text = 'said afterwards'")
    await assert_nothing_is_lost_or_twice(installation, epoch)
    # Of each chat, a group's in the mailbox that it is read from: what was said and deleted meanwhile is gone.
    channel, first = chats[0][0].id, installation.users[0]
    await installation.until("SELECT count(*) = 2 FROM known_losses WHERE reason = 'lost_commits'")
    assert await installation.all(LOSSES) == [-first, channel]
    assert await installation.stop_process() == 0


HISTORY = 250
"""Messages that a chat had before it was joined: several pages."""


async def test_row_29_running_crawler_asks_again_for_history_people_and_chats_that_a_fail_over_lost(installation, pair):
    """Regression: no difference brings them, and what the process remembered said that the store had them."""
    world, (first, second) = installation.world, installation.users
    await found_chats(installation)
    late = world.run("create_channel", creator=second, title="Lighthouse")
    for number in range(HISTORY):
        world.post(late, second, f"before {number}")
    stored = f"SELECT count(*) = {HISTORY} FROM messages WHERE text LIKE 'before %%'"
    described = "SELECT count(*) = 1 FROM users WHERE user_id = %s AND first_name IS NOT NULL"
    covered = "SELECT count(*) = 1 FROM coverage WHERE chat_id = %s AND NOT isempty(covered) AND isempty(holes)"
    await installation.start_process()
    await installation.until("SELECT count(*) = 2 FROM messages WHERE text = 'kept'")
    await installation.until_backfilled()
    await pair.hold_back()
    world.join(late, first, second)
    for query in ((stored,), (described, second), (covered, identity.channel_peer(late.id))):
        await installation.until(*query)
    complete = "SELECT count(*) = 1 FROM chats WHERE title = 'Lighthouse' AND is_complete"
    await installation.until(complete)
    async with await psycopg.AsyncConnection.connect(pair.standby.dsn) as conn:
        found = await conn.execute("SELECT count(*) FROM chats WHERE title = 'Lighthouse'")
        assert await found.fetchone() == (0,), "it is among what will be lost"
    installation.look_away()
    await pair.fail_over()
    for query in ((complete,), (stored,), (described, second), (covered, identity.channel_peer(late.id))):
        await installation.until(*query)
    await installation.until_equal()
    assert await installation.stop_process() == 0


async def test_row_29_crawler_that_starts_after_a_fail_over_replays_what_it_lost(installation, pair):
    """Cursors went back with their rows, so that the first differences bring exactly what is gone, each once."""
    chats = await found_chats(installation)
    async with installation.crawling():
        await commit_what_will_be_lost(installation, pair, chats)
        epoch = await installation.one(EPOCH)
    await pair.fail_over()
    assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'lost %%'") == 0
    async with installation.crawling():
        await installation.until(REPLAYED)
        await assert_nothing_is_lost_or_twice(installation, epoch)
