"""Columns of many rows as one binary array parameter each: ``unnest(%s, %s, …)`` turns them into rows again.

This is how every write enters the store. Measured against a binary COPY into a temporary table it is as fast for
2,000 rows (7 µs each, Python included) and three times faster for one (0.3 ms less: no table to truncate, and
it works in pipeline mode). The driver's own list adaptation does the same work several times slower.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import psycopg
from psycopg import pq
from psycopg.adapt import Buffer, Dumper

_NULL: Final = b"\xff\xff\xff\xff"
_TRUE: Final = b"\x00\x00\x00\x01\x01"
_FALSE: Final = b"\x00\x00\x00\x01\x00"
_REPLACEMENT: Final = "\ufffd"
_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_length = struct.Struct(">i").pack
_header = struct.Struct(">iiiii").pack
_int8 = struct.Struct(">iq").pack
_int4 = struct.Struct(">ii").pack
_int2 = struct.Struct(">ih").pack


class _Packed:
    """An array in PostgreSQL's binary form; the subclass says of what."""

    __slots__ = ("data",)
    oid = 0

    def __init__(self, data: bytes) -> None:
        self.data = data


def pack(kind: str, values: Sequence[Any]) -> _Packed:
    """Return the column ``values`` as an array parameter of ``kind``: a key of :data:`KINDS`.

    Raises psycopg.DataError for a value that the type cannot hold, as the server would.
    """
    element, wrapper, encode = KINDS[kind]
    count = len(values)
    try:
        if values.count(None) == count:
            body = _NULL * count
        else:
            body = b"".join([_NULL if value is None else encode(value) for value in values])
    except (struct.error, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise psycopg.DataError(f"a value does not fit {kind}: {error}") from error
    return wrapper(_header(1, 1, element, count, 1) + body)


def pack_rows(kinds: str, rows: Iterable[Sequence[Any]]) -> list[_Packed]:
    """Return one array per column of ``rows``; ``kinds`` names the columns' types, separated by blanks."""
    names = kinds.split()
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return [pack(name, column) for name, column in zip(names, columns, strict=True)]


def clean(text: str) -> str:
    """Replace what PostgreSQL cannot hold, one UTF-16 unit by another, so that entity offsets stay true."""
    text = text.replace("\x00", _REPLACEMENT)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _microseconds(moment: datetime) -> bytes:
    return _int8(8, (moment - _POSTGRES_EPOCH) // _MICROSECOND)


def _text(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = clean(text).encode()
    if b"\x00" in data:
        data = clean(text).encode()
    return _length(len(data)) + data


def _json(value: Any) -> bytes:
    data = dump_json(value)
    return _length(len(data)) + data


def dump_json(value: Any) -> bytes:
    """Return JSON that PostgreSQL accepts: without NUL and lone surrogates."""
    try:
        data = orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_clean_json(value))
    return orjson.dumps(_clean_json(value)) if b"\\u0000" in data else data


def _clean_json(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_clean_json(key): _clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_json(item) for item in value]
    return value


_Encode = Callable[[Any], bytes]


def _kind(element: int, array: int, encode: _Encode) -> tuple[int, type[_Packed], _Encode]:
    class Array(_Packed):
        oid = array

    class ArrayDumper(Dumper):
        format = pq.Format.BINARY
        oid = array

        def dump(self, obj: _Packed) -> Buffer:
            return obj.data

    psycopg.adapters.register_dumper(Array, ArrayDumper)
    return element, Array, encode


KINDS: Final = {
    "int8": _kind(20, 1016, lambda value: _int8(8, value)),
    "int4": _kind(23, 1007, lambda value: _int4(4, value)),
    "int2": _kind(21, 1005, lambda value: _int2(2, value)),
    "bool": _kind(16, 1000, lambda value: _TRUE if value else _FALSE),
    "time": _kind(1184, 1185, _microseconds),
    "text": _kind(25, 1009, _text),
    "bytes": _kind(17, 1001, lambda value: _length(len(value)) + value),
    # As text[]; the statement casts it, so that NULL stays NULL.
    "json": _kind(25, 1009, _json),
}
"""Element oid, array wrapper and encoder, by name."""
