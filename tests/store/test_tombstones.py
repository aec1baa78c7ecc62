"""Deletions keep content, win over what is not newer, and wait for what is not there yet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from heliograph.domain import identity
from heliograph.store import database as store_database
from heliograph.store import tombstones

STATE = "SELECT text, deleted_at, deleted_as_of FROM messages"


async def test_deletion_keeps_the_content(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message()))
    outcome = await write(make.batch(make.tombstone()))
    assert outcome.updated == 1
    assert await fetch(STATE) == [("text 1", make.at(1000), 20)]


async def test_write_that_is_not_newer_cannot_undelete(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), make.tombstone()))
    for as_of in (15, 20):
        await write(make.batch(make.message(text="edited", as_of=as_of, edit_date=make.at(as_of))))
    assert await fetch(STATE) == [("edited", make.at(1000), 20)]
    assert await fetch("SELECT * FROM crawl_errors") == []


async def test_later_sighting_reopens_and_is_an_anomaly(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.chat(), make.message(), make.tombstone()))
    await write(make.batch(make.message(as_of=21)))
    assert await fetch(STATE) == [("text 1", None, None)]
    assert await fetch("SELECT kind, message_id FROM crawl_errors") == [("seen_after_deletion", 1)]
    assert await fetch("SELECT message_count, deleted_count FROM chats") == [(1, 0)]


async def test_deletion_that_is_older_than_the_row_does_nothing(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(as_of=30)))
    assert (await write(make.batch(make.tombstone()))).position is None
    assert await fetch(STATE) == [("text 1", None, None)]


async def test_deletion_waits_for_its_message(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.tombstone()))
    assert await fetch("SELECT message_id FROM orphan_tombstones") == [(1,)]
    await write(make.batch(make.message()))
    assert await fetch(STATE) == [("text 1", make.at(1000), 20)]
    assert await fetch("SELECT * FROM orphan_tombstones") == []


async def test_message_and_its_deletion_in_one_commit_end_deleted(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.tombstone(as_of=10)), make.batch(make.message(as_of=10)))
    assert await fetch(STATE) == [("text 1", make.at(1000), 10)]


async def test_redelivered_deletion_keeps_the_earliest_time(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), make.tombstone()))
    outcome = await write(make.batch(make.tombstone(as_of=40, deleted_at=make.at(5000))))
    assert outcome.position is None
    assert await fetch(STATE) == [("text 1", make.at(1000), 40)]


async def test_mailbox_deletion_stays_in_its_mailbox(make: Any, write: Any, fetch: Any) -> None:
    one, two = identity.mailbox_space(1001), identity.mailbox_space(1002)
    groups = {one: identity.chat_peer(5), two: identity.chat_peer(6)}
    await write(make.batch(*(make.message(space_id=space, chat_id=chat) for space, chat in groups.items())))
    await write(make.batch(make.message()))
    await write(make.batch(make.tombstone(space_id=one, chat_id=None)))
    assert await fetch("SELECT space_id FROM messages WHERE deleted_at IS NOT NULL") == [(one,)]
    assert await fetch("SELECT change, chat_id FROM outbox WHERE change = 'delete'") == [("delete", groups[one])]


async def test_old_orphans_of_a_mailbox_are_forgotten_and_those_of_channels_stay(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    mailbox = identity.mailbox_space(1001)
    now = datetime.now(UTC)
    waiting = [make.tombstone(each, space_id=mailbox, chat_id=None) for each in range(1, 6)]
    fresh = make.tombstone(9, space_id=mailbox, chat_id=None, deleted_at=now)
    await write(make.batch(*waiting, fresh, make.tombstone(7)))
    async with database.connection() as conn:
        assert [await tombstones.forget(conn, limit=3) for _ in range(3)] == [3, 2, 0]
    assert await fetch("SELECT message_id FROM orphan_tombstones ORDER BY 1") == [(7,), (9,)]
