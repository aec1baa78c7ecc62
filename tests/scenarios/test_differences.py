"""What a difference brings, and what meets it on the way: rows 10 to 13, 18 and 23 of TELEGRAM.md section 6."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import pytest
from tests.scenarios import quiet
from tests.scenarios.quiet import SETTLED, following

from heliograph import clock
from heliograph.domain.sync.rules import Rules
from heliograph.simulator import rpc
from heliograph.simulator.faults.rpc import Asked as Request

DIFFERENCE = "updates.getChannelDifference"
CURSOR = "SELECT pts FROM box_cursors WHERE box = %s"
BUSY = """
SELECT count(*) = 0 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
TOLD = (
    "SELECT count(*) FROM outbox o JOIN messages m USING (space_id, message_id) WHERE o.change = %s AND m.text LIKE %s"
)


@pytest.fixture
async def telegram():
    async with quiet.telegram() as simulator:
        yield simulator


@pytest.fixture
async def harbour(installation):
    return await quiet.harbour(installation)


class Slices:
    """Notes from which pts each slice of one channel's difference is asked, and ends the asker at one of them."""

    is_spent = False

    def __init__(self, installation: Any, chat: Any) -> None:
        self.asked: list[int] = []
        self.fatal: int | None = None
        """The request that ends the asker, counted from its start."""
        self.fatal_pts: int | None = None
        """The asker ends as well as soon as it asks from this pts or later."""
        self.reached = asyncio.Event()
        self._installation, self._channel = installation, chat.id
        installation.telegram.faults.add(self)

    def refuse(self, asked: Request) -> rpc.RpcError | None:
        if asked.method != DIFFERENCE or asked.request.channel.channel_id != self._channel:
            return None
        self.asked.append(asked.request.pts)
        if len(self.asked) == self.fatal or (self.fatal_pts is not None and asked.request.pts >= self.fatal_pts):
            self._installation._process.kill()
            self.reached.set()
        return None

    async def run_until(self, number: int | None = None, *, pts: int | None = None) -> list[int]:
        """Start a process that is killed as it asks for this slice, by its number or by the pts where it begins.

        Returns from where it asked for each.
        """
        self.asked, self.fatal, self.fatal_pts = [], number, pts
        self.reached.clear()
        await self._installation.start_process()
        async with asyncio.timeout(60):
            await self.reached.wait()
        await self._installation.kill_process()
        await self._installation.until(BUSY)
        return self.asked


def fill(world, chat, user, events):
    """Let so many events happen: of each ten, seven messages, two edits and a deletion."""
    posted = []
    for number in range(events):
        if number % 10 in (3, 6):
            world.edit(chat, posted[-2], f"edited {number}")
        elif number % 10 == 9:
            world.delete(chat, [posted[-4].id], sender=user)
        else:
            posted.append(world.post(chat, user, f"event {number}"))


async def test_row_10_difference_of_fifty_slices_resumes_from_the_committed_slice_after_each_kill(
    installation, harbour
):
    """Killed at every fifth of 50 slices, the next process asks from the cursor that is committed, and has it all."""
    world, user = installation.world, installation.users[0]
    await quiet.mirrored(installation)
    fill(world, harbour, user, 5_000)
    unknowable = installation.deleted()
    installation.look_away()
    slices = Slices(installation, harbour)
    committed = await installation.one(CURSOR, harbour.id)
    first, kills = committed, 0
    # The slice that it is killed at, and the one whose commit the kill may have met, are asked for again.
    while harbour.box.pts - committed > 700:
        asked = await slices.run_until(6 + kills % 2)
        assert asked[0] == committed, "not from where the store is"
        reached = await installation.one(CURSOR, harbour.id)
        assert reached in asked, "no whole slice"
        assert committed < reached <= asked[-1]
        committed, kills = reached, kills + 1
    assert first + 4_000 < committed
    assert kills >= 7
    slices.fatal, slices.asked = None, []
    await installation.start_process()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    assert slices.asked[0] == committed
    assert await installation.one(CURSOR, harbour.id) == harbour.box.pts
    assert await installation.one("SELECT count(*) FROM known_losses") == 0


