"""JSON read as bytes through a window, so that a file of any size takes the same memory.

A ``Source`` stands at one byte of a file and sees a window from there. It steps over values without holding them and
hands out those that fit a limit. Nothing is interpreted here besides where a value ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from heliograph import errors
from heliograph.exchange.desktop import scanning

CHUNK: Final = 1 << 20
"""Bytes that are read at once."""

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_SCALAR: Final = re.compile(rb"[^ \t\r\n,\]}]*")


class EndsEarlyError(Exception):
    """The file ends inside a value."""


class MalformedError(Exception):
    """Something else stands where JSON has its structure."""


class Source:
    """A place in a file and a window of bytes that begins at or before it."""

    def __init__(self, file: BinaryIO, *, start: int = 0, chunk: int = CHUNK) -> None:
        self.window = b""
        self.at = 0
        """Index in the window of the byte that comes next."""
        self.chunk = chunk
        self.failure: str | None = None
        """Why the file could not be read on, such as a damaged archive; it counts as ended there."""
        self._file = file
        self._base = 0
        self._lines: int | None = 0
        self._has_more = True
        if start:
            self._go_to(start)

    @property
    def offset(self) -> int:
        """The byte of the file that comes next, counted from 0."""
        return self._base + self.at

    @property
    def line(self) -> int | None:
        """The line of the byte that comes next, counted from 1; None after a start in the middle of the file."""
        return None if self._lines is None else self._lines + self.window.count(b"\n", 0, self.at) + 1

    @property
    def is_at_end(self) -> bool:
        """Whether nothing but white space comes."""
        self.skip_space()
        return self.at >= len(self.window)

    @property
    def is_whole(self) -> bool:
        """Whether the window reaches to the end of the file."""
        return not self._has_more

    @property
    def is_seekable(self) -> bool:
        """Whether the file can be read a second time."""
        return self._file.seekable()

    def fill(self) -> bool:
        """Forget what is behind and read one more chunk. False when there is no more."""
        data = self._read(self.chunk) if self._has_more else b""
        if not data:
            self._has_more = False
            return False
        if self.at:
            if self._lines is not None:
                self._lines += self.window.count(b"\n", 0, self.at)
            self._base += self.at
        self.window = self.window[self.at :] + data
        self.at = 0
        return True

    def fill_to(self, size: int) -> None:
        """See at least ``size`` bytes ahead, or to the end of the file."""
        while len(self.window) - self.at < size and self.fill():
            pass

    def seek(self, offset: int) -> None:
        """Go to another byte of a seekable file."""
        self._go_to(offset)

    def skip_space(self) -> None:
        """Step over white space."""
        while True:
            found = _SPACE.match(self.window, self.at)
            assert found is not None
            self.at = found.end()
            if self.at < len(self.window) or not self.fill():
                return

    def peek(self) -> bytes:
        """Return the next byte that is not white space, without stepping over it."""
        self.skip_space()
        if self.at >= len(self.window):
            raise EndsEarlyError
        return self.window[self.at : self.at + 1]

    def take(self, expected: bytes) -> bool:
        """Step over the next byte that is not white space if it is ``expected``."""
        if self.peek() != expected:
            return False
        self.at += 1
        return True

    def members(self, *, is_inside: bool = False) -> Iterator[str]:
        """Yield an object's keys in turn; the caller steps over each value before it asks for the next key.

        The source stands at the opening brace, or, ``is_inside``, after one of the object's values.
        """
        if not is_inside:
            if not self.take(b"{"):
                raise MalformedError
            if self.take(b"}"):
                return
        while True:
            if is_inside and not self._goes_on(b"}"):
                return
            is_inside = True
            if self.peek() != b'"':
                raise MalformedError
            key = self.loads(1 << 16)
            if not self.take(b":"):
                raise MalformedError
            self.skip_space()
            yield str(key)

    def elements(self, *, is_inside: bool = False) -> Iterator[None]:
        """Stop before each element of an array; the caller steps over it. ``is_inside`` as for ``members``.

        Reading may also go on right at an element. A comma after the last element, which other programs leave when
        they rewrite a file, ends the array too.
        """
        if not is_inside and not self.take(b"["):
            raise MalformedError
        if is_inside and self.peek() == b"{":
            yield
        if not is_inside and self.take(b"]"):
            return
        while not is_inside or self._goes_on(b"]"):
            is_inside = True
            yield

    def loads(self, limit: int) -> Any:
        """Return the next value, or None when it is larger than ``limit`` bytes."""
        data = self.value(limit)
        if data is None:
            return None
        try:
            return scanning.loads(data)
        except ValueError:
            raise MalformedError from None

    def value(self, limit: int) -> bytes | None:
        """Step over the next value and return its bytes, or None when there are more than ``limit``."""
        first = self.peek()
        if first not in b'{["':
            return self._scalar(limit)
        start: int | None = self.at
        scan = scanning.Scan()
        index = self.at
        while True:
            end = scan.feed(self.window, index)
            if end is not None:
                found = None if start is None or end - start > limit else self.window[start:end]
                self.at = end
                return found
            index = len(self.window)
            if start is None or index - start > limit:
                start = None
                self.at = index
            kept = index - self.at
            if not self.fill():
                self.at = len(self.window)
                raise EndsEarlyError
            index = kept
            start = None if start is None else 0

    def skip(self) -> None:
        """Step over the next value, whatever its size."""
        self.value(-1)

    def _goes_on(self, closing: bytes) -> bool:
        if self.take(closing):
            return False
        if not self.take(b","):
            raise MalformedError
        return not self.take(closing)

    def _scalar(self, limit: int) -> bytes | None:
        self.fill_to(64)
        found = _SCALAR.match(self.window, self.at)
        assert found is not None
        if found.end() == len(self.window) and not self.is_whole:
            raise MalformedError
        if not found.group():
            raise MalformedError
        self.at = found.end()
        return None if limit < len(found.group()) else found.group()

    def _go_to(self, offset: int) -> None:
        self.window, self.at, self._has_more = b"", 0, True
        if self._file.seekable():
            self._file.seek(offset)
            self._lines = 0 if offset == 0 else None
        else:
            self._discard(offset - self._base)
        self._base = offset

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except errors.BadInput as error:
            self.failure = str(error)
            return b""

    def _discard(self, count: int) -> None:
        while count > 0 and (data := self._read(min(count, self.chunk))):
            count -= len(data)
            if self._lines is not None:
                self._lines += data.count(b"\n")
