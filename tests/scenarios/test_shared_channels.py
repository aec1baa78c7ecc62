"""Two crawlers, each with an account of its own, in one channel: the later reads it, for as long as it can."""

from __future__ import annotations

import asyncio

import pytest

EPOCH = "SELECT (SELECT epoch FROM box_cursors WHERE box = %s)"
HARBOUR = "SELECT status = %s FROM chats WHERE title = 'Harbour'"


@pytest.fixture
def world(installation):
    return installation.world


@pytest.fixture
def owner(installation):
    """Somebody in the world whom nobody mirrors."""
    return next(user for user in installation.world.users if user not in (*installation.users, 777000))


async def until_left_alone(capsys):
    """Wait until the earlier crawler knows that the channel is the later one's."""
    written = ""
    async with asyncio.timeout(20):
        while "box_taken_over" not in written:
            await asyncio.sleep(0.05)
            written += "".join(capsys.readouterr())


async def test_channel_that_its_crawler_loses_goes_on_through_another_crawlers_account(
    installation, world, owner, capsys
):
    """It stayed with the crawler that could read it no more, as one that nobody can read."""
    first, second = installation.users
    chat = world.run("create_channel", creator=owner, title="Harbour")
    world.join(chat, first)
    world.join(chat, second)
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
        earlier = await installation.one(EPOCH, chat.id)
        await installation.enable(first, second)
        async with installation.crawling():
            await installation.until(EPOCH + " > %s", chat.id, earlier)
            world.post(chat, owner, "through the later crawler")
            await installation.until_stored("through the later crawler")
            await until_left_alone(capsys)
            world.leave(chat, second)
            world.post(chat, owner, "through the earlier one again")
            await installation.until(
                "SELECT count(*) = 1 FROM messages WHERE text = 'through the earlier one again'", seconds=20
            )
            await installation.until(HARBOUR, "active", seconds=20)
            world.join(chat, second)
            world.post(chat, owner, "through either")
            await installation.until_stored("through either")
            await installation.until(HARBOUR, "active", seconds=20)
    assert await installation.one("SELECT count(*) FROM known_losses") == 0
