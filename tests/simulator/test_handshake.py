"""The auth-key exchange in the forms that clients use, and the salts of a key."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from hashlib import sha1, sha256
from typing import Any

import cryptg
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from telethon.crypto import AuthKey as TelethonKey
from telethon.crypto import Factorization
from telethon.crypto.rsa import get_byte_array
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import functions, types

from heliograph.simulator.server import Simulator
from heliograph.simulator.wire import crypto, handshake, keys

NOW = 1_760_000_000.0


@pytest.fixture(scope="module")
def rsa() -> crypto.RsaKey:
    return crypto.RsaKey.generate()


class Client:
    """The client's side, step by step, so that a test can go wrong at any of them."""

    def __init__(self, rsa: crypto.RsaKey, *, is_known: bool = False) -> None:
        self.rsa = rsa
        self.server = handshake.Handshake(rsa, now=lambda: NOW, is_known=lambda key_id: is_known)
        self.nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self.new_nonce = int.from_bytes(os.urandom(32), "little", signed=True)
        self.offer: Any = self.ask(functions.ReqPqMultiRequest(self.nonce))

    def ask(self, request: Any) -> Any:
        answer, self.agreed = self.server.respond(bytes(request))
        return BinaryReader(answer).tgread_object()

    def inner(self, kind: Any = types.PQInnerData, **more: Any) -> Any:
        p, q = sorted(Factorization.factorize(int.from_bytes(self.offer.pq, "big")))
        return kind(
            pq=self.offer.pq,
            p=get_byte_array(p),
            q=get_byte_array(q),
            nonce=self.nonce,
            server_nonce=self.offer.server_nonce,
            new_nonce=self.new_nonce,
            **more,
        )

    def request_parameters(self, inner: Any, encrypted: bytes) -> Any:
        return self.ask(
            functions.ReqDHParamsRequest(
                nonce=self.nonce,
                server_nonce=self.offer.server_nonce,
                p=inner.p,
                q=inner.q,
                public_key_fingerprint=self.rsa.fingerprint,
                encrypted_data=encrypted,
            )
        )

    def finish(self, parameters: Any) -> tuple[Any, bytes]:
        key, iv = generate_key_data_from_nonce(self.offer.server_nonce, self.new_nonce)
        plain = cryptg.decrypt_ige(parameters.encrypted_answer, key, iv)
        server = BinaryReader(plain[20:]).tgread_object()
        b = int.from_bytes(os.urandom(256), "big")
        prime = int.from_bytes(server.dh_prime, "big")
        g_b = pow(server.g, b, prime)
        inner = bytes(types.ClientDHInnerData(self.nonce, self.offer.server_nonce, 0, get_byte_array(g_b)))
        data = sha1(inner).digest() + inner
        encrypted = cryptg.encrypt_ige(data + os.urandom(-len(data) % 16), key, iv)
        answer = self.ask(functions.SetClientDHParamsRequest(self.nonce, self.offer.server_nonce, encrypted))
        return answer, pow(int.from_bytes(server.g_a, "big"), b, prime).to_bytes(256, "big")


def legacy(rsa: crypto.RsaKey, data: bytes) -> bytes:
    block = sha1(data).digest() + data + os.urandom(235 - len(data))
    return _rsa(rsa, block)


def padded(rsa: crypto.RsaKey, data: bytes) -> bytes:
    """RSA_PAD, as core.telegram.org/mtproto/auth_key describes it."""
    filled = data + os.urandom(192 - len(data))
    while True:
        key = os.urandom(32)
        encrypted = cryptg.encrypt_ige(filled[::-1] + sha256(key + filled).digest(), key, bytes(32))
        masked = bytes(x ^ y for x, y in zip(key, sha256(encrypted).digest(), strict=True))
        if int.from_bytes(masked + encrypted, "big") < rsa._n:
            return _rsa(rsa, masked + encrypted)


@pytest.mark.parametrize("encrypt", [legacy, padded])
@pytest.mark.parametrize(
    ("kind", "more", "expires_in"),
    [
        (types.PQInnerData, {}, None),
        (types.PQInnerDataDc, {"dc": 2}, None),
        (types.PQInnerDataTempDc, {"dc": 2, "expires_in": 60}, 60),
    ],
)
def test_both_sides_agree_on_a_key(rsa: Any, encrypt: Any, kind: Any, more: Any, expires_in: int | None) -> None:
    client = Client(rsa)
    inner = client.inner(kind, **more)
    answer, key = client.finish(client.request_parameters(inner, encrypt(rsa, bytes(inner))))
    assert isinstance(answer, types.DhGenOk)
    assert answer.new_nonce_hash1 == TelethonKey(key).calc_new_nonce_hash(client.new_nonce, 1)
    assert client.agreed is not None
    assert (client.agreed.key, client.agreed.expires_in) == (key, expires_in)


