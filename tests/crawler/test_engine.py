"""The engine performs what the machine decides, over a connection and a store that answer as they are told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from telethon.tl import functions, types

from heliograph import clock, errors
from heliograph.crawler import claims, directory, engine, link, reach, rereading, tasks, transport, writer
from heliograph.crawler.transport import inbox
from heliograph.domain import identity, records
from heliograph.domain.sync import events, machine
from heliograph.domain.sync.rules import State

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER, CHANNEL = 99, 11
MAILBOX = identity.mailbox_space(USER)


class Telegram:
    """A connection whose answers are put in by hand; it remembers what it was asked."""

    account_id = 1
    user_id = USER

    def __init__(self):
        self.inbox = inbox.Inbox(1000, clock.ManualClock(NOW))
        self.answers = {}
        self.asked = []
        self.hold = None

    async def call(self, request, **_):
        self.asked.append(request)
        if self.hold is not None and isinstance(request, functions.updates.GetChannelDifferenceRequest):
            await self.hold.wait()
        answer = self.answers[type(request)].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def will_answer(self, request, *answers):
        self.answers.setdefault(request, []).extend(answers)


class Store:
    """A writer that commits at once, or fails, and remembers the batches."""

    def __init__(self):
        self.batches = []
        self.failures = []
        self.defects = []

    def enqueue(self, batch):
        if self.defects and batch.moves:
            raise self.defects.pop(0)
        future = asyncio.get_running_loop().create_future()
        self.batches.append(batch)
        if self.failures:
            future.set_exception(self.failures.pop(0))
        else:
            future.set_result(writer.CommitResult(is_conflict=False))
        return future

    async def until_healthy(self):
        pass

    async def until_room(self):
        pass

    async def until_idle(self):
        pass

    @property
    def moves(self):
        return [(m.from_state and m.from_state.pts, m.to_state.pts) for b in self.batches for m in b.moves]

    @property
    def texts(self):
        return [row.text for batch in self.batches for row in batch.messages]


class Claims(claims.Claims):
    """The cursors of a store that is a dictionary: box to state and epoch. The machine of the world starts from it."""

    def __init__(self):
        super().__init__(None, 7)
        self.stored = {}
        self.failures = []
        self.defects = []
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def take(self, boxes):
        await self.is_open.wait()
        if self.failures:
            raise self.failures.pop(0)
        found = {box: self.stored[box] for box in boxes if box in self.stored}
        self.foreign |= {box for box, (_, epoch) in found.items() if epoch > self.epoch}
        return {box: state for box, (state, epoch) in found.items() if epoch <= self.epoch}

    def ours(self, word):
        if self.defects and not isinstance(word, events.Container):
            raise self.defects.pop(0)
        return super().ours(word)


class Reach(reach.Reach):
    """What was found out, written nowhere."""

    async def _save(self, chat_id):
        pass


class World:
    """One account with one channel at pts 10; the account's first difference brought nothing."""

    def __init__(self):
        self.telegram, self.store, self.chats = Telegram(), Store(), directory.Directory()
        self.claims = Claims()
        self.reach = Reach(None, self.claims)
        self.time = clock.ManualClock(NOW)
        self.machine = machine.Machine()
        self.refreshes = []
        self.engine = engine.Engine(
            self.machine,
            self.store,
            self.chats,
            claimed=self.claims,
            reached=self.reach,
            time=self.time,
            on_refresh=lambda: self.refreshes.append(True),
        )
        self.account = link.Link(self.telegram, epoch=7, chats=self.chats)
        access = records.Access(account_id=1, peer_id=identity.channel_peer(CHANNEL), access_hash=5)
        self.chats.learn([], [], [access])
        self.machine.load(CHANNEL, records.BoxState(pts=10))

    async def start(self):
        self.telegram.will_answer(functions.updates.GetDifferenceRequest, types.updates.DifferenceEmpty(NOW, 0))
        state = records.BoxState(pts=5, date=int(NOW.timestamp()))
        self.engine.add(self.account, state)
        self.engine.channel(self.account, CHANNEL, 10, 10)
        await self.until(lambda: self.machine.boxes[MAILBOX].state is State.LIVE)

    def push(self, *updates, users=(), chats=()):
        container = types.Updates(updates=list(updates), users=list(users), chats=list(chats), date=NOW, seq=0)
        self.engine._take(self.account, [transport.Incoming(kind="container", container=container, pushed_at=NOW)])

    def pass_time(self, seconds):
        self.time.advance(seconds)
        self.engine.perform(self.machine.tick(self.time.monotonic()))

    async def until(self, is_so):
        """Let the other tasks run until something holds."""
        for _ in range(2_000):
            if is_so():
                return
            await asyncio.sleep(0.001)
        raise AssertionError("it did not come to this")


