"""What nobody told is found, and what was lost is asked for: rows of TELEGRAM.md section 6."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from tests.scenarios.conftest import WATCHES

from heliograph import metrics

LOST = "SELECT count(*) = 1 FROM known_losses WHERE space_id = %s AND reason = 'too_long'"
GONE = "SELECT deleted_at IS NOT NULL FROM messages WHERE space_id = %s AND message_id = %s"
TEXT = "SELECT text = %s FROM messages WHERE space_id = %s AND message_id = %s"
EARLIER = "SELECT count(*) FROM revisions WHERE space_id = %s AND message_id = %s AND text = %s"
KNOWN = "SELECT bool_and(covered @> %s::bigint) FROM coverage WHERE space_id = %s"
BY_PROBE = "SELECT count(*) FROM gaps WHERE space_id = %s AND closed_by = 'probe' AND closed_at >= noticed_at"
STORED = "SELECT count(*) FROM messages WHERE space_id = %s AND message_id = ANY(%s)"
CURSOR = "SELECT pts = %s FROM box_cursors WHERE box = %s"
CLOSED = "SELECT count(*) > 0 AND bool_and(closed_at IS NOT NULL) FROM gaps WHERE space_id = %s"
COVERED = "SELECT bool_and(from_pts < %s AND %s <= to_pts) FROM known_losses WHERE space_id = %s"
SILENT_SECONDS = 3 * WATCHES["sentinel_cold_seconds"] + 10
"""The longest period, the confirmation and the difference, on a machine that has much else to do."""


def rounds() -> float:
    """Return how often a sentinel in this process has asked where boxes stand."""
    samples = metrics.RPC_SECONDS.labels("peer_dialogs").collect()[0].samples
    return next(each.value for each in samples if each.name.endswith("_count"))


@contextlib.asynccontextmanager
async def kept_pace() -> AsyncIterator[None]:
    """Require a round of the sentinel in every three of its longest periods, however much the machine has to do.

    Begins when a round has just ended, so that whatever happens inside has to wait for the next one.
    """
    earlier = rounds()
    while rounds() == earlier:  # noqa: ASYNC110 rounds are counted and not announced
        await asyncio.sleep(0.02)
    asked, begun = rounds(), time.monotonic()
    yield
    periods = (time.monotonic() - begun) / WATCHES["sentinel_cold_seconds"]
    assert rounds() - asked >= periods / 3, "the sentinel is slower than its setting"


async def mirrored(installation, chat, user, count=30):
    """Post messages, and mirror everything that there is."""
    posted = [installation.world.post(chat, user, f"before {number}") for number in range(count)]
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until_verified()
    return posted


def change(world, chat, user, posted, box):
    """Let happen what a difference could have told: an edit, a deletion, new messages, and one that does not last.

    Returns that one, the new ones, and at which pts of the box the one came and went.
    """
    world.edit(chat, posted[3], "edited in the gap")
    world.delete(chat, [posted[5].id, posted[-1].id], sender=user)
    brief = world.post(chat, user, "came and went in the gap")
    came = box.pts
    fresh = [world.post(chat, user, f"in the gap {number}") for number in range(40)]
    world.delete(chat, [brief.id], sender=user)
    went = box.pts
    world.delete(chat, [fresh[-1].id], sender=user)
    return brief, fresh, (came, went)


@pytest.mark.parametrize("reading", ["page", "strict"])
async def test_row_14_lost_log_of_a_channel_is_repaired_by_ids(installation, reading):
    """Range repair: edits, deletions and new messages of the gap are found; what came and went lies in a known loss."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour", kind="supergroup")
    posted = await mirrored(installation, chat, user)
    brief, fresh, (came, went) = change(world, chat, user, posted, chat.box)
    unknowable = installation.deleted()
    if reading == "page":
        chat.box.trim(0)
    else:
        installation.telegram.faults.too_long = "strict"
        installation.telegram.faults.difference_limit = 10
    async with installation.crawling():
        await installation.until(LOST, chat.id)
        await installation.until_verified()
        await installation.until_equal(unknowable=unknowable)
        await installation.until(CLOSED, chat.id)
    assert await installation.one(GONE, chat.id, posted[5].id)
    assert await installation.one(GONE, chat.id, posted[-1].id)
    assert await installation.one(TEXT, "edited in the gap", chat.id, posted[3].id)
    assert await installation.one(EARLIER, chat.id, posted[3].id, "before 3") == 1
    assert await installation.one(STORED, chat.id, [brief.id, fresh[-1].id]) == 0
    assert await installation.one(KNOWN, brief.id, chat.id)
    assert await installation.one(COVERED, came, went, chat.id)
    assert await installation.one(BY_PROBE, chat.id) == 1


