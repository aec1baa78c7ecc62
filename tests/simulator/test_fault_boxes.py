"""Faults of the logs behind differences, seen by a client over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import functions, types
from telethon.tl.types import updates as answers
from tests.simulator.wire_client import WireClient, signed_in
from tests.simulator.world_client import START, Client, small_world

from heliograph import clock
from heliograph.simulator.faults import Faults, NoStage
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model
from heliograph.simulator.world.boxes import Box


@pytest.fixture
async def client(simulator: Simulator) -> WireClient:
    return await signed_in(simulator)


@pytest.fixture
def group(simulator: Simulator, client: WireClient) -> model.Chat:
    return simulator.world.chats_of("supergroup")[0]


class Asking:
    """Asks for one channel's difference, and for the account's."""

    def __init__(self, simulator: Simulator, client: WireClient, chat: model.Chat) -> None:
        self._client = client
        self._channel = types.InputChannel(chat.id, simulator.world.access_hash(client.user_id, chat.peer))
        self._now = simulator.now

    async def channel(self, pts: int, limit: int = 100) -> Any:
        return await self._client.call(self.channel_request(pts, limit))

    def channel_request(self, pts: int, limit: int = 100) -> Any:
        every = types.ChannelMessagesFilterEmpty()
        return functions.updates.GetChannelDifferenceRequest(self._channel, every, pts, limit)

    async def account(self, pts: int) -> Any:
        date = datetime.fromtimestamp(self._now() + 60, UTC)
        return await self._client.call(functions.updates.GetDifferenceRequest(pts, date, 0))


@pytest.fixture
def ask(simulator: Simulator, client: WireClient, group: model.Chat) -> Asking:
    return Asking(simulator, client, group)


def post(simulator: Simulator, chat: model.Chat, count: int = 1) -> None:
    for number in range(count):
        simulator.world.post(chat, next(iter(chat.members)), f"Message {number}")


async def test_channel_keeps_only_so_many_events_from_now_on(
    simulator: Simulator, group: model.Chat, ask: Asking
) -> None:
    start = group.box.pts
    simulator.faults.retain(group.peer, events=3)
    post(simulator, group, 5)
    assert isinstance(await ask.channel(start), answers.ChannelDifferenceTooLong)
    assert len((await ask.channel(start + 2)).new_messages) == 3
    simulator.faults.clear()
    post(simulator, group, 5)
    assert len((await ask.channel(start + 2)).new_messages) == 8


async def test_common_box_keeps_only_so_many_events(simulator: Simulator, client: WireClient, ask: Asking) -> None:
    box = simulator.world.accounts[client.user_id].box
    start = box.pts
    simulator.faults.retain(client.user_id, events=1)
    post(simulator, simulator.world.chats_of("group")[0], 2)
    answer = await ask.account(start)
    assert isinstance(answer, answers.DifferenceTooLong)
    assert answer.pts == box.pts
    assert len((await ask.account(start + 1)).new_messages) == 1


def test_events_are_kept_for_so_many_seconds() -> None:
    box = Box(pts=10)
    box.keep(seconds=60)
    for number in range(5):
        box.append("new", -5, (number + 1,), 100 + 10 * number)
    box.expire(185)
    assert [event.at for event in box.events] == [130, 140]
    assert (box.floor, box.has_after(12), box.has_after(13)) == (13, False, True)


def test_age_and_number_of_all_boxes_can_be_bounded_at_once() -> None:
    time = clock.ManualClock(START)
    world = small_world(clock=time)
    client = Client(world, world.sign_up("+100", "Ada"))
    faults = client.faults
    faults.attach(_stage(world))
    faults.retain(seconds=30)
    chats = world.chats_of("supergroup")[:2]
    for chat in chats:
        world.post(chat, next(iter(chat.members)), "Old")
    time.advance(31)
    for chat in chats:
        chat.box.expire(world.clock.now().timestamp())
        assert chat.box.events == []
        assert chat.box.floor == chat.box.pts


def _stage(world: Any) -> Any:
    class Stage:
        def __init__(self) -> None:
            self.world = world

    return Stage()


async def test_lost_end_of_a_log_puts_the_servers_pts_below_the_clients(
    simulator: Simulator, group: model.Chat, ask: Asking
) -> None:
    start = group.box.pts
    post(simulator, group, 3)
    assert simulator.faults.roll_back(group.peer, 2) == start + 1 == group.box.pts
    answer = await ask.channel(start + 3)
    assert answer.error_message == "PERSISTENT_TIMESTAMP_INVALID"
    post(simulator, group)
    assert [(await ask.channel(start + 1)).pts, group.box.pts] == [start + 2] * 2
    # The messages themselves are still there: only the log of them is shorter.
    assert [record["kind"] for record in simulator.world.events(group.peer)] == ["new"] * 3 + ["rollback", "new"]


async def test_unknown_constructor_in_a_difference_goes_away_after_so_many(
    simulator: Simulator, client: WireClient, group: model.Chat, ask: Asking
) -> None:
    start = group.box.pts
    simulator.faults.undecodable_differences(2, box=group.peer)
    assert isinstance(await ask.channel(start), answers.ChannelDifferenceEmpty)
    post(simulator, group)
    for _ in range(2):
        request = ask.channel_request(start)
        body = await client.result(client.send(request))
        with pytest.raises(TypeNotFoundError):
            BinaryReader(body).tgread_object()
    assert len((await ask.channel(start)).new_messages) == 1


async def test_one_spoiled_box_leaves_the_others_readable(
    simulator: Simulator, client: WireClient, group: model.Chat, ask: Asking
) -> None:
    simulator.faults.undecodable_differences(None, box=client.user_id)
    start, own = group.box.pts, simulator.world.accounts[client.user_id].box.pts
    post(simulator, group)
    post(simulator, simulator.world.chats_of("group")[0])
    assert len((await ask.channel(start)).new_messages) == 1
    for _ in range(3):
        with pytest.raises(TypeNotFoundError):
            await ask.account(own)


async def test_difference_may_name_users_by_min_constructors(
    simulator: Simulator, group: model.Chat, ask: Asking
) -> None:
    start = group.box.pts
    post(simulator, group)
    assert not any(user.min for user in (await ask.channel(start)).users)
    simulator.faults.min_entities = True
    assert all(user.min for user in (await ask.channel(start)).users)


def test_fault_that_needs_a_server_says_so_without_one() -> None:
    with pytest.raises(NoStage):
        Faults().retain(events=1)
