"""CSV in UTF-8 with a heading, for spreadsheets and programs.

Times are ``2024-01-31 12:00:00`` in UTC; lists and objects are JSON; what is not known is an empty cell.

A text that a spreadsheet would run as a formula gets an apostrophe before it, which the spreadsheet shows and nothing
takes away again. Numbers stay numbers. A spreadsheet may divide lines at semicolons, as many languages have it, at tabs
or at bars; then a quote in the middle of what it takes for a cell is a sign like others, one at its beginning is taken
off, and a line break may end its line. So a sign that begins a formula is defused behind each of these as well, with
whatever quotes, blanks and characters without a shape stand between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from heliograph.exchange.export import flat, tables, writer
from heliograph.exchange.export import request as requests
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

_SIGNS: Final = "-=+@⁺⁼₊₌⩵⩶﬩﹢﹣﹦﹫＋－＝＠"
"""What a spreadsheet takes for the beginning of a formula, as it is or once it folds what is wide, small or raised."""
_UNSEEN: Final = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
"""Blanks and characters without a shape of their own, which a program may skip: in the form of a regex's set."""

_BEGINS: Final = re.compile(f"[\t\r\n]|[{_UNSEEN}]*+[{_SIGNS}]")
_INSIDE: Final = re.compile(f'[;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029][;|"{_UNSEEN}]*+')
"""Where another spreadsheet might begin a cell, and all that it might take off or skip there."""
_IN_JSON: Final = re.compile("[;|\x85\u2028\u2029](?=[^A-Za-z0-9])")


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
            file.write(tables.BOM)
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
    start = "'" if _BEGINS.match(text) else ""
    return start + _INSIDE.sub(_kept_apart, text)


def _kept_apart(found: re.Match[str]) -> str:
    # Right before the sign, so that it is defused wherever among these characters a cell begins.
    end = found.end()
    return f"{found[0]}'" if found.string[end : end + 1] in _SIGN else found[0]


def _json(value: Any) -> str | None:
    # The same JSON, with no divider before a formula; a tab and a line break are never in it as they are.
    return _IN_JSON.sub(_escaped, orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()) if value else None


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _field(value: Any) -> str:
    if type(value) is str:
        return f'"{value.replace(_QUOTE, _QUOTE * 2)}"' if value else ""
    return "" if value is None else str(value)


_QUOTE: Final = '"'
_SIGN: Final = frozenset(_SIGNS)
_CELLS: Final[dict[type, Callable[[Any], Any]]] = {
    str: defuse,
    bool: lambda value: "true" if value else "false",
    datetime: flat.seconds,
    **dict.fromkeys((list, tuple, dict), _json),
}