@pytest.fixture
async def world():
    made = World()
    await made.start()
    yield made
    await made.engine.stop()


def message(message_id, text="tervetuloa", channel=CHANNEL):
    tl = types.Message(id=message_id, peer_id=types.PeerChannel(channel), date=NOW, message=text, entities=[])
    tl.raw = b"raw"
    return tl


def new(message_id, pts, text="tervetuloa", channel=CHANNEL):
    return types.UpdateNewChannelMessage(message=message(message_id, text, channel), pts=pts, pts_count=1)


def channel_tl(channel=CHANNEL, access_hash=5):
    return types.Channel(
        id=channel, title="Harbour", photo=types.ChatPhotoEmpty(), date=NOW, access_hash=access_hash, megagroup=True
    )


def answer(pts, *messages, others=()):
    return types.updates.ChannelDifference(
        pts=pts, new_messages=list(messages), other_updates=list(others), chats=[], users=[], final=True
    )


async def test_pushed_message_is_one_batch_with_its_cursor(world):
    world.push(new(1, 11))
    batch = world.store.batches[-1]
    assert batch.moves[0] == records.CursorMove(
        box=CHANNEL, from_state=records.BoxState(pts=10), to_state=records.BoxState(pts=11), epoch=7
    )
    assert (batch.origin, batch.messages[0].as_of, batch.pushed_at) == ("live", 11, NOW)


async def test_people_and_chats_go_before_the_messages_beside_them_and_once(world):
    author = types.User(id=3, first_name="Aino", access_hash=4)
    world.push(new(1, 11), users=[author], chats=[channel_tl()])
    people, batch = world.store.batches[-2:]
    assert ([user.user_id for user in people.users], people.moves, batch.messages[0].message_id) == ([3], (), 1)
    world.push(new(2, 12), users=[author], chats=[channel_tl()])
    await world.until(lambda: (11, 12) in world.store.moves)
    assert sum(bool(batch.users) for batch in world.store.batches) == 1


async def test_gap_is_fetched_and_its_rows_are_true_for_the_answers_pts(world):
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(12, message(1), message(2)))
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: (10, 12) in world.store.moves)
    overtaken, *brought = world.store.batches[-1].messages
    assert (overtaken.as_of, [row.as_of for row in brought]) == (12, [12, 12])
    request = world.telegram.asked[-1]
    assert (request.pts, request.force, request.channel.access_hash) == (10, False, 5)


async def test_pushed_message_that_its_difference_does_not_speak_of_is_unconfirmed(world):
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(13, message(1)))
    world.push(new(1, 12), new(2, 13))
    world.pass_time(0.6)
    await world.until(lambda: (10, 13) in world.store.moves)
    found = world.store.batches[-1].unconfirmed
    assert [(item.first_id, item.last_id, item.as_of, item.source) for item in found] == [(2, 2, 13, "owed")]


async def test_deletion_and_edit_inside_a_difference_become_rows(world):
    edit = types.UpdateEditChannelMessage(message=message(1, "edited"), pts=12, pts_count=0)
    delete = types.UpdateDeleteChannelMessages(channel_id=CHANNEL, messages=[2], pts=12, pts_count=0)
    world.telegram.will_answer(
        functions.updates.GetChannelDifferenceRequest, answer(12, message(1), others=[edit, delete])
    )
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: (10, 12) in world.store.moves)
    batch = world.store.batches[-1]
    overtaken, *brought = batch.messages
    assert overtaken.text == "tervetuloa", "what was pushed is kept beside what the difference made of it"
    assert ([row.text for row in brought], [row.message_id for row in batch.tombstones]) == (
        ["tervetuloa", "edited"],
        [2],
    )


async def test_flood_wait_is_kept_and_then_asked_again(world):
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, errors.FloodWait(30), answer(12))
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.DIRTY)
    world.pass_time(29)
    assert len(world.telegram.asked) == 2
    world.pass_time(1)
    await world.until(lambda: (10, 12) in world.store.moves)


