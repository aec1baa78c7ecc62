"""Parquet: ``messages/chat=…/month=2024-01/part-0.parquet`` and the like, and ``chats.parquet`` beside them.

No folder is called as a column: readers take the type of what a folder tells from its look, and that of an id changes
from text to number with the chats that are there.

Memory is bounded whatever the order of dates: what waits to be written is counted over all months, and few files are
open at a time; a month that comes again later gets another part.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from heliograph.exchange.export import request as requests
from heliograph.exchange.export import typed, writer
from heliograph.store.database import Database
from heliograph.store.reads import columns, exported

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

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        assert isinstance(target, Path)
        self._folder = target
        self._request = request
        self._told: list[exported.ExportedChat] = []
        names = {columns.MESSAGES: True} | {
            columns.REVISIONS: request.with_revisions,
            columns.OBSERVATIONS: request.with_observations,
        }
        self._tables = {
            name: _Partitioned(target / name, typed.TABLES[name]) for name, is_asked in names.items() if is_asked
        }

    @asynccontextmanager
    async def reading(self, database: Database) -> AsyncIterator[writer.Read]:
        """Give what reads chats in Arrow's form."""
        wanted = self._request
        async with columns.source(database) as source:
            yield functools.partial(
                source.parts,
                wanted=wanted.filter,
                with_revisions=wanted.with_revisions,
                with_observations=wanted.with_observations,
            )

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._told.append(chat)
        for table in self._tables.values():
            table.begin(chat.chat_id)

    async def write(self, part: columns.Part) -> None:
        """Write some rows of a table; the tables of a chat come one after another."""
        for name, table in self._tables.items():
            if name != part.table:
                await table.finish()
        await self._tables[part.table].add(*typed.table(part, self._told[-1].chat_id))

    async def end_chat(self) -> None:
        """Finish the chat's files."""
        for table in self._tables.values():
            await table.finish()

    async def close(self) -> None:
        """Write the table of chats, and what says of an empty table what its columns are."""
        for table in self._tables.values():
            await table.close()
        pq.write_table(typed.chats(self._told), self._folder / "chats.parquet", **_FORM)


_FORM: Final = {
    "compression": "zstd",
    "version": "2.6",
    # Spark before 3.2 and Hive read 64-bit times only; nanoseconds and 96-bit ones never occur.
    "coerce_timestamps": "us",
    "store_schema": True,
    # Texts hardly repeat, and to find that out costs more than to compress them.
    "use_dictionary": [*typed.REPEATING, "entities.list.element.type", "reactions.list.element.emoji"],
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

    async def add(self, table: pa.Table, dates: pa.Array) -> None:
        """Add rows; ``dates`` says of each to which month it belongs."""
        for month, rows in _by_month(table, dates):
            waiting = self._waiting.setdefault(month, _Waiting())
            waiting.add(rows)
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
            folder = self._folder / f"chat={self._chat_id}" / f"month={month}"
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


def _by_month(table: pa.Table, dates: pa.Array) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of each month in their order; most batches have one only, which is faster to see than to sort."""
    if not len(dates):
        return
    months = pc.add(pc.multiply(pc.year(dates), 12), pc.subtract(pc.month(dates), 1))
    first, last = (each.as_py() for each in pc.min_max(months).values())
    if first == last:
        yield _name(first), table
        return
    order = pc.sort_indices(months)
    begin = 0
    for each in months.take(order).value_counts().to_pylist():
        # A copy: a slice would keep all of the batch while it waits.
        yield _name(each["values"]), table.take(order.slice(begin, each["counts"]))
        begin += each["counts"]


def _name(month: int) -> str:
    """Return the name of a month, which is given as months since the year 0."""
    return f"{month // 12:04}-{month % 12 + 1:02}"
