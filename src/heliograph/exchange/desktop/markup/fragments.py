"""A page of messages cut into messages, in constant memory.

Telegram Desktop escapes whatever people wrote, so that the tag that opens a message is found in the bytes; each message
is parsed alone. One that is larger than any message can be is stepped over without being held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_BYTES: Final = 4 << 20
"""A long message has some 30 KB in HTML."""

_CHUNK: Final = 1 << 18
_OPENING: Final = re.compile(rb'<div\b(?=[^<>]{0,300}\bclass="message (?:default|service)\b)[^<>]{0,400}>')
_LONGEST_TAG: Final = 512
_ID: Final = re.compile(rb'\bid="message(-?\d{1,18})"')
_DIV: Final = re.compile(rb"<(/?)div\b[^<>]*(>?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragment:
    """The bytes of one message; of the last one with whatever follows it on the page."""

    data: bytes
    """Only the beginning when it is too large."""
    message_id: int | None
    """Negative for the lines that name a day; None when the tag has none."""
    is_too_large: bool = False
    is_last: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every ``div`` that the message opens is closed."""
        open_tags = 0
        for closing, end in _DIV.findall(self.data):
            open_tags += -1 if closing else 1
            if not end:
                return False
        return open_tags <= 0

    @property
    def ends_page(self) -> bool:
        """Whether the page is written to its end."""
        return self.is_last and b"</html>" in self.data[-_CHUNK:]


def split(file: BinaryIO, *, max_bytes: int = MAX_BYTES) -> Iterator[Fragment]:
    """Yield the messages of a page in turn; what comes before the first one is left out."""
    buffer = b""
    scanned = 0
    begin: int | None = None
    dropped = b""
    while chunk := file.read(_CHUNK):
        buffer += chunk
        while found := _OPENING.search(buffer, scanned):
            if begin is not None:
                yield _fragment(dropped or buffer[begin : found.start()], is_too_large=bool(dropped))
            begin, dropped, scanned = found.start(), b"", found.end()
        if begin is not None and len(buffer) - begin > max_bytes:
            dropped = dropped or buffer[begin : begin + _LONGEST_TAG]
            begin = max(scanned, len(buffer) - _LONGEST_TAG)
        keep = len(buffer) - _LONGEST_TAG if begin is None else begin
        keep = max(0, keep)
        buffer = buffer[keep:]
        begin = None if begin is None else begin - keep
        scanned = max(scanned - keep, len(buffer) - _LONGEST_TAG, 0)
    if begin is not None:
        yield _fragment(dropped + buffer[begin:], is_too_large=bool(dropped), is_last=True)


def _fragment(data: bytes, *, is_too_large: bool = False, is_last: bool = False) -> Fragment:
    found = _ID.search(data, 0, _LONGEST_TAG)
    return Fragment(data=data, message_id=int(found[1]) if found else None, is_too_large=is_too_large, is_last=is_last)
