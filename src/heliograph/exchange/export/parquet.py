"""Parquet: ``messages/chat_id=…/month=2024-01/part-0.parquet`` and the like, and ``chats.parquet`` beside them.

Memory is bounded whatever the order of dates: what waits to be written is counted over all months, and few files are
open at a time; a month that comes again later gets another part.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from heliograph.exchange.export import columns, writer
from heliograph.exchange.export import request as requests
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

GROUP_ROWS: Final = 64_000
"""Rows of a row group, at most."""
WAITING_BYTES: Final = 48 << 20
"""What all months together hold back for larger row groups, at most."""
OPEN_FILES: Final = 4
_EMPTY_CHAT: Final = 0
_EMPTY_MONTH: Final = "1970-01"
"""Where a table without any row says what its columns are."""


class Writer:
    """Writes the tables into a folder."""

    takes_rows = takes_typed = True

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        assert isinstance(target, Path)
        self._folder = target
        self._told: list[exported.ExportedChat] = []
        self._messages = _Partitioned(target / "messages", columns.MESSAGES)
        self._revisions: _Partitioned | None = None
        self._observations: _Partitioned | None = None
        if request.with_revisions:
            self._revisions = _Partitioned(target / "revisions", columns.REVISIONS)
        if request.with_observations:
            self._observations = _Partitioned(target / "observations", columns.OBSERVATIONS)

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._told.append(chat)
        for table in self._tables:
            table.begin(chat.chat_id)

    async def write(self, page: exported.RowPage) -> None:
        """Write a page."""
        messages = columns.messages(page)
        months = _months(messages["date"])
        await self._messages.add(messages, months)
        for table, made in ((self._revisions, columns.revisions), (self._observations, columns.observations)):
            if table is not None:
                found = made(page)
                # By the month of the message, so that all tables are divided alike and join part by part.
                places = pc.index_in(found["message_id"], messages["message_id"])
                await table.add(found, months.take(places))

    async def end_chat(self) -> None:
        """Finish the chat's files."""
        for table in self._tables:
            await table.finish()

    async def close(self) -> None:
        """Write the table of chats, and what says of an empty table what its columns are."""
        for table in self._tables:
            await table.close()
        pq.write_table(columns.chats(self._told), self._folder / "chats.parquet", **_FORM)

    @property
    def _tables(self) -> list[_Partitioned]:
        return [each for each in (self._messages, self._revisions, self._observations) if each is not None]


_FORM: Final = {
    "compression": "zstd",
    "version": "2.6",
    # Spark before 3.2 and Hive read 64-bit times only; nanoseconds and 96-bit ones never occur.
    "coerce_timestamps": "us",
    "store_schema": True,
}


class _Partitioned:
    """One table, divided into files by chat and month."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._chat_id = _EMPTY_CHAT
        self._is_empty = True
        self._waiting: dict[str, _Waiting] = {}
        self._open: dict[str, pq.ParquetWriter] = {}
        self._parts: Counter[str] = Counter()

    def begin(self, chat_id: int) -> None:
        """Go on with another chat."""
        self._chat_id = chat_id

    async def add(self, table: pa.Table, months: pa.ChunkedArray) -> None:
        """Add rows; ``months`` says of each where it belongs."""
        for month in pc.unique(months).to_pylist():
            waiting = self._waiting.setdefault(month, _Waiting())
            waiting.add(table.filter(pc.equal(months, month)))
            self._is_empty = False
            if waiting.rows >= GROUP_ROWS:
                await self._flush(month)
        while sum(each.bytes for each in self._waiting.values()) > WAITING_BYTES:
            await self._flush(max(self._waiting, key=lambda month: self._waiting[month].bytes))

    async def finish(self) -> None:
        """Write what waits and close the files of the chat."""
        for month in sorted(self._waiting):
            await self._flush(month)
        for file in self._open.values():
            file.close()
        self._open.clear()
        self._parts.clear()

    async def close(self) -> None:
        """Say what the columns are when no row did."""
        if self._is_empty:
            self._chat_id = _EMPTY_CHAT
            self._file(_EMPTY_MONTH).write_table(self._schema.empty_table())
            await self.finish()

    async def _flush(self, month: str) -> None:
        table = self._waiting.pop(month).whole()
        # Compressing needs no Python, so the next page is received meanwhile.
        await asyncio.to_thread(self._file(month).write_table, table, row_group_size=GROUP_ROWS)

    def _file(self, month: str) -> pq.ParquetWriter:
        """Return the open file of a month; the one that was used longest ago is closed for it if need be."""
        file = self._open.pop(month, None)
        if file is None:
            if len(self._open) >= OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            folder = self._folder / f"chat_id={self._chat_id}" / f"month={month}"
            folder.mkdir(parents=True, exist_ok=True)
            file = pq.ParquetWriter(folder / f"part-{self._parts[month]}.parquet", self._schema, **_FORM)
            self._parts[month] += 1
        self._open[month] = file
        return file


class _Waiting:
    """Rows of one month that wait for more of them."""

    def __init__(self) -> None:
        self.rows = self.bytes = 0
        self._tables: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        self._tables.append(table)
        self.rows += len(table)
        self.bytes += table.nbytes

    def whole(self) -> pa.Table:
        """Return all of them as one table."""
        return pa.concat_tables(self._tables).unify_dictionaries().combine_chunks()


def _months(dates: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the month of each time; a page seldom has two, and to write each costs more than to look."""
    first, last = pc.min_max(dates).values()
    months = {each.as_py().strftime("%Y-%m") for each in (first, last)}
    if len(months) == 1:
        return pa.chunked_array([pa.repeat(months.pop(), len(dates))])
    return pc.strftime(dates, "%Y-%m")
