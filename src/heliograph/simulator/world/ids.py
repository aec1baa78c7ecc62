"""Numbers that name things: marked peers, boxes and access hashes.

Users, basic groups and channels are numbered separately and may be equal as numbers, so the model keys everything by
the marked id of the Bot API: a user ``id``, a basic group ``-id``, a channel ``-1000000000000 - id``.
"""

from __future__ import annotations

import hashlib
from typing import Literal

PeerKind = Literal["user", "chat", "channel"]

CHANNEL_OFFSET = 1_000_000_000_000
SERVICE_USER = 777000
"""The user that Telegram's own notifications come from."""


def chat_peer(chat_id: int) -> int:
    """Return the marked id of a basic group."""
    return -chat_id


def channel_peer(channel_id: int) -> int:
    """Return the marked id of a channel or supergroup."""
    return -CHANNEL_OFFSET - channel_id


def split(peer: int) -> tuple[PeerKind, int]:
    """Return a marked id's kind and bare id."""
    if peer > 0:
        return "user", peer
    if peer < -CHANNEL_OFFSET:
        return "channel", -peer - CHANNEL_OFFSET
    return "chat", -peer


def number(*parts: object, bits: int = 63) -> int:
    """Return a number that looks random and is the same for the same parts, at least 1."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - bits) or 1


def access_hash(seed: int, viewer: int, peer: int, *, is_min: bool = False) -> int:
    """Return what ``viewer`` must show to reach ``peer``; the one in a min constructor opens nothing."""
    return number(seed, viewer, peer, "min" if is_min else "full")
