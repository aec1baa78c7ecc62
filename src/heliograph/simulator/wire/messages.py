"""What a client message asks for: containers, acks, pings, salts, states, resends; everything else is a request.

Sources: core.telegram.org/mtproto/service_messages, …/service_messages_about_messages.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import functions, types
from telethon.tl.alltlobjects import tlobjects

from heliograph.simulator.wire import keys, unwrap
from heliograph.simulator.wire.hub import Hub
from heliograph.simulator.wire.packing import CONTAINER, GZIP_PACKED
from heliograph.simulator.wire.session import Session

MSG_RESEND_ANS_REQ = 0x8610BAEB  # not in the generated types
MAX_CONTAINED = 1024
INVALID_CONTAINER = 64
STATE_UNKNOWN, STATE_RECEIVED, STATE_ANSWERED = 1, 4, 4 + 16
MAX_FUTURE_SALTS = 64

Start = Callable[[Session, int, bytes], None]


class Messages:
    """The dispatcher of accepted messages; requests go to ``start``."""

    def __init__(self, hub: Hub, start: Start) -> None:
        self._hub = hub
        self._start = start
        self._services: dict[int, Callable[[Session, int, Any], None]] = {
            types.MsgsAck.CONSTRUCTOR_ID: self._ack,
            functions.PingRequest.CONSTRUCTOR_ID: self._ping,
            functions.PingDelayDisconnectRequest.CONSTRUCTOR_ID: self._ping_delay,
            functions.GetFutureSaltsRequest.CONSTRUCTOR_ID: self._future_salts,
            types.MsgsStateReq.CONSTRUCTOR_ID: self._states,
            types.MsgsStateInfo.CONSTRUCTOR_ID: self._ignore,
            types.MsgsAllInfo.CONSTRUCTOR_ID: self._ignore,
            types.HttpWait.CONSTRUCTOR_ID: self._ignore,
            types.MsgResendReq.CONSTRUCTOR_ID: self._resend,
            functions.RpcDropAnswerRequest.CONSTRUCTOR_ID: self._drop_answer,
            functions.DestroySessionRequest.CONSTRUCTOR_ID: self._destroy_session,
            functions.DestroyAuthKeyRequest.CONSTRUCTOR_ID: self._destroy_key,
        }

    def receive(self, session: Session, msg_id: int, seqno: int, body: bytes) -> None:
        """Handle one message, which may be a container."""
        constructor = _constructor(body)
        if constructor == GZIP_PACKED:
            body = _unzipped(body)
            constructor = _constructor(body)
        is_container = constructor == CONTAINER
        code = session.check(msg_id, seqno, is_content=self._is_content(constructor))
        if code is not None:
            self._reject(session, msg_id, seqno, code)
        elif is_container:
            self._container(session, msg_id, seqno, body)
        elif constructor in self._services or constructor == MSG_RESEND_ANS_REQ:
            self._service(session, msg_id, constructor, body)
        elif not session.is_repeat(msg_id):
            self._start(session, msg_id, body)

    def _is_content(self, constructor: int) -> bool | None:
        if constructor in (CONTAINER, types.MsgsAck.CONSTRUCTOR_ID):
            return False
        return None if constructor in self._services or constructor == MSG_RESEND_ANS_REQ else True

    def _reject(self, session: Session, msg_id: int, seqno: int, code: int) -> None:
        self._hub.violation(f"message {msg_id} with number {seqno} is refused with {code}")
        session.send(types.BadMsgNotification(msg_id, seqno, code)._bytes(), is_content=False)

    def _container(self, session: Session, msg_id: int, seqno: int, body: bytes) -> None:
        try:
            inner = _contained(body)
        except (ValueError, struct.error):
            self._reject(session, msg_id, seqno, INVALID_CONTAINER)
            return
        for inner_id, inner_seqno, inner_body in inner:
            self.receive(session, inner_id, inner_seqno, inner_body)

    def _service(self, session: Session, msg_id: int, constructor: int, body: bytes) -> None:
        if constructor == MSG_RESEND_ANS_REQ:
            session.resend(session.answer_to(x) for x in _longs(body[4:]))
            return
        message = tlobjects[constructor].from_reader(BinaryReader(body[4:]))
        self._services[constructor](session, msg_id, message)

    # -- service messages

    def _ignore(self, session: Session, msg_id: int, message: Any) -> None:
        """Information that needs no answer."""

    def _ack(self, session: Session, msg_id: int, message: types.MsgsAck) -> None:
        session.acked(message.msg_ids)

    def _ping(self, session: Session, msg_id: int, message: functions.PingRequest) -> None:
        session.send(types.Pong(msg_id, message.ping_id)._bytes(), is_content=False, is_reply=True)

    def _ping_delay(self, session: Session, msg_id: int, message: functions.PingDelayDisconnectRequest) -> None:
        if session.connection is not None:
            session.connection.disconnect_after(message.disconnect_delay)
        self._ping(session, msg_id, message)

    def _future_salts(self, session: Session, msg_id: int, message: functions.GetFutureSaltsRequest) -> None:
        now = self._hub.now()
        hour = int(now // keys.SALT_SECONDS)
        salts = []
        for ahead in range(max(1, min(message.num, MAX_FUTURE_SALTS))):
            since = (hour + ahead) * keys.SALT_SECONDS
            until = since + keys.SALT_SECONDS + keys.SALT_OVERLAP_SECONDS
            salts.append(types.FutureSalt(since, until, session.key.salt(now, ahead)))
        answer = types.FutureSalts(msg_id, int(now), salts)
        session.send(answer._bytes(), is_content=False, is_reply=True)

    def _states(self, session: Session, msg_id: int, message: types.MsgsStateReq) -> None:
        states = (
            STATE_ANSWERED if session.answer_to(x) else STATE_RECEIVED if session.knows(x) else STATE_UNKNOWN
            for x in message.msg_ids
        )
        answer = types.MsgsStateInfo(msg_id, bytes(states))
        session.send(answer._bytes(), is_content=False, is_reply=True)

    def _resend(self, session: Session, msg_id: int, message: types.MsgResendReq) -> None:
        session.resend(message.msg_ids)
        missing = [x for x in message.msg_ids if not session.has_kept(x)]
        if missing:
            self._states(session, msg_id, types.MsgsStateReq(missing))

    def _drop_answer(self, session: Session, msg_id: int, message: functions.RpcDropAnswerRequest) -> None:
        dropped = message.req_msg_id
        answer: Any = types.RpcAnswerUnknown()
        if (task := session.running.pop(dropped, None)) is not None:
            task.cancel()
            answer = types.RpcAnswerDroppedRunning()
        elif (kept := session.drop_answer(session.answer_to(dropped))) is not None:
            answer = types.RpcAnswerDropped(session.answer_to(dropped), *kept)
        session.answer(msg_id, answer._bytes())

    def _destroy_session(self, session: Session, msg_id: int, message: functions.DestroySessionRequest) -> None:
        other = session.key.sessions.get(message.session_id)
        if other is None or other is session:
            answer: Any = types.DestroySessionNone(message.session_id)
        else:
            self._hub.end(other)
            answer = types.DestroySessionOk(message.session_id)
        session.send(answer._bytes(), is_reply=True)

    def _destroy_key(self, session: Session, msg_id: int, message: functions.DestroyAuthKeyRequest) -> None:
        session.send(types.DestroyAuthKeyOk()._bytes(), is_reply=True)
        session.flush()
        self._hub.keys.remove(session.key)


def _constructor(body: bytes) -> int:
    return int.from_bytes(body[:4], "little")


def _contained(body: bytes) -> list[tuple[int, int, bytes]]:
    (count,) = struct.unpack_from("<i", body, 4)
    if not 0 <= count <= MAX_CONTAINED:
        raise ValueError(count)
    position, inner = 8, []
    for _ in range(count):
        msg_id, seqno, length = struct.unpack_from("<qii", body, position)
        position += 16
        data = body[position : position + length]
        if length % 4 or len(data) != length or _constructor(data) == CONTAINER:
            raise ValueError(length)
        inner.append((msg_id, seqno, data))
        position += length
    return inner


def _unzipped(body: bytes) -> bytes:
    try:
        return unwrap.unzip(BinaryReader(body[4:]).tgread_bytes())
    except (ValueError, BufferError, zlib.error):
        return body


def _longs(data: bytes) -> list[int]:
    (count,) = struct.unpack_from("<i", data, 4)
    return list(struct.unpack_from(f"<{min(count, (len(data) - 8) // 8)}q", data, 8))
