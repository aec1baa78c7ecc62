"""Sessions and keys: what waits for a client that is away, who gets updates, and what a restart keeps."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

from telethon.tl import functions, types
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in, until
from tests.simulator.wire_client import WireClient, init

from heliograph.simulator.server import Simulator

NEAREST = functions.help.GetNearestDcRequest()


async def test_unacked_answers_come_again_after_a_reconnection_and_acked_ones_do_not(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    acked, lost = client.send(NEAREST), client.send(NEAREST)
    first = await client.next(_answers(acked))
    second = await client.next(_answers(lost))
    client.send(types.MsgsAck([first.msg_id]), seqno=client.seqno(is_content=False))
    await client.close()

    client.inbox.clear()
    await client.connect()
    client.send(functions.PingRequest(1))
    again = await client.next(_answers(lost))
    assert (again.msg_id, again.seqno) == (second.msg_id, second.seqno)
    await client.wait_for(types.Pong)
    assert not [message for message in client.inbox if _answers(acked)(message)]


async def test_updates_for_a_client_that_is_away_wait_for_it(simulator: Simulator) -> None:
    client = await _signed_in(simulator)
    user_id = simulator.hub.keys.all()[-1].user_id
    assert user_id is not None
    await client.close()
    await until(lambda: not simulator.hub.connections)
    for number in range(3):
        simulator.world.push(user_id, _nothing(number))
    await client.connect()
    client.send(functions.PingRequest(1))
    dates = [int((await client.wait_for(types.Updates)).date.timestamp()) for _ in range(3)]
    assert dates == [0, 1, 2]


async def test_other_session_can_be_destroyed(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    other = await (await WireClient.connected(simulator, key=client.key)).initialised()
    client.send(functions.DestroySessionRequest(other.session_id))
    assert (await client.wait_for(types.DestroySessionOk)).session_id == other.session_id
    client.send(functions.DestroySessionRequest(12345))
    assert (await client.wait_for(types.DestroySessionNone)).session_id == 12345


async def test_ping_delay_disconnect_closes_a_connection_that_falls_silent(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    client.send(functions.PingDelayDisconnectRequest(5, 0))
    assert await client.is_closed_by_server()


async def test_session_without_updates_gets_none(simulator: Simulator) -> None:
    main = await _signed_in(simulator)
    user_id = simulator.hub.keys.all()[-1].user_id
    assert user_id is not None
    side = await WireClient.connected(simulator, key=main.key)
    side.salt = main.salt
    quiet = functions.InvokeWithoutUpdatesRequest(init(functions.users.GetUsersRequest([types.InputUserSelf()])))
    await side.result(side.send(quiet))
    simulator.world.push(user_id, _nothing(9))
    assert (await main.wait_for(types.Updates)).date.timestamp() == 9
    side.send(functions.PingRequest(2))
    await side.wait_for(types.Pong)
    assert not [m for m in side.inbox if m.body[:4] == struct.pack("<I", types.Updates.CONSTRUCTOR_ID)]


async def test_updates_follow_the_last_active_main_connection(simulator: Simulator) -> None:
    first = await _signed_in(simulator)
    user_id = simulator.hub.keys.all()[-1].user_id
    assert user_id is not None
    second = await (await WireClient.connected(simulator, key=first.key)).initialised()
    simulator.world.push(user_id, _nothing(1))
    assert (await first.wait_for(types.Updates)).date.timestamp() == 1
    await second.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    simulator.world.push(user_id, _nothing(2))
    assert (await second.wait_for(types.Updates)).date.timestamp() == 2


async def test_pushed_update_carries_the_time_of_its_push(simulator: Simulator) -> None:
    client = await _signed_in(simulator)
    user_id = simulator.hub.keys.all()[-1].user_id
    before = simulator.now()
    simulator.world.push(user_id, _nothing(1))
    head = struct.pack("<I", types.Updates.CONSTRUCTOR_ID)
    message = await client.next(lambda m: m.body[:4] == head)
    assert before - 0.01 <= message.msg_id / (1 << 32) <= simulator.now()
    assert message.msg_id % 4 == 3
    assert message.seqno % 2 == 1


async def test_keys_and_sign_ins_survive_a_restart(start_simulator: StartSimulator, tmp_path: Path) -> None:
    first = await start_simulator(state_dir=tmp_path)
    client = await _signed_in(first)
    pem, port = first.public_key_pem, first.port
    await first.stop()

    second = await start_simulator(state_dir=tmp_path, port=port)
    assert second.public_key_pem == pem
    await client.connect()
    me = functions.users.GetUsersRequest([types.InputUserSelf()])
    (user,) = await client.call(me)
    assert user.phone == "358401234567"


async def test_half_written_key_file_keeps_its_whole_lines(start_simulator: StartSimulator, tmp_path: Path) -> None:
    first = await start_simulator(state_dir=tmp_path)
    client = await _signed_in(first)
    await first.stop()
    with (tmp_path / "keys.jsonl").open("a") as file:
        file.write('{"key_id": "00')
    second = await start_simulator(state_dir=tmp_path)
    client.simulator = second
    await client.connect()
    assert (await client.call(functions.users.GetUsersRequest([types.InputUserSelf()])))[0].is_self


async def test_one_key_from_two_addresses_is_noted(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    other = WireClient(simulator)
    other.key, other.salt = client.key, client.salt
    other._reader, other._writer = await asyncio.open_connection(
        simulator.host, simulator.port, local_addr=("127.0.0.2", 0)
    )
    other._writer.write(b"\xef")
    other.send(functions.PingRequest(1))
    await other.wait_for(types.Pong)
    assert "is used from 127.0.0.2 and 127.0.0.1" in simulator.violations[-1]


async def _signed_in(simulator: Simulator) -> WireClient:
    """A bare client with the key of somebody who has signed in."""
    helper = telethon_client(simulator)
    await helper.connect()
    await telethon_sign_in(helper, simulator)
    key = helper.session.auth_key.key
    await helper.disconnect()
    client = await (await WireClient.connected(simulator, key=key)).initialised()
    await client.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    return client


def _answers(msg_id: int) -> Any:
    head = struct.pack("<Iq", 0xF35C6D01, msg_id)
    return lambda message: message.body[:12] == head


def _nothing(date: int) -> types.Updates:
    return types.Updates(updates=[], users=[], chats=[], date=date, seq=0)
