"""MTProto 2.0's cryptography, the server's side: message keys, AES-IGE, and the RSA key of the handshake.

Sources: core.telegram.org/mtproto/description, core.telegram.org/mtproto/auth_key.
"""

from __future__ import annotations

import hashlib
import os
import struct
from hashlib import sha256

import cryptg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from telethon.tl.tlobject import TLObject

# Telegram's own safe prime: clients know it and skip the primality test. g = 3 generates its prime-order subgroup.
DH_PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DBFA336F6E0AC92513"
    "9543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F642477FE96BB2A941D5BCD1D4AC8CC4988"
    "0708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4"
    "B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
DH_G = 3


class BadMessageKey(Exception):
    """A message's key does not match its content."""


def encrypt(key: bytes, key_id: bytes, plain: bytes) -> bytes:
    """Encrypt a server message (salt, session, id, number, length, body) with 12–27 bytes of padding."""
    padded = plain + os.urandom(-(len(plain) + 12) % 16 + 12)
    message_key = sha256(key[96:128] + padded).digest()[8:24]
    encrypted: bytes = cryptg.encrypt_ige(padded, *_aes(key, message_key, 8))
    return key_id + message_key + encrypted


def decrypt(key: bytes, message_key: bytes, data: bytes) -> tuple[bytes, int]:
    """Return a client message's plain bytes, padding included, and its quick-ack token; raise ``BadMessageKey``."""
    if not data or len(data) % 16:
        raise BadMessageKey
    plain: bytes = cryptg.decrypt_ige(data, *_aes(key, message_key, 0))
    large = sha256(key[88:120] + plain).digest()
    if large[8:24] != message_key:
        raise BadMessageKey
    return plain, struct.unpack("<I", large[:4])[0] | 0x80000000


def _aes(key: bytes, message_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = sha256(message_key + key[x : x + 36]).digest()
    b = sha256(key[x + 40 : x + 76] + message_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


class RsaKey:
    """The server's RSA key: clients know its public half, and its fingerprint names it in the handshake."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        numbers = private.private_numbers()
        self._n, self._p, self._q = numbers.public_numbers.n, numbers.p, numbers.q
        self._dp, self._dq, self._q_inverse = numbers.dmp1, numbers.dmq1, numbers.iqmp
        self.fingerprint = _fingerprint(self._n, numbers.public_numbers.e)

    @classmethod
    def generate(cls, bits: int = 2048) -> RsaKey:
        """Make a new key; 2,048 bits are what every client expects."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=bits))

    @classmethod
    def load(cls, pem: bytes) -> RsaKey:
        """Read a key from its private PEM."""
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return cls(key)

    def private_pem(self) -> bytes:
        """Return the private key as PEM, for the state directory."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def public_pem(self) -> str:
        """Return the public key as PKCS#1 PEM, the form that clients take."""
        public = self._private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()

    def open(self, encrypted: bytes) -> bytes | None:
        """Return what a handshake's ``encrypted_data`` holds, followed by padding, in either form; None if neither."""
        block = self._raw(int.from_bytes(encrypted, "big")).to_bytes((self._n.bit_length() + 7) // 8, "big")
        return _rsa_pad(block) or _legacy(block)

    def _raw(self, c: int) -> int:
        low, high = pow(c % self._q, self._dq, self._q), pow(c % self._p, self._dp, self._p)
        return low + (self._q_inverse * (high - low) % self._p) * self._q


def _rsa_pad(block: bytes) -> bytes | None:
    """Undo RSA_PAD (auth_key, step 4.1): 32 masked key bytes and 224 encrypted ones."""
    masked, encrypted = block[:32], block[32:]
    if len(encrypted) != 224:
        return None
    key = bytes(x ^ y for x, y in zip(masked, sha256(encrypted).digest(), strict=True))
    plain = cryptg.decrypt_ige(encrypted, key, bytes(32))
    data = plain[:192][::-1]
    return data if sha256(key + data).digest() == plain[192:] else None


def _legacy(block: bytes) -> bytes | None:
    """Undo the older form: a zero byte, SHA1 of the data, the data, padding; TL data is a whole number of words."""
    digest, rest = block[1:21], block[21:]
    for length in range(len(rest) // 4 * 4, 0, -4):
        if hashlib.sha1(rest[:length]).digest() == digest:  # noqa: S324
            return rest[:length]
    return None


def _fingerprint(n: int, e: int) -> int:
    parts = b"".join(TLObject.serialize_bytes(x.to_bytes((x.bit_length() + 7) // 8, "big")) for x in (n, e))
    fingerprint: int = struct.unpack("<q", hashlib.sha1(parts).digest()[-8:])[0]  # noqa: S324
    return fingerprint
