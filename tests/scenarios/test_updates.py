"""Updates as they come: swapped, lost, doubled, numbered, cut off. Rows of TELEGRAM.md section 6."""

from __future__ import annotations

import asyncio

import pytest
from telethon.tl import functions, types
from tests.scenarios import quiet
from tests.scenarios.quiet import SETTLED, following

from heliograph.crawler import transport

TOLD = "SELECT count(*) FROM outbox WHERE change = %s"
CAUSES = "SELECT DISTINCT cause FROM gaps WHERE space_id = %s"


@pytest.fixture
async def telegram():
    async with quiet.telegram() as simulator:
        yield simulator


@pytest.fixture
async def harbour(installation):
    return await quiet.harbour(installation)


async def test_row_01_two_updates_that_changed_places_need_no_difference(installation, harbour):
    """Both are stored, and nothing is asked for."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        installation.telegram.faults.reorder_updates(1, chat=harbour.peer)
        world.post(harbour, user, "one")
        world.post(harbour, user, "two")
        await installation.until_stored("two")
        await installation.until_stored("one")
    assert asked.differences == 0
    assert await installation.all(CAUSES, harbour.id) == []


async def test_row_02_update_that_is_lost_comes_by_difference_with_the_next_event(installation, harbour):
    """A difference brings it at once, which the slowest machine does in ten seconds, and the gap is on record."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        installation.telegram.faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, user, "lost")
        world.post(harbour, user, "seen")
        await installation.until_stored("lost", seconds=10)
        await installation.until_stored("seen", seconds=10)
        await installation.until_equal()
    assert asked.count["updates.getChannelDifference"] == 1
    assert await installation.all(CAUSES, harbour.id) == ["pts"]


async def test_row_03_update_that_comes_twice_is_one_row_and_one_version(installation, harbour):
    """One row, one version, one event for those who follow."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        installation.telegram.faults.duplicate_updates(4, chat=harbour.peer)
        post = world.post(harbour, user, "once")
        world.edit(harbour, post, "edited once")
        world.post(harbour, user, "and after")
        await installation.until_stored("and after")
        await installation.until_equal()
    assert asked.differences == 0
    assert [await installation.one(TOLD, kind) for kind in ("new", "edit")] == [2, 1]
    assert await installation.one("SELECT count(*) FROM revisions") == 1


async def test_row_04_answer_that_moves_a_box_leaves_no_gap(installation, harbour):
    """The pts of one's own call counts, so that the next update fits."""
    world, (user,) = installation.world, installation.users
    other = next(each for each in world.accounts if each != user)
    group = world.run("create_group", creator=other, title="Quay", user_ids=[user])
    post = world.post(group, other, "read me")
    clients = []

    class Kept(transport.Client):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            clients.append(self)

    async with following(installation, client=Kept) as asked:
        own_id = post.box_ids[user]
        answer = await clients[-1].send(functions.messages.ReadHistoryRequest(types.InputPeerChat(group.id), own_id))
        assert answer.pts_count > 0
        world.post(group, other, "the next")
        await installation.until_stored("the next")
        await installation.until("SELECT pts >= %s FROM box_cursors WHERE box = %s", answer.pts + 1, -user)
    assert asked.differences == 0


async def test_row_05_fresh_update_in_a_container_of_an_old_number_is_applied(installation, harbour):
    """The container's number says nothing about the boxes of what is in it."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        faults = installation.telegram.faults
        faults.number_updates(2, "rising", chat=harbour.peer)
        world.post(harbour, user, "one")
        world.post(harbour, user, "two")
        await installation.until_stored("two")
        faults.number_updates(1, "old", chat=harbour.peer)
        world.post(harbour, user, "old number, fresh pts")
        await installation.until_stored("old number, fresh pts")
    assert asked.count["updates.getChannelDifference"] == 0


async def test_row_06_gap_in_the_numbers_of_containers_asks_for_the_accounts_difference(installation, harbour):
    """What is in the container is applied first, and then getDifference is asked."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        faults = installation.telegram.faults
        faults.number_updates(1, "rising", chat=harbour.peer)
        world.post(harbour, user, "one")
        await installation.until_stored("one")
        faults.number_updates(1, "gap", chat=harbour.peer)
        world.post(harbour, user, "after the gap")
        await installation.until_stored("after the gap")
        await until(lambda: asked.count["updates.getDifference"] == 1)
    # Both were stored from their pushes, whatever the difference names afterwards.
    assert await installation.one("SELECT bool_and(pushed_at IS NOT NULL) FROM outbox WHERE change = 'new'")