def test_key_that_exists_already_is_made_again(rsa: crypto.RsaKey) -> None:
    client = Client(rsa, is_known=True)
    inner = client.inner()
    answer, key = client.finish(client.request_parameters(inner, legacy(rsa, bytes(inner))))
    assert isinstance(answer, types.DhGenRetry)
    assert answer.new_nonce_hash2 == TelethonKey(key).calc_new_nonce_hash(client.new_nonce, 2)
    assert client.agreed is None


def test_data_for_another_key_is_refused(rsa: crypto.RsaKey) -> None:
    client = Client(rsa)
    inner = client.inner()
    with pytest.raises(handshake.HandshakeFailed):
        client.request_parameters(inner, os.urandom(255))


def test_wrong_factors_are_refused(rsa: crypto.RsaKey) -> None:
    client = Client(rsa)
    inner = client.inner()
    inner.p = b"\x03"
    with pytest.raises(handshake.HandshakeFailed):
        client.request_parameters(inner, legacy(rsa, bytes(inner)))


def test_nothing_but_the_exchange_is_spoken_in_plain(rsa: crypto.RsaKey) -> None:
    with pytest.raises(handshake.HandshakeFailed):
        Client(rsa).ask(functions.help.GetConfigRequest())


def test_salt_of_the_last_hour_is_good_for_half_an_hour_more() -> None:
    key = keys.AuthKey(key=os.urandom(256), key_id=os.urandom(8), created_at=0, first_salt=1)
    hour = keys.SALT_SECONDS * 1000
    old = key.salt(hour - 1)
    assert old != key.salt(hour)
    assert key.is_salt_good(old, hour + keys.SALT_OVERLAP_SECONDS - 1)
    assert not key.is_salt_good(old, hour + keys.SALT_OVERLAP_SECONDS + 1)
    assert not key.is_salt_good(key.salt(hour, 1), hour)


def test_first_salt_is_the_one_of_the_exchange_and_wears_out() -> None:
    key = keys.AuthKey(key=os.urandom(256), key_id=os.urandom(8), created_at=NOW, first_salt=77)
    assert key.is_salt_good(77, NOW + 10)
    assert not key.is_salt_good(77, NOW + keys.SALT_OVERLAP_SECONDS + 1)


def test_fingerprint_is_the_one_that_clients_compute(rsa: crypto.RsaKey) -> None:
    import rsa as rsa_module
    from telethon.crypto.rsa import _compute_fingerprint

    public = rsa_module.PublicKey.load_pkcs1(rsa.public_pem().encode())
    assert struct.pack("<q", rsa.fingerprint) == struct.pack("<q", _compute_fingerprint(public))


def _rsa(rsa: crypto.RsaKey, block: bytes) -> bytes:
    return pow(int.from_bytes(block, "big"), 65537, rsa._n).to_bytes(256, "big")


class Dialling(Client):
    """The same exchange over a socket, obfuscated and padded, as TDLib speaks it."""

    def __init__(self, rsa: crypto.RsaKey, simulator: Simulator) -> None:
        self._socket = socket.create_connection((simulator.host, simulator.port), timeout=30)
        head = bytearray(os.urandom(64))
        head[0], head[4:8], head[56:60] = 0x01, b"\x01\x02\x03\x04", b"\xdd" * 4
        self._encrypt = _stream(bytes(head[8:40]), bytes(head[40:56]))
        mirrored = bytes(head[8:56])[::-1]
        self._decrypt = _stream(mirrored[:32], mirrored[32:])
        self._socket.sendall(bytes(head[:56]) + self._encrypt(bytes(head))[56:])
        super().__init__(rsa)

    def ask(self, request: Any) -> Any:
        body = bytes(request)
        msg_id = int(time.time()) << 32
        self.send(struct.pack("<qqi", 0, msg_id, len(body)) + body)
        return BinaryReader(self.receive()[20:]).tgread_object()

    def send(self, payload: bytes) -> None:
        payload += os.urandom(13)
        self._socket.sendall(self._encrypt(struct.pack("<I", len(payload)) + payload))

    def receive(self) -> bytes:
        (length,) = struct.unpack("<I", self._exactly(4))
        return self._exactly(length)

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self._socket.recv(count - len(data))
        return self._decrypt(data)


async def test_temporary_key_is_made_over_an_obfuscated_padded_socket(simulator: Simulator) -> None:
    rsa = simulator.hub.rsa

    def dial() -> bytes:
        client = Dialling(rsa, simulator)
        inner = client.inner(types.PQInnerDataTempDc, dc=2, expires_in=60)
        answer, key = client.finish(client.request_parameters(inner, padded(rsa, bytes(inner))))
        assert isinstance(answer, types.DhGenOk)
        client.close()
        return key

    key = await asyncio.to_thread(dial)
    (known,) = simulator.hub.keys.all()
    assert (known.key, known.permanent) == (key, None)
    assert known.expires_at is not None
    assert 0 < known.expires_at - simulator.now() <= 60
    assert simulator.violations == []


def _stream(key: bytes, initial: bytes) -> Any:
    return Cipher(algorithms.AES(key), modes.CTR(initial)).encryptor().update
