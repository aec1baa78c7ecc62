"""JSON Lines: one object a line, keys in order, every field in every line; times are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO, Final

import orjson

from heliograph.exchange.export import flat, tables, writer
from heliograph.exchange.export import request as requests
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

_FORM: Final = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class Writer:
    """Writes ``messages.jsonl`` and the other tables, or the messages alone."""

    takes_rows = True

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        self._tables = tables.Tables(target, request, "jsonl")

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._chat = chat
        _write(self._tables.chats, [flat.chat(chat)])

    async def write(self, page: exported.RowPage) -> None:
        """Write a page."""
        _write(self._tables.messages, flat.messages(page))
        _write(self._tables.revisions, flat.revisions(self._chat, page))
        _write(self._tables.observations, flat.observations(self._chat, page))

    async def end_chat(self) -> None:
        """End the chat."""

    async def close(self) -> None:
        """Finish the files."""
        self._tables.close()


def _write(file: BinaryIO | None, told: Iterable[flat.Flat]) -> None:
    if file is not None:
        file.write(b"".join([orjson.dumps(each, option=_FORM) for each in told]))
