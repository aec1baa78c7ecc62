"""The proof in auth.bindTempAuthKey: a message of the older MTProto 1.0, encrypted with the permanent key.

Source: core.telegram.org/method/auth.bindTempAuthKey.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

import cryptg

INNER = 0x75A3F765  # bind_auth_key_inner
_INNER_BYTES = 40


class Binding(NamedTuple):
    """Which keys, in which session, until when; key ids are unsigned."""

    nonce: int
    temporary: int
    permanent: int
    session_id: int
    expires_at: int
    msg_id: int


def key_id(number: int) -> bytes:
    """Return the bytes of a key id that TL carries as a signed long."""
    return (number % (1 << 64)).to_bytes(8, "little")


def opened(permanent_key: bytes, message: bytes) -> Binding | None:
    """Return what the message binds, None when it was not made with this key or is malformed."""
    message_key, encrypted = message[8:24], message[24:]
    is_named = message[:8] == hashlib.sha1(permanent_key).digest()[-8:]  # noqa: S324
    if not is_named or not encrypted or len(encrypted) % 16:
        return None
    plain: bytes = cryptg.decrypt_ige(encrypted, *_aes(permanent_key, message_key))
    msg_id, _seqno, length = struct.unpack_from("<qii", plain, 16)
    if length != _INNER_BYTES or hashlib.sha1(plain[: 32 + length]).digest()[4:20] != message_key:  # noqa: S324
        return None
    constructor, nonce, temporary, permanent, session_id, expires_at = struct.unpack_from("<IqQQqi", plain, 32)
    return Binding(nonce, temporary, permanent, session_id, expires_at, msg_id) if constructor == INNER else None


def _aes(key: bytes, message_key: bytes) -> tuple[bytes, bytes]:
    """Return key and vector as MTProto 1.0 makes them for a client's message."""
    a, b, c, d = (
        hashlib.sha1(part).digest()  # noqa: S324
        for part in (
            message_key + key[:32],
            key[32:48] + message_key + key[48:64],
            key[64:96] + message_key,
            message_key + key[96:128],
        )
    )
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]
