"""Where a JSON value ends, found in pieces of any size, and what it says, read as its writers meant it."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

_PLAIN: Final = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""Whatever opens and closes nothing; a string that the window cuts is left."""
_STRING_REST: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_ESCAPED: Final = re.compile(
    rb"\\(?:x([0-9A-Fa-f]{2})|(u[dD][89aAbB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})|(u[dD][89a-fA-F][0-9A-Fa-f]{2})|.)",
    re.DOTALL,
)


class Scan:
    """Finds where a string, object or array ends, in as many pieces as it comes in."""

    def __init__(self) -> None:
        self.depth = 0
        self.is_string = False
        self.is_escape = False

    def feed(self, data: bytes, index: int) -> int | None:
        """Return the index after the value, or None when it goes on after ``data``."""
        if self.is_escape and index < len(data):
            self.is_escape = False
            index += 1
        while index < len(data):
            if self.is_string:
                index = self._in_string(data, index)
            elif self.depth:
                index = self._between(data, index)
            else:
                index = self._open(data, index)
            if not self.depth and not self.is_string:
                return index
        return None

    def _open(self, data: bytes, index: int) -> int:
        self.is_string = data[index] == 0x22
        self.depth = int(not self.is_string)
        return index + 1

    def _in_string(self, data: bytes, index: int) -> int:
        found = _STRING_REST.match(data, index)
        assert found is not None
        index = found.end()
        if index < len(data):
            self.is_escape = data[index] == 0x5C
            self.is_string = self.is_escape
            index += 1
        return index

    def _between(self, data: bytes, index: int) -> int:
        found = _PLAIN.match(data, index)
        assert found is not None
        index = found.end()
        if index < len(data):
            byte = data[index]
            if byte == 0x22:
                self.is_string = True
            else:
                self.depth += 1 if byte in b"{[" else -1
            index += 1
        return index


def loads(data: bytes) -> Any:
    """Return the value of JSON text; raise ValueError when it is none.

    Telegram Desktop writes control characters as ``\\x1F``, which JSON does not have, and rewriting programs leave
    halves of surrogate pairs: both are read for what they mean.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        if b"\\" not in data:
            raise
        return orjson.loads(_ESCAPED.sub(_mended, data))


def _mended(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return b"\\u00" + found[1]
    return b"\\ufffd" if found[3] is not None else found[0]
