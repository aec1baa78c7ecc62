"""Whose data it is, and what counts as a change of it: rows 41, 42 and 44 of TELEGRAM.md section 6.

Row 40 is in ``test_equal_ids``, the other half of row 41 in ``test_repair``.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.scenarios import quiet
from tests.scenarios.quiet import following

from heliograph.simulator import storms

HISTORY = "messages.getHistory"
ROW = "SELECT deleted_at IS NOT NULL FROM messages WHERE space_id = %s AND message_id = %s"
COUNT = "SELECT count(*) FROM messages WHERE space_id = %s AND message_id = %s"
ORPHAN = "SELECT count(*) = 1 FROM orphan_tombstones WHERE space_id = %s AND message_id = %s"


@pytest.fixture
async def telegram():
    async with quiet.telegram() as simulator:
        yield simulator


@pytest.fixture
async def harbour(installation):
    return await quiet.harbour(installation)


async def test_row_41_min_user_after_a_full_one_changes_nothing_of_it(installation, harbour):
    """Full data kept: a name that comes in the min form alone is not taken over, and no hash is exchanged."""
    world, user = installation.world, installation.users[0]
    person = next(each for each in world.users.values() if not each.is_account and not each.is_bot and each.first_name)
    name = person.first_name
    world.join(harbour, person.id, user)
    world.post(harbour, person.id, "in full")
    async with following(installation):
        full = "SELECT first_name = %s AND NOT is_min FROM users WHERE user_id = %s"
        await installation.until(full, name, person.id)
        installation.telegram.faults.min_entities = True
        world.run("update_user", user_id=person.id, first_name="Nobody", last_name=None, username=None)
        installation.telegram.faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, person.id, "in the min form")
        installation.telegram.faults.say_too_long(harbour.peer, user_id=user)
        await installation.until_stored("in the min form")
        assert await installation.one(full, name, person.id)
        kept = "SELECT access_hash FROM chat_access WHERE peer_id = %s AND access_hash IS NOT NULL"
        assert set(await installation.all(kept, person.id)) <= {world.access_hash(user, person.id)}
        assert await installation.all(kept, harbour.peer) == [world.access_hash(user, harbour.peer)]
        # What comes in full is taken over again; a push would bring the min form.
        installation.telegram.faults.min_entities = False
        installation.telegram.faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, person.id, "in full again")
        installation.telegram.faults.say_too_long(harbour.peer, user_id=user)
        await installation.until(full, "Nobody", person.id)


def level(world, users):
    """Let the next message of each of these accounts' own groups have the same number in both mailboxes."""
    groups = {user: world.run("create_group", creator=user, title=f"Quay {user}", user_ids=[]) for user in users}
    longest = max(len(world.accounts[user].mailbox) for user in users)
    for user, group in groups.items():
        for _ in range(longest - len(world.accounts[user].mailbox)):
            world.post(group, user, "to make up for it")
    return groups


async def test_row_42_deletion_that_comes_before_its_message_waits_for_it_in_its_own_mailbox(installation):
    """Orphan tombstone applied when the message comes, and nothing else of that number: no mailbox, no channel."""
    world, (first, second) = installation.world, installation.users
    installation.reconfigure(**quiet.TIMERS)
    groups = level(world, (first, second))
    posted = {user: world.post(groups[user], user, "the same number") for user in (first, second)}
    number = posted[first].box_ids[first]
    assert posted[second].box_ids[second] == number
    channel = world.run("create_channel", creator=first, title="Harbour", kind="supergroup")
    while len(channel.messages) < number:
        world.post(channel, first, f"number {len(channel.messages) + 1}")
    peer, waits = groups[first].peer, asyncio.Event()

    class History:
        """Tells when the history is asked for that the answer of is late."""

        is_spent = False

        def refuse(self, asked):
            if asked.method == HISTORY and getattr(asked.request.peer, "chat_id", None) == groups[first].id:
                waits.set()

    installation.telegram.faults.add(History())
    late = installation.telegram.faults.slow(HISTORY, 2.0, chat=peer)
    async with installation.crawling():
        await asyncio.wait_for(waits.wait(), 30)
        world.delete(groups[first], [posted[first]])
        await installation.until(ORPHAN, -first, number)
        assert await installation.one(COUNT, -first, number) == 0
        await installation.until(f"SELECT ({COUNT}) = 1", -first, number)
        assert await installation.one(ROW, -first, number)
        await installation.until_verified()
        await installation.until_equal()
    assert late.is_spent
    assert await installation.one("SELECT count(*) FROM orphan_tombstones") == 0
    assert not await installation.one(ROW, -second, number)
    assert not await installation.one(ROW, channel.id, number)
    assert (
        await installation.one("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL AND message_id = %s", number)
        == 1
    )


async def test_row_42_deletion_of_a_number_that_nobody_knows_touches_no_other_mailbox(installation):
    """No cross-hit: a deletion without a chat is looked for in the mailbox of its account alone."""
    world, (first, second) = installation.world, installation.users
    groups = level(world, (first, second))
    posted = world.post(groups[second], second, "the second's")
    number = posted.box_ids[second]
    assert len(world.accounts[first].mailbox) < number, "the first has no such message"
    async with installation.crawling():
        await installation.until_stored("the second's")
        world.run("delete_ids", user_id=first, message_ids=[number])
        await installation.until(ORPHAN, -first, number)
        world.post(groups[second], second, "afterwards")
        await installation.until_stored("afterwards")
    assert not await installation.one(ROW, -second, number)


@pytest.mark.parametrize("way", ["live", "by difference"])
async def test_row_44_storm_of_edits_and_reactions_makes_versions_of_content_alone(installation, harbour, way):
    """Versions only for content changes: reactions that come as hidden edits add none, and the last text stands."""
    world, user = installation.world, installation.users[0]
    posts = [world.post(harbour, user, f"calm {number}") for number in range(5)]
    revisions = "SELECT count(*) FROM revisions WHERE space_id = %s"
    async with following(installation):
        if way == "by difference":
            installation.telegram.faults.drop_updates(None, chat=harbour.peer)
        done = storms.storm(world, harbour, edits=300, reactions=300)
        assert done["hidden_edits"] > 100
        installation.telegram.faults.clear()
        world.post(harbour, user, "calm again")
        await installation.until_stored("calm again")
        await installation.until("SELECT pts = %s FROM box_cursors WHERE box = %s", harbour.box.pts, harbour.id)
        if way == "by difference":
            installation.look_away()
        await installation.until_equal()
    if way == "live":
        assert await installation.one(revisions, harbour.id) == 300
        texts = await installation.all("SELECT text FROM revisions WHERE space_id = %s", harbour.id)
        assert sorted(texts) == sorted(text for post in posts for _, text in post.versions[:-1])
    else:
        # A difference brings each message as it is now.
        assert await installation.one(revisions, harbour.id) == len(posts)
    before = await installation.one(revisions, harbour.id)
    async with installation.crawling():
        for post in posts:
            for emoji in ("👍", "🔥", None):
                world.react(harbour, post, user, emoji, as_edit=True)
        await installation.until("SELECT pts = %s FROM box_cursors WHERE box = %s", harbour.box.pts, harbour.id)
    assert await installation.one(revisions, harbour.id) == before, "hidden edits alone"
