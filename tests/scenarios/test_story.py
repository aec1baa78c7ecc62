"""The main story end to end, and the same story cut by kill -9, disconnections, lost updates and a lost database."""

from __future__ import annotations

import asyncio
import json

import pytest
from telethon import utils
from telethon.tl import functions

from heliograph import errors
from heliograph.cli.demo import oracle, verify
from heliograph.simulator import rpc, traffic

HISTORY_MESSAGES = 3_000
"""Enough that a fetch of the history can be killed and goes on."""
LOSSES = "SELECT count(*) FROM known_losses"
TOLD = """
SELECT space_id, message_id, change, count(*) FROM outbox WHERE kind = 'message' AND change <> 'observation'
GROUP BY space_id, message_id, change
"""


async def posts(installation, count, *, pause=0.0):
    """Let the simulated world live for so many steps."""
    for _ in range(count):
        installation.telegram.traffic.step()
        await asyncio.sleep(pause)


async def test_history_and_live_updates_equal_the_truth(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        await posts(installation, 400, pause=0.005)
        await installation.until_equal(unknowable=unknowable)
    assert await installation.one("SELECT count(*) FROM dead_letters") == 0
    assert await installation.one("SELECT count(*) FROM known_losses") == 0


async def test_live_updates_arrive_by_push_without_any_difference(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        pushed = await installation.one("SELECT count(*) FROM outbox WHERE kind = 'message'")
        await posts(installation, 200, pause=0.005)
        await installation.until_equal(unknowable=unknowable)
    query = "SELECT count(*) FROM outbox WHERE kind = 'message' AND pushed_at IS NULL"
    assert (pushed, await installation.one(query)) == (0, 0)


async def test_what_happened_while_nobody_looked_comes_by_difference(installation):
    async with installation.crawling():
        await installation.until_backfilled()
    unknowable = installation.deleted()
    await posts(installation, 300)
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)


@pytest.mark.parametrize("style", ["real", "final", "zero"])
async def test_differences_in_slices_keep_edits_and_deletions_in_every_pts_style(installation, style):
    async with installation.crawling():
        await installation.until_backfilled()
    unknowable = installation.deleted()
    installation.telegram.faults.pts_style = style
    installation.telegram.faults.difference_limit = 3
    await posts(installation, 250)
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)


