"""A TelegramClient whose seven places of policy are taken out; tests/crawler/test_transport_contract.py pins each.

1. ``_update_loop`` does nothing: the inbox gets the containers, MessageBox and dispatcher never see one.
2. ``_updates_queue`` is the bounded inbox, which the sender shares.
3. ``_handle_auto_reconnect`` reports, where Telethon would call get_me.
4. ``_save_states_and_entities`` does nothing: it would persist a cursor by timer.
5. The handler of ``new_session_created`` reports as well.
6. ``decrypt_message_data`` decodes with our reader, notes a message's id and size, reports what it cannot decode.
7. The message box is preloaded, so that connecting calls neither get_me nor getState; the session keeps keys only.

Besides, the handler of ``rpc_result`` is ours: it keeps Telegram's error name and the bytes of messages.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from telethon import TelegramClient
from telethon._updates.session import SessionState
from telethon.crypto import AES
from telethon.errors import InvalidBufferError, SecurityError, TypeNotFoundError
from telethon.network import mtprotostate
from telethon.network.requeststate import RequestState
from telethon.tl import types
from telethon.tl.core import MessageContainer, RpcResult, TLMessage

import heliograph
from heliograph import config, errors
from heliograph.crawler.transport import inbox, reader, refusal, session

KEY_EXCHANGES = 3
"""Further attempts at an auth key."""
ACK_AT = 1024
"""Messages received without an ack before one is due; Telegram takes at most 8,192 ids in one."""

# Telethon's own lines hold message contents and one error per lost connection; ours say what matters.
_SILENT = logging.getLogger("heliograph.telethon")
_SILENT.setLevel(logging.CRITICAL + 1)


class Client(TelegramClient):  # type: ignore[misc]
    """One connection attempt's client; a lost one is thrown away, since Telethon's own reconnection loses requests."""

    def __init__(self, settings: config.Telegram, key: session.SessionKey, box: inbox.Inbox) -> None:
        super().__init__(
            session.TransportSession(key),
            settings.api_id,
            settings.api_hash.get_secret_value(),
            use_ipv6=":" in key.address,
            device_model=settings.device_model,
            app_version=heliograph.__version__,
            base_logger=_SILENT,
            auto_reconnect=False,
            # Telethon drops a new key's leading zero byte and then refuses the key: one exchange in 256 fails.
            connection_retries=0 if key.auth_key else KEY_EXCHANGES,
            retry_delay=0,
            request_retries=1,
            flood_sleep_threshold=0,
        )
        self.inbox = box
        self._updates_queue = self._sender._updates_queue = box
        self._message_box.load(SessionState(0, 0, False, 1, 0, 1, 1, None), [])
        handlers = self._sender._handlers
        handlers[types.NewSessionCreated.CONSTRUCTOR_ID] = self._on_new_session(
            handlers[types.NewSessionCreated.CONSTRUCTOR_ID]
        )
        handlers[RpcResult.CONSTRUCTOR_ID] = self._on_rpc_result
        handlers[reader.Undecodable.CONSTRUCTOR_ID] = self._on_undecodable
        state = self._sender._state
        state.decrypt_message_data = lambda body: self._decrypt(state, body)

    def send(self, request: Any) -> asyncio.Future[Any]:
        """Queue a request past Telethon's retries and flood cache. Raises ConnectionError when not connected."""
        future: asyncio.Future[Any] = self._sender.send(request)
        return future

    async def _update_loop(self) -> None:
        pass

    async def _save_states_and_entities(self) -> None:
        pass

    async def _handle_auto_reconnect(self) -> None:
        self.inbox.signal("reconnected")

    def _on_new_session(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def handle(message: Any) -> None:
            await original(message)
            self.inbox.signal("new_session")

        return handle

    async def _on_undecodable(self, message: Any) -> None:
        self.inbox.signal("undecodable")

    async def _on_rpc_result(self, message: Any) -> None:
        result = message.obj
        state = self._sender._pending_state.pop(result.req_msg_id, None)
        if state is None or state.future.done():
            return
        if result.error:
            self._sender._send_queue.append(RequestState(types.MsgsAck([state.msg_id])))
            method = type(state.request).__name__.removesuffix("Request")
            state.future.set_exception(refusal.translate(result.error.error_message, result.error.error_code, method))
            return
        try:
            answer = state.request.read_result(reader.Reader(result.body))
        except Exception as error:  # a broken answer is the caller's to know, whatever broke in the generated code
            state.future.set_exception(
                errors.Undecodable(f"Telegram's answer cannot be read ({type(error).__name__}).")
            )
            return
        self._sender._store_own_updates(answer)
        state.future.set_result(answer)

    def _decrypt(self, state: Any, body: bytes) -> Any:
        try:
            message = decrypt(state, body)
        except TypeNotFoundError:
            self.inbox.signal("undecodable")
            raise
        self.inbox.hear()
        if message is not None:
            _note_server_id(message)
        if len(self._sender._pending_ack) >= ACK_AT:
            # Telethon acks only when it has something else to send; adding nothing wakes its send loop, which acks.
            self._sender._send_queue.extend(())
        return message


def decrypt(state: Any, body: bytes) -> Any:
    """Do what ``MTProtoState.decrypt_message_data`` does, check for check, with our reader.

    Returns None for a message that is to be ignored. Raises SecurityError, InvalidBufferError, TypeNotFoundError.
    """
    now = time.time()
    if len(body) < 8:
        raise InvalidBufferError(body)
    if struct.unpack("<Q", body[:8])[0] != state.auth_key.key_id:
        raise SecurityError("Server replied with an invalid auth key")
    message_key = body[8:24]
    aes_key, aes_iv = state._calc_key(state.auth_key.key, message_key, False)
    plain = AES.decrypt_ige(body[24:], aes_key, aes_iv)
    if message_key != sha256(state.auth_key.key[96:128] + plain).digest()[8:24]:
        raise SecurityError("Received msg_key doesn't match with expected one")
    _, session_id, message_id, sequence, _ = struct.unpack_from("<qqqii", plain)
    if session_id != state.id:
        raise SecurityError("Server replied with a wrong session ID")
    if message_id % 2 != 1:
        raise SecurityError("Server sent an even msg_id")
    if message_id <= state._highest_remote_id and message_id in state._recent_remote_ids:
        state._count_ignored()
        return None
    content = reader.Reader(plain)
    content.position = 32
    obj = content.tgread_object()
    reader.note_size(obj, len(plain))
    if not _is_timely(state, obj, message_id, now):
        state._count_ignored()
        return None
    state._recent_remote_ids.append(message_id)
    state._highest_remote_id = message_id
    state._ignore_count = 0
    return TLMessage(message_id, sequence, obj)


def _is_timely(state: Any, obj: Any, message_id: int, now: float) -> bool:
    if obj.CONSTRUCTOR_ID in (types.BadServerSalt.CONSTRUCTOR_ID, types.BadMsgNotification.CONSTRUCTOR_ID):
        if not state._highest_remote_id and not state.time_offset:
            state.update_time_offset(message_id)
        return True
    age: float = now + state.time_offset - (message_id >> 32)
    return bool(-mtprotostate.MSG_TOO_NEW_DELTA <= age <= mtprotostate.MSG_TOO_OLD_DELTA)


def _note_server_id(message: Any) -> None:
    if isinstance(message.obj, MessageContainer):
        for inner in message.obj.messages:
            _note_server_id(inner)
    elif getattr(message.obj, "SUBCLASS_OF_ID", None) == reader.UPDATES:
        message.obj.server_message_id = message.msg_id
