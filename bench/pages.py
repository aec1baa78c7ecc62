"""A client that only pages history: requests go out ahead, answers are decrypted and counted but not decoded.

It must cost less than the server it measures, so a message's length and kind are read and nothing else of it.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any

import cryptg
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked, MessageContainer

AHEAD = 4
"""Requests that one connection has on their way."""
DEADLINE_SECONDS = 60.0
_RESULT, _VECTOR = 0xF35C6D01, 0x1CB5C415
_CONTENT = struct.Struct("<qqqii")
_NESTED = struct.Struct("<qii")


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where to connect, and the key of a signed-in account."""

    port: int
    key: bytes


class Pager:
    """One connection with a session of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key_id = sha1(server.key, usedforsecurity=False).digest()[-8:]
        self._session = os.urandom(8)
        self._salt = self._last_id = self._content = 0
        self._unacknowledged: list[int] = []

    async def connect(self) -> None:
        """Connect, learn the salt and say which layer is spoken."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port, limit=1 << 22)
        self._writer.write(b"\xef")
        self._send(functions.PingRequest(1)._bytes())
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self._salt:
                for body in await self._receive():
                    if body[:4] == struct.pack("<I", types.BadServerSalt.CONSTRUCTOR_ID):
                        (self._salt,) = struct.unpack("<q", body[-8:])
        self._send(_first(functions.help.GetConfigRequest())._bytes())
        await self._results(1)

    async def close(self) -> None:
        """Disconnect."""
        self._writer.close()
        await self._writer.wait_closed()

    async def fetch(self, requests: Iterator[bytes]) -> int:
        """Send requests, a few ahead of their answers, until there are none; return how many messages came."""
        on_way = messages = 0
        is_over = False
        while not is_over or on_way:
            while not is_over and on_way < AHEAD:
                request = next(requests, None)
                is_over = request is None
                if request is not None:
                    self._send(request)
                    on_way += 1
            answers = await self._results(1) if on_way else []
            on_way -= len(answers)
            messages += sum(map(count, answers))
        return messages

    async def _results(self, least: int) -> list[bytes]:
        """Return the next answers, at least so many."""
        found: list[bytes] = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(found) < least:
                found += [body[12:] for body in await self._receive() if body[:4] == struct.pack("<I", _RESULT)]
        return found

    def _send(self, body: bytes) -> None:
        if self._unacknowledged:
            acknowledged = types.MsgsAck(self._unacknowledged)._bytes()
            self._unacknowledged = []
            self._frame(acknowledged, self._content * 2)
        self._content += 1
        self._frame(body, self._content * 2 - 1)

    def _frame(self, body: bytes, seqno: int) -> None:
        self._last_id = max(self._last_id + 4, int(time.time() * (1 << 32)) & ~3)
        (session,) = struct.unpack("<q", self._session)
        plain = _CONTENT.pack(self._salt, session, self._last_id, seqno, len(body)) + body
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        message_key = sha256(self._server.key[88:120] + plain).digest()[8:24]
        aes = MTProtoState._calc_key(self._server.key, message_key, True)
        packet = self._key_id + message_key + cryptg.encrypt_ige(plain, *aes)
        words = len(packet) // 4
        self._writer.write((bytes((words,)) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")) + packet)

    async def _receive(self) -> list[bytes]:
        """Return the bodies of the next packet's messages."""
        (words,) = await self._reader.readexactly(1)
        if words == 0x7F:
            words = int.from_bytes(await self._reader.readexactly(3), "little")
        packet = await self._reader.readexactly(words * 4)
        aes = MTProtoState._calc_key(self._server.key, packet[8:24], False)
        plain = cryptg.decrypt_ige(packet[24:], *aes)
        _, _, msg_id, seqno, length = _CONTENT.unpack_from(plain)
        return list(self._opened(msg_id, seqno, plain[32 : 32 + length]))

    def _opened(self, msg_id: int, seqno: int, body: bytes) -> Iterator[bytes]:
        if body[:4] != struct.pack("<I", MessageContainer.CONSTRUCTOR_ID):
            if seqno % 2:
                self._unacknowledged.append(msg_id)
            yield body
            return
        position = 8
        for _ in range(struct.unpack_from("<i", body, 4)[0]):
            msg_id, seqno, length = _NESTED.unpack_from(body, position)
            yield from self._opened(msg_id, seqno, body[position + 16 : position + 16 + length])
            position += 16 + length


def history(peer: Any, newest: int, page: int = 100) -> Iterator[bytes]:
    """Yield the requests for a chat's whole history, oldest first as the crawler asks for it."""
    for above in range(0, newest, page):
        # Without the upper bound a page would reach beyond its ids when some of them are deleted.
        yield functions.messages.GetHistoryRequest(
            peer=peer,
            offset_id=above + 1,
            offset_date=None,
            add_offset=-page,
            limit=page,
            max_id=above + page + 1,
            min_id=above,
            hash=0,
        )._bytes()


def count(answer: bytes) -> int:
    """Return how many messages a messages.channelMessages holds. Raises ValueError for any other answer."""
    if answer[:4] == struct.pack("<I", GzipPacked.CONSTRUCTOR_ID):
        # A TL string: one length byte below 254, or 254 and three.
        start = 8 if answer[4] == 254 else 5
        answer = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(answer[start:])
    constructor, flags = struct.unpack_from("<II", answer)
    place = 20 if flags & 4 else 16
    if constructor != types.messages.ChannelMessages.CONSTRUCTOR_ID:
        raise ValueError(f"the server answered {constructor:#x}")
    vector, messages = struct.unpack_from("<Ii", answer, place)
    if vector != _VECTOR:
        raise ValueError("the answer is not a list of messages")
    return int(messages)


async def fetch_all(server: Server, requests: Sequence[bytes], connections: int) -> int:
    """Fetch everything over several connections; return how many messages came."""
    pagers = [Pager(server) for _ in range(connections)]
    for pager in pagers:
        await pager.connect()
    shared = iter(requests)
    try:
        return sum(await asyncio.gather(*(pager.fetch(shared) for pager in pagers)))
    finally:
        for pager in pagers:
            await pager.close()


def _first(request: Any) -> Any:
    """Wrap a request as the first one of a connection is."""
    inner = functions.InitConnectionRequest(
        api_id=1,
        device_model="bench",
        system_version="1",
        app_version="1",
        system_lang_code="en",
        lang_pack="",
        lang_code="en",
        query=request,
    )
    # Side connections of one key take no updates: two that do would look like two programs with one session.
    return functions.InvokeWithLayerRequest(LAYER, functions.InvokeWithoutUpdatesRequest(inner))
