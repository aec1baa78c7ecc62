"""MTProto as a client without manners meets it: salts, ids, containers, acks, resends."""

from __future__ import annotations

import asyncio
import os
import random
import struct
import zlib
from typing import Any

import pytest
from telethon.tl import functions, types
from telethon.tl.tlobject import TLObject
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in, until
from tests.simulator.wire_client import WireClient, init

from heliograph.simulator import rpc
from heliograph.simulator.server import Simulator

UNKNOWN_METHOD = struct.pack("<I", 0x0BADF00D)


NEAREST = functions.help.GetNearestDcRequest()


async def test_wrong_salt_is_corrected_and_then_the_session_is_announced(simulator: Simulator) -> None:
    client = await WireClient.connected(simulator)
    msg_id = client.send(functions.PingRequest(7))
    refused = await client.wait_for(types.BadServerSalt)
    assert (refused.bad_msg_id, refused.error_code) == (msg_id, 48)

    client.salt = refused.new_server_salt
    second = client.send(functions.PingRequest(8))
    created = await client.wait_for(types.NewSessionCreated)
    assert (created.first_msg_id, created.server_salt) == (second, client.salt)
    assert (await client.wait_for(types.Pong)).ping_id == 8


async def test_future_salts_begin_with_the_present_one(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    msg_id = client.send(functions.GetFutureSaltsRequest(3))
    answer = await client.wait_for(types.FutureSalts)
    assert answer.req_msg_id == msg_id
    assert answer.salts[0].salt == client.salt
    assert len({salt.salt for salt in answer.salts}) == 3


@pytest.mark.parametrize(("offset", "code"), [(-400, 16), (60, 17)])
async def test_message_from_another_time_is_refused_with_the_servers_time(
    simulator: Simulator, offset: float, code: int
) -> None:
    client = await WireClient.connected(simulator)
    msg_id = client.send(functions.PingRequest(1), msg_id=WireClient(simulator).message_id(offset=offset))
    notice = await client.wait_for(types.BadMsgNotification)
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"msg_id": 2}, 18), ({"seqno": 100}, 35), ({"seqno": 1}, 32)],
    ids=["id not divisible by four", "even number for a request", "number that was used"],
)
async def test_malformed_ids_and_numbers_are_refused(simulator: Simulator, change: dict[str, int], code: int) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    if "msg_id" in change:
        change = {"msg_id": client.message_id() + change["msg_id"]}
    msg_id = client.send(NEAREST, **change)
    notice = await client.wait_for(types.BadMsgNotification)
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, code)
    assert str(code) in simulator.violations[-1]


