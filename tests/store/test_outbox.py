"""Who follows the outbox by position misses nothing and sees nothing twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from heliograph.domain import identity, records
from heliograph.store import commit, outbox
from heliograph.store import database as store_database

EVENTS = "SELECT kind, change, message_id, first_id, last_id, count FROM outbox ORDER BY epoch, n"


async def test_each_live_change_is_one_event(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(1), make.message(2), pushed_at=make.at(3)))
    await write(make.batch(make.message(1, text="x", as_of=11, edit_date=make.at(9)), make.tombstone(2)))
    sample = records.Observation(space_id=make.space, message_id=1, observed_at=make.at(1), views=2)
    await write(make.batch(sample))
    assert [row[:3] for row in await fetch(EVENTS)] == [
        ("message", "new", 1),
        ("message", "new", 2),
        ("message", "edit", 1),
        ("message", "delete", 2),
        ("message", "observation", 1),
    ]
    assert await fetch("SELECT DISTINCT pushed_at FROM outbox WHERE change = 'new'") == [(make.at(3),)]


async def test_page_of_history_is_one_range(make: Any, write: Any, fetch: Any) -> None:
    page = [make.message(number) for number in range(5, 25)]
    outcome = await write(make.batch(*page, origin="backfill"), make.batch(make.message(30)))
    assert outcome.inserted == 21
    assert await fetch(EVENTS) == [
        ("range", None, None, 5, 24, 20),
        ("message", "new", 30, None, None, None),
    ]
    assert (await write(make.batch(*page, origin="backfill"))).position is None


async def test_chat_is_announced_when_it_changed(make: Any, write: Any, fetch: Any) -> None:
    chat = make.chat()
    await write(make.batch(chat, origin="peers"))
    await write(make.batch(chat, origin="peers"))
    await write(make.batch(make.chat(title="Renamed"), origin="peers"))
    done = records.BackfillProgress(
        chat_id=make.chat_id, space_id=make.space, next_id=9, done=5, total=5, is_complete=True, since=None
    )
    await write(make.batch(origin="backfill", progress=done))
    assert [row[0] for row in await fetch(EVENTS)] == ["chat", "chat", "chat"]
    assert await fetch("SELECT status, next_id, done, is_complete FROM chats") == [("active", 9, 5, True)]


async def test_position_order_is_commit_order_under_concurrent_committers(
    make: Any, database: store_database.Database
) -> None:
    """A reader that always goes on after the newest position it saw gets every event once."""
    spaces = [identity.channel_space(number) for number in range(1, 7)]
    seen: list[tuple[int, int]] = []
    done = asyncio.Event()

    async def work(space: identity.SpaceId) -> None:
        for number in range(1, 16):
            message = make.message(number, space_id=space, chat_id=identity.channel_peer(space))
            async with database.transaction() as conn:
                await commit.commit(conn, [make.batch(message)])

    async def follow() -> None:
        after = 0
        while True:
            is_last = done.is_set()
            async with database.connection() as conn:
                cursor = await conn.execute(
                    "SELECT n, space_id, message_id FROM outbox WHERE n > %s ORDER BY n", [after]
                )
                for n, space, message_id in await cursor.fetchall():
                    after = n
                    seen.append((space, message_id))
            if is_last:
                return

    reader = asyncio.create_task(follow())
    await asyncio.gather(*map(work, spaces))
    done.set()
    await asyncio.wait_for(reader, 30)
    assert len(seen) == 90
    assert sorted(seen) == [(space, number) for space in spaces for number in range(1, 16)]


async def test_commit_wakes_readers_with_its_position(make: Any, write: Any, database: store_database.Database) -> None:
    listening = await database.listen_connection()
    try:
        await listening.execute(f"LISTEN {outbox.CHANNEL}")
        outcome = await write(make.batch(make.message()))
        notice = await asyncio.wait_for(anext(listening.notifies()), 10)
        assert notice.payload == "{}.{}".format(*outcome.position)
    finally:
        await listening.close()


async def test_new_epoch_starts_the_numbers_again(make: Any, write: Any, database: store_database.Database) -> None:
    before = (await write(make.batch(make.message()))).position
    async with database.connection() as conn:
        epoch = await outbox.new_epoch(conn)
    assert epoch > before[0]
    assert (await write(make.batch(make.message(2)))).position == (epoch, 1)


async def test_trimming_forgets_only_what_is_old(make: Any, write: Any, database: store_database.Database) -> None:
    await write(make.batch(make.message(1), make.message(2)))
    async with database.connection() as conn:
        assert await outbox.trim(conn, timedelta(hours=1)) == 0
        assert await outbox.trim(conn, timedelta(hours=-1), limit=1) == 1