async def test_row_15_lost_log_of_an_account_is_repaired_through_its_mailbox(installation):
    """State refetched, mailbox probed: edits, deletions and new messages are found; a dated known loss has the rest."""
    world, (first, second) = installation.world, installation.users
    await installation.enable(first)
    group = world.run("create_group", creator=second, title="Harbour", user_ids=[first])
    posted = await mirrored(installation, group, second)
    brief, fresh, (came, went) = change(world, group, second, posted, world.accounts[first].box)
    unknowable = installation.deleted()
    world.accounts[first].box.trim(0)
    installation.users = [first]
    async with installation.crawling():
        await installation.until(LOST, -first)
        await installation.until_verified()
        await installation.until_equal(unknowable=unknowable)
        await installation.until(CLOSED, -first)
    own = [message.box_ids[first] for message in (posted[3], posted[5], posted[-1], brief, fresh[-1])]
    assert await installation.one(TEXT, "edited in the gap", -first, own[0])
    assert await installation.one(GONE, -first, own[1])
    assert await installation.one(GONE, -first, own[2])
    assert await installation.one(STORED, -first, own[3:]) == 0
    assert await installation.one(COVERED, came, went, -first)
    assert await installation.one("SELECT since IS NOT NULL FROM known_losses WHERE space_id = %s", -first)


async def test_row_19_channel_that_pushes_nothing_is_found_within_the_sentinels_period(installation):
    """Found within the sentinel's period, three of them at most, though no push and no list of chats tells of it."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    installation.reconfigure(refresh_seconds=3600)
    async with installation.crawling():
        await installation.until_backfilled()
        installation.telegram.faults.be_passive(chat=chat.peer)
        async with kept_pace():
            edited, deleted = (world.post(chat, user, f"nobody pushed {which}") for which in ("this", "that"))
            await installation.until_stored("nobody pushed that", seconds=SILENT_SECONDS)
            world.edit(chat, edited, "nor this edit")
            world.delete(chat, [deleted.id], sender=user)
            await installation.until(TEXT, "nor this edit", chat.id, edited.id, seconds=SILENT_SECONDS)
            await installation.until(GONE, chat.id, deleted.id, seconds=SILENT_SECONDS)
    assert "sentinel" in await installation.all("SELECT DISTINCT cause FROM gaps WHERE space_id = %s", chat.id)


async def test_row_20_album_of_which_one_item_is_pushed_is_whole_within_the_sentinels_period(installation):
    """All items within the sentinel's period, three of them at most, though nothing follows the one that was pushed."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    installation.reconfigure(refresh_seconds=3600)
    async with installation.crawling():
        await installation.until_backfilled()
        installation.telegram.faults.coalesce_albums(1, chat=chat.peer)
        async with kept_pace(), asyncio.timeout(SILENT_SECONDS):
            for number in range(5):
                world.post(chat, user, f"item {number}", album=77)
            for number in range(5):
                await installation.until_stored(f"item {number}")
    assert await installation.one("SELECT count(*) FROM messages WHERE album_id = 77") == 5