async def test_unknown_method_answers_alone_and_does_not_fail_its_container(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    first, unknown, last = client.send_container(NEAREST, UNKNOWN_METHOD, functions.help.GetConfigRequest())
    assert isinstance(await client.result(first, NEAREST), types.NearestDc)
    error = await client.result(unknown)
    assert (error.error_code, error.error_message) == (400, "METHOD_NOT_IMPLEMENTED")
    assert isinstance(await client.result(last, functions.help.GetConfigRequest()), types.Config)


async def test_unknown_constructor_inside_a_known_method_is_a_bad_request(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    body = functions.users.GetUsersRequest([types.InputUserSelf()])._bytes()
    error = await client.result(client.send(body.replace(types.InputUserSelf()._bytes(), UNKNOWN_METHOD)))
    assert error.error_code == 400


async def test_broken_container_is_refused(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    client.send(
        struct.pack("<Iiqii", 0x73F1F8DC, 1, client.message_id(), 0, 4000), seqno=client.seqno(is_content=False)
    )
    assert (await client.wait_for(types.BadMsgNotification)).error_code == 64


@pytest.mark.parametrize("bits", [31, 15], ids=["gzip", "zlib"])
async def test_packed_requests_are_understood_also_inside_containers(simulator: Simulator, bits: int) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    packed = _packed(NEAREST._bytes(), bits)
    assert isinstance(await client.result(client.send(packed), NEAREST), types.NearestDc)
    for msg_id in client.send_container(packed, packed):
        assert isinstance(await client.result(msg_id, NEAREST), types.NearestDc)


async def test_answers_of_the_chosen_size_are_packed(start_simulator: StartSimulator) -> None:
    simulator = await start_simulator(gzip_bytes=range(64, 4096))
    client = await (await WireClient.connected(simulator)).initialised()
    client.send(functions.help.GetConfigRequest())
    message = await client.next(lambda m: m.body[:4] == struct.pack("<I", 0xF35C6D01))
    assert message.body[12:16] == struct.pack("<I", 0x3072CFA1)


async def test_repeated_request_is_answered_again_but_runs_once(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    request = functions.auth.SendCodeRequest("+358401234567", 1, "a", types.CodeSettings())
    seqno = client.seqno()
    msg_id = client.send(request, seqno=seqno)
    first = await client.result(msg_id, request)
    client.send(request, msg_id=msg_id, seqno=seqno)
    assert (await client.result(msg_id, request)).phone_code_hash == first.phone_code_hash


async def test_states_of_messages_are_told(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    known = client.send(NEAREST)
    await client.result(known)
    asked = client.send(types.MsgsStateReq([known, known + 400]))
    head = struct.pack("<Iq", types.MsgsStateInfo.CONSTRUCTOR_ID, asked)
    info = await client.next(lambda message: message.body[:12] == head)
    assert info.body[12:15] == bytes((2, 20, 1))


async def test_messages_are_resent_on_request(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    msg_id = client.send(NEAREST)
    answer = await client.next(_answers(msg_id))
    client.send(types.MsgResendReq([answer.msg_id]))
    assert (await client.next(_answers(msg_id))).msg_id == answer.msg_id
    client.send(struct.pack("<IIiq", 0x8610BAEB, rpc.VECTOR, 1, msg_id))
    assert (await client.next(_answers(msg_id))).msg_id == answer.msg_id


async def test_dropped_answer_is_not_sent_again(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    msg_id = client.send(NEAREST)
    await client.next(_answers(msg_id))
    drop = functions.RpcDropAnswerRequest(msg_id)
    assert isinstance(await client.call(drop), types.RpcAnswerDropped)
    assert isinstance(await client.call(drop), types.RpcAnswerUnknown)


async def test_unknown_key_gets_a_transport_error(simulator: Simulator) -> None:
    client = await WireClient.connected(simulator, key=os.urandom(256))
    client.send(functions.PingRequest(1))
    assert struct.unpack("<i", await client.packet()) == (-404,)


async def test_tampered_message_ends_the_connection(simulator: Simulator) -> None:
    client = await WireClient.connected(simulator)
    client._frame(simulator.hub.keys.all()[0].key_id + os.urandom(16 + 64))
    assert await client.is_closed_by_server()
    assert "message key" in simulator.violations[-1]


async def test_malformed_service_message_ends_only_its_own_connection(simulator: Simulator) -> None:
    good = await (await WireClient.connected(simulator)).initialised()
    bad = await (await WireClient.connected(simulator)).initialised()
    bad.send(struct.pack("<I", types.MsgsAck.CONSTRUCTOR_ID) + bytes(4), seqno=bad.seqno(is_content=False))
    assert await bad.is_closed_by_server()
    assert isinstance(await good.call(NEAREST), types.NearestDc)


@pytest.mark.parametrize("start", [b"", b"\xef", b"\xee" * 4, b"\xdd" * 4, b"GET / HTTP/1.1\r\n"])
async def test_noise_ends_a_connection_and_nothing_else(simulator: Simulator, start: bytes) -> None:
    _, writer = await asyncio.open_connection(simulator.host, simulator.port)
    writer.write(start + random.Random(start).randbytes(4096))
    writer.write_eof()
    await until(lambda: not simulator.hub.connections)
    client = await (await WireClient.connected(simulator)).initialised()
    assert isinstance(await client.call(NEAREST), types.NearestDc)
    writer.close()


async def test_request_waits_for_the_one_that_it_names(simulator: Simulator) -> None:
    client = await (await WireClient.connected(simulator)).initialised()
    good = client.send(NEAREST)
    after_good = functions.InvokeAfterMsgRequest(good, NEAREST)
    assert isinstance(await client.result(client.send(after_good), NEAREST), types.NearestDc)
    bad = client.send(functions.users.GetUsersRequest([]))
    error = await client.result(client.send(functions.InvokeAfterMsgRequest(bad, NEAREST)))
    assert error.error_message == "MSG_WAIT_FAILED"


async def test_connection_must_be_initialised_with_a_valid_application(simulator: Simulator) -> None:
    client = await WireClient.connected(simulator)
    client.send(functions.PingRequest(1))
    client.salt = (await client.wait_for(types.BadServerSalt)).new_server_salt
    assert (await client.call(NEAREST)).error_message == "CONNECTION_NOT_INITED"
    assert (await client.call(init(NEAREST, api_id=0))).error_message == "API_ID_INVALID"
    assert isinstance(await client.call(init(NEAREST)), types.NearestDc)


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


def _packed(data: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return struct.pack("<I", 0x3072CFA1) + TLObject.serialize_bytes(packer.compress(data) + packer.flush())
