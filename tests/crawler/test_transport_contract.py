"""What we lean on inside Telethon 1.45: each test fails when Telethon changes there, so that somebody looks.

The numbers are those of crawler/transport/client.py and of the list that it keeps.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import inspect
import os
import struct
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import telethon
from pydantic import SecretStr
from telethon import TelegramClient
from telethon.crypto import AES, AuthKey
from telethon.errors import TypeNotFoundError
from telethon.network import mtprotosender, mtprotostate
from telethon.tl import functions, types
from telethon.tl.core import MessageContainer, RpcResult, TLMessage

from heliograph import clock, config, errors
from heliograph.crawler.transport import client as clients
from heliograph.crawler.transport import connection, inbox, reader, refusal, session

KEY = bytes(range(256))
SETTINGS = config.Telegram(api_id=1, api_hash=SecretStr("hash"))


def make_client(queue_size: int = 10) -> Any:
    key = session.SessionKey(dc_id=2, address="127.0.0.1", port=1, auth_key=KEY)
    return clients.Client(SETTINGS, key, inbox.Inbox(queue_size, clock.SystemClock()))


def drain(client: Any) -> list[inbox.Incoming]:
    return [client.inbox.get_nowait() for _ in range(client.inbox.qsize())]


def kinds(client: Any) -> list[str]:
    return [each.kind for each in drain(client)]


def server_id(number: int = 0) -> int:
    return (int(time.time() * 2**32) & ~3) + 1 + 4 * number


def from_server(client: Any, body: bytes, message_id: int | None = None) -> bytes:
    """Encrypt a message as the server does."""
    state = client._sender._state
    plain = struct.pack("<qqqii", 0, state.id, message_id or server_id(), 1, len(body)) + body
    plain += os.urandom(-len(plain) % 16 + 16)
    message_key = hashlib.sha256(KEY[96:128] + plain).digest()[8:24]
    aes_key, aes_iv = state._calc_key(KEY, message_key, False)
    return struct.pack("<Q", AuthKey(KEY).key_id) + message_key + AES.encrypt_ige(plain, aes_key, aes_iv)


def container(*bodies: bytes) -> bytes:
    parts = [struct.pack("<qii", server_id(n), 1, len(body)) + body for n, body in enumerate(bodies)]
    return struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(parts)) + b"".join(parts)


def test_telethon_is_the_version_that_this_was_written_for() -> None:
    assert telethon.__version__ == "1.45.0"
    assert reader.LAYER == 229


# 1


async def test_update_loop_of_telethon_never_sees_a_container() -> None:
    client = make_client()
    assert type(client)._update_loop is not TelegramClient._update_loop
    assert "self.loop.create_task(self._update_loop())" in inspect.getsource(TelegramClient.connect)
    await asyncio.wait_for(client._update_loop(), 1)
    await client._sender._handle_update(TLMessage(server_id(), 1, types.UpdatesTooLong()))
    assert kinds(client) == ["container"]


# 2


async def test_sender_puts_containers_into_the_bounded_inbox() -> None:
    client = make_client(queue_size=2)
    assert client._sender._updates_queue is client._updates_queue is client.inbox
    assert "self._updates_queue.put_nowait(message.obj)" in inspect.getsource(mtprotosender)
    for _ in range(5):
        await client._sender._handle_update(TLMessage(server_id(), 1, types.UpdatesTooLong()))
    assert kinds(client) == ["container", "container", "overflow"]


async def test_updates_in_answers_reach_the_inbox_too() -> None:
    client = make_client()
    client._sender._store_own_updates(types.messages.AffectedMessages(pts=5, pts_count=1))
    assert [each.container.update.pts for each in drain(client)] == [5]


# 3


async def test_reconnection_of_telethon_is_off_and_would_report() -> None:
    client = make_client()
    assert client._sender._auto_reconnect is False
    callback = client._sender._auto_reconnect_callback
    assert callback.__func__ is clients.Client._handle_auto_reconnect
    await callback()
    assert kinds(client) == ["reconnected"]


# 4


async def test_nothing_persists_a_cursor_by_timer() -> None:
    for user in (TelegramClient._disconnect_coro, TelegramClient._keepalive_loop):
        assert "self._save_states_and_entities()" in inspect.getsource(user)
    client = make_client()
    await client._save_states_and_entities()
    assert list(client.session.get_update_states()) == []


# 5


async def test_new_session_is_reported_and_its_salt_kept() -> None:
    client = make_client()
    created = types.NewSessionCreated(first_msg_id=1, unique_id=2, server_salt=33)
    await client._sender._process_message(TLMessage(server_id(), 1, created))
    assert kinds(client) == ["new_session"]
    assert client._sender._state.salt == 33


# 6


def test_decryption_that_ours_repeats_has_not_changed() -> None:
    source = inspect.getsource(mtprotostate.MTProtoState.decrypt_message_data)
    assert hashlib.sha256(source.encode()).hexdigest() == DECRYPT_SOURCE
    assert "self._state.decrypt_message_data(body)" in inspect.getsource(mtprotosender.MTProtoSender._recv_loop)


async def test_decryption_agrees_with_telethons() -> None:
    client = make_client()
    state = client._sender._state
    body = from_server(client, bytes(types.UpdatesTooLong()))
    ours = state.decrypt_message_data(body)
    theirs = mtprotostate.MTProtoState(AuthKey(KEY), client._log)
    theirs.id = state.id
    expected = theirs.decrypt_message_data(body)
    assert (ours.msg_id, ours.seq_no, type(ours.obj)) == (expected.msg_id, expected.seq_no, type(expected.obj))
    assert state.decrypt_message_data(body) is None  # a repeated message is ignored by both
    assert theirs.decrypt_message_data(body) is None


async def test_undecodable_container_is_reported_and_refused() -> None:
    client = make_client()
    with pytest.raises(TypeNotFoundError):
        client._sender._state.decrypt_message_data(from_server(client, struct.pack("<I", 0xDEADBEEF)))
    assert kinds(client) == ["undecodable"]


async def test_undecodable_part_does_not_take_its_neighbours_with_it() -> None:
    client = make_client()
    body = container(bytes(types.UpdatesTooLong()), struct.pack("<I", 0xDEADBEEF), bytes(types.UpdatesTooLong()))
    message = client._sender._state.decrypt_message_data(from_server(client, body))
    await client._sender._process_message(message)
    assert kinds(client) == ["container", "undecodable", "container"]


async def test_truncated_part_does_not_take_its_neighbours_with_it() -> None:
    client = make_client()
    cut = bytes(types.UpdateShort(types.UpdateChannelTooLong(5), datetime(2026, 1, 2, tzinfo=UTC)))[:-8]
    message = client._sender._state.decrypt_message_data(
        from_server(client, container(cut, bytes(types.UpdatesTooLong())))
    )
    await client._sender._process_message(message)
    assert kinds(client) == ["undecodable", "container"]


async def test_push_time_is_the_servers() -> None:
    client = make_client()
    sent_at = time.time() - 1.5
    message_id = (int(sent_at * 2**32) & ~3) + 1
    body = from_server(client, bytes(types.UpdatesTooLong()), message_id)
    await client._sender._process_message(client._sender._state.decrypt_message_data(body))
    assert drain(client)[0].pushed_at.timestamp() == pytest.approx(sent_at, abs=0.001)


@pytest.mark.parametrize("skew", [-5.0, 3600.0])
def test_push_time_of_a_wrong_clock_is_the_receipt(skew: float) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert inbox.push_time(int((now.timestamp() - skew) * 2**32), now) == now


async def test_many_pushes_are_acked_before_anything_else_is_sent() -> None:
    client = make_client()
    sender = client._sender
    sender._user_connected, sender._connection = True, Wire()
    sending = asyncio.create_task(sender._send_loop())
    sender._pending_ack.update(range(clients.ACK_AT))
    client._sender._state.decrypt_message_data(from_server(client, bytes(types.UpdatesTooLong())))
    await asyncio.wait_for(sender._connection.sent.wait(), 5)
    assert not sender._pending_ack
    sending.cancel()


class Wire:
    """A connection that only notes that something was sent."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def send(self, data: bytes) -> None:
        self.sent.set()


