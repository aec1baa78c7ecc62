"""Sessions, salts, keys and time: what a server may do to a client that did nothing wrong, and what it notes."""

from __future__ import annotations

import os
import struct
import time
from hashlib import sha1
from typing import Any

import cryptg
import pytest
from telethon import events
from telethon.tl import functions, types
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in, until
from tests.simulator.wire_client import WireClient, init, signed_in

from heliograph.simulator.server import Simulator
from heliograph.simulator.wire import binding, handshake

STATE = functions.updates.GetStateRequest()


@pytest.fixture
async def client(simulator: Simulator) -> WireClient:
    return await signed_in(simulator)


async def test_new_session_is_announced_without_a_reconnection(simulator: Simulator, client: WireClient) -> None:
    sessions = simulator.hub.sessions()
    assert simulator.faults.new_session(user_id=client.user_id) == 1
    announced = await client.wait_for(types.NewSessionCreated)
    assert announced.server_salt == client.salt
    assert simulator.hub.sessions() == sessions
    assert isinstance(await client.call(STATE), types.updates.State)


async def test_changed_salt_is_refused_with_the_new_one(simulator: Simulator, client: WireClient) -> None:
    old = client.salt
    assert simulator.faults.change_salt(user_id=client.user_id) == 1
    refused = client.send(STATE)
    notice = await client.wait_for(types.BadServerSalt)
    assert (notice.bad_msg_id, notice.error_code) == (refused, 48)
    assert notice.new_server_salt != old
    client.salt = notice.new_server_salt
    assert isinstance(await client.call(STATE), types.updates.State)
    client.send(functions.GetFutureSaltsRequest(2))
    assert (await client.wait_for(types.FutureSalts)).salts[0].salt == client.salt


async def test_changed_salt_survives_a_restart(start_simulator: StartSimulator, tmp_path: Any) -> None:
    first = await start_simulator(state_dir=tmp_path)
    client = await signed_in(first)
    first.faults.change_salt()
    await first.stop()
    second = await start_simulator(state_dir=tmp_path, port=first.port)
    await client.connect()
    client.send(STATE)
    await client.wait_for(types.BadServerSalt)
    assert second.world.accounts


async def test_what_is_not_acked_is_sent_again_on_request(simulator: Simulator, client: WireClient) -> None:
    chat = simulator.world.chats_of("supergroup")[0]
    simulator.world.post(chat, next(iter(chat.members)), "Hello")
    first = await client.next(lambda message: b"Hello" in message.body)
    simulator.faults.resend_unacked(user_id=client.user_id)
    again = await client.next(lambda message: b"Hello" in message.body)
    assert again.msg_id == first.msg_id
    client.send(types.MsgsAck([first.msg_id]), seqno=client.seqno(is_content=False))
    await client.settled()
    simulator.faults.resend_unacked(user_id=client.user_id)
    assert not [message for message in await client.settled() if b"Hello" in message.body]


@pytest.mark.parametrize(("hours", "code"), [(1, 16), (-1, 17)])
async def test_jump_of_the_servers_clock_is_told_by_its_own_time(
    simulator: Simulator, client: WireClient, hours: int, code: int
) -> None:
    simulator.faults.shift_clock(3600 * hours)
    client.send(STATE)
    notice = await client.next(lambda message: message.body[:4] == _head(types.BadMsgNotification))
    assert notice.read().error_code == code
    offset = (notice.msg_id >> 32) - time.time()
    assert abs(offset - 3600 * hours) < 60
    client._last_id = 0
    # Another session, as clients begin one after such a notice, with the time that it told, and the salt of that hour.
    client.session_id += 1
    refused = client.send(STATE, msg_id=client.message_id(offset=offset), seqno=1)
    salted = [m for m in await _until_answered(client, refused, offset) if m.body[:4] == _head(types.BadServerSalt)]
    client.salt = salted[0].read().new_server_salt if salted else client.salt
    answer = await client.result(client.send(STATE, msg_id=client.message_id(offset=offset), seqno=3), STATE)
    assert abs(answer.date.timestamp() - simulator.now()) < 60
    simulator.faults.clear()
    assert abs(simulator.now() - time.time()) < 60