async def test_row_10_difference_resumes_from_the_committed_slice_whichever_slice_the_kill_meets(installation, harbour):
    """Killed as it asks for slice k, for each of 12: the next process asks from the cursor that is committed, which is
    where slice k begins or the one before it, and after the last kill it has it all.
    """
    world, user = installation.world, installation.users[0]
    await quiet.mirrored(installation)
    fill(world, harbour, user, 120)
    installation.telegram.faults.difference_limit = 10
    unknowable = installation.deleted()
    installation.look_away()
    slices = Slices(installation, harbour)
    first = committed = await installation.one(CURSOR, harbour.id)
    begins = range(first, harbour.box.pts, 10)
    assert len(begins) == 12
    for begin in begins:
        asked = await slices.run_until(pts=begin)
        assert asked == list(range(committed, begin + 1, 10)), "not from where the store is, or not slice by slice"
        committed = await installation.one(CURSOR, harbour.id)
        assert committed in (begin, max(first, begin - 10)), "no whole slice, or more than was asked for"
    slices.fatal_pts, slices.asked = None, []
    await installation.start_process()
    await installation.until_equal(unknowable=unknowable)
    assert await installation.stop_process() == 0
    assert slices.asked == list(range(committed, harbour.box.pts, 10))
    assert await installation.one(CURSOR, harbour.id) == harbour.box.pts
    assert await installation.one("SELECT count(*) FROM known_losses") == 0


@pytest.mark.parametrize("style", ["real", "final", "zero"])
@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_row_11_edits_and_deletions_of_slices_are_applied_whatever_their_pts(installation, harbour, kind, style):
    """All applied, in a channel's box and in an account's: with their own pts, with the answer's, and with none."""
    world, user = installation.world, installation.users[0]
    chat = harbour if kind == "channel" else world.run("create_group", creator=user, title="Quay", user_ids=[])
    before = [world.post(chat, user, f"before {number}") for number in range(12)]
    doomed = [world.post(chat, user, f"doomed {number}") for number in range(3)]
    await quiet.mirrored(installation)
    for number, message in enumerate(before):
        world.edit(chat, message, f"first edit {number}")
        world.post(chat, user, f"between {number}")
        world.edit(chat, message, f"second edit {number}")
    world.delete(chat, [message.id for message in doomed], sender=user)
    world.pin(chat, before[5])
    installation.look_away()
    faults = installation.telegram.faults
    faults.pts_style, faults.difference_limit = style, 10
    box, server = (harbour.id, harbour.box) if kind == "channel" else (-user, world.accounts[user].box)
    async with installation.crawling():
        await installation.until(f"SELECT ({CURSOR}) = %s", box, server.pts)
        await installation.until_equal()
    texts = "SELECT text FROM messages WHERE text LIKE %s AND (deleted_at IS NULL) = %s ORDER BY message_id"
    assert await installation.all(texts, "second edit %", True) == [f"second edit {number}" for number in range(12)]
    assert await installation.all(texts, "%", False) == [f"doomed {number}" for number in range(3)]
    assert await installation.one("SELECT is_pinned FROM messages WHERE text = 'second edit 5'")


