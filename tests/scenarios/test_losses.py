"""What Telegram has forgotten is on record, with where it lies, and everything that is left of it is fetched by id."""

from __future__ import annotations

LOST = "SELECT count(*) = 1 FROM known_losses WHERE space_id = %s AND reason = 'too_long'"
OWED = "SELECT bool_or(NOT isempty(holes)) FROM coverage WHERE space_id = %s"


async def test_channel_whose_log_is_gone_goes_on_after_it_with_the_loss_on_record(installation):
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    async with installation.crawling():
        await installation.until_backfilled()
    unknowable = installation.deleted()
    for number in range(30):
        world.post(chat, user, f"forgotten {number}")
    chat.box.trim(0)
    before = await installation.one("SELECT pts FROM box_cursors WHERE box = %s", chat.id)
    async with installation.crawling():
        await installation.until(LOST, chat.id)
        world.post(chat, user, "after the gap")
        await installation.until_stored("after the gap")
        await installation.until_verified()
    lost = "SELECT from_pts = %s AND to_pts = %s FROM known_losses WHERE space_id = %s"
    assert await installation.one(lost, before, chat.box.pts - 1, chat.id)
    assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'forgotten %%'") == 30
    found = await installation.compare(unknowable=unknowable)
    assert found.is_equal, found.examples


async def test_account_whose_log_is_gone_goes_on_after_it_with_the_loss_on_record(installation):
    world, (first, second) = installation.world, installation.users
    await installation.enable(first)
    async with installation.crawling():
        await installation.until_backfilled()
    group = world.run("create_group", creator=second, title="Harbour", user_ids=[first])
    channel = world.run("create_channel", creator=second, title="Lighthouse")
    world.join(channel, first)
    world.post(group, second, "forgotten")
    world.accounts[first].box.trim(0)
    world.post(channel, second, "beside the gap")
    async with installation.crawling():
        await installation.until(LOST, -first)
        world.post(group, second, "after the gap")
        await installation.until_stored("after the gap")
        await installation.until_stored("beside the gap")
        await installation.until_stored("forgotten")
        await installation.until_verified()
    assert not await installation.one(OWED, -first)
