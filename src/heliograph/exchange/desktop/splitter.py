"""One ``messages`` array, cut into pages without holding it.

The fast way takes a window and cuts it before the last thing that looks like the beginning of a message. If what is
before the cut parses as the elements of an array, the cut was between two elements: one inside a string or a nested
object leaves something open. Otherwise the messages are stepped over one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import orjson

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import scanning
from heliograph.exchange.desktop import source as sources

MAX_MESSAGE_BYTES: Final = 16 << 20
"""A message of Telegram has some kilobytes; what is larger than this is no message and is not held."""

_CAREFUL_MESSAGES: Final = 200
"""So many messages are stepped over one by one before the fast way is tried again."""
_FIRST_REACH: Final = 16 << 10
"""Bytes that the fast way looks at in a chat at first: most chats of an account are small."""

_NEXT: Final = re.compile(rb'\}\s*,\s*(\{)\s*"id"\s*:')
_LAST: Final = re.compile(rb'(\})\s*\]\s*\}\s*(?:,\s*\{\s*"(?:name"|type"\s*:\s*"[srv])|\]|\Z)')
"""The end of a chat's last message: after it the array and the chat close. A chat begins with its name, or with the
type of one that has no name (``saved_messages``, ``replies``, ``verification_codes``)."""


def pages(
    source: sources.Source, file_name: str, *, is_inside: bool = False, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> Iterator[model.Page | model.Skip]:
    """Yield the messages of the array that the source stands before, and what is left out of it.

    ``is_inside`` when the source stands after a message, where an earlier run ended.
    """
    elements = source.elements(is_inside=is_inside)
    fast = _Fast(source)
    for _ in elements:
        page = fast.page()
        if page is None:
            careful = _Careful(source, file_name, max_message_bytes)
            yield from careful.run(elements)
            fast.learn(careful.messages)
        else:
            yield page


class _Fast:
    """Cuts the window at what looks like the beginning of a message, and lets the parser say whether it is one."""

    def __init__(self, source: sources.Source) -> None:
        self.source = source
        self.reach = min(_FIRST_REACH, source.chunk)
        self.keys = {"id"}
        self.next = _NEXT

    def learn(self, messages: list[records.Json]) -> None:
        """Take in which keys messages begin with: in a file that another program wrote it may be any."""
        new = {next(iter(each), "id") for each in messages} - self.keys
        if new:
            self.keys |= new
            words = b"|".join(re.escape(each.encode("utf-8", "surrogatepass")) for each in sorted(self.keys))
            self.next = re.compile(rb'\}\s*,\s*(\{)\s*"(?:' + words + rb')"\s*:')

    def page(self) -> model.Page | None:
        """Return the messages that come next, or None when they have to be stepped over one by one."""
        chunk = self.source.chunk
        while True:
            self.source.fill_to(self.reach)
            limit = min(len(self.source.window), self.source.at + self.reach)
            starts = [
                self.source.at,
                *(found.start(1) for found in self.next.finditer(self.source.window, self.source.at, limit)),
            ]
            page = self._before_last(starts) or self._before_end(starts, limit)
            if page is not None:
                self.reach = min(2 * self.reach, chunk)
                return page
            if len(starts) > 1 or self.reach >= chunk:
                self.reach = min(_FIRST_REACH, chunk)
                return None
            self.reach = min(4 * self.reach, chunk)

    def _before_last(self, starts: list[int]) -> model.Page | None:
        if len(starts) == 1:
            return None
        return self._page(starts[:-1], self.source.window.rindex(b"}", 0, starts[-1]) + 1)

    def _before_end(self, starts: list[int], limit: int) -> model.Page | None:
        source = self.source
        last = _LAST.search(source.window, source.at, limit)
        if last is None or (last.end() == limit and not (source.is_whole and limit == len(source.window))):
            return None
        return self._page([start for start in starts if start < last.end(1)], last.end(1))

    def _page(self, starts: list[int], end: int) -> model.Page | None:
        """Return the messages from here to ``end`` if they are exactly those that ``starts`` says."""
        source = self.source
        messages = _elements(source.window[source.at : end])
        if messages is None or len(messages) != len(starts) or not all(map(self._is_message, messages)):
            return None
        base = source.offset - source.at
        source.at = end
        return model.Page(messages=messages, places=[base + start for start in starts], offset_after=source.offset)

    def _is_message(self, element: object) -> bool:
        return type(element) is dict and next(iter(element), "") in self.keys


def _elements(data: bytes) -> list[records.Json] | None:
    """Return what an array with this inside holds, None when something is left open or is no JSON."""
    data = b"[" + data + b"]"
    try:
        found: list[records.Json] = orjson.loads(data)
    except orjson.JSONDecodeError:
        if b"\\x" not in data:
            return None
        try:
            found = scanning.loads(data)
        except ValueError:
            return None
    return found


class _Careful:
    """Steps over some messages one by one."""

    def __init__(self, source: sources.Source, file_name: str, max_message_bytes: int) -> None:
        self.source = source
        self.file_name = file_name
        self.limit = max_message_bytes
        self.messages: list[records.Json] = []
        self.places: list[int] = []
        self.skips: list[model.Skip] = []
        self.offset_after = source.offset

    def run(self, elements: Iterator[None]) -> Iterator[model.Page | model.Skip]:
        """Take the element before the source and those after it; what was read before a break is yielded too."""
        begin = self.source.offset
        try:
            self._take()
            while len(self.messages) < _CAREFUL_MESSAGES and self.source.offset - begin < self.source.chunk:
                if next(elements, elements) is elements:
                    break
                self._take()
        finally:
            if self.messages:
                yield model.Page(messages=self.messages, places=self.places, offset_after=self.offset_after)
            yield from self.skips

    def _take(self) -> None:
        self.source.skip_space()
        begin = self.source.offset
        reason = self._read(begin)
        if reason is not None:
            self.skips.append(model.Skip(reason=reason, place=model.Place(file=self.file_name, offset=begin)))
        self.offset_after = self.source.offset

    def _read(self, begin: int) -> str | None:
        """Take the message that begins at ``begin``, or return why it is left out."""
        source = self.source
        try:
            data = source.value(self.limit)
        except sources.EndsEarlyError:
            if not self._back_to_next(begin):
                raise
            return "not_json"
        if data is None:
            end = source.offset
            if source.is_seekable:
                source.seek(begin)
                source.fill_to(self.limit)
                if self._back_to_next(begin):
                    return "not_json"
                source.seek(end)
            return "message_too_large"
        try:
            found = scanning.loads(data)
        except ValueError:
            self._back_to_next(begin)
            return "not_json" if _is_utf8(data) else "not_utf8"
        if type(found) is not dict:
            return "no_message"
        self.messages.append(found)
        self.places.append(begin)
        return None

    def _back_to_next(self, begin: int) -> bool:
        """Go to what looks like the next message's beginning before the source; False when there is none.

        A quote too many, or a bracket too few, lets a damaged message swallow what follows.
        """
        source = self.source
        start = begin - (source.offset - source.at)
        found = _NEXT.search(source.window, start) if start >= 0 else None
        end = source.at if source.at > start else len(source.window)
        if found is None or found.start() >= end:
            return False
        source.at = found.start() + 1
        return True


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