async def test_lost_access_holds_the_box_and_asks_for_the_chats(world):
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, errors.RpcFailed("CHANNEL_PRIVATE", 406))
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.HELD)
    assert world.refreshes
    assert world.engine.committed_pts(CHANNEL) == 10


async def test_too_long_commits_the_loss_and_the_hole_with_the_cursor(world):
    dialog = types.Dialog(
        peer=types.PeerChannel(CHANNEL),
        top_message=40,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=500,
    )
    lost = types.updates.ChannelDifferenceTooLong(dialog=dialog, messages=[message(40)], chats=[], users=[], final=True)
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, lost)
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: (10, 500) in world.store.moves)
    batch = world.store.batches[-1]
    assert [(loss.from_pts, loss.to_pts, loss.reason) for loss in batch.losses] == [(10, 500, "too_long")]
    assert [(hole.first_id, hole.last_id, hole.source) for hole in batch.coverage] == [(1, 40, "hole")]
    assert [row.message_id for row in batch.messages] == [2, 40], "what was pushed, and what the answer brought"


async def test_stuck_account_asks_for_ever_smaller_pages(world):
    """Its request carried no limit, so that one unreadable update kept back every one before it."""
    world.telegram.will_answer(functions.updates.GetDifferenceRequest, *[errors.Undecodable(b"")] * 5)
    world.engine._take(world.account, [transport.Incoming(kind="reconnected")])
    for tries in range(2, 7):
        await world.until(lambda tries=tries: len(world.telegram.asked) == tries)
        await world.until(lambda: world.machine.boxes[MAILBOX].state is not State.DIFF)
        world.pass_time(60)
    assert [request.pts_limit for request in world.telegram.asked[1:6]] == [None, None, None, 10, 1]


async def test_unknown_channel_is_anchored_by_its_dialog(world):
    other = 12
    dialog = types.Dialog(
        peer=types.PeerChannel(other),
        top_message=1,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=30,
    )
    world.telegram.will_answer(
        functions.messages.GetPeerDialogsRequest,
        types.messages.PeerDialogs(
            dialogs=[dialog], messages=[], chats=[], users=[], state=types.updates.State(1, 0, NOW, 1, 0)
        ),
    )
    world.push(new(9, 31, channel=other), chats=[channel_tl(other, 8)])
    await world.until(lambda: (30, 31) in world.store.moves)
    assert (None, 30) in world.store.moves
    assert world.telegram.asked[-1].peers[0].peer.access_hash == 8


async def test_channel_that_nobody_has_described_waits_for_the_list_of_chats_and_is_anchored_by_it(world, capsys):
    """Regression: it counted as one whose access is lost, was given up with an alarm, and no history was fetched."""
    other = 12
    asked = len(world.refreshes)
    world.push(types.UpdateChannelTooLong(channel_id=other))
    await world.until(lambda: len(world.refreshes) > asked)
    world.pass_time(1)
    await world.until(lambda: world.machine.deadline() > world.time.monotonic())
    assert world.machine.boxes[other].state is State.UNANCHORED
    assert len(world.refreshes) == asked + 1
    assert not world.reach.is_lost(identity.channel_peer(other))
    assert "access_lost" not in capsys.readouterr().out
    world.engine.channel(world.account, other, 31, None)
    await world.until(lambda: (None, 31) in world.store.moves)


async def test_met_channel_goes_on_from_its_stored_cursor_instead_of_being_anchored(world):
    other = 12
    world.claims.stored = {other: (records.BoxState(pts=20), 3)}
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(31, message(9, channel=other)))
    world.push(new(9, 31, channel=other), chats=[channel_tl(other, 8)])
    await world.until(lambda: world.engine.committed_pts(other) == 20)
    world.pass_time(1)
    await world.until(lambda: (20, 31) in world.store.moves)
    assert not any(before is None for before, _ in world.store.moves)


async def test_listed_channel_goes_on_from_its_stored_cursor_instead_of_being_anchored(world):
    other = 12
    access = records.Access(account_id=1, peer_id=identity.channel_peer(other), access_hash=8)
    world.chats.learn([], [], [access])
    world.claims.stored = {other: (records.BoxState(pts=20), 3)}
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(31, message(9, channel=other)))
    adopted = await world.engine.adopt([CHANNEL, other])
    assert adopted == {other: 20}
    world.engine.channel(world.account, other, 31, adopted[other])
    await world.until(lambda: (20, 31) in world.store.moves)


