"""Two-step verification, the server's side of SRP-2048 as core.telegram.org/api/srp describes it.

The server keeps v = g^x, never the password; the client proves with M1 that it knows x.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import secrets
from hashlib import sha256
from typing import Any

from telethon.tl import types

from heliograph.simulator.wire import crypto

ITERATIONS = 100_000
SIZE = 256

P = crypto.DH_PRIME
G = crypto.DH_G
P_BYTES = P.to_bytes(SIZE, "big")
G_BYTES = G.to_bytes(SIZE, "big")
K = int.from_bytes(sha256(P_BYTES + G_BYTES).digest(), "big")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Verifier:
    """A password as the server knows it."""

    salt1: bytes
    salt2: bytes
    value: int
    hint: str | None = None

    @property
    def algorithm(self) -> types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow:
        """The algorithm and its parameters in TL."""
        return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
            self.salt1, self.salt2, G, P_BYTES
        )

    def to_json(self) -> list[str | None]:
        """Return the verifier as a list for a file."""
        return [self.salt1.hex(), self.salt2.hex(), f"{self.value:x}", self.hint]

    @classmethod
    def from_json(cls, fields: list[Any]) -> Verifier:
        """Read what ``to_json`` made."""
        salt1, salt2, value, hint = fields
        return cls(salt1=bytes.fromhex(salt1), salt2=bytes.fromhex(salt2), value=int(value, 16), hint=hint)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """One question: the client must answer with A and M1 that fit this b."""

    srp_id: int
    verifier: Verifier
    secret: int
    public: int


def fresh_algorithm() -> types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow:
    """Return parameters for a password to be set; the client lengthens salt1 itself."""
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        secrets.token_bytes(8), secrets.token_bytes(16), G, P_BYTES
    )


def verifier_of(password: str, hint: str | None = None) -> Verifier:
    """Make the verifier of a password that the server is told in the clear; takes tens of milliseconds."""
    salt1, salt2 = secrets.token_bytes(40), secrets.token_bytes(16)
    inner = _salted(_salted(password.encode(), salt1), salt2)
    stretched = hashlib.pbkdf2_hmac("sha512", inner, salt1, ITERATIONS)
    x = int.from_bytes(_salted(stretched, salt2), "big")
    return Verifier(salt1=salt1, salt2=salt2, value=pow(G, x, P), hint=hint)


def ask(verifier: Verifier) -> Challenge:
    """Make a new challenge."""
    secret = secrets.randbits(2048)
    public = (K * verifier.value + pow(G, secret, P)) % P
    return Challenge(srp_id=secrets.randbits(62), verifier=verifier, secret=secret, public=public)


def is_proved(challenge: Challenge, a: bytes, m1: bytes) -> bool:
    """Tell whether A and M1 come from somebody who knows the password."""
    client = int.from_bytes(a, "big")
    if not 0 < client < P or client % P == 0:
        return False
    a_bytes, b_bytes = client.to_bytes(SIZE, "big"), challenge.public.to_bytes(SIZE, "big")
    u = int.from_bytes(sha256(a_bytes + b_bytes).digest(), "big")
    shared = pow(client * pow(challenge.verifier.value, u, P) % P, challenge.secret, P)
    groups = bytes(x ^ y for x, y in zip(sha256(P_BYTES).digest(), sha256(G_BYTES).digest(), strict=True))
    salts = sha256(challenge.verifier.salt1).digest() + sha256(challenge.verifier.salt2).digest()
    key = sha256(shared.to_bytes(SIZE, "big")).digest()
    return hmac.compare_digest(sha256(groups + salts + a_bytes + b_bytes + key).digest(), m1)


def _salted(data: bytes, salt: bytes) -> bytes:
    return sha256(salt + data + salt).digest()
