"""Decoding of TL bytes, with each message's own bytes kept beside it.

The generated ``from_reader`` methods do the work; this reader only feeds them faster than Telethon's own, builds plain
messages instead of Telethon's rich ones, and reads a container's parts one by one so that an unknown constructor
in one of them does not take the others with it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import LAYER as _LAYER
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult, TLMessage

LAYER: int = _LAYER

UNREADABLE = (TypeNotFoundError, struct.error, BufferError, IndexError, RuntimeError, zlib.error)
"""What generated code raises on an unknown constructor, and on bytes that end early or make no sense."""

_INT = struct.Struct("<i").unpack_from
_UINT = struct.Struct("<I").unpack_from
_LONG = struct.Struct("<q").unpack_from
_ULONG = struct.Struct("<Q").unpack_from
_TRUE, _FALSE, _VECTOR = 0x997275B5, 0xBC799737, 0x1CB5C415
_GZIP_OR_ZLIB = 47
UPDATES = 0x8AF52AAC
"""The TL type of everything that Telegram pushes."""


class Reader(BinaryReader):  # type: ignore[misc]
    """Telethon's reader with precompiled formats and our own table of constructors."""

    position: int
    stream: bytes

    def read_int(self, signed: bool = True) -> int:
        """Read four bytes."""
        position = self.position
        self.position = position + 4
        value: int = (_INT if signed else _UINT)(self.stream, position)[0]
        return value

    def read_long(self, signed: bool = True) -> int:
        """Read eight bytes."""
        position = self.position
        self.position = position + 8
        value: int = (_LONG if signed else _ULONG)(self.stream, position)[0]
        return value

    def tgread_bytes(self) -> bytes:
        """Read a byte string with its length and padding."""
        stream, start = self.stream, self.position + 1
        length = stream[start - 1]
        if length == 254:
            length = int.from_bytes(stream[start : start + 3], "little")
            start += 3
        end = start + length
        if end > len(stream):
            raise BufferError("a string runs past the end of its message")
        self.position = end + (-end + self.position) % 4
        return bytes(stream[start:end])

    def tgread_string(self) -> str:
        """Read a text; bytes that are not UTF-8 become the replacement character."""
        return self.tgread_bytes().decode("utf-8", "replace")

    def tgread_date(self) -> datetime:
        """Read a moment in Unix seconds."""
        return datetime.fromtimestamp(self.read_int(), UTC)

    def tgread_object(self) -> Any:
        """Read any object. Raises TypeNotFoundError for a constructor of a newer layer."""
        position = self.position
        self.position = position + 4
        constructor = _UINT(self.stream, position)[0]
        read = _READERS.get(constructor)
        if read is None:
            self.position = position
            raise TypeNotFoundError(constructor, b"")
        return read(self)


def _message_reader(patched: Any) -> Callable[[Any], Any]:
    """Return a reader that keeps the bytes and makes the generated class, not Telethon's convenient and slow one."""
    generated = next(cls for cls in patched.__mro__ if cls.__module__ == types.__name__)
    build = generated.from_reader

    def read(reader: Any) -> Any:
        start = reader.position - 4
        message = build(reader)
        message.raw = reader.stream[start : reader.position]
        return message

    return read


def note_size(found: Any, size: int) -> None:
    """Note on what Telegram pushes how many bytes it was read from, unless those that it was packed in are known."""
    if getattr(found, "SUBCLASS_OF_ID", None) == UPDATES and not hasattr(found, "decoded_bytes"):
        found.decoded_bytes = size


def _read_gzip(reader: Any) -> Any:
    content = _unzip(reader.tgread_bytes())
    found = Reader(content).tgread_object()
    note_size(found, len(content))
    return found


def _read_rpc_result(reader: Any) -> Any:
    request_id = reader.read_long()
    inner = reader.read_int(signed=False)
    if inner == types.RpcError.CONSTRUCTOR_ID:
        return RpcResult(request_id, None, types.RpcError.from_reader(reader))
    if inner == GzipPacked.CONSTRUCTOR_ID:
        return RpcResult(request_id, _unzip(reader.tgread_bytes()), None)
    return RpcResult(request_id, reader.stream[reader.position - 4 :], None)


def _read_container(reader: Any) -> Any:
    messages = []
    for _ in range(reader.read_int()):
        message_id, sequence, length = reader.read_long(), reader.read_int(), reader.read_int()
        start = reader.position
        reader.position = start + length
        try:
            body: Any = Reader(reader.stream[start : start + length]).tgread_object()
        except UNREADABLE:
            body = Undecodable()
        note_size(body, length)
        messages.append(TLMessage(message_id, sequence, body))
    return MessageContainer(messages)


class Undecodable:
    """Stands for a part of a container that could not be read."""

    CONSTRUCTOR_ID = -1


def _unzip(content: bytes) -> bytes:
    return zlib.decompress(content, _GZIP_OR_ZLIB)


def _read_vector(reader: Any) -> list[Any]:
    return [reader.tgread_object() for _ in range(reader.read_int())]


_READERS: dict[int, Callable[[Any], Any]] = {
    **{constructor: cls.from_reader for constructor, cls in tlobjects.items()},
    types.Message.CONSTRUCTOR_ID: _message_reader(types.Message),
    types.MessageService.CONSTRUCTOR_ID: _message_reader(types.MessageService),
    types.MessageEmpty.CONSTRUCTOR_ID: _message_reader(types.MessageEmpty),
    GzipPacked.CONSTRUCTOR_ID: _read_gzip,
    MessageContainer.CONSTRUCTOR_ID: _read_container,
    RpcResult.CONSTRUCTOR_ID: _read_rpc_result,
    _TRUE: lambda reader: True,
    _FALSE: lambda reader: False,
    _VECTOR: _read_vector,
}
