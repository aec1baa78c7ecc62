"""The benchmark's client counts what the server really sends: nothing twice, nothing that is no message."""

from __future__ import annotations

import pytest
from telethon.tl import types
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in

from bench import pages
from heliograph.simulator import rpc


async def test_pipelined_pages_bring_every_message_of_a_channel_once(start_simulator: StartSimulator) -> None:
    simulator = await start_simulator(messages=3_000)
    client = telethon_client(simulator)
    await telethon_sign_in(client, simulator)
    seen = [dialog for dialog in await client.get_dialogs() if isinstance(dialog.input_entity, types.InputPeerChannel)]
    key = bytes(client.session.auth_key.key)
    await client.disconnect()
    requests = [r for dialog in seen for r in pages.history(dialog.input_entity, dialog.message.id)]
    served = await pages.fetch_all(pages.Server(port=simulator.port, key=key), requests, 3)
    assert served == sum(simulator.world.chats[dialog.id].alive for dialog in seen) > 1_000
    assert not simulator.violations


def test_an_error_is_not_counted_as_messages() -> None:
    with pytest.raises(ValueError, match="the server answered"):
        pages.count(rpc.serialise(types.RpcError(420, "FLOOD_WAIT_3")))
