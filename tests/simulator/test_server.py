"""The server as a whole: its start, its end, and the network's moods."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from telethon.tl import functions, types
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in, until
from tests.simulator.wire_client import WireClient

from heliograph import errors
from heliograph.simulator import main
from heliograph.simulator.server import Simulator

NEAREST = functions.help.GetNearestDcRequest()


async def test_public_key_is_written_once_the_port_listens(tmp_path: Path) -> None:
    path, stop = tmp_path / "key.pem", asyncio.Event()
    ready: asyncio.Future[Simulator] = asyncio.get_running_loop().create_future()
    served = asyncio.create_task(main.serve(public_key=path, chats=3, days=1, stop=stop, on_ready=ready.set_result))
    simulator = await ready
    assert path.read_text() == simulator.public_key_pem
    assert path.read_text().startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert list(tmp_path.iterdir()) == [path]
    client = await (await WireClient.connected(simulator)).initialised()
    await client.close()
    stop.set()
    await served
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", simulator.port)


async def test_port_that_is_taken_is_said_so(simulator: Simulator) -> None:
    with pytest.raises(errors.PortTaken, match=str(simulator.port)):
        await main.serve(port=simulator.port, chats=3, days=1, stop=asyncio.Event())


async def test_cut_connections_come_back_only_after_the_network_does(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    simulator.faults.cut(3600)
    assert await client.is_closed_by_server()
    await client.connect()
    assert await client.is_closed_by_server()
    simulator.faults.clear()
    await client.connect()
    assert isinstance(await client.call(NEAREST), types.NearestDc)


async def test_stalled_connection_goes_on_where_it_was(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    simulator.faults.stall(0.3)
    began = asyncio.get_running_loop().time()
    assert isinstance(await client.call(NEAREST), types.NearestDc)
    assert asyncio.get_running_loop().time() - began >= 0.25


async def test_handlers_defect_is_kept_and_the_connection_lives(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    simulator.world.find = None  # type: ignore[method-assign,assignment]
    simulator.router._handlers[functions.help.GetSupportRequest] = lambda ctx, request: ctx.world.find()
    assert (await client.call(functions.help.GetSupportRequest())).error_code == 500
    assert "help.getSupport" in simulator.failures[0]
    assert isinstance(await client.call(NEAREST), types.NearestDc)


async def test_world_and_password_survive_a_restart(start_simulator: StartSimulator, tmp_path: Path) -> None:
    first = await start_simulator(state_dir=tmp_path)
    client = telethon_client(first)
    user = await telethon_sign_in(client, first)
    assert await client.edit_2fa(new_password="kept")
    chat = first.world.chats_of("supergroup")[0]
    posted = first.world.post(chat, first.world.owner(chat), "still here")
    await client.disconnect()
    await first.stop()

    second = await start_simulator(state_dir=tmp_path)
    message = second.world.chats[chat.peer].message(posted.id)
    assert message is not None
    assert message.text == "still here"
    verifier = second.logins.verifier(second.world.users[user.id])
    assert verifier is not None


async def test_second_simulator_on_a_state_directory_is_refused_and_spoils_nothing(
    start_simulator: StartSimulator, tmp_path: Path
) -> None:
    first = await start_simulator(state_dir=tmp_path)
    with pytest.raises(errors.AlreadyRunning, match=rf"Another simulator runs on {tmp_path}; .* --state\.$"):
        Simulator(chats=3, state_dir=tmp_path)
    chat = first.world.chats_of("supergroup")[0]
    posted = first.world.post(chat, first.world.owner(chat), "after the refusal")
    await first.stop()
    second = await start_simulator(state_dir=tmp_path)
    assert second.world.chats[chat.peer].message(posted.id) is not None


async def test_client_that_does_not_read_is_told_that_it_missed_too_much(simulator: Simulator) -> None:
    helper = telethon_client(simulator)
    user = await telethon_sign_in(helper, simulator)
    key = helper.session.auth_key.key
    await helper.disconnect()
    client = await (await WireClient.connected(simulator, key=key)).initialised()
    await client.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    await client.close()
    await until(lambda: not simulator.hub.connections)
    for number in range(1000):
        simulator.world.push(user.id, types.Updates([], [], [], number, 0))
    await client.connect()
    client.send(functions.PingRequest(1))
    await client.wait_for(types.UpdatesTooLong)
