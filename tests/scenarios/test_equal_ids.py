"""Users, basic groups and channels that share their numbers stay apart: row 40 of TELEGRAM.md section 6."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from heliograph.domain import identity
from heliograph.simulator.server import Simulator


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(chats=12, days=3, messages=2_000, equal_ids=True) as simulator:
        yield simulator


async def live(installation, chats, people, *, rounds):
    """Let people whose numbers chats have as well post, edit and delete in chats whose numbers others have as well."""
    world, traffic = installation.world, installation.telegram.traffic
    for number in range(rounds):
        author = people[number % len(people)]
        for chat in chats:
            if author not in chat.members:
                world.join(chat, author)
            posted = world.post(chat, author, f"line {number} of {chat.kind}")
            world.edit(chat, posted, f"line {number} of {chat.kind}, mended")
            if number % 3 == 0:
                world.delete(chat, [posted])
            traffic.step()
        await asyncio.sleep(0.005)


async def test_row_40_equal_numbers_of_users_groups_and_channels_are_mirrored_apart(installation):
    """The right access hash for each, and rows of both: nothing of one is taken for the other's."""
    world = installation.world
    groups, channels = world.chats_of("group"), [chat for chat in world.chats.values() if chat.is_channel]
    numbers = {"user": set(world.users), "group": {c.id for c in groups}, "channel": {c.id for c in channels}}
    shared = (numbers["user"] & numbers["channel"]) | (numbers["user"] & numbers["group"])
    shared |= numbers["group"] & numbers["channel"]
    assert numbers["user"] & numbers["channel"] and numbers["user"] & numbers["group"]
    assert numbers["group"] & numbers["channel"] and installation.users[0] in numbers["channel"]
    alike = [chat for chat in [*groups, *channels] if chat.id in shared and chat.peer in world.open_to_newcomers]
    assert {chat.kind for chat in alike} >= {"group", "channel", "supergroup"}
    people = [user_id for user_id in numbers["user"] & shared if not world.users[user_id].is_account]

    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        await live(installation, alike, people, rounds=15)
        await installation.until_equal(unknowable=unknowable)
    await live(installation, alike, people, rounds=15)
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)

    # Each of the alike has rows of its own, and whoever reaches a channel does so by that channel's hash.
    for chat in alike:
        marked = identity.channel_peer(chat.id) if chat.is_channel else identity.chat_peer(chat.id)
        assert await installation.one("SELECT title FROM chats WHERE chat_id = %s", marked) == chat.title
        assert await installation.one("SELECT count(*) > 0 FROM messages WHERE chat_id = %s", marked)
    for user_id in people:
        name = await installation.one("SELECT first_name FROM users WHERE user_id = %s", user_id)
        assert name == world.users[user_id].first_name
    kept = await installation.all(
        "SELECT ARRAY[user_id, peer_id, access_hash] FROM chat_access JOIN accounts USING (account_id)"
        " WHERE access_hash IS NOT NULL"
    )
    assert {peer for _, peer, _ in kept} >= {identity.channel_peer(chat.id) for chat in alike if chat.is_channel}
    for viewer, peer, access_hash in kept:
        assert access_hash == world.access_hash(viewer, peer)
