"""MTProto's TCP framings, sans-I/O: bytes in, packets out, and back.

A connection's first bytes say which one it is: abridged (``ef``), intermediate (``ee`` × 4), padded intermediate
(``dd`` × 4), full (a zero sequence number in bytes 4–8), or 64 bytes of noise that hide one of the first three.
Sources: core.telegram.org/mtproto/mtproto-transports.
"""

from __future__ import annotations

import dataclasses
import secrets
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAX_PACKET_BYTES = 16 * 1024 * 1024
QUICK_ACK_BIT = 0x80000000
OBFUSCATION_BYTES = 64


class TransportBroken(Exception):
    """The peer's bytes do not follow its own framing; the connection cannot go on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Packet:
    """One framed payload, and whether its sender asked for a quick ack."""

    payload: bytes
    wants_quick_ack: bool = False


class Framing(Protocol):
    """One way to cut a byte stream into packets."""

    def feed(self, buffer: bytearray) -> Packet | None:
        """Take one packet off the front of the buffer, or nothing when it is not complete."""
        ...

    def frame(self, payload: bytes) -> bytes:
        """Wrap a payload for sending."""
        ...

    def quick_ack(self, token: int) -> bytes:
        """Return the bytes of a quick ack."""
        ...


class Full:
    """Length, sequence number, payload, CRC32; it has no quick acks."""

    def __init__(self) -> None:
        self._received = 0
        self._sent = 0

    def feed(self, buffer: bytearray) -> Packet | None:
        """Take one packet, checking its number and checksum."""
        if len(buffer) < 4:
            return None
        (length,) = struct.unpack_from("<I", buffer)
        if not 12 <= length <= MAX_PACKET_BYTES:
            raise TransportBroken(f"full: length {length}")
        if len(buffer) < length:
            return None
        data = bytes(buffer[:length])
        del buffer[:length]
        sequence, checksum = struct.unpack_from("<I", data, 4)[0], struct.unpack_from("<I", data, length - 4)[0]
        if checksum != zlib.crc32(data[:-4]):
            raise TransportBroken("full: checksum")
        if sequence != self._received:
            raise TransportBroken(f"full: sequence number {sequence}, expected {self._received}")
        self._received += 1
        return Packet(data[8:-4])

    def frame(self, payload: bytes) -> bytes:
        """Add length, number and checksum."""
        data = struct.pack("<II", len(payload) + 12, self._sent) + payload
        self._sent += 1
        return data + struct.pack("<I", zlib.crc32(data))

    def quick_ack(self, token: int) -> bytes:
        """Return nothing: this framing cannot ask for one."""
        return b""


class Abridged:
    """One length byte in words, or 7f and three bytes."""

    def feed(self, buffer: bytearray) -> Packet | None:
        """Take one packet."""
        if not buffer:
            return None
        wants_ack, words, start = bool(buffer[0] & 0x80), buffer[0] & 0x7F, 1
        if words == 0x7F:
            if len(buffer) < 4:
                return None
            words, start = int.from_bytes(buffer[1:4], "little"), 4
        return _take(buffer, start, words * 4, wants_ack)

    def frame(self, payload: bytes) -> bytes:
        """Prefix the length in words."""
        words = len(payload) // 4
        if words < 0x7F:
            return bytes((words,)) + payload
        return b"\x7f" + words.to_bytes(3, "little") + payload

    def quick_ack(self, token: int) -> bytes:
        """Return the token, byte-reversed as this framing wants it."""
        return struct.pack(">I", token)


class Intermediate:
    """Four length bytes; the top bit asks for a quick ack."""

    def feed(self, buffer: bytearray) -> Packet | None:
        """Take one packet."""
        if len(buffer) < 4:
            return None
        (word,) = struct.unpack_from("<I", buffer)
        return _take(buffer, 4, word & ~QUICK_ACK_BIT, bool(word & QUICK_ACK_BIT))

    def frame(self, payload: bytes) -> bytes:
        """Prefix the length."""
        return struct.pack("<I", len(payload)) + payload

    def quick_ack(self, token: int) -> bytes:
        """Return the token."""
        return struct.pack("<I", token)


class PaddedIntermediate(Intermediate):
    """Intermediate with 0–15 random bytes after the payload; the payload's own structure says where it ends."""

    def feed(self, buffer: bytearray) -> Packet | None:
        """Take one packet and cut its padding off."""
        packet = super().feed(buffer)
        return packet and Packet(_unpadded(packet.payload), packet.wants_quick_ack)

    def frame(self, payload: bytes) -> bytes:
        """Add random padding and the length."""
        return super().frame(payload + secrets.token_bytes(secrets.randbelow(16)))


