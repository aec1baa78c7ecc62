"""Every framing that clients use, spoken by the two libraries' own implementations."""

from __future__ import annotations

import asyncio
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from pyrogram.connection.transport.tcp import (
    TCPAbridged,
    TCPAbridgedO,
    TCPFull,
    TCPIntermediate,
    TCPIntermediateO,
    TCPIntermediatePadded,
)
from telethon import connection as telethon_connections
from telethon.tl import functions, types
from tests.fixtures.simulator import kurigram_client, telethon_client
from tests.simulator.wire_client import WireClient

from heliograph.simulator.server import Simulator
from heliograph.simulator.wire import transport


@pytest.mark.parametrize(
    ("connection", "framing"),
    [
        (telethon_connections.ConnectionTcpFull, "Full"),
        (telethon_connections.ConnectionTcpAbridged, "Abridged"),
        (telethon_connections.ConnectionTcpIntermediate, "Intermediate"),
        (telethon_connections.ConnectionTcpObfuscated, "ObfuscatedAbridged"),
    ],
)
async def test_telethon_speaks_each_of_its_transports(simulator: Simulator, connection: type, framing: str) -> None:
    client = telethon_client(simulator, connection=connection)
    await client.connect()
    assert {open_connection.framing for open_connection in simulator.hub.connections} == {framing}
    assert isinstance(await client(functions.help.GetConfigRequest()), types.Config)
    await client.disconnect()
    assert not simulator.violations


@pytest.mark.parametrize(
    ("protocol", "framing"),
    [
        (TCPFull, "Full"),
        (TCPAbridged, "Abridged"),
        (TCPAbridgedO, "ObfuscatedAbridged"),
        (TCPIntermediate, "Intermediate"),
        (TCPIntermediateO, "ObfuscatedIntermediate"),
        (TCPIntermediatePadded, "PaddedIntermediate"),
    ],
)
async def test_kurigram_speaks_each_of_its_transports(
    simulator: Simulator, tmp_path: Path, protocol: Any, framing: str
) -> None:
    from pyrogram import raw

    client = kurigram_client(simulator, tmp_path, protocol_factory=protocol)
    await client.connect()
    assert framing in {open_connection.framing for open_connection in simulator.hub.connections}
    assert isinstance(await client.invoke(raw.functions.help.GetConfig()), raw.types.Config)
    await client.disconnect()
    assert not simulator.violations


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_packets_are_found_however_the_stream_is_cut(chunk: int) -> None:
    payloads = [os.urandom(4 * size) for size in (5, 126, 127, 3000)]
    stream = b"\xef" + b"".join(transport.Abridged().frame(payload) for payload in payloads)
    channel = transport.Channel()
    found = [packet for at in range(0, len(stream), chunk) for packet in channel.feed(stream[at : at + chunk])]
    assert [packet.payload for packet in found] == payloads


def test_full_transport_refuses_a_wrong_checksum_and_a_repeated_number() -> None:
    good = transport.Full().frame(bytes(20))
    with pytest.raises(transport.TransportBroken, match="checksum"):
        transport.Channel().feed(good[:-1] + bytes([good[-1] ^ 1]))
    channel = transport.Channel()
    channel.feed(good)
    with pytest.raises(transport.TransportBroken, match="sequence"):
        channel.feed(good)


def test_length_beyond_any_message_is_refused() -> None:
    with pytest.raises(transport.TransportBroken):
        transport.Channel().feed(b"\xee" * 4 + struct.pack("<I", 0x7FFFFFFF))


async def test_quick_ack_comes_only_when_it_was_asked_for(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    frames: list[bytes] = []
    client._frame = frames.append  # type: ignore[method-assign]
    client.send(functions.PingRequest(1))
    client.send(functions.PingRequest(2))
    reader, writer = await asyncio.open_connection(simulator.host, simulator.port)
    plain, asking = frames
    writer.write(b"\xee" * 4 + struct.pack("<I", len(plain)) + plain)
    writer.write(struct.pack("<I", len(asking) | 0x80000000) + asking)
    words = []
    async with asyncio.timeout(10):
        while len(words) < 2 or not any(word & 0x80000000 for word in words):
            (word,) = struct.unpack("<I", await reader.readexactly(4))
            words.append(word)
            if not word & 0x80000000:
                await reader.readexactly(word)
    assert sum(1 for word in words if word & 0x80000000) == 1
    writer.close()


def test_crc_is_the_one_of_the_specification() -> None:
    framed = transport.Full().frame(b"abcd" * 5)
    assert struct.unpack("<I", framed[-4:])[0] == zlib.crc32(framed[:-4])
