"""What a reader sees of a message, as one number: equal fingerprints mean that an edit changed nothing.

The text, its entities and the file count. Counters, markup, previews and pins don't: Telegram sends an edit for each.
"""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

from heliograph.domain import records
from heliograph.store import arrays

FILE_KINDS: Final = frozenset({"photo", "video", "round_video", "animation", "audio", "voice", "document", "sticker"})
"""Media kinds whose ``id`` is a file's."""


def file_id(media: records.Json | None) -> int | None:
    """Return the id of the file that a media descriptor names."""
    if media is None or media.get("kind") not in FILE_KINDS:
        return None
    identifier = media.get("id")
    return int(identifier) if identifier is not None else None


def fingerprint(text: str, entities: list[records.Entity] | None, media: records.Json | None) -> int:
    """Return 64 bits of a hash, signed as PostgreSQL's bigint is."""
    digest = hashlib.blake2b(text.encode(), digest_size=8)
    if entities:
        digest.update(b"\x00e" + arrays.dump_json(entities))
    file = file_id(media)
    if file is not None:
        digest.update(b"\x00f" + orjson.dumps(file))
    return int.from_bytes(digest.digest(), "big", signed=True)
