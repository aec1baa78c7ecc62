"""One TCP connection: framing, the handshake, decryption, and the faults of a network (cut, stall)."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, cast

from heliograph import log
from heliograph.simulator.wire import crypto, handshake, keys, transport
from heliograph.simulator.wire.session import Session

if TYPE_CHECKING:
    from heliograph.simulator.wire.hub import Hub

HEAD_BYTES = 32  # salt, session id, message id, number, length
PADDING_BYTES = range(12, 1025)
CLOG_BYTES = 8 * 1024 * 1024  # above this, a client that does not read gets no more updates
UNKNOWN_KEY = -404

logger = log.get("simulator.connection")


class Connection(asyncio.Protocol):
    """A client's connection; its packets go to the hub, sessions send through it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.address = ""
        self.local_address = ("", 0)
        self.key: keys.AuthKey | None = None
        self.sessions: set[Session] = set()
        self.is_clogged = False
        self._channel = transport.Channel()
        self._socket: asyncio.Transport | None = None
        self._handshake: handshake.Handshake | None = None
        self._disconnect: asyncio.TimerHandle | None = None
        self._stalled: list[bytes] | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    @property
    def user_id(self) -> int | None:
        """Who is signed in on it."""
        return None if self.key is None else self.key.user_id

    @property
    def framing(self) -> str:
        """The name of the framing that the client chose."""
        return self._channel.name

    # -- asyncio

    def connection_made(self, socket: asyncio.BaseTransport) -> None:
        """Remember who it is, unless the network is down at the moment."""
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._socket = cast(asyncio.Transport, socket)
        self.address = socket.get_extra_info("peername")[0]
        self.local_address = socket.get_extra_info("sockname")[:2]
        self._socket.set_write_buffer_limits(high=CLOG_BYTES)
        if self.hub.admits(self):
            self.hub.connections.add(self)
        else:
            self._socket.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the sessions waiting."""
        self._socket = None
        self.hub.connections.discard(self)
        self.hub.left(self)
        for session in list(self.sessions):
            session.detach(self)
        for timer in (self._disconnect, self._stall_timer):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take whatever packets are complete."""
        try:
            for packet in self._channel.feed(data):
                self._receive(packet)
        except (transport.TransportBroken, handshake.HandshakeFailed) as error:
            self.hub.violation(f"{self.address}: {error}")
            self.abort()
        except Exception as error:
            # The outermost edge of a connection: malformed content ends this one and no other.
            logger.exception("connection_failed")
            self.hub.violation(f"{self.address}: {type(error).__name__} in what was sent")
            self.abort()

    def pause_writing(self) -> None:
        """The client does not read."""
        self.is_clogged = True

    def resume_writing(self) -> None:
        """The client reads again."""
        self.is_clogged = False
        for session in self.sessions:
            session.unclog()

    # -- sending and ending

    def send(self, payload: bytes) -> None:
        """Frame and send a payload."""
        if self._stalled is not None:
            self._stalled.append(payload)
        elif self._socket is not None:
            self._socket.write(self._channel.frame(payload))

    def disconnect_after(self, seconds: float) -> None:
        """Close the connection unless this is called again before (ping_delay_disconnect)."""
        if self._disconnect is not None:
            self._disconnect.cancel()
        self._disconnect = asyncio.get_running_loop().call_later(seconds, self.abort)

    def abort(self) -> None:
        """Cut the connection now, losing what is not sent."""
        if self._socket is not None:
            self._socket.abort()

    def close(self) -> None:
        """Close the connection once everything is sent."""
        if self._socket is not None:
            self._socket.close()

    def refuse_key(self) -> None:
        """Say that the auth key is not known (any more), and close."""
        self.send(struct.pack("<i", UNKNOWN_KEY))
        self.close()

    def stall(self, seconds: float) -> None:
        """Neither read nor send for a while; then go on where it was."""
        if self._socket is None:
            return
        if self._stalled is None:
            self._stalled = []
            self._socket.pause_reading()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
        self._stall_timer = asyncio.get_running_loop().call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        held, self._stalled = self._stalled or [], None
        if self._socket is not None:
            self._socket.resume_reading()
        for payload in held:
            self.send(payload)

    # -- receiving

    def _receive(self, packet: transport.Packet) -> None:
        payload = packet.payload
        if len(payload) < 20:
            raise transport.TransportBroken("packet too short")
        if payload[:8] == bytes(8):
            self._plain(payload)
            return
        key = self.hub.keys.get(payload[:8])
        if key is None:
            self.refuse_key()
            return
        self._encrypted(key, packet)

    def _plain(self, payload: bytes) -> None:
        if self._handshake is None:
            hub = self.hub
            self._handshake = handshake.Handshake(
                hub.rsa, now=hub.now, is_known=lambda key_id: hub.keys.get(key_id) is not None
            )
        (length,) = struct.unpack_from("<I", payload, 16)
        answer, agreed = self._handshake.respond(payload[20 : 20 + length])
        if agreed is not None:
            self.hub.keys.add(agreed, self.hub.now())
        msg_id = int(self.hub.now() * (1 << 32)) & ~3 | 1
        self.send(struct.pack("<qqi", 0, msg_id, len(answer)) + answer)

    def _encrypted(self, key: keys.AuthKey, packet: transport.Packet) -> None:
        try:
            plain, token = crypto.decrypt(key.key, packet.payload[8:24], packet.payload[24:])
        except crypto.BadMessageKey:
            raise transport.TransportBroken("message key does not match") from None
        salt, session_id, msg_id, seqno, length = struct.unpack_from("<qqqii", plain)
        if length % 4 or len(plain) - HEAD_BYTES - length not in PADDING_BYTES:
            raise transport.TransportBroken(f"message length {length} in {len(plain)}")
        if packet.wants_quick_ack and self._socket is not None:
            self._socket.write(self._channel.quick_ack(token))
        body = plain[HEAD_BYTES : HEAD_BYTES + length]
        self.key = key
        self.hub.receive(self, key, session_id, salt, msg_id, seqno, body)
