"""How messages travel together: containers and gzip_packed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

from telethon.tl.tlobject import TLObject

CONTAINER = 0x73F1F8DC
GZIP_PACKED = 0x3072CFA1

MAX_MESSAGES = 100
MAX_BYTES = 512 * 1024

Entry = tuple[int, int, bytes]
"""A message's id, number and body."""


def batches(entries: Iterable[Entry]) -> Iterable[list[Entry]]:
    """Cut messages into batches that fit a container each."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) >= MAX_MESSAGES or size + len(entry[2]) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry[2]) + 16
    if batch:
        yield batch


def container(entries: list[Entry]) -> bytes:
    """Return the body of a msg_container."""
    inner = b"".join(struct.pack("<qii", msg_id, seqno, len(body)) + body for msg_id, seqno, body in entries)
    return struct.pack("<II", CONTAINER, len(entries)) + inner


def gzip_packed(plain: bytes) -> bytes:
    """Wrap data as gzip_packed; at the lowest level, since the loopback is faster than any better one."""
    packer = zlib.compressobj(1, wbits=31)
    packed = packer.compress(plain) + packer.flush()
    data: bytes = TLObject.serialize_bytes(packed)
    return struct.pack("<I", GZIP_PACKED) + data
