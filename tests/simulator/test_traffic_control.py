"""The traffic generator and the control API."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from telethon.tl import types
from tests.simulator.world_client import Client, small_world

from heliograph.simulator import control
from heliograph.simulator.faults import Faults
from heliograph.simulator.traffic import Shares, Traffic


async def until(condition, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        # The generator has no event to wait for: its count is polled, within a bound.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture
async def simulator() -> AsyncIterator[Any]:
    world = small_world()
    world.sign_up("+100", "Ada")
    simulator = SimpleNamespace(world=world, faults=Faults(), traffic=Traffic(world))
    simulator.control = await control.start(simulator)
    yield simulator
    await simulator.traffic.stop()
    await simulator.control.stop()


@pytest.fixture
async def http(simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.control.url, trust_env=False) as client:
        yield client


def test_equal_seeds_make_equal_traffic():
    worlds = [small_world(), small_world()]
    for world in worlds:
        world.sign_up("+100", "Ada")
        traffic = Traffic(world, seed=1)
        for _ in range(300):
            traffic.step()
    assert list(worlds[0].truth()) == list(worlds[1].truth())


def test_traffic_does_a_bit_of_everything():
    world = small_world()
    client = Client(world, world.sign_up("+100", "Ada"))
    traffic = Traffic(world, shares=Shares(pin=0.02, join=0.05, leave=0.05, album=0.03))
    for _ in range(1_500):
        traffic.step()
    kinds = Counter(type(update).__name__ for c in client.inbox for update in getattr(c, "updates", [c]))
    assert set(kinds) >= {
        *("UpdateNewChannelMessage", "UpdateEditChannelMessage", "UpdateDeleteChannelMessages"),
        *("UpdateNewMessage", "UpdateShortChatMessage", "UpdateMessageReactions", "UpdateChannelMessageViews"),
        "UpdatePinnedChannelMessages",
    }
    per_box: dict[int, int] = {}
    for update in client.updates(types.UpdateNewChannelMessage):
        channel = update.message.peer_id.channel_id
        assert update.pts > per_box.get(channel, 0)
        per_box[channel] = update.pts


@pytest.mark.parametrize(("shares", "least"), [(Shares(), 1), (Shares(join=0.2, leave=0.2), 50)], ids=["usual", "many"])
def test_people_join_and_leave_live_and_everybody_is_told(shares: Shares, least: int) -> None:
    world = small_world()
    client = Client(world, world.sign_up("+100", "Ada"))
    seeded = {(chat.peer, user_id) for chat in world.chats.values() for user_id in chat.members}
    traffic = Traffic(world, shares=shares)
    for _ in range(2_000):
        traffic.step()
    actions = (types.MessageActionChatAddUser, types.MessageActionChatJoinedByLink, types.MessageActionChatDeleteUser)
    news = [*client.updates(types.UpdateNewChannelMessage), *client.updates(types.UpdateNewMessage)]
    told = Counter(type(update.message.action) for update in news if isinstance(update.message, types.MessageService))
    assert all(told[action] >= least for action in actions), told
    types_told = ("chat_add_user", "chat_joined_by_link", "chat_delete_user")
    records = [
        record["service"]["type"]
        for record in world.truth([client.user.id])
        if record["service"] and record["pushed_at"] is not None
    ]
    assert Counter(name for name in records if name in types_told) == Counter(
        {name: told[action] for name, action in zip(types_told, actions, strict=True)}
    )
    assert seeded != {(chat.peer, user_id) for chat in world.chats.values() for user_id in chat.members}


async def test_traffic_keeps_the_rate_and_stops():
    world = small_world()
    traffic = Traffic(world, 500)
    traffic.start()
    await until(lambda: traffic.count >= 100)
    await traffic.stop()
    count = traffic.count
    assert not traffic.is_running
    await asyncio.sleep(0)
    assert traffic.count == count


async def test_control_streams_the_truth_of_the_named_users(simulator, http):
    user = simulator.world.user_by_phone("+100")
    lines = (await http.get("/truth", params={"users": str(user.id)})).content.splitlines()
    assert [orjson.loads(line) for line in lines] == list(simulator.world.truth([user.id]))


async def test_control_starts_and_stops_traffic(simulator, http):
    assert (await http.post("/traffic", json={"rate": 400, "edit": 0.5})).status_code == 200
    await until(lambda: simulator.traffic.count > 5)
    assert simulator.traffic.shares.edit == 0.5
    await http.post("/quiesce", json={})
    assert not simulator.traffic.is_running
    stats = (await http.get("/stats")).json()
    assert stats["traffic"]["operations"] == simulator.traffic.count


async def test_control_turns_faults_on(simulator, http):
    await http.post("/faults", json={"kind": "flood", "method": "messages.getHistory", "seconds": 4})
    await http.post("/faults", json={"kind": "too_long", "value": "strict"})
    assert simulator.faults.before_rpc(1, "messages.getHistory").message == "FLOOD_WAIT_4"
    assert simulator.faults.too_long == "strict"
    await http.post("/faults", json={"kind": "cut", "seconds": 60})
    assert simulator.faults.is_refusing


async def test_control_posts_edits_and_deletes(simulator, http):
    chat = simulator.world.chats_of("supergroup")[0]
    posted = (await http.post("/post", json={"chat": chat.peer, "text": "Hello"})).json()
    number = posted["message_id"]
    await http.post("/edit", json={"chat": chat.peer, "message_id": number, "text": "Bye"})
    assert chat.message(number).text == "Bye"
    await http.post("/delete", json={"chat": chat.peer, "message_ids": [number]})
    assert chat.message(number).deleted_at is not None


@pytest.mark.parametrize(
    "headers", [{"Host": "example.org"}, {"Host": "127.0.0.1.example.org"}, {"Origin": "http://a.b"}]
)
async def test_control_answers_local_programs_only(http, headers):
    assert (await http.get("/stats", headers=headers)).status_code == 403


async def test_control_says_what_is_wrong_with_a_request(http):
    answer = await http.post("/faults", json={"kind": "earthquake"})
    assert answer.status_code == 400
    assert "earthquake" in answer.json()["title"]
