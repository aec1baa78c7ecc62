"""The pages of one chat in an HTML export: ``messages.html``, ``messages2.html`` and so on, in constant memory.

Pages say less than JSON: no ids of people and chats, no edits, of service messages only the day. Their rows rank below
those of JSON, so that these take their place whenever they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from heliograph import errors
from heliograph.domain import records
from heliograph.exchange import model, sources
from heliograph.exchange.desktop.markup import dates, fragments, listing, message, nesting, nodes

PAGE_MESSAGES: Final = 500

_HEAD: Final = 1 << 18
_BATCH: Final = 50
"""Messages that are parsed together."""
_LARGE: Final = 64 << 10
"""Bytes of a message after which nothing more is collected."""
_CHARSET: Final = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"messages(\d*)\.html?\Z", re.IGNORECASE)
_UTF8: Final = ("utf-8", "utf8", "us-ascii", "ascii")


def read(source: sources.Source, *, start: int = 0, max_bytes: int = fragments.MAX_BYTES) -> Iterator[model.Event]:
    """Yield what the pages of one chat hold. ``start`` is a page's ``offset_after``: so many messages are passed over.

    Places count the messages of the chat over all of its pages, from 0. A page that cannot be read is Broken when it is
    the last one; the messages of those after it are not kept back.
    """
    reader = _Reader(source, start, max_bytes)
    try:
        yield from reader.all()
    except errors.BadInput as error:
        yield from reader.flush()
        yield model.Broken(sentence=str(error), place=reader.place)


def title(source: sources.Source) -> str:
    """Return what the pages call their chat, "" where they cannot be read."""
    try:
        with source.open() as file:
            return _title(file.read(_HEAD))
    except errors.BadInput:
        return ""


class _Reader:
    def __init__(self, source: sources.Source, start: int, max_bytes: int) -> None:
        self.source = source
        self.start = start
        self.max_bytes = max_bytes
        self.page = 0
        self.number = 0
        """Messages met so far."""
        self.reading = message.Reading()
        self.messages: list[records.Json] = []
        self.places: list[int] = []

    @property
    def place(self) -> model.Place:
        """The message that comes next."""
        return model.Place(file=self.source.name, offset=self.number)

    def all(self) -> Iterator[model.Event]:
        """Read every page."""
        expected = 1
        for page, path in enumerate(self.source.pages):
            self.page = page
            head = self._head()
            if page == 0:
                yield self._header(head)
            self._check(head)
            number = _page_number(path)
            if number is not None and number > expected:
                yield from self._skip("page_missing")
            expected = (number or 0) + 1
            self.reading.folder = path.removeprefix(self.source.base).strip("/").rpartition("/")[0]
            self.reading.offset = dates.first_offset(head) or self.reading.offset
            yield from self._messages(head)
        yield from self.flush()

    def flush(self) -> Iterator[model.Event]:
        """Yield what is collected."""
        if self.messages:
            yield model.Page(messages=self.messages, places=self.places, offset_after=self.number)
            self.messages, self.places = [], []

    def _head(self) -> bytes:
        with self.source.open(self.page) as file:
            return file.read(_HEAD)

    def _header(self, head: bytes) -> model.ChatHeader:
        kind, is_left = self._listed()
        return model.ChatHeader(
            kind=kind,
            number=None,
            title=_title(head),
            owner_user_id=None,
            is_left=is_left,
            place=model.Place(file=self.source.name, offset=0),
            is_html=True,
        )

    def _listed(self) -> tuple[str, bool]:
        folder = self.source.pages[0].removeprefix(self.source.base).strip("/").rpartition("/")[0]
        file = self.source.open_media("lists/chats.html") if folder else None
        if file is None:
            return "", False
        with file:
            return listing.read(file.read(listing.MAX_BYTES)).get(folder, ("", False))

    def _check(self, head: bytes) -> None:
        name = self.source.page_name(self.page)
        charset = _CHARSET.search(head)
        if charset and charset[1].decode().lower() not in _UTF8:
            raise errors.BadInput(f"{name} is written in {charset[1].decode()}; save it as UTF-8 and import it again.")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise errors.BadInput(f"{name} is written in UTF-16; save it as UTF-8 and import it again.")
        if not sources.is_export_page(head):
            raise errors.BadInput(f"{name} is no page of messages that Telegram Desktop wrote.")

    def _messages(self, head: bytes) -> Iterator[model.Event]:
        ends_page = b"</html>" in head
        last = None
        batch: list[fragments.Fragment] = []
        openings = 0
        with self.source.open(self.page) as file:
            for fragment in fragments.split(file, max_bytes=self.max_bytes):
                ends_page, last = fragment.ends_page, fragment.message_id
                if fragment.is_last and not ends_page and not fragment.is_whole:
                    break
                batch.append(fragment)
                openings += nesting.openings(fragment.data)
                if len(batch) == _BATCH or len(fragment.data) > _LARGE or openings > nesting.MAX_DEPTH:
                    yield from self._several(batch)
                    batch, openings = [], 0
        yield from self._several(batch)
        if not ends_page:
            yield from self._cut_off(last)

    def _cut_off(self, message_id: int | None) -> Iterator[model.Event]:
        if self.page + 1 < len(self.source.pages):
            yield from self._skip("page_breaks_off", message_id)
            return
        yield from self.flush()
        name = self.source.page_name(self.page)
        where = f"at message {message_id}" if message_id and message_id > 0 else f"after {self.number} messages"
        yield model.Broken(
            sentence=f"{name} breaks off {where}: the file is not complete. What comes before is good; export the chat "
            "again, or copy the file again, for the rest.",
            place=self.place,
        )

    def _several(self, batch: list[fragments.Fragment]) -> Iterator[model.Event]:
        decoded = [_decoded(fragment) for fragment in batch]
        parsed = iter(nodes.parse_all([text for text, _ in decoded if text is not None]))
        for fragment, (text, reason) in zip(batch, decoded, strict=True):
            yield from self._one(fragment, next(parsed) if text is not None else None, reason)

    def _one(self, fragment: fragments.Fragment, node: nodes.Node | None, reason: str | None) -> Iterator[model.Event]:
        found = None
        if node is not None and fragment.message_id is not None:
            try:
                found = message.read(node, fragment.message_id, self.reading)
                if found is None:
                    return
            except message.NoDateError:
                reason = "impossible_date"
        if self.number >= self.start:
            if found is not None:
                self.messages.append(found)
                self.places.append(self.number)
            else:
                yield from self._skip(reason or "no_message", fragment.message_id)
        self.number += 1
        if len(self.messages) >= PAGE_MESSAGES:
            yield from self.flush()

    def _skip(self, reason: str, message_id: int | None = None) -> Iterator[model.Event]:
        yield from self.flush()
        yield model.Skip(reason=reason, place=self.place, message_id=message_id)


def _decoded(fragment: fragments.Fragment) -> tuple[str | None, str | None]:
    """Return a message's markup, or why there is none."""
    if fragment.is_too_large or nesting.is_too_deep(fragment.data):
        return None, "message_too_large"
    if fragment.message_id is None:
        return None, "no_message"
    try:
        return fragment.data.decode(), None
    except UnicodeDecodeError:
        return None, "not_utf8"


def _title(head: bytes) -> str:
    top = head.split(b'class="history"', 1)[0]
    if nesting.is_too_deep(top):
        return ""
    return nodes.text(nodes.parse_page(top.decode(errors="replace")))


def _page_number(path: str) -> int | None:
    found = _NUMBER.search(path)
    return int(found[1] or 1) if found else None