async def _until_answered(client: WireClient, msg_id: int, offset: float) -> list[Any]:
    """Wait until a message was refused or answered; returns which."""
    found = await client.next(
        lambda m: m.body[:4] == _head(types.BadServerSalt) or m.body[4:12] == struct.pack("<q", msg_id)
    )
    return [found]


async def test_two_programs_with_one_key_are_noted_and_a_reconnection_is_not(
    simulator: Simulator, client: WireClient
) -> None:
    other = await (await WireClient.connected(simulator, key=client.key)).initialised()
    await other.call(STATE)
    await other.call(STATE)
    assert simulator.violations == []
    await client.call(STATE)
    (noted,) = simulator.violations
    assert "by two connections at once" in noted


async def test_file_connection_beside_the_main_one_is_not_noted(simulator: Simulator, client: WireClient) -> None:
    side = await (await WireClient.connected(simulator, key=client.key)).initialised()
    place = types.InputDocumentFileLocation(1, 2, b"", "")
    for _ in range(2):
        await side.call(functions.upload.GetFileRequest(place, 0, 4096))
        await client.call(STATE)
    assert simulator.violations == []


async def test_key_of_two_programs_dies_if_wanted(simulator: Simulator, client: WireClient) -> None:
    simulator.faults.kill_duplicates()
    other = await (await WireClient.connected(simulator, key=client.key)).initialised()
    await other.call(STATE)
    for each in (client, other):
        answer = await each.call(STATE)
        assert (answer.error_code, answer.error_message) == (406, "AUTH_KEY_DUPLICATED")
    answer = await other.call(init(functions.auth.SendCodeRequest("+1", 1, "", types.CodeSettings())))
    assert answer.error_message == "AUTH_KEY_DUPLICATED"


@pytest.mark.parametrize("fault", ["new_session", "change_salt", "forward", "back", "cut"])
async def test_telethon_goes_on_after_it(simulator: Simulator, fault: str) -> None:
    client = telethon_client(simulator, connection_retries=10, retry_delay=0)
    me = await telethon_sign_in(client, simulator)
    if fault in ("forward", "back"):
        simulator.faults.shift_clock(3600 if fault == "forward" else -3600)
    else:
        getattr(simulator.faults, fault)(user_id=me.id)
        await until(client.is_connected)
    assert (await client.get_me()).id == me.id
    heard: list[int] = []
    client.add_event_handler(lambda event: _hear(heard, event), events.NewMessage())
    chat = simulator.world.chats_of("supergroup")[0]
    message = simulator.world.post(chat, next(iter(chat.members)), "Hello")
    await until(lambda: heard == [message.id])
    await client.disconnect()
    assert not simulator.failures


async def _hear(heard: list[int], event: Any) -> None:
    heard.append(event.message.id)


# -- temporary keys


async def test_temporary_key_stands_for_the_permanent_one_once_it_is_bound(
    simulator: Simulator, client: WireClient
) -> None:
    temporary = await _temporary(simulator)
    assert (await temporary.call(STATE)).error_message == "AUTH_KEY_PERM_EMPTY"
    expires_at = int(time.time()) + 600
    assert await _bind(temporary, client.key, expires_at) is True
    assert isinstance(await temporary.call(STATE), types.updates.State)
    chat = simulator.world.chats_of("supergroup")[0]
    simulator.world.post(chat, next(iter(chat.members)), "Hello")
    assert await temporary.next(lambda message: b"Hello" in message.body)
    simulator.faults.revoke(client.user_id)
    assert (await temporary.call(STATE)).error_message == "SESSION_REVOKED"