# 7


async def test_connecting_asks_for_nothing_but_the_configuration() -> None:
    source = inspect.getsource(TelegramClient.connect)
    assert "if self._message_box.is_empty():" in source
    assert "self.session.get_input_entity(0)" in source
    client = make_client()
    assert not client._message_box.is_empty()
    with pytest.raises(ValueError, match="not kept"):
        client.session.get_input_entity(0)


async def test_session_keeps_keys_only() -> None:
    client = make_client()
    client.session.process_entities(types.contacts.ResolvedPeer(None, [types.User(id=1, access_hash=2)], []))
    assert not client.session._entities
    assert session.SessionKey.decode(client.session.key().encode()) == client.session.key()
    assert KEY.hex() not in repr(client.session.key())


# rpc_result


def answered(client: Any, request: Any) -> asyncio.Future[Any]:
    """Make a request count as sent, under message id 9."""
    state = mtprotosender.RequestState(request)
    state.msg_id = 9
    client._sender._pending_state[9] = state
    return state.future


async def test_answer_keeps_the_bytes_of_its_messages() -> None:
    client = make_client()
    message = types.Message(id=1, peer_id=types.PeerChannel(5), date=datetime(2026, 1, 2, tzinfo=UTC), message="x")
    answer = types.messages.Messages(messages=[message], topics=[], chats=[], users=[])
    future = answered(client, functions.messages.GetMessagesRequest([]))
    body = struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, 9) + bytes(answer)
    await client._sender._process_message(client._sender._state.decrypt_message_data(from_server(client, body)))
    assert (await future).messages[0].raw == bytes(message)


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    [
        ("FLOOD_WAIT_42", 420, errors.FloodWait),
        ("FLOOD_PREMIUM_WAIT_3", 420, errors.FloodWait),
        ("AUTH_KEY_UNREGISTERED", 401, errors.SessionEnded),
        ("AUTH_KEY_DUPLICATED", 406, errors.SessionEnded),
        ("USER_DEACTIVATED_BAN", 401, errors.SessionEnded),
        ("CHANNEL_PRIVATE", 406, errors.RpcFailed),
        ("SOMETHING_NEW", -503, errors.RpcFailed),
    ],
)
async def test_errors_are_known_by_name(name: str, code: int, kind: type[Exception]) -> None:
    client = make_client()
    future = answered(client, functions.updates.GetStateRequest())
    error = types.RpcError(code, name)
    await client._sender._process_message(TLMessage(server_id(), 1, RpcResult(9, None, error)))
    with pytest.raises(kind) as raised:
        await future
    if isinstance(raised.value, errors.RpcFailed):
        assert (raised.value.name, raised.value.code) == (name, abs(code))


