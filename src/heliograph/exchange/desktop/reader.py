"""Telegram Desktop's ``result.json``: one chat, or an account with its chats, in constant memory.

The keys may come in any order and unknown ones are stepped over, whatever their size. A file that was rewritten so that
``messages`` comes before the chat's id, type or name is read twice in that place, which needs a file that can seek.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import extra, ids, old_groups, recognise, splitter
from heliograph.exchange.desktop import source as sources

NAMELESS: Final = frozenset({"saved_messages", "replies", "verification_codes"})
"""Types of chats that Telegram Desktop writes without a name."""

_APART: Final[dict[str, model.LeftOutName]] = {
    "profile_pictures": "profile_pictures",
    "stories": "stories",
    "profile_music": "profile_music",
}
"""Sections of an account's export that name files."""
_SMALL: Final = 1 << 20
"""Bytes of a value that is looked at as a whole: a name, personal_information."""
_MAILBOX_CHARACTERS: Final = 200
_PEEK: Final = 64 << 10
"""Bytes of a chat's first messages that are looked at for the dialect."""
_MODERN: Final = re.compile(rb'"date_unixtime"|"(?:from|actor)_id"\s*:\s*"')
_BOM: Final = b"\xef\xbb\xbf"


def read(
    file: BinaryIO,
    *,
    name: str = "result.json",
    start: int = 0,
    header: model.ChatHeader | None = None,
    chunk: int = sources.CHUNK,
    max_message_bytes: int = splitter.MAX_MESSAGE_BYTES,
) -> Iterator[model.Event]:
    """Yield what a JSON export holds; ``file`` is open for reading bytes and need not be seekable.

    To go on where an earlier run ended, give ``start``, a page's ``offset_after``, and the ``header`` of that page's
    chat: the header is yielded again, then what follows. ``name`` is how places call the file. Files that are no export
    yield a single ``Broken``.
    """
    reader = _Reader(sources.Source(file, start=start, chunk=chunk), name, max_message_bytes)
    try:
        if header is None:
            yield from reader.all()
        else:
            yield from reader.rest(header)
    except sources.EndsEarlyError:
        yield reader.failed() or reader.broken(
            "breaks off{at}: the file is not complete. What comes before is good; export the chat again, or copy the"
            " file again, for the rest"
        )
    except sources.MalformedError:
        yield reader.broken("cannot be read on{at}: this is no valid JSON. What comes before is good")