async def test_box_that_a_later_crawler_has_claimed_is_left_alone(world):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 8)}
    world.store.failures = [errors.DatabaseUnreachable()]
    world.push(new(1, 11))
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.HELD)
    batches, asked = len(world.store.batches), len(world.telegram.asked)
    world.push(new(2, 12))
    world.engine.channel(world.account, CHANNEL, 12, 10)
    world.pass_time(5)
    await asyncio.sleep(0.01)
    assert (len(world.store.batches), len(world.telegram.asked)) == (batches, asked)
    assert not world.reach.is_lost(identity.channel_peer(CHANNEL))


async def test_box_that_a_later_crawler_has_claimed_is_asked_for_through_no_account(world):
    """Regression: the accounts left it one by one, and each had the next one ask."""
    second = Telegram()
    second.account_id, second.user_id = 2, USER + 1
    other = link.Link(second, epoch=7, chats=world.chats)
    world.chats.learn([], [], [records.Access(account_id=2, peer_id=identity.channel_peer(CHANNEL), access_hash=6)])
    second.will_answer(functions.updates.GetDifferenceRequest, types.updates.DifferenceEmpty(NOW, 0))
    world.engine.add(other, records.BoxState(pts=5, date=int(NOW.timestamp())))
    world.engine.channel(other, CHANNEL, 10, 10)
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 8)}
    world.engine.recover(CHANNEL)
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.HELD)
    await world.engine.stop()
    asked = world.telegram.asked + second.asked
    assert not [each for each in asked if isinstance(each, functions.updates.GetChannelDifferenceRequest)]


async def test_channel_that_nobody_read_is_asked_for_when_it_is_listed_though_nothing_is_new(world):
    other = 12
    world.claims.stored = {other: (records.BoxState(pts=20), 0)}
    world.claims.reclaimed.add(other)
    adopted = await world.engine.adopt([other])
    world.chats.learn([], [], [records.Access(account_id=1, peer_id=identity.channel_peer(other), access_hash=8)])
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(20))
    world.engine.channel(world.account, other, 20, adopted[other])
    await world.until(lambda: not world.claims.reclaimed)


async def test_box_that_cannot_go_on_from_its_cursor_begins_anew_itself(world):
    """Regression: the box that had started the reading was begun anew, and the one that failed stood still."""
    told, begun_anew = [], []

    def go_on(box, cursor):
        told.append(box)
        if box == 12:
            raise ValueError("odd")

    steps = tasks.Tasks(begun_anew.append)
    reading = rereading.Rereading(world.claims, world.store, steps, go_on)
    assert [reading.add(box) for box in (11, 12, 13)] == [True, False, False]
    steps.start(11, reading.run())
    await world.until(lambda: len(told) == 3)
    assert begun_anew == [12]


async def test_anchor_that_fails_in_any_way_is_tried_again(world):
    other = 12
    world.claims.failures = [ValueError("odd")]
    world.push(new(9, 31, channel=other), chats=[channel_tl(other, 8)])
    await world.until(lambda: not world.claims.failures)
    await world.until(lambda: world.machine.deadline() == world.time.monotonic() + 1)
    world.claims.stored = {other: (records.BoxState(pts=31), 3)}
    world.pass_time(1)
    await world.until(lambda: world.engine.committed_pts(other) == 31)


async def test_answer_asked_from_before_a_reload_is_not_applied_after_it(world):
    second = Telegram()
    second.account_id, second.user_id = 2, USER + 1
    other = link.Link(second, epoch=7, chats=world.chats)
    access = records.Access(account_id=2, peer_id=identity.channel_peer(CHANNEL), access_hash=6)
    world.chats.learn([], [], [access])
    second.will_answer(functions.updates.GetDifferenceRequest, types.updates.DifferenceEmpty(NOW, 0))
    world.engine.add(other, records.BoxState(pts=5, date=int(NOW.timestamp())))
    world.engine.channel(other, CHANNEL, 10, 10)
    # The commit happened, though its answer was lost; before the cursor is read again the first account goes.
    world.claims.stored = {CHANNEL: (records.BoxState(pts=11), 7)}
    world.claims.is_open.clear()
    world.store.failures = [errors.DatabaseUnreachable()]
    second.hold = asyncio.Event()
    second.will_answer(functions.updates.GetChannelDifferenceRequest, answer(11, message(1)), answer(12, message(2)))
    world.push(new(1, 11))
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.DIRTY)
    world.engine.remove(world.account)
    await world.until(
        lambda: second.asked[-1:] and isinstance(second.asked[-1], functions.updates.GetChannelDifferenceRequest)
    )
    assert second.asked[-1].pts == 10
    world.claims.is_open.set()
    await world.until(lambda: world.engine.committed_pts(CHANNEL) == 11)
    second.hold.set()
    await asyncio.sleep(0)
    world.pass_time(1)
    await world.until(lambda: (11, 12) in world.store.moves)
    assert (11, 11) not in world.store.moves