async def test_row_07_new_session_without_a_reconnection_asks_for_everything(installation, harbour):
    """The account's difference names the channels that lost something; all of it is stored."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        installation.telegram.faults.drop_updates(3, chat=harbour.peer)
        for number in range(3):
            world.post(harbour, user, f"unseen {number}")
        installation.telegram.faults.new_session(user_id=user)
        await installation.until_stored("unseen 2")
        await installation.until_equal()
    assert asked.count["updates.getDifference"] >= 1


async def test_row_09_update_whose_ack_never_arrives_is_stored_once(installation, harbour):
    """Over a process: the connection is cut before the ack, the update comes again, and there is one row."""
    world, user = installation.world, installation.users[0]
    await installation.start_process()
    await installation.until_verified()
    await installation.until(SETTLED)
    for number in range(5):
        installation.telegram.faults.cut_after_updates(1, chat=harbour.peer)
        world.post(harbour, user, f"post {number}")
        await installation.until_stored(f"post {number}")
    installation.telegram.faults.resend_updates(3, chat=harbour.peer)
    for number in range(5, 8):
        world.post(harbour, user, f"post {number}")
    await installation.until_stored("post 7")
    await installation.until_equal()
    assert await installation.stop_process() == 0
    assert await installation.one(TOLD, "new") == 8


@pytest.mark.parametrize("pts", ["real", None])
async def test_row_16_word_that_a_channel_has_news_brings_them(installation, harbour, pts):
    """With its pts and without, the channel's difference is asked and its cursor stands at the server's."""
    world, user = installation.world, installation.users[0]
    async with following(installation):
        installation.telegram.faults.drop_updates(2, chat=harbour.peer)
        world.post(harbour, user, "unseen")
        world.post(harbour, user, "unseen either")
        installation.telegram.faults.say_too_long(harbour.peer, user_id=user, pts=pts)
        await installation.until_stored("unseen either")
        await installation.until("SELECT pts = %s FROM box_cursors WHERE box = %s", harbour.box.pts, harbour.id)
    assert await installation.all(CAUSES, harbour.id) == ["pushed_too_long"]


async def test_row_16_word_of_an_unknown_channel_anchors_and_scans_it(installation, harbour):
    """Anchored, never started from the first update seen, and its history is fetched."""
    world, user = installation.world, installation.users[0]
    other = next(each for each in world.accounts if each != user)
    async with following(installation):
        installation.telegram.faults.drop_updates(None, user_id=user)
        unknown = world.run("create_channel", creator=other, title="Unheard of", kind="supergroup")
        for number in range(5):
            world.post(unknown, other, f"before we came {number}")
        world.join(unknown, user)
        installation.telegram.faults.clear()
        installation.telegram.faults.say_too_long(unknown.peer, user_id=user)
        await installation.until_stored("before we came 0")
        await installation.until_equal()
    assert await installation.one("SELECT pts = %s FROM box_cursors WHERE box = %s", unknown.box.pts, unknown.id)


async def test_row_17_updates_too_long_asks_once_and_not_in_a_storm(installation, harbour):
    """One getDifference, although it is said many times while that one runs."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        slow = installation.telegram.faults.slow("updates.getDifference", 0.5)
        installation.telegram.faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, user, "unseen")
        for _ in range(20):
            installation.telegram.faults.say_too_long(user_id=user)
        await installation.until_stored("unseen")
        await installation.until(SETTLED)
    assert slow is not None
    # One runs when the others are heard of, and one more makes sure of those.
    assert asked.count["updates.getDifference"] <= 2


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