class _Reader:
    def __init__(self, source: sources.Source, name: str, max_message_bytes: int) -> None:
        self.source = source
        self.name = name
        self.max_message_bytes = max_message_bytes
        self.owner: int | None = None
        self.is_modern = False
        self.has_looked_for_owner = False

    def all(self) -> Iterator[model.Event]:
        """Read a file from its beginning."""
        self.source.fill_to(recognise.HEAD_BYTES)
        head = self.source.window[: recognise.HEAD_BYTES]
        problem = recognise.problem(head)
        if problem is None and head.removeprefix(_BOM).lstrip()[:1] == b"[":
            problem = recognise.other(head)
        if problem is not None:
            yield self._no_export(problem)
            return
        if head.startswith(_BOM):
            self.source.at += len(_BOM)
        chat = _Chat()
        found = 0
        for event in self._account(self.source.members(), chat):
            found += isinstance(event, model.ChatHeader)
            yield event
        if not found and not chat.has_lists:
            yield self._no_export(recognise.other(head))
        elif not self.source.is_at_end:
            yield self.broken("goes on{at} after the export's end: what follows is not read")

    def rest(self, header: model.ChatHeader) -> Iterator[model.Event]:
        """Go on after a page of a chat, and with whatever follows that chat."""
        self.owner = header.account_user_id
        yield from old_groups.parted(self._pages(is_inside=True), header)
        self._skip_values(self.source.members(is_inside=True))
        if self.source.is_at_end:
            return
        yield from self._chats(header.is_listed_as_left, is_inside=True)
        self._skip_values(self.source.members(is_inside=True))
        yield from self._account(self.source.members(is_inside=True), _Chat())

    def failed(self) -> model.Broken | None:
        """Return why the file itself could not be read on, None when it ends by itself."""
        if self.source.failure is None:
            return None
        place = model.Place(file=self.name, offset=self.source.offset, line=self.source.line)
        return model.Broken(sentence=self.source.failure, place=place)

    def broken(self, sentence: str) -> model.Broken:
        """Return the end of a file that cannot be read on from here."""
        place = model.Place(file=self.name, offset=self.source.offset, line=self.source.line)
        at = f" at byte {place.offset}" if place.line is None else f" in line {place.line} (byte {place.offset})"
        return model.Broken(sentence=f"{self.name} {sentence.format(at=at)}.", place=place)

    def _account(self, keys: Iterator[str], chat: _Chat) -> Iterator[model.Event]:
        """Read the outermost object, which is a chat itself when only one was exported."""
        for key in keys:
            if key == "personal_information":
                self.owner = ids.bare_number(_get(self.source.loads(_SMALL), "user_id"))
            elif key in ("chats", "left_chats"):
                chat.has_lists = True
                yield from self._lists(key == "left_chats")
            elif key in _APART:
                yield from self._apart(_APART[key])
            else:
                yield from self._chat_key(key, chat, is_left=False)
        yield from self._late(chat, is_left=False)

    def _apart(self, what: model.LeftOutName) -> Iterator[model.Event]:
        """Count the files of the account itself, which belong to no message."""
        if self.source.peek() != b"[":
            self.source.skip()
            return
        count = 0
        for _ in self.source.elements():
            item = self.source.loads(_SMALL)
            paths = [_get(item, key) for key in ("photo", "media", "file")]
            count += any(isinstance(path, str) and path and not path.startswith("(") for path in paths)
        if count:
            yield model.LeftOut(what=what, count=count)

    def _lists(self, is_left: bool) -> Iterator[model.Event]:
        if self.source.peek() != b"{":
            self.source.skip()
            return
        for key in self.source.members():
            if key == "list" and self.source.peek() == b"[":
                yield from self._chats(is_left)
            else:
                self.source.skip()

    def _chats(self, is_left: bool, *, is_inside: bool = False) -> Iterator[model.Event]:
        for _ in self.source.elements(is_inside=is_inside):
            if self.source.peek() != b"{":
                yield self._skip("no_chat")
                self.source.skip()
                continue
            chat = _Chat(is_listed=True)
            for key in self.source.members():
                yield from self._chat_key(key, chat, is_left)
            yield from self._late(chat, is_left)

    def _chat_key(self, key: str, chat: _Chat, is_left: bool) -> Iterator[model.Event]:
        source = self.source
        if key in ("name", "type", "id"):
            chat.fields[key] = source.loads(_SMALL)
        elif key == extra.KEY:
            # Our own exports say of each chat whose mailbox it is in, which topics it has, or that it was left.
            more = source.loads(_SMALL)
            chat.owner = ids.bare_number(_get(more, "owner_user_id"))
            chat.topics = _topics(_get(more, "topics"))
            # None of ours is as long.
            chat.mailbox = _words(_get(more, "mailbox"))[:_MAILBOX_CHARACTERS] or None
            chat.has_number = _get(more, "has_number") is not False
            chat.is_left = _get(more, "is_left") is True
        elif key == "messages" and source.peek() == b"[":
            if chat.is_known:
                yield from self._messages(chat, is_left)
            else:
                chat.messages_at = source.offset
                source.skip()
        else:
            source.skip()

    def _late(self, chat: _Chat, is_left: bool) -> Iterator[model.Event]:
        """Read the messages that came before what says whose they are."""
        if chat.messages_at is None:
            return
        if not chat.fields.keys() & {"id", "type"}:
            if chat.is_listed:
                yield self._skip("no_chat")
            return
        if not self.source.is_seekable:
            yield self.broken("names a chat only after its messages; unpack the archive and import the file itself")
            return
        end = self.source.offset
        self._look_for_owner()
        self.source.seek(chat.messages_at)
        yield from self._messages(chat, is_left)
        self.source.seek(end)

    def _look_for_owner(self) -> None:
        """Find whose export it is in a file whose keys were put in another order."""
        if self.owner is not None or self.has_looked_for_owner:
            return
        self.has_looked_for_owner = True
        self.source.seek(0)
        self.source.fill_to(len(_BOM))
        self.source.at = len(_BOM) if self.source.window.startswith(_BOM) else 0
        for key in self.source.members():
            if key == "personal_information":
                self.owner = ids.bare_number(_get(self.source.loads(_SMALL), "user_id"))
                return
            self.source.skip()

    def _messages(self, chat: _Chat, is_left: bool) -> Iterator[model.Event]:
        source = self.source
        source.fill_to(source.chunk)
        self.is_modern = self.is_modern or _MODERN.search(source.window, source.at, source.at + _PEEK) is not None
        header = model.ChatHeader(
            kind=_words(chat.fields.get("type")),
            number=ids.chat_number(chat.fields.get("id"), is_modern=self.is_modern) if chat.has_number else None,
            title=_words(chat.fields.get("name")),
            owner_user_id=chat.owner or self.owner,
            account_user_id=self.owner,
            is_left=is_left or chat.is_left,
            is_listed_as_left=is_left,
            place=model.Place(file=self.name, offset=source.offset),
            mailbox=chat.mailbox,
            topics=chat.topics,
        )
        yield from old_groups.parted(self._pages(is_inside=False), header)

    def _pages(self, *, is_inside: bool) -> Iterator[model.Page | model.Skip]:
        return splitter.pages(self.source, self.name, is_inside=is_inside, max_message_bytes=self.max_message_bytes)

    def _no_export(self, sentence: str) -> model.Broken:
        return model.Broken(sentence=f"{self.name} {sentence}.", place=model.Place(file=self.name, offset=0))

    def _skip_values(self, keys: Iterator[str]) -> None:
        for _ in keys:
            self.source.skip()

    def _skip(self, reason: str) -> model.Skip:
        return model.Skip(reason=reason, place=model.Place(file=self.name, offset=self.source.offset))


class _Chat:
    """What is known of the chat that is being read."""

    def __init__(self, *, is_listed: bool = False) -> None:
        self.is_listed = is_listed
        self.fields: records.Json = {}
        self.owner: int | None = None
        self.topics: list[tuple[int, str, bool]] | None = None
        self.mailbox: str | None = None
        self.has_number = True
        self.is_left = False
        self.messages_at: int | None = None
        self.has_lists = False

    @property
    def is_known(self) -> bool:
        known = self.fields.keys()
        return known >= {"id", "type"} and ("name" in known or self.fields["type"] in NAMELESS)


def _topics(value: Any) -> list[tuple[int, str, bool]] | None:
    if not isinstance(value, list):
        return None
    numbers = ((_get(each, "topic_id"), each) for each in value)
    return [
        (number, _words(each.get("title")), each.get("is_closed") is True)
        for number, each in numbers
        if type(number) is int and 0 < number < 1 << 31
    ]


def _words(value: Any) -> str:
    """Return a text that names something, as databases and terminals can hold it: without NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else ""


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