async def test_account_that_leaves_a_channel_stops_reading_it_and_goes_on_when_it_is_back(world):
    left = channel_tl()
    left.left = True
    world.push(chats=[left])
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.HELD)
    assert world.reach.is_lost(identity.channel_peer(CHANNEL))
    asked = len(world.refreshes)
    world.push(chats=[channel_tl()])
    assert len(world.refreshes) > asked
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(12, message(2)))
    world.engine.channel(world.account, CHANNEL, 12, 10)
    world.pass_time(1)
    await world.until(lambda: (10, 12) in world.store.moves)
    assert not world.reach.is_lost(identity.channel_peer(CHANNEL))


async def test_counters_are_written_without_a_cursor(world):
    views = types.UpdateChannelMessageViews(channel_id=CHANNEL, id=1, views=17)
    world.push(views)
    batch = world.store.batches[-1]
    assert (batch.moves, [seen.views for seen in batch.observations]) == ((), [17])


async def test_failed_commit_goes_on_from_the_stored_cursor(world):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=11), 7)}
    world.store.failures = [errors.DatabaseUnreachable()]
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(12, message(2)))
    world.push(new(1, 11))
    await world.until(lambda: world.engine.committed_pts(CHANNEL) == 11)
    world.pass_time(1)
    await world.until(lambda: (11, 12) in world.store.moves)


async def test_updates_of_an_outage_that_nothing_kept_are_a_known_loss_beside_the_difference_and_no_hole(world):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10, date=5), 7)}
    world.store.failures = [errors.DatabaseUnreachable()]
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(13, message(2)))
    world.push(new(1, 11))
    await world.until(lambda: world.engine.machine.boxes[CHANNEL].pipeline.committed.date == 5)
    world.pass_time(1)
    await world.until(lambda: world.engine.committed_pts(CHANNEL) == 13)
    (loss,) = world.store.batches[-1].losses
    assert (loss.space_id, loss.from_pts, loss.to_pts, loss.reason) == (CHANNEL, 10, 13, "not_kept")
    assert world.store.batches[-1].coverage == []


async def test_commits_that_the_database_has_lost_are_a_known_loss_beside_the_difference_and_no_hole(world):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 7)}
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(12, message(1), message(2)))
    for number in (1, 2):
        world.push(new(number, 10 + number))
        await world.until(lambda pts=10 + number: world.engine.committed_pts(CHANNEL) == pts)
    world.engine.recover(CHANNEL)
    await world.until(lambda: world.engine.committed_pts(CHANNEL) == 10)
    world.pass_time(1)
    await world.until(lambda: world.engine.committed_pts(CHANNEL) == 12)
    losses = [(loss.space_id, loss.from_pts, loss.to_pts, loss.reason) for loss in world.store.batches[-1].losses]
    assert losses == [(CHANNEL, 10, 12, "lost_commits")]
    assert [item.source for item in world.store.batches[-1].coverage if item.source == "hole"] == []


async def test_failed_commit_without_a_stored_cursor_anchors_anew(world):
    world.store.failures = [errors.DatabaseUnreachable()]
    world.telegram.will_answer(functions.messages.GetPeerDialogsRequest, errors.Disconnected())
    world.push(new(1, 11))
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.UNANCHORED)
    assert world.engine.committed_pts(CHANNEL) is None


async def test_cursors_are_read_until_the_store_answers(world):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 7)}
    world.claims.failures = [errors.DatabaseUnreachable()]
    world.store.failures = [errors.DatabaseUnreachable()]
    world.push(new(1, 11))
    await world.until(lambda: world.claims.failures == [] and world.machine.deadline() == 1.0 + world.time.monotonic())


