"""The auth-key exchange in the forms that clients use, and the salts of a key."""

from __future__ import annotations

import os
import struct
from hashlib import sha1, sha256
from typing import Any

import cryptg
import pytest
from telethon.crypto import AuthKey as TelethonKey
from telethon.crypto import Factorization
from telethon.crypto.rsa import get_byte_array
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import functions, types

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
