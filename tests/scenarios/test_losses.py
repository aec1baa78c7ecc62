"""What Telegram has forgotten is on record, with the range to scan, and everything else is there."""

from __future__ import annotations

LOST = "SELECT count(*) = 1 FROM known_losses WHERE space_id = %s AND reason = 'too_long'"
HOLES = "SELECT chat_id FROM coverage WHERE space_id = %s AND NOT isempty(holes)"

OPEN_ENDED = "SELECT chat_id FROM coverage WHERE space_id = %s AND upper(holes) = 2147483648"


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
    assert await installation.all(HOLES, chat.id) == [chat.peer]
    lost = "SELECT from_pts = %s AND to_pts = %s FROM known_losses WHERE space_id = %s"
    assert await installation.one(lost, before, chat.box.pts - 1, chat.id)
    # The answer itself brings the newest few; the others are owed.
    assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'forgotten %%'") == 10
    found = await installation.compare(unknowable=unknowable)
    assert {int(example.split("/")[0]) for example in found.examples} == {chat.id}
    assert (found.missing, found.duplicated, found.wrong_text, found.wrong_fields) == (20, 0, 0, 0)


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
    groups = await installation.all("SELECT chat_id FROM chats WHERE kind = 'group' AND title <> 'Harbour'")
    assert set(groups) <= set(await installation.all(OPEN_ENDED, -first))