@pytest.mark.parametrize("wrong", ["key", "session", "expiry", "nonce", "temporary", "message", "hash"])
async def test_binding_that_does_not_prove_itself_is_refused(
    simulator: Simulator, client: WireClient, wrong: str
) -> None:
    temporary = await _temporary(simulator)
    answer = await _bind(temporary, client.key, int(time.time()) + 600, wrong=wrong)
    assert (answer.error_code, answer.error_message) == (400, "ENCRYPTED_MESSAGE_INVALID")


async def test_temporary_key_is_unknown_after_its_time(simulator: Simulator, client: WireClient) -> None:
    temporary = await _temporary(simulator)
    await _bind(temporary, client.key, int(time.time()) + 60)
    simulator.faults.shift_clock(61)
    temporary.send(STATE)
    assert struct.unpack("<i", await temporary.packet()) == (-404,)
    assert await temporary.is_closed_by_server()


async def test_dropped_temporary_keys_are_forgotten(simulator: Simulator, client: WireClient) -> None:
    temporary = await _temporary(simulator)
    await _bind(temporary, client.key, int(time.time()) + 600)
    assert await client.call(functions.auth.DropTempAuthKeysRequest([_number(temporary.key)])) is True
    assert isinstance(await temporary.call(STATE), types.updates.State)
    assert await client.call(functions.auth.DropTempAuthKeysRequest([])) is True
    temporary.send(STATE)
    assert struct.unpack("<i", await temporary.packet()) == (-404,)


async def _temporary(simulator: Simulator) -> WireClient:
    """A client whose key was agreed on for some time only."""
    key = os.urandom(256)
    agreed = handshake.Agreed(key=key, key_id=sha1(key).digest()[-8:], first_salt=1, expires_in=600)
    simulator.hub.keys.add(agreed, simulator.now())
    return await (await WireClient.connected(simulator, key=key)).initialised()


async def _bind(client: WireClient, permanent: bytes, expires_at: int, *, wrong: str = "") -> Any:
    nonce, msg_id = 77, client.message_id()
    inner = struct.pack(
        "<IqQQqi",
        binding.INNER,
        nonce + (wrong == "nonce"),
        _number(client.key, signed=False) ^ (wrong == "temporary"),
        _number(permanent, signed=False),
        client.session_id ^ (wrong == "session"),
        expires_at + (wrong == "expiry"),
    )
    plain = os.urandom(16) + struct.pack("<qii", msg_id + 4 * (wrong == "message"), 0, len(inner)) + inner
    message_key = sha1(plain + b"x" * (wrong == "hash")).digest()[4:20]
    used = os.urandom(256) if wrong == "key" else permanent
    padded = plain + os.urandom(-len(plain) % 16)
    encrypted = sha1(permanent).digest()[-8:] + message_key + cryptg.encrypt_ige(padded, *_aes(used, message_key))
    request = functions.auth.BindTempAuthKeyRequest(_number(permanent), nonce, expires_at, encrypted)  # type: ignore[arg-type]
    return await client.result(client.send(request, msg_id=msg_id), request)


def _aes(key: bytes, message_key: bytes) -> tuple[bytes, bytes]:
    """The older key derivation, as core.telegram.org/mtproto/description_v1 has it for a client's message."""
    a = sha1(message_key + key[0:32]).digest()
    b = sha1(key[32:48] + message_key + key[48:64]).digest()
    c = sha1(key[64:96] + message_key).digest()
    d = sha1(message_key + key[96:128]).digest()
    return a[0:8] + b[8:20] + c[4:16], a[8:20] + b[0:8] + c[16:20] + d[0:8]


def _number(key: bytes, *, signed: bool = True) -> int:
    return int.from_bytes(sha1(key).digest()[-8:], "little", signed=signed)


def _head(kind: Any) -> bytes:
    return struct.pack("<I", kind.CONSTRUCTOR_ID)