async def test_row_12_live_updates_during_a_difference_are_postponed_then_applied_or_ignored(installation, harbour):
    """What the difference covers keeps its text and changes nothing, what came after is applied; asked is once."""
    world, user = installation.world, installation.users[0]
    async with following(installation) as asked:
        faults = installation.telegram.faults
        faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, user, "lost")
        # Pushed while the difference that has them is on its way.
        faults.delay_updates(2, 1.2, chat=harbour.peer)
        covered = world.post(harbour, user, "covered")
        world.edit(harbour, covered, "covered and edited")
        faults.slow(DIFFERENCE, 2.0, chat=harbour.peer)
        world.post(harbour, user, "shows the gap")
        async with asyncio.timeout(30):
            while not asked.count[DIFFERENCE]:  # noqa: ASYNC110 - the simulator announces nothing
                await asyncio.sleep(0.01)
        fresh = world.post(harbour, user, "fresh 0")
        for number in range(1, 5):
            world.post(harbour, user, f"fresh {number}")
        world.edit(harbour, fresh, "fresh 0, edited")
        assert await installation.one(TOLD, "new", "%") == 0, "postponed while the answer is on its way"
        await installation.until_stored("fresh 4")
        await installation.until_equal()
    assert asked.count[DIFFERENCE] == 1
    assert await installation.one(TOLD, "new", "%") == 8
    assert await installation.all("SELECT text FROM revisions WHERE text LIKE 'fresh %%'") == ["fresh 0"]
    assert await installation.all("SELECT text FROM revisions WHERE text LIKE 'covered%%'") == ["covered"]
    assert not await installation.one("SELECT count(*) FROM known_losses")
    pushed = "SELECT bool_and(pushed_at IS NOT NULL) FROM outbox JOIN messages USING (space_id, message_id)"
    assert await installation.one(f"{pushed} WHERE text LIKE 'fresh %%'")


@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_row_13_message_that_a_difference_both_brings_and_deletes_is_never_live(installation, harbour, kind):
    """Tombstone or absent, never live: deleted before the first slice, between slices, and while one is under way."""
    world, user = installation.world, installation.users[0]
    chat = harbour if kind == "channel" else world.run("create_group", creator=user, title="Quay", user_ids=[])
    await quiet.mirrored(installation)
    posted = [world.post(chat, user, f"brief {number}") for number in range(30)]
    world.delete(chat, [message.id for message in posted[:10]], sender=user)
    unknowable = installation.deleted()
    method = DIFFERENCE if kind == "channel" else "updates.getDifference"
    faults = installation.telegram.faults
    faults.difference_limit = 8

    class Deletes:
        """Deletes what the slices before this one have brought, and what this one is about to bring."""

        is_spent = False
        slices = 0

        def refuse(self, asked):
            if asked.method == method and asked.request.pts > 1:
                self.slices += 1
                if self.slices in (3, 4):
                    world.delete(
                        chat, [message.id for message in posted[8 * self.slices - 20 : 8 * self.slices]], sender=user
                    )

    faults.add(deletes := Deletes())
    # The answer is older than the deletion that is pushed meanwhile.
    faults.slow(method, 0.3, 5)
    installation.look_away()
    async with installation.crawling():
        world.post(chat, user, "the last")
        await installation.until_stored("the last")
        world.delete(chat, [message.id for message in posted], sender=user)
        await installation.until("SELECT count(*) = 0 FROM messages WHERE text LIKE 'brief %%' AND deleted_at IS NULL")
        await installation.until(SETTLED)
        await installation.until_equal(unknowable=unknowable)
    assert deletes.slices >= 4
    tombstones = await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'brief %%'")
    assert 0 < tombstones <= 20


@pytest.mark.parametrize("style", ["real", "final", "zero"])
@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_row_13_message_and_its_deletion_in_one_answer_leave_a_tombstone(installation, harbour, kind, style):
    """Tombstone, whatever pts the deletion carries: it comes after the message that the same answer brings."""
    world, user = installation.world, installation.users[0]
    chat = harbour if kind == "channel" else world.run("create_group", creator=user, title="Quay", user_ids=[])
    await quiet.mirrored(installation)
    brief = world.post(chat, user, "brief")
    # The log alone says that it is gone, so that the answer holds both.
    box, number = (chat.box, brief.id) if kind == "channel" else (world.accounts[user].box, brief.box_ids[user])
    box.append("delete", chat.peer, (number,), int(time.time()))
    installation.telegram.faults.pts_style = style
    async with installation.crawling():
        await installation.until("SELECT count(*) = 1 FROM messages WHERE text = 'brief' AND deleted_at IS NOT NULL")
        await installation.until(SETTLED)
        space = chat.id if kind == "channel" else -user
        await installation.until(f"SELECT ({CURSOR}) = %s", space, box.pts)
    assert await installation.one("SELECT deleted_at IS NOT NULL FROM messages WHERE text = 'brief'")