class Channel:
    """One connection's byte stream: finds out its framing and hides or shows bytes when it is obfuscated."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._framing: Framing | None = None
        self._decrypt: Callable[[bytes], bytes] | None = None
        self._encrypt: Callable[[bytes], bytes] | None = None

    @property
    def name(self) -> str:
        """The framing's name, for logs and tests."""
        name = type(self._framing).__name__ if self._framing else "Undetected"
        return f"Obfuscated{name}" if self._decrypt else name

    def feed(self, data: bytes) -> list[Packet]:
        """Take received bytes and return the packets that they complete."""
        self._buffer += self._decrypt(data) if self._decrypt else data
        if self._framing is None:
            self._detect()
        packets = []
        while self._framing and (packet := self._framing.feed(self._buffer)):
            packets.append(packet)
        return packets

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry a payload to the client."""
        return self._hide(self._framing.frame(payload)) if self._framing else b""

    def quick_ack(self, token: int) -> bytes:
        """Return the bytes of a quick ack."""
        return self._hide(self._framing.quick_ack(token)) if self._framing else b""

    def _hide(self, data: bytes) -> bytes:
        return self._encrypt(data) if self._encrypt else data

    def _detect(self) -> None:
        buffer = self._buffer
        if buffer[:1] == b"\xef":
            self._choose(Abridged(), 1)
        elif len(buffer) < 8:
            return
        elif (plain := _FRAMINGS.get(bytes(buffer[:4]))) is not None:
            self._choose(plain(), 4)
        elif buffer[4:8] == bytes(4):
            self._choose(Full(), 0)
        elif len(buffer) >= OBFUSCATION_BYTES:
            self._unveil()

    def _choose(self, framing: Framing, consumed: int) -> None:
        self._framing = framing
        del self._buffer[:consumed]

    def _unveil(self) -> None:
        head = bytes(self._buffer[:OBFUSCATION_BYTES])
        mirrored = head[8:56][::-1]
        decrypt = _keystream(head[8:40], head[40:56])
        shown = decrypt(bytes(self._buffer))
        framing = _FRAMINGS.get(shown[56:60])
        if framing is None:
            raise TransportBroken("no known framing inside the obfuscated head")
        self._decrypt, self._encrypt = decrypt, _keystream(mirrored[:32], mirrored[32:])
        self._buffer[:] = shown[OBFUSCATION_BYTES:]
        self._framing = framing()


_FRAMINGS: dict[bytes, Callable[[], Framing]] = {
    b"\xef" * 4: Abridged,
    b"\xee" * 4: Intermediate,
    b"\xdd" * 4: PaddedIntermediate,
}


def _keystream(key: bytes, initial: bytes) -> Callable[[bytes], bytes]:
    return Cipher(algorithms.AES(key), modes.CTR(initial)).encryptor().update


def _take(buffer: bytearray, start: int, length: int, wants_ack: bool) -> Packet | None:
    if length > MAX_PACKET_BYTES:
        raise TransportBroken(f"length {length}")
    if len(buffer) < start + length:
        return None
    payload = bytes(buffer[start : start + length])
    del buffer[: start + length]
    return Packet(payload, wants_ack)


def _unpadded(payload: bytes) -> bytes:
    if len(payload) < 24:
        return payload
    if payload[:8] == bytes(8):
        return payload[: 20 + int.from_bytes(payload[16:20], "little")]
    return payload[: 24 + (len(payload) - 24) // 16 * 16]
