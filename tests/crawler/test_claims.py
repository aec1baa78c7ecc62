"""Who holds a channel's box when several crawlers share one store: the later one, for as long as it can read it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from heliograph.crawler import claims, directory, reach, resume
from heliograph.domain import identity, records
from heliograph.store import accounts, commit, cursors
from heliograph.store import database as store_database

SPACE = identity.channel_space(11)
CHANNEL = identity.channel_peer(11)
STATE = records.BoxState(pts=10)


async def sign_in(database: store_database.Database, user_id: int, role: Any) -> identity.AccountId:
    """Store an account that has this role in the channel."""
    async with database.connection() as conn:
        account_id = await accounts.save(conn, label=str(user_id), user_id=user_id, phone_hint="00", dc_id=2)
    access = records.Access(account_id=account_id, peer_id=CHANNEL, access_hash=5, role=role)
    async with database.transaction() as conn:
        await commit.commit(conn, [records.Batch(origin="peers", accesses=[access])])
    return account_id


async def written(database: store_database.Database, query: str) -> Any:
    async with database.connection() as conn:
        return (await (await conn.execute(query)).fetchall())[0]


@pytest.fixture
async def crawlers(database: store_database.Database) -> tuple[claims.Claims, claims.Claims]:
    """An earlier crawler and a later one, which has claimed the channel."""
    channel = records.Chat(chat_id=CHANNEL, space_id=SPACE, kind="channel", title="Harbour")
    move = records.CursorMove(box=SPACE, from_state=None, to_state=STATE, epoch=1)
    async with database.transaction() as conn:
        await commit.commit(conn, [records.Batch(origin="anchor", chats=[channel], moves=(move,))])
    earlier, later = claims.Claims(database, 1), claims.Claims(database, 2)
    assert await later.take([SPACE]) == {SPACE: STATE}
    assert await earlier.take([SPACE]) == {}
    return earlier, later


async def lose(database: store_database.Database, held: claims.Claims) -> None:
    """Let a crawler find out that it can read the channel no more."""
    held.give_up(SPACE)
    found = reach.Reach(database, held)
    found.lose(CHANNEL)
    await found._save(CHANNEL)


async def begun(found: reach.Reach) -> None:
    """Wait until what is due is being written."""
    for _ in range(1000):
        if not found._due:
            return
        await asyncio.sleep(0)
    raise AssertionError("it was not begun")


async def test_box_that_is_given_up_is_claimed_by_a_crawler_whose_account_reads_it(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    earlier, later = crawlers
    reader, gone = await sign_in(database, 98, "member"), await sign_in(database, 99, "left")
    assert await earlier.free([reader, gone]) == []
    await lose(database, later)
    assert await earlier.free([gone]) == []
    assert await earlier.free([reader, gone]) == [(SPACE, reader)]
    assert await earlier.take([SPACE]) == {SPACE: STATE}
    assert await written(database, "SELECT epoch FROM box_cursors") == (1,)


async def test_box_that_is_given_up_is_claimed_again_by_its_answer_alone(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    """A commit that was still under way has the cursor read again, which must not take the box from others."""
    _, later = crawlers
    await lose(database, later)
    assert await later.take([SPACE]) == {SPACE: STATE}
    assert await written(database, "SELECT epoch FROM box_cursors") == (0,)
    assert await later.hold(SPACE)
    assert await written(database, "SELECT epoch FROM box_cursors") == (2,)


async def test_channel_that_another_crawler_reads_is_not_said_to_be_unreadable(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    earlier, later = crawlers
    await lose(database, earlier)
    assert await written(database, "SELECT status, epoch FROM chats, box_cursors") == ("initializing", 2)
    await lose(database, later)
    assert await written(database, "SELECT status, epoch FROM chats, box_cursors") == ("inactive", 0)


async def test_channel_that_is_claimed_from_nobody_is_readable_again_with_its_first_answer(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    """Regression: who read it all along had not noted the loss, and the channel stayed inactive while it was read."""
    _, later = crawlers
    await lose(database, later)
    reader = claims.Claims(database, 1)
    found = reach.Reach(database, reader)
    assert await reader.take([SPACE]) == {SPACE: STATE}
    assert await reader.hold(SPACE)
    assert await written(database, "SELECT status FROM chats") == ("inactive",)
    found.find(CHANNEL)
    await found.flush()
    assert await written(database, "SELECT status, last_error, epoch FROM chats, box_cursors") == (
        "initializing",
        None,
        1,
    )


async def test_box_that_answers_while_it_is_being_given_up_is_kept(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    """Regression: the release, on its way already, put back the epoch that the answer's commit was to move."""
    _, later = crawlers
    later.give_up(SPACE)
    found = reach.Reach(database, later)
    found.lose(CHANNEL)
    async with database.transaction() as conn:
        assert await cursors.lock(conn, [SPACE])
        saving = asyncio.create_task(found.flush())
        await begun(found)
        later.released.discard(SPACE)  # the answer comes first to the cursor, and finds its own epoch
    await saving
    assert await written(database, "SELECT status, epoch FROM chats, box_cursors") == ("initializing", 2)


async def test_loss_that_was_being_written_at_the_stop_is_written_by_it(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims]
) -> None:
    _, later = crawlers
    later.give_up(SPACE)
    found = reach.Reach(database, later)
    found.lose(CHANNEL)
    async with database.transaction() as conn:
        await conn.execute("SELECT FROM box_cursors FOR UPDATE")
        running = asyncio.create_task(found.run())
        await begun(found)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await found.flush()
    assert await written(database, "SELECT status, epoch FROM chats, box_cursors") == ("inactive", 0)


@pytest.mark.parametrize(("other", "status"), [("member", "initializing"), ("left", "inactive")])
async def test_start_leaves_to_others_what_its_accounts_had_left_when_the_process_before_it_ended(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims], other: str, status: str
) -> None:
    """Regression: killed between the role and the release, it kept the channel from a crawler that could read it."""
    earlier, _ = crawlers
    reader, gone = await sign_in(database, 98, other), await sign_in(database, 99, "left")
    account = SimpleNamespace(account_id=gone, mailbox=identity.mailbox_space(99))
    await resume.load(database, [account], directory.Directory(), claims.Claims(database, 3))
    assert await written(database, "SELECT status, epoch FROM chats, box_cursors") == (status, 0)
    assert await earlier.free([reader]) == ([(SPACE, reader)] if other == "member" else [])


@pytest.mark.parametrize(("role", "epoch"), [("member", 3), ("left", 1)])
async def test_start_leaves_no_box_that_it_reads_or_that_a_later_crawler_holds(
    database: store_database.Database, crawlers: tuple[claims.Claims, claims.Claims], role: str, epoch: int
) -> None:
    mine = await sign_in(database, 99, role)
    account = SimpleNamespace(account_id=mine, mailbox=identity.mailbox_space(99))
    await resume.load(database, [account], directory.Directory(), claims.Claims(database, epoch))
    assert await written(database, "SELECT epoch FROM box_cursors") == (max(epoch, 2),)
