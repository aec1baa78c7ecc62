"""The auth-key exchange, sans-I/O: plain messages in, plain messages out, and in the end a shared key.

req_pq(_multi) → resPQ, req_DH_params → server_DH_params_ok, set_client_DH_params → dh_gen_ok.
Source: core.telegram.org/mtproto/auth_key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import secrets
import struct
from collections.abc import Callable

import cryptg
from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from heliograph.simulator.wire import crypto

SAFE_MARGIN = 1 << (2048 - 64)


class HandshakeFailed(Exception):
    """The client's message does not fit the exchange; the connection ends."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Agreed:
    """What both sides know at the end; ``expires_in`` is set for temporary keys."""

    key: bytes
    key_id: bytes
    first_salt: int
    expires_in: int | None


class Handshake:
    """One exchange on one connection. A connection may begin again at any step."""

    def __init__(self, rsa: crypto.RsaKey, *, now: Callable[[], float], is_known: Callable[[bytes], bool]) -> None:
        self._rsa = rsa
        self._now = now
        self._is_known = is_known
        self._nonce = self._server_nonce = self._new_nonce = 0
        self._pq = b""
        self._secret = 0
        self._expires_in: int | None = None

    def respond(self, body: bytes) -> tuple[bytes, Agreed | None]:
        """Answer one plain message; the last answer comes with the agreed key."""
        try:
            request = BinaryReader(body).tgread_object()
        except Exception as error:
            raise HandshakeFailed("unreadable plain message") from error
        if isinstance(request, functions.ReqPqMultiRequest | functions.ReqPqRequest):
            return self._offer(request), None
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._parameters(request), None
        if isinstance(request, functions.SetClientDHParamsRequest):
            return self._agree(request)
        raise HandshakeFailed(f"{type(request).__name__} outside a session")

    def _offer(self, request: functions.ReqPqMultiRequest) -> bytes:
        self._nonce = request.nonce
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._pq = (_prime() * _prime()).to_bytes(8, "big")
        answer = types.ResPQ(self._nonce, self._server_nonce, self._pq, [self._rsa.fingerprint])
        return bytes(answer)

    def _parameters(self, request: functions.ReqDHParamsRequest) -> bytes:
        self._check_nonces(request)
        data = self._rsa.open(request.encrypted_data)
        if request.public_key_fingerprint != self._rsa.fingerprint or data is None:
            raise HandshakeFailed("not encrypted with this server's key")
        inner = BinaryReader(data).tgread_object()
        self._check_nonces(inner)
        p, q = (int.from_bytes(x, "big") for x in (inner.p, inner.q))
        if inner.pq != self._pq or p * q != int.from_bytes(self._pq, "big") or not 1 < p <= q:
            raise HandshakeFailed("pq is not factorised")
        self._new_nonce = inner.new_nonce
        self._expires_in = getattr(inner, "expires_in", None)
        return self._server_parameters()

    def _server_parameters(self) -> bytes:
        self._secret = secrets.randbits(2048)
        g_a = pow(crypto.DH_G, self._secret, crypto.DH_PRIME).to_bytes(256, "big")
        inner = types.ServerDHInnerData(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            g=crypto.DH_G,
            dh_prime=crypto.DH_PRIME.to_bytes(256, "big"),
            g_a=g_a,
            server_time=int(self._now()),
        )
        plain = _sha1(bytes(inner)) + bytes(inner)
        plain += os.urandom(-len(plain) % 16)
        encrypted = cryptg.encrypt_ige(plain, *self._temporary_aes())
        return bytes(types.ServerDHParamsOk(self._nonce, self._server_nonce, encrypted))

    def _agree(self, request: functions.SetClientDHParamsRequest) -> tuple[bytes, Agreed | None]:
        self._check_nonces(request)
        plain = cryptg.decrypt_ige(request.encrypted_data, *self._temporary_aes())
        reader = BinaryReader(plain[20:])
        inner = reader.tgread_object()
        self._check_nonces(inner)
        if _sha1(plain[20 : 20 + reader.tell_position()]) != plain[:20]:
            raise HandshakeFailed("hash of the client's parameters")
        g_b = int.from_bytes(inner.g_b, "big")
        if not SAFE_MARGIN <= g_b <= crypto.DH_PRIME - SAFE_MARGIN:
            raise HandshakeFailed("g_b out of range")
        return self._finish(pow(g_b, self._secret, crypto.DH_PRIME).to_bytes(256, "big"))

    def _finish(self, key: bytes) -> tuple[bytes, Agreed | None]:
        digest = _sha1(key)
        new_nonce = self._new_nonce.to_bytes(32, "little", signed=True)
        is_taken = self._is_known(digest[-8:])
        number = b"\x02" if is_taken else b"\x01"
        proof = int.from_bytes(_sha1(new_nonce + number + digest[:8])[4:], "little", signed=True)
        if is_taken:
            return bytes(types.DhGenRetry(self._nonce, self._server_nonce, proof)), None
        server_nonce = self._server_nonce.to_bytes(16, "little", signed=True)
        (left,), (right,) = struct.unpack("<Q", new_nonce[:8]), struct.unpack("<Q", server_nonce[:8])
        salt = struct.unpack("<q", struct.pack("<Q", left ^ right))[0]
        agreed = Agreed(key=key, key_id=digest[-8:], first_salt=salt, expires_in=self._expires_in)
        return bytes(types.DhGenOk(self._nonce, self._server_nonce, proof)), agreed

    def _check_nonces(self, message: object) -> None:
        if (getattr(message, "nonce", None), getattr(message, "server_nonce", None)) != (
            self._nonce,
            self._server_nonce,
        ):
            raise HandshakeFailed("nonces differ")

    def _temporary_aes(self) -> tuple[bytes, bytes]:
        new = self._new_nonce.to_bytes(32, "little", signed=True)
        server = self._server_nonce.to_bytes(16, "little", signed=True)
        mixed = _sha1(server + new)
        return _sha1(new + server) + mixed[:12], mixed[12:] + _sha1(new + new) + new[:4]


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).digest()  # noqa: S324


def _prime() -> int:
    """Return a prime between 2^29 and 2^31: pq stays below 2^63, as some clients read it as signed."""
    while True:
        candidate = (1 << 29) + secrets.randbelow((1 << 31) - (1 << 29)) | 1
        if _is_prime(candidate):
            return candidate


def _is_prime(n: int) -> bool:
    """Miller–Rabin with bases that decide every n below 3,215,031,751."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_is_witness_of_primality(n, base, odd, twos) for base in (2, 3, 5, 7))


def _is_witness_of_primality(n: int, base: int, odd: int, twos: int) -> bool:
    x = pow(base, odd, n)
    if x in (1, n - 1):
        return True
    return any((x := x * x % n) == n - 1 for _ in range(twos - 1))