async def test_row_18_marks_of_all_channels_that_an_account_difference_names_survive_a_kill(installation, harbour):
    """Killed after their commit, all 300 dirty marks are there; all are caught up, though nobody names them again."""
    world, user = installation.world, installation.users[0]
    chats = [world.run("create_channel", creator=user, title=f"Berth {number}") for number in range(300)]
    for chat in chats:
        world.post(chat, user, f"first in {chat.title}")
    boxes = [chat.id for chat in chats]
    async with installation.crawling():
        await installation.until("SELECT count(*) = 300 FROM box_cursors WHERE box = ANY(%s)", boxes)
        await installation.until_backfilled()
        await installation.until(SETTLED)
    for chat in chats:
        world.post(chat, user, f"news in {chat.title}")
    last = int(time.time())
    await installation.until("SELECT extract(epoch FROM now()) > %s + 1", last)
    faults = installation.telegram.faults
    silent = faults.silence(DIFFERENCE, None)
    await installation.start_process()
    await installation.until("SELECT count(*) = 300 FROM dirty_boxes WHERE box = ANY(%s)", boxes)
    await installation.kill_process()
    assert await installation.one("SELECT count(*) FROM dirty_boxes WHERE box = ANY(%s)", boxes) == 300
    assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'news in %%'") == 0
    assert await installation.one("SELECT date > %s FROM box_cursors WHERE box = %s", last, -user), "named again"
    silent.times = 0
    await installation.start_process()
    await installation.until("SELECT count(*) = 300 FROM messages WHERE text LIKE 'news in %%'")
    await installation.until(SETTLED)
    await installation.until_equal()
    assert await installation.stop_process() == 0


class Hurried:
    """A clock that goes faster than the machine's, from when it is told to."""

    factor = 1.0

    def __init__(self) -> None:
        self._machine = clock.SystemClock()
        self._since = self._started = self._machine.monotonic()

    def now(self):
        return self._machine.now()

    def monotonic(self):
        real = self._machine.monotonic()
        return self._started + (real - self._since) * self.factor

    def hurry(self, factor: float) -> None:
        self._started, self._since = self.monotonic(), self._machine.monotonic()
        self.factor = factor


async def test_row_23_server_that_is_behind_for_a_while_is_asked_ever_more_rarely(installation, harbour):
    """PERSISTENT_TIMESTAMP_OUTDATED ten times: the cursor stays, each pause is twice the last, then all is there."""
    world, user = installation.world, installation.users[0]
    hurried, refused = Hurried(), []

    class Outdated:
        """Refuses ten times, and notes when by the hurried clock."""

        @property
        def is_spent(self):
            return len(refused) == 11

        def refuse(self, asked):
            if asked.method != DIFFERENCE:
                return None
            refused.append(hurried.monotonic())
            return rpc.RpcError(500, "PERSISTENT_TIMESTAMP_OUTDATED") if len(refused) <= 10 else None

    async with following(installation, time=hurried):
        installation.telegram.faults.add(Outdated())
        before = await installation.one(CURSOR, harbour.id)
        installation.telegram.faults.drop_updates(1, chat=harbour.peer)
        world.post(harbour, user, "lost")
        hurried.hurry(40)
        world.post(harbour, user, "shows the gap")
        async with asyncio.timeout(60):
            while len(refused) < 11:
                seen = await installation.one(CURSOR, harbour.id)
                assert seen == before or len(refused) == 11, "moved without an answer"
                await asyncio.sleep(0.02)
        hurried.hurry(1)
        await installation.until_stored("lost")
        await installation.until_equal()
    usual = Rules()
    pauses = [later - earlier for earlier, later in itertools.pairwise(refused)]
    expected = [min(usual.first_backoff * 2**number, usual.last_backoff) for number in range(10)]
    assert all(pause >= least for pause, least in zip(pauses, expected, strict=True)), pauses
    assert await installation.one(CURSOR, harbour.id) == harbour.box.pts
    assert await installation.one("SELECT count(*) FROM known_losses") == 0
