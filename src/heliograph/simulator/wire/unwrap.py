"""Take a request out of its wrappers: invokeWithLayer, initConnection, invokeAfterMsg, gzip_packed and the others.

The wrappers are read by hand, because the generated readers would fail on the whole message when the innermost
method is one that they don't know.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import functions
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.tlobject import TLRequest

from heliograph.simulator import rpc
from heliograph.simulator.wire.packing import GZIP_PACKED

MAX_UNZIPPED_BYTES = 16 * 1024 * 1024


@dataclasses.dataclass(slots=True, kw_only=True)
class Call:
    """One request and what its wrappers said."""

    request: Any = None
    layer: int | None = None
    api_id: int | None = None
    device: str = ""
    is_without_updates: bool = False
    after: list[int] = dataclasses.field(default_factory=list)


def unwrap(body: bytes) -> Call:
    """Read a request, or raise ``RpcError`` 400 when there is no such method or it cannot be read."""
    call = Call()
    reader = BinaryReader(body)
    try:
        while True:
            constructor = reader.read_int(signed=False)
            if constructor == GZIP_PACKED:
                reader = BinaryReader(unzip(reader.tgread_bytes()))
            elif constructor in _WRAPPERS:
                _WRAPPERS[constructor](call, reader)
            else:
                call.request = _read(constructor, reader)
                return call
    except (struct.error, BufferError, ValueError, RuntimeError, zlib.error) as error:
        raise rpc.RpcError(400, "INPUT_FETCH_ERROR") from error


def unzip(data: bytes) -> bytes:
    """Undo gzip or zlib framing; both occur."""
    unpacker = zlib.decompressobj(47)
    plain = unpacker.decompress(data, MAX_UNZIPPED_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError("too large when unpacked")
    return plain


def _read(constructor: int, reader: BinaryReader) -> Any:
    cls = tlobjects.get(constructor)
    if cls is None or not issubclass(cls, TLRequest):
        raise rpc.RpcError(400, "METHOD_NOT_IMPLEMENTED")
    try:
        return cls.from_reader(reader)
    except TypeNotFoundError as error:
        name = f"INPUT_CONSTRUCTOR_INVALID_{error.invalid_constructor_id:08X}"
        raise rpc.RpcError(400, name) from error


def _layer(call: Call, reader: BinaryReader) -> None:
    call.layer = reader.read_int()


def _init(call: Call, reader: BinaryReader) -> None:
    flags = reader.read_int()
    call.api_id = reader.read_int()
    texts = [reader.tgread_string() for _ in range(6)]
    call.device = ", ".join(texts[:3])
    for bit in (1, 2):  # the proxy and the parameters, which nothing here needs
        if flags & bit:
            reader.tgread_object()


def _without_updates(call: Call, reader: BinaryReader) -> None:
    call.is_without_updates = True


def _after(call: Call, reader: BinaryReader) -> None:
    call.after.append(reader.read_long())


def _after_several(call: Call, reader: BinaryReader) -> None:
    reader.read_int()
    call.after += [reader.read_long() for _ in range(reader.read_int())]


def _takeout(call: Call, reader: BinaryReader) -> None:
    reader.read_long()


def _range(call: Call, reader: BinaryReader) -> None:
    reader.tgread_object()


_WRAPPERS = {
    functions.InvokeWithLayerRequest.CONSTRUCTOR_ID: _layer,
    functions.InitConnectionRequest.CONSTRUCTOR_ID: _init,
    functions.InvokeWithoutUpdatesRequest.CONSTRUCTOR_ID: _without_updates,
    functions.InvokeAfterMsgRequest.CONSTRUCTOR_ID: _after,
    functions.InvokeAfterMsgsRequest.CONSTRUCTOR_ID: _after_several,
    functions.InvokeWithTakeoutRequest.CONSTRUCTOR_ID: _takeout,
    functions.InvokeWithMessagesRangeRequest.CONSTRUCTOR_ID: _range,
}