async def test_peers_of_a_failed_commit_are_sent_again(world):
    author = types.User(id=3, first_name="Aino", access_hash=4)
    world.store.failures = [errors.DatabaseUnreachable()]
    world.push(users=[author])
    await asyncio.sleep(0)
    world.push(users=[author])
    assert [bool(batch.users) for batch in world.store.batches[-2:]] == [True, True]


async def test_connection_events_ask_for_a_difference_and_the_chats(world):
    for kind in ("reconnected", "new_session", "undecodable", "overflow"):
        world.telegram.will_answer(functions.updates.GetDifferenceRequest, types.updates.DifferenceEmpty(NOW, 0))
        asked = len(world.telegram.asked)
        world.engine._take(world.account, [transport.Incoming(kind=kind)])
        await world.until(lambda asked=asked: len(world.telegram.asked) > asked)
        await world.until(lambda: world.machine.boxes[MAILBOX].state is State.LIVE)
    assert len(world.refreshes) == 4


async def test_account_difference_marks_the_channels_it_names_in_its_own_batch(world):
    named = types.UpdateChannelTooLong(channel_id=CHANNEL, pts=12)
    world.telegram.will_answer(
        functions.updates.GetDifferenceRequest,
        types.updates.Difference(
            new_messages=[],
            new_encrypted_messages=[],
            other_updates=[named],
            chats=[],
            users=[],
            state=types.updates.State(6, 0, NOW, 1, 0),
        ),
    )
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(12, message(1)))
    world.engine._take(world.account, [transport.Incoming(kind="reconnected")])
    await world.until(lambda: (10, 12) in world.store.moves)
    account, channel = (batch for batch in world.store.batches[-2:])
    assert ([mark.box for mark in account.dirty], channel.clean) == ([CHANNEL], [CHANNEL])


async def test_answer_whose_people_cannot_be_read_is_asked_for_again(world):
    """It ended the task unheard, and the box waited for it for ever."""
    nameless = types.User(id=3)
    del nameless.first_name
    odd = answer(12, message(1), message(2))
    odd.users = [nameless]
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, odd, answer(12, message(1), message(2)))
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: world.machine.boxes[CHANNEL].state is State.DIRTY)
    world.pass_time(1)
    await world.until(lambda: (10, 12) in world.store.moves)


async def test_commit_that_cannot_be_queued_is_made_again_from_the_stored_cursor(world, capsys):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 7)}
    world.store.defects = [ValueError("meet me at noon")]
    world.telegram.will_answer(functions.updates.GetChannelDifferenceRequest, answer(11, message(1)))
    world.push(new(1, 11))
    await world.until(lambda: world.machine.deadline() == world.time.monotonic() + 1)
    world.pass_time(1)
    await world.until(lambda: (10, 11) in world.store.moves)
    written = "".join(capsys.readouterr())
    assert "engine_defect" in written and "noon" not in written


async def test_defect_while_a_difference_is_applied_is_heard_and_its_box_begins_anew(world, capsys):
    world.claims.stored = {CHANNEL: (records.BoxState(pts=10), 7)}
    world.claims.defects = [ValueError("odd")]
    world.telegram.will_answer(
        functions.updates.GetChannelDifferenceRequest, answer(12, message(2)), answer(12, message(2))
    )
    world.push(new(2, 12))
    world.pass_time(0.6)
    await world.until(lambda: world.machine.deadline() == world.time.monotonic() + 1)
    world.pass_time(1)
    await world.until(lambda: (10, 12) in world.store.moves)
    assert "engine_defect" in "".join(capsys.readouterr())


class Odd:
    """Something whose reading fails with the words that are in it."""

    def __getattr__(self, name):
        raise ValueError("meet me at noon")


async def test_what_cannot_be_read_is_logged_without_its_words(world, capsys):
    odd = Odd()
    world.telegram.will_answer(functions.updates.GetDifferenceRequest, odd)
    world.engine._take(world.account, [transport.Incoming(kind="container", container=odd, pushed_at=NOW)])
    await world.until(lambda: world.machine.boxes[MAILBOX].state is not State.DIFF)
    written = "".join(capsys.readouterr())
    for event in ("container_unreadable", "answer_unreadable"):
        assert event in written
    assert "error=ValueError" in written and "heliograph.crawler.engine:" in written
    assert "noon" not in written
