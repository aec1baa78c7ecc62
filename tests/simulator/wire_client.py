"""A bare MTProto client for tests: every salt, id, number and byte is the test's own choice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import time
from collections.abc import Callable
from hashlib import sha1, sha256
from typing import Any

import cryptg
from telethon.errors import SecurityError
from telethon.extensions import BinaryReader
from telethon.network import authenticator
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked, MessageContainer
from telethon.tl.tlobject import TLObject
from tests.fixtures.simulator import PHONE, telethon_client, telethon_sign_in

from heliograph.simulator.server import Simulator

DEADLINE = 30.0
_QUIET = {struct.pack("<I", kind.CONSTRUCTOR_ID) for kind in (types.MsgsAck, types.Pong)}


class Received:
    """One server message, taken out of its container."""

    def __init__(self, msg_id: int, seqno: int, body: bytes) -> None:
        self.msg_id, self.seqno, self.body = msg_id, seqno, body
        self.is_gzipped = False

    def read(self) -> Any:
        return BinaryReader(self.body).tgread_object()


class WireClient:
    """An abridged connection with an auth key, a session and no opinions."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.key = b""
        self.session_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self.salt = 0
        self.user_id = 0
        self.inbox: list[Received] = []
        self._content = 0
        self._last_id = 0
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def connected(cls, simulator: Simulator, *, key: bytes = b"") -> WireClient:
        client = cls(simulator)
        await client.connect()
        client.key = key or await client._make_key()
        return client

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self.simulator.host, self.simulator.port)
        self._writer.write(b"\xef")

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def initialised(self) -> WireClient:
        """Get a valid salt and tell the server our layer."""
        self.salt = (await self.wait_for(types.BadServerSalt, self.send(functions.PingRequest(1)))).new_server_salt
        await self.call(init(functions.help.GetConfigRequest()))
        return self

    # -- sending

    def message_id(self, *, offset: float = 0) -> int:
        self._last_id = max(self._last_id + 4, int((time.time() + offset) * (1 << 32)) & ~3)
        return self._last_id

    def seqno(self, *, is_content: bool = True) -> int:
        number = self._content * 2 + is_content
        self._content += is_content
        return number

    def send(self, request: Any, *, msg_id: int | None = None, seqno: int | None = None) -> int:
        """Send one message and return its id."""
        body = request if isinstance(request, bytes) else request._bytes()
        msg_id = self.message_id() if msg_id is None else msg_id
        seqno = self.seqno() if seqno is None else seqno
        plain = struct.pack("<qqqii", self.salt, self.session_id, msg_id, seqno, len(body)) + body
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        message_key = sha256(self.key[88:120] + plain).digest()[8:24]
        aes = MTProtoState._calc_key(self.key, message_key, True)
        self._frame(_key_id(self.key) + message_key + cryptg.encrypt_ige(plain, *aes))
        return msg_id

    def send_container(self, *requests: Any) -> list[int]:
        """Send requests in one container and return their ids."""
        inner, ids = b"", []
        for request in requests:
            body = request if isinstance(request, bytes) else request._bytes()
            ids.append(self.message_id())
            inner += struct.pack("<qii", ids[-1], self.seqno(), len(body)) + body
        head = struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(requests))
        self.send(head + inner, seqno=self.seqno(is_content=False))
        return ids

    async def call(self, request: Any) -> Any:
        """Send a request and return its result; an rpc_error comes back as that object."""
        return await self.result(self.send(request), request)

    # -- receiving

    async def result(self, msg_id: int, request: Any = None) -> Any:
        def matches(message: Received) -> bool:
            return message.body[:12] == struct.pack("<Iq", 0xF35C6D01, msg_id)

        body = (await self.next(matches)).body[12:]
        if body[:4] == struct.pack("<I", GzipPacked.CONSTRUCTOR_ID):
            body = GzipPacked.read(BinaryReader(body))
        if body[:4] == struct.pack("<I", types.RpcError.CONSTRUCTOR_ID):
            return BinaryReader(body).tgread_object()
        return request.read_result(BinaryReader(body)) if request is not None else body

    async def wait_for(self, kind: type[TLObject], *_: Any) -> Any:
        """Return the next object of this type."""
        head = struct.pack("<I", kind.CONSTRUCTOR_ID)
        return (await self.next(lambda message: message.body[:4] == head)).read()

    async def next(self, matches: Callable[[Received], bool]) -> Received:
        """Return (and take) the first message that matches; others stay."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for message in self.inbox:
                    if matches(message):
                        self.inbox.remove(message)
                        return message
                self.inbox += self._open(await self.packet())

    async def settled(self) -> list[Received]:
        """Return (and take) whatever the server has sent until now besides the answer to a ping."""
        ping = int.from_bytes(os.urandom(7), "little")
        self.send(functions.PingRequest(ping))
        pong = struct.pack("<I", types.Pong.CONSTRUCTOR_ID)
        await self.next(lambda message: message.body[:4] == pong and message.read().ping_id == ping)
        found, self.inbox = self.inbox, []
        return [message for message in found if message.body[:4] not in _QUIET]

    async def packet(self) -> bytes:
        (words,) = await self._reader.readexactly(1)
        if words == 0x7F:
            words = int.from_bytes(await self._reader.readexactly(3), "little")
        return await self._reader.readexactly(words * 4)

    async def is_closed_by_server(self) -> bool:
        async with asyncio.timeout(DEADLINE):
            try:
                while await self._reader.read(4096):
                    pass
            except ConnectionError:
                pass
        return True

    def _open(self, packet: bytes) -> list[Received]:
        assert packet[:8] == _key_id(self.key), packet
        plain = cryptg.decrypt_ige(packet[24:], *MTProtoState._calc_key(self.key, packet[8:24], False))
        assert sha256(self.key[96:128] + plain).digest()[8:24] == packet[8:24]
        _, session_id, msg_id, seqno, length = struct.unpack_from("<qqqii", plain)
        assert session_id == self.session_id
        assert msg_id % 4 in (1, 3)
        return list(_contained(Received(msg_id, seqno, plain[32 : 32 + length])))

    # -- the handshake, by Telethon's authenticator

    async def _make_key(self) -> bytes:
        telethon_client(self.simulator)
        while True:
            # Telethon drops a new key's leading zero byte, so that one exchange in 256 fails; its client tries again.
            with contextlib.suppress(SecurityError):
                auth_key, _ = await authenticator.do_authentication(_Plain(self))
                return bytes(auth_key.key)

    def _frame(self, payload: bytes) -> None:
        words = len(payload) // 4
        head = bytes((words,)) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")
        self._writer.write(head + payload)


async def signed_in(simulator: Simulator, phone: str = PHONE) -> WireClient:
    """A bare client with the key of somebody who has signed in, and to whom updates go."""
    helper = telethon_client(simulator)
    await helper.connect()
    user = await telethon_sign_in(helper, simulator, phone)
    key = helper.session.auth_key.key
    await helper.disconnect()
    client = await (await WireClient.connected(simulator, key=key)).initialised()
    client.user_id = user.id
    await client.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    await client.settled()
    return client


class _Plain:
    def __init__(self, client: WireClient) -> None:
        self._client = client

    async def send(self, request: Any) -> Any:
        body = bytes(request)
        self._client._frame(struct.pack("<qqi", 0, self._client.message_id(), len(body)) + body)
        return BinaryReader((await self._client.packet())[20:]).tgread_object()


def init(request: Any, *, api_id: int = 1, layer: int = LAYER) -> Any:
    """Wrap a request as the first one of a connection is."""
    inner = functions.InitConnectionRequest(
        api_id=api_id,
        device_model="test",
        system_version="1",
        app_version="1",
        system_lang_code="en",
        lang_pack="",
        lang_code="en",
        query=request,
    )
    wrapped = functions.InvokeWithLayerRequest(layer, inner)
    wrapped.read_result = request.read_result
    return wrapped


def _contained(message: Received) -> Any:
    if message.body[:4] != struct.pack("<I", MessageContainer.CONSTRUCTOR_ID):
        yield message
        return
    (count,) = struct.unpack_from("<i", message.body, 4)
    position = 8
    for _ in range(count):
        msg_id, seqno, length = struct.unpack_from("<qii", message.body, position)
        yield Received(msg_id, seqno, message.body[position + 16 : position + 16 + length])
        position += 16 + length


def _key_id(key: bytes) -> bytes:
    return sha1(key).digest()[-8:]
