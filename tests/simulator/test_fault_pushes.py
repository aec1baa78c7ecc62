"""Faults of live updates, seen by a client over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.errors import TypeNotFoundError
from telethon.tl import functions, types
from tests.simulator.wire_client import Received, WireClient, signed_in
from tests.simulator.world_client import START

from heliograph import clock
from heliograph.simulator.faults import Faults
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model
from heliograph.simulator.world.pushes import Push


@pytest.fixture
async def client(simulator: Simulator) -> WireClient:
    return await signed_in(simulator)


@pytest.fixture
def group(simulator: Simulator, client: WireClient) -> model.Chat:
    return simulator.world.chats_of("supergroup")[0]


def author(chat: model.Chat) -> int:
    return next(iter(chat.members))


def updates(received: list[Received]) -> list[Any]:
    return [update for message in received for update in getattr(message.read(), "updates", [message.read()])]


def texts(received: list[Received]) -> list[str]:
    return [update.message.message for update in updates(received) if hasattr(update, "message")]


async def test_passive_channel_pushes_nothing_while_its_pts_moves(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    other = simulator.world.chats_of("supergroup")[1]
    simulator.faults.be_passive(group.peer)
    before = group.box.pts
    simulator.world.post(group, author(group), "Unheard")
    simulator.world.post(other, author(other), "Heard")
    assert texts(await client.settled()) == ["Heard"]
    assert group.box.pts == before + 1
    simulator.faults.clear()
    simulator.world.post(group, author(group), "Heard again")
    assert texts(await client.settled()) == ["Heard again"]


def test_passivity_of_all_channels_ends_with_its_time_and_spares_mailboxes() -> None:
    time = clock.ManualClock(START)
    faults = Faults(monotonic=time.monotonic)
    faults.be_passive(seconds=10)
    channel, group = Push(1, "a", peer=-1_000_000_000_005), Push(1, "b", peer=-5)
    assert faults.on_push(channel) == []
    assert faults.on_push(group) == [(0.0, "b")]
    time.advance(10)
    assert faults.on_push(channel) == [(0.0, "a")]


async def test_coalesced_album_pushes_its_first_item_only(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    simulator.faults.coalesce_albums(1)
    for number in (77, 78):
        for item in "abc":
            simulator.world.post(group, author(group), f"{item}{number}", album=number)
    assert texts(await client.settled()) == ["a77", "a78", "b78", "c78"]


async def test_unknown_constructor_in_a_push_cannot_be_read_and_the_next_can(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    simulator.faults.undecodable_updates(1, chat=group.peer)
    simulator.world.post(group, author(group), "One")
    (unreadable,) = await client.settled()
    with pytest.raises(TypeNotFoundError):
        unreadable.read()
    simulator.world.post(group, author(group), "Two")
    assert texts(await client.settled()) == ["Two"]


async def test_unnamed_push_brings_no_access_hashes(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    simulator.faults.unnamed_updates(1)
    for _ in range(2):
        simulator.world.post(group, author(group), "Hello")
    first, second = [message.read() for message in await client.settled()]
    assert (first.users, first.chats) == ([], [])
    assert [chat.id for chat in second.chats] == [group.id]


async def test_numbered_containers_rise_skip_and_repeat_and_the_state_follows(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    simulator.faults.number_updates(2, "rising")
    simulator.faults.number_updates(1, "gap")
    simulator.faults.number_updates(1, "old")
    before = group.box.pts
    for text in "abcde":
        simulator.world.post(group, author(group), text)
    received = [message.read() for message in await client.settled()]
    assert [container.seq for container in received] == [2, 3, 5, 4, 0]
    assert [container.updates[0].pts for container in received] == list(range(before + 1, before + 6))
    state = await client.call(functions.updates.GetStateRequest())
    assert state.seq == 5


async def test_resent_push_has_the_same_message_id(simulator: Simulator, client: WireClient, group: model.Chat) -> None:
    simulator.faults.resend_updates(1)
    for _ in range(2):
        simulator.world.post(group, author(group), "Hello")
    ids = [(message.msg_id, message.seqno) for message in await client.settled()]
    assert len(ids) == 3
    assert len(set(ids)) == 2


async def test_connection_ends_after_a_push_and_the_push_comes_again_in_its_session(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    simulator.faults.cut_after_updates(1)
    simulator.world.post(group, author(group), "Twice")
    first = await client.next(lambda message: b"Twice" in message.body)
    assert await client.is_closed_by_server()
    await client.connect()
    client.send(functions.PingRequest(1))
    again = await client.next(lambda message: b"Twice" in message.body)
    assert (again.msg_id, again.body) == (first.msg_id, first.body)


async def test_too_long_is_pushed_with_the_channels_pts_without_one_and_for_unknown_channels(
    simulator: Simulator, client: WireClient, group: model.Chat
) -> None:
    say = simulator.faults.say_too_long
    say()
    say(group.peer)
    say(group.peer, pts="real")
    say(-1_000_000_000_001, user_id=client.user_id)
    found = updates(await client.settled())
    assert isinstance(found[0], types.UpdatesTooLong)
    assert [(update.channel_id, update.pts) for update in found[1:]] == [
        (group.id, None),
        (group.id, group.box.pts),
        (1, None),
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_lost_share_follows_from_the_seed(share: float) -> None:
    def kept(seed: int) -> list[int]:
        faults = Faults(seed=seed)
        faults.lose_updates(share)
        return [number for number in range(200) if faults.on_push(Push(1, number))]

    assert kept(1) == kept(1)
    assert len(kept(1)) in {0.0: [200], 0.3: range(110, 170), 1.0: [0]}[share]
    assert share != 0.3 or kept(1) != kept(2)


def test_fault_of_one_chat_leaves_the_others_alone() -> None:
    faults = Faults()
    faults.drop_updates(None, chat=-5)
    assert [bool(faults.on_push(Push(1, "x", peer=peer))) for peer in (-5, -6, -5)] == [False, True, False]
