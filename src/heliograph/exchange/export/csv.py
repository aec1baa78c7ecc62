"""CSV in UTF-8 with a heading, for spreadsheets and programs.

Times are ``2024-01-31 12:00:00`` in UTC; lists and objects are JSON; what is not known is an empty cell.

A text that a spreadsheet would run as a formula gets an apostrophe before it, which the spreadsheet shows and nothing
takes away again. Numbers stay numbers. A spreadsheet may divide lines at semicolons, as many languages have it, or at
tabs; then it knows no quotes in the middle of what it takes for a cell, and a line break ends its line. So what follows
one of these inside a text is defused as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from heliograph.exchange.export import flat, tables, writer
from heliograph.exchange.export import request as requests
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

BOM: Final = b"\xef\xbb\xbf"
RUN: Final = frozenset("=+-@\t\r\n")
"""What a spreadsheet takes for the beginning of a formula, or skips before looking for one."""

_INSIDE: Final = re.compile(r"([;\t\r\n]+)([^;\t\r\n])")
"""Where another spreadsheet might begin a cell, and what that one begins with."""
_IN_JSON: Final = re.compile(r";(?=[^A-Za-z0-9])")


class Writer:
    """Writes ``messages.csv`` and the other tables, or the messages alone."""

    takes_rows = True

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        self._tables = files = tables.Tables(target, request, "csv")
        self._messages = _Table(files.messages, flat.MESSAGE, request)
        self._chats = _Table(files.chats, flat.CHAT, request)
        self._revisions = _Table(files.revisions, flat.REVISION, request)
        self._observations = _Table(files.observations, flat.OBSERVATION, request)

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._chat = chat
        self._chats.write([flat.chat(chat)])

    async def write(self, page: exported.RowPage) -> None:
        """Write a page."""
        self._messages.write(flat.messages(page))
        self._revisions.write(flat.revisions(self._chat, page))
        self._observations.write(flat.observations(self._chat, page))

    async def end_chat(self) -> None:
        """End the chat."""

    async def close(self) -> None:
        """Finish the files."""
        self._tables.close()


class _Table:
    """One CSV file, or none."""

    def __init__(self, file: BinaryIO | None, names: Iterable[str], request: requests.Request) -> None:
        self._file = file
        if file is not None and request.with_bom:
            file.write(BOM)
        if file is not None:
            file.write(f"{','.join(names)}\r\n".encode())

    def write(self, told: Iterable[flat.Flat]) -> None:
        if self._file is not None:
            self._file.write("".join([line(each.values()) for each in told]).encode())


def line(values: Iterable[Any]) -> str:
    """Return values as a line: every text in quotes, so that nothing in it ends its cell."""
    return f"{','.join([_field(cell(value)) for value in values])}\r\n"


def cell(value: Any) -> Any:
    """Return a value as a cell: defused text, numbers as they are, ``true`` and ``false``, nothing for None."""
    write = _CELLS.get(type(value))
    return write(value) if write else value


def defuse(text: str) -> str:
    """Return a text that no spreadsheet runs, whether or not it trims blanks or folds full-width characters."""
    if not text:
        return text
    first = text[0]
    start = "'" if first in RUN or (not first.isalnum() and _begins_formula(text)) else ""
    return start + _INSIDE.sub(_kept_apart, text)


def _kept_apart(found: re.Match[str]) -> str:
    rest = found.string[found.start(2) : found.start(2) + 65]
    return f"{found[1]}'{found[2]}" if rest[0] in RUN or _begins_formula(rest) else found[0]


def _begins_formula(text: str) -> bool:
    start = text.lstrip("".join({each for each in text[:64] if not each.isprintable() or each.isspace()}))
    return unicodedata.normalize("NFKC", start[:1])[:1] in RUN if start else False


def _json(value: Any) -> str | None:
    # The same JSON, without a semicolon before a formula; a tab and a line break are never in it as they are.
    return _IN_JSON.sub(r"\\u003b", orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()) if value else None


def _field(value: Any) -> str:
    if type(value) is str:
        return f'"{value.replace(_QUOTE, _QUOTE * 2)}"' if value else ""
    return "" if value is None else str(value)


_QUOTE: Final = '"'
_CELLS: Final[dict[type, Callable[[Any], Any]]] = {
    str: defuse,
    bool: lambda value: "true" if value else "false",
    datetime: flat.seconds,
    **dict.fromkeys((list, tuple, dict), _json),
}