async def test_row_24_server_behind_our_cursor_is_noticed_and_the_channel_starts_anew(installation):
    """Detected, alarmed, re-anchored with a loss on record, and scanned: what is said afterwards is not ignored."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    await mirrored(installation, chat, user)
    installation.reconfigure(peers=False)
    async with installation.crawling():
        world.post(chat, user, "all is well")
        await installation.until_stored("all is well")
        await installation.until(CURSOR, chat.box.pts, chat.id)
        installation.telegram.faults.roll_back(chat.peer, 5)
        await installation.until(CURSOR, chat.box.pts, chat.id)
        await installation.until_verified()
        world.post(chat, user, "after the loss")
        await installation.until_stored("after the loss")
    assert await installation.one("SELECT count(*) FROM known_losses WHERE space_id = %s", chat.id) == 1
    causes = await installation.all(
        "SELECT DISTINCT cause FROM gaps WHERE space_id = %s AND closed_by = 'probe'", chat.id
    )
    assert causes == ["cursor_ahead"]


async def test_row_24_server_behind_an_accounts_cursor_is_noticed_while_it_runs(installation):
    """The same for a common box: its groups go on, and everything in them is asked for again."""
    world, (first, second) = installation.world, installation.users
    await installation.enable(first)
    group = world.run("create_group", creator=second, title="Harbour", user_ids=[first])
    await mirrored(installation, group, second)
    installation.reconfigure(peers=False)
    box = world.accounts[first].box
    async with installation.crawling():
        world.post(group, second, "all is well")
        await installation.until_stored("all is well")
        await installation.until(CURSOR, box.pts, -first)
        installation.telegram.faults.roll_back(first, 5)
        await installation.until(CURSOR, box.pts, -first)
        await installation.until_verified()
        world.post(group, second, "after the loss")
        await installation.until_stored("after the loss")
    assert await installation.one("SELECT count(*) FROM known_losses WHERE space_id = %s", -first) == 1


async def test_row_41_access_hash_that_is_missing_is_obtained(installation):
    """Hash obtained: a channel whose access hash is not known is read again, from where its cursor was."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    await mirrored(installation, chat, user)
    await installation.one("WITH u AS (UPDATE chat_access SET access_hash = NULL RETURNING 1) SELECT count(*) FROM u")
    world.post(chat, user, "while the hash was gone")
    async with installation.crawling():
        await installation.until_stored("while the hash was gone")
    assert await installation.one("SELECT count(*) FROM known_losses WHERE space_id = %s", chat.id) == 0
    hashes = "SELECT bool_and(access_hash IS NOT NULL) FROM chat_access WHERE peer_id = %s"
    assert await installation.one(hashes, chat.peer)


async def test_row_50_message_that_expires_without_a_word_is_tombstoned_by_a_probe(installation):
    """Tombstoned by probe: no update tells of it."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    async with installation.crawling():
        await installation.until_backfilled()
        post = world.post(chat, user, "gone in a moment", extra={"ttl_period": 1})
        await installation.until_stored("gone in a moment")
    world.run("expire", chat=chat.peer, message_ids=[post.id])
    installation.reconfigure(audit=True)
    async with installation.crawling():
        await installation.until(GONE, chat.id, post.id)


async def test_audit_finds_edits_deletions_and_counters_that_no_update_told(installation):
    """Silent changes are found by the rolling audit, the deletion after two looks, and counted in its table."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    posted = await mirrored(installation, chat, user, 5)
    edited, expired, seen = posted[1], posted[2], posted[3]
    edited.text, edited.edit_date, edited.cached = "edited in silence", edited.date + 1, None
    edited.versions = [(edited.date, "before 1"), (edited.date + 1, "edited in silence")]
    seen.views, seen.cached = 777, None
    world.run("expire", chat=chat.peer, message_ids=[expired.id])
    installation.reconfigure(audit=True)
    # The first look at the newest is due an hour after the chat was first mirrored.
    await installation.all("UPDATE chats SET created_at = now() - interval '2 hours' RETURNING chat_id")
    async with installation.crawling():
        await installation.until(TEXT, "edited in silence", chat.id, edited.id)
        await installation.until(GONE, chat.id, expired.id)
        views = "SELECT views = 777 FROM observations WHERE space_id = %s AND message_id = %s"
        await installation.until(views, chat.id, seen.id)
        round_ = (
            "SELECT edits_found = 1 AND deletions_found = 1 AND completed_at IS NOT NULL"
            " FROM audits WHERE space_id = %s AND tier = 0"
        )
        await installation.until(round_, chat.id)
    assert await installation.one(EARLIER, chat.id, edited.id, "before 1") == 1


async def test_history_that_a_group_hides_is_out_of_reach_and_not_owed(installation):
    """What was said before one joined cannot be asked for: no open hole, and no tombstone for what others may see."""
    world, (first, second) = installation.world, installation.users
    await installation.enable(first)
    chat = world.run("create_channel", creator=second, title="Harbour", kind="supergroup")
    for number in range(20):
        world.post(chat, second, f"before he came {number}")
    world.run("set_prehistory", chat=chat.peer, is_hidden=True)
    world.join(chat, first)
    world.post(chat, second, "he is here")
    async with installation.crawling():
        await installation.until_stored("he is here")
        await installation.until_backfilled()
        await installation.until_verified()
    unreachable = "SELECT upper(unreachable) - 1 FROM coverage WHERE space_id = %s"
    assert await installation.one(unreachable, chat.id) >= 20
    assert (
        await installation.one("SELECT count(*) FROM messages WHERE space_id = %s AND deleted_at IS NOT NULL", chat.id)
        == 0
    )