async def test_answer_of_a_newer_layer_fails_the_request_only() -> None:
    client = make_client()
    future = answered(client, functions.updates.GetStateRequest())
    await client._sender._process_message(TLMessage(server_id(), 1, RpcResult(9, b"\xef\xbe\xad\xde", None)))
    with pytest.raises(errors.Undecodable):
        await future


def test_migration_errors_tell_the_data_center() -> None:
    assert refusal.migrated_to(errors.RpcFailed("PHONE_MIGRATE_4", 303)) == 4
    assert refusal.migrated_to(errors.RpcFailed("FILE_MIGRATE_4", 303)) is None


async def test_control_events_do_not_pile_up() -> None:
    client = make_client()
    for _ in range(5):
        client.inbox.signal("reconnected")
    assert kinds(client) == ["reconnected"]
    client.inbox.signal("reconnected")
    assert kinds(client) == ["reconnected"]


DECRYPT_SOURCE = "19c36dcabb981a310f278517456cd79a742260c309af9be90b6b550d0ede60cb"


async def test_reason_of_an_end_that_nobody_asks_for_is_not_reported_as_forgotten() -> None:
    """Also where Telethon sets it only after we were cancelled while we closed the client."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    client = make_client()
    sender = client._sender
    sender._MTProtoSender__disconnected = asyncio.get_running_loop().create_future()
    closing = asyncio.ensure_future(connection._dispose(client))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    sender._disconnected.set_exception(ConnectionError("Not connected"))
    await asyncio.sleep(0)
    del sender._MTProtoSender__disconnected
    gc.collect()
    assert reported == []
