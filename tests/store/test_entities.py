"""People, chats and the ways to reach them."""

from __future__ import annotations

from typing import Any

from heliograph.domain import identity, records
from heliograph.store import accounts, chats
from heliograph.store import database as store_database


async def test_min_user_never_replaces_a_full_one(make: Any, write: Any, fetch: Any) -> None:
    full = records.User(user_id=5, first_name="Aino", last_name="Virtanen", username="aino")
    poor = records.User(user_id=5, first_name="Aino", is_min=True)
    await write(make.batch(poor))
    await write(make.batch(poor, full, poor))
    await write(make.batch(poor))
    assert await fetch("SELECT last_name, username, is_min FROM users") == [("Virtanen", "aino", False)]


async def test_min_chat_never_replaces_a_full_one(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.chat(username="known", member_count=9)))
    await write(make.batch(make.chat(title="Poor", is_min=True)))
    assert await fetch("SELECT title, username, member_count FROM chats") == [("Chat", "known", 9)]


async def test_names_that_people_give_up_are_kept(make: Any, write: Any, fetch: Any) -> None:
    for name in ("One", "Two", "Two", "Three"):
        await write(make.batch(records.User(user_id=5, first_name=name)))
    assert await fetch("SELECT first_name FROM user_names ORDER BY replaced_at") == [("One",), ("Two",)]


async def test_access_hash_is_per_account_and_per_type(
    make: Any, write: Any, database: store_database.Database
) -> None:
    async with database.connection() as conn:
        one = await accounts.save(conn, label="one", user_id=1, dc_id=2)
        two = await accounts.save(conn, label="two", user_id=2, dc_id=2)
    user, channel = identity.user_peer(700), identity.channel_peer(700)
    given = [
        records.Access(account_id=one, peer_id=user, access_hash=11),
        records.Access(account_id=one, peer_id=channel, access_hash=12, role="admin"),
        records.Access(account_id=two, peer_id=channel, access_hash=22),
    ]
    await write(make.batch(*given))
    await write(make.batch(records.Access(account_id=two, peer_id=channel, access_hash=None, role="left")))
    async with database.connection() as conn:
        assert await chats.accesses(conn, one) == [given[1], given[0]]
        assert [(item.access_hash, item.role) for item in await chats.accesses(conn, two)] == [(22, "left")]


async def test_chat_is_left_when_the_last_account_leaves(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    async with database.connection() as conn:
        ids = [await accounts.save(conn, label=f"a{n}", user_id=n, dc_id=2) for n in (1, 2)]

    def says(account: identity.AccountId, role: Any) -> records.Batch:
        access = records.Access(account_id=account, peer_id=make.chat_id, access_hash=1, role=role)
        batch: records.Batch = make.batch(access, make.chat(is_left=role == "left"), origin="peers")
        return batch

    await write(says(ids[0], "member"), says(ids[1], "member"))
    await write(says(ids[1], "left"))
    assert await fetch("SELECT is_left, status FROM chats") == [(False, "initializing")]
    await write(says(ids[0], "left"))
    assert await fetch("SELECT is_left, status FROM chats") == [(True, "inactive")]
    await write(says(ids[0], "member"))
    assert await fetch("SELECT is_left, status FROM chats") == [(False, "initializing")]


async def test_group_that_became_a_supergroup_is_linked_to_it(make: Any, write: Any, fetch: Any) -> None:
    group = identity.chat_peer(8)
    await write(
        make.batch(make.chat(chat_id=group, space_id=-1, kind="group", migrated_to_chat_id=make.chat_id), make.chat())
    )
    assert await fetch("SELECT chat_id, kind, other_chat_id FROM links") == [(group, "migration", make.chat_id)]


async def test_topic_keeps_what_a_later_sight_of_it_leaves_out(make: Any, write: Any, fetch: Any) -> None:
    born = make.at(1)
    await write(make.batch(records.Topic(space_id=make.space, topic_id=4, title="A", icon_color=7, created_at=born)))
    await write(make.batch(records.Topic(space_id=make.space, topic_id=4, title="B", is_closed=True)))
    assert await fetch("SELECT title, icon_color, is_closed, created_at FROM topics") == [("B", 7, True, born)]


async def test_status_of_a_chat_is_announced_once(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat()))
    async with database.connection() as conn:
        for _ in range(2):
            await chats.set_status(conn, make.chat_id, "error", "CHANNEL_PRIVATE")
        (row,) = await chats.load(conn)
    assert (row.status, row.title, row.policy) == ("error", "Chat", "mirror")
    assert await fetch("SELECT last_error, error_count FROM chats") == [("CHANNEL_PRIVATE", 1)]
    assert await fetch("SELECT count(*) FROM outbox") == [(2,)]