async def test_lost_repeated_and_reordered_updates_are_made_good(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        installation.look_away()
        for _ in range(10):
            installation.telegram.faults.drop_updates(3)
            installation.telegram.faults.duplicate_updates(3)
            installation.telegram.faults.reorder_updates(4)
            await posts(installation, 20, pause=0.005)
        installation.telegram.faults.clear()
        # A loss shows at the next event of its box; for the quiet ones the list of chats is read.
        await installation.command("refresh")
        await installation.until_equal(unknowable=unknowable)


async def test_disconnections_cost_nothing(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        installation.look_away()
        for _ in range(3):
            installation.telegram.faults.cut(0.3)
            await posts(installation, 60, pause=0.005)
        await installation.until_equal(unknowable=unknowable)


async def test_flood_wait_on_differences_delays_only_them(installation):
    async with installation.crawling():
        await installation.until_backfilled()
    unknowable = installation.deleted()
    await posts(installation, 100)
    installation.telegram.faults.flood("updates.getChannelDifference", 2)
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)


async def test_too_long_is_recorded_and_repaired_until_the_truth_is_there(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until_verified()
    installation.telegram.faults.too_long = "strict"
    installation.telegram.faults.difference_limit = 5
    busy, quiet = installation.world.open_to_newcomers[::2], installation.world.open_to_newcomers[1::2]
    busier = traffic.Traffic(installation.world, chats=busy)
    for _ in range(400):
        busier.step()
    for chat in (installation.world.chats[peer] for peer in quiet):
        for number in range(3):
            installation.world.post(chat, next(iter(chat.members)), f"fits into a page {number}")
    unknowable = installation.deleted()
    async with installation.crawling():
        await installation.until("SELECT count(*) > 0 FROM known_losses")
        await installation.until("SELECT count(*) = 0 FROM dirty_boxes")
        await installation.until_verified()
        await installation.until_equal(unknowable=unknowable)
    assert await installation.one("SELECT count(*) FROM known_losses") < len(busy) + len(quiet)
    assert await installation.one("SELECT count(*) FROM gaps WHERE closed_at IS NULL") == 0


class Watch(rpc.Router):
    """A simulator's router that keeps what it is asked."""

    def __init__(self, inner):
        super().__init__()
        self.include([inner])
        self.pages = []
        """Pages of history: the chat and the id that each starts above."""

    async def dispatch(self, ctx, request):
        if isinstance(request, functions.messages.GetHistoryRequest) and request.add_offset:
            self.pages.append((utils.get_peer_id(request.peer), request.offset_id - 1))
        return await super().dispatch(ctx, request)


async def test_kill_during_backfill_fetches_the_rest_and_nothing_twice(installation):
    unknowable = installation.deleted()
    watch = installation.telegram.router = Watch(installation.telegram.router)
    await installation.slow_history()
    await installation.start_process()
    await installation.until("SELECT sum(done) > 300 FROM chats")
    await installation.kill_process()
    first, watch.pages = watch.pages, []
    async with installation.database.connection() as conn:
        reached = dict(
            await (await conn.execute("SELECT chat_id, next_id FROM chats WHERE NOT is_complete")).fetchall()
        )
    assert reached
    await installation.start_process()
    await installation.until_backfilled()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    assert await installation.one(LOSSES) == 0
    # Each chat goes on above what was committed, so that only the pages under way are asked for a second time.
    assert {chat for chat, _ in watch.pages} <= set(reached)
    assert all(start >= reached[chat] for chat, start in watch.pages)
    assert len(watch.pages) == len(set(watch.pages))
    assert len(first) == len(set(first))


async def test_kill_while_live_loses_and_repeats_nothing(installation):
    await installation.start_process()
    await installation.until_backfilled()
    unknowable = installation.deleted()
    # Nothing but a new text is an edit then.
    installation.telegram.traffic.shares = traffic.Shares(reaction=0, view=0, pin=0, edit=0.2)
    installation.telegram.traffic.start(150)
    for _ in range(2):
        await installation.until("SELECT count(*) > %s FROM outbox", await installation.outbox() + 100)
        await installation.kill_process()
        await asyncio.sleep(0.2)
        await installation.start_process()
    await installation.until("SELECT count(*) > %s FROM outbox", await installation.outbox() + 100)
    await installation.telegram.traffic.stop()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    assert await installation.one(LOSSES) == 0
    truth = [json.loads(json.dumps(record)) for record in installation.world.truth(installation.users)]
    truth = await oracle.mirrored(installation.database, truth)
    # The record counts texts; one edit more may have changed the formatting alone.
    changes = {verify.key(record): len(record["versions"]) - (record["edit_date"] is None) for record in truth}
    async with installation.database.connection() as conn:
        told = await (await conn.execute(TOLD)).fetchall()
    assert len(told) > 100
    for space_id, message_id, change, count in told:
        assert count <= (changes[space_id, message_id] if change == "edit" else 1), (space_id, message_id, change)


async def test_kill_during_a_difference_goes_on_from_the_committed_slice(installation):
    await installation.start_process()
    await installation.until_backfilled()
    await installation.stop_process()
    unknowable = installation.deleted()
    installation.telegram.faults.difference_limit = 2
    await posts(installation, 400)
    for step in range(1, 4):
        before = await installation.outbox()
        await installation.start_process()
        await installation.until("SELECT count(*) > %s FROM outbox", before + 10 * step)
        await installation.kill_process()
    await installation.start_process()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    assert await installation.one(LOSSES) == 0


async def test_second_crawler_on_the_same_accounts_is_refused(installation):
    async with installation.crawling():
        await installation.until("SELECT count(*) > 0 FROM box_cursors")
        with pytest.raises(errors.LeaseHeld):
            async with installation.crawling():
                await asyncio.sleep(10)


async def test_history_mode_ends_by_itself_and_leaves_the_cursors_for_the_next_run(installation):
    async with asyncio.timeout(60), installation.crawling(mode="history") as task:
        await task
    await posts(installation, 50)
    unknowable = installation.deleted()
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)


async def test_new_chat_starts_by_itself(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable, user = installation.deleted(), installation.users[0]
        chat = installation.world.run("create_channel", creator=user, title="Fresh harbour")
        for number in range(5):
            installation.world.post(chat, user, f"first words {number}")
        await installation.until(
            "SELECT count(*) >= 5 FROM messages m JOIN chats c USING (chat_id) WHERE c.title = 'Fresh harbour'"
        )
        await installation.until_equal(unknowable=unknowable)


async def test_database_connections_lost_under_way_cost_nothing(installation):
    async with installation.crawling():
        await installation.until_backfilled()
        unknowable = installation.deleted()
        installation.look_away()
        for _ in range(3):
            await posts(installation, 30, pause=0.005)
            await installation.break_connections()
        await posts(installation, 30, pause=0.005)
        await installation.until_equal(unknowable=unknowable)


async def test_session_that_telegram_ended_ends_the_run_when_it_was_the_last(installation):
    installation.telegram.faults.refuse("updates.*", "AUTH_KEY_UNREGISTERED", 401, times=100)
    with pytest.raises(errors.SessionEnded):
        async with asyncio.timeout(30), installation.crawling() as task:
            await task
    assert await installation.one("SELECT bool_and(state = 'signed_out') FROM accounts")
