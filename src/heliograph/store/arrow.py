"""Answers of PostgreSQL as Arrow record batches: binary COPY, decoded in native code without a Python object a row.

The driver blocks and has one connection, so its calls run in threads, one at a time; whoever is cancelled meanwhile
waits until the server has let go.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, TypeVar

import adbc_driver_manager
import adbc_driver_postgresql
import psycopg
import pyarrow as pa

from heliograph import errors
from heliograph.store import database as databases

BATCH_BYTES: Final = 2 << 20
"""Of the rows of a record batch, about; one row may be more."""
_CANCEL_SECONDS: Final = 0.2
"""How often a server is asked to stop until it does: it hears nothing before its work has begun."""
_T = TypeVar("_T")


class Line:
    """A connection that answers in record batches. Made by :func:`connected`."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._opened: list[Any] = []
        self._statement: Any = None

    async def execute(self, statement: str) -> None:
        """Run a statement that answers nothing, such as BEGIN. Raises DatabaseUnreachable or DiskFull."""
        await self._run(lambda: self._asked(statement).execute_update())

    async def batches(self, statement: str) -> AsyncGenerator[pa.RecordBatch, None]:
        """Yield the rows of a query, whose values are part of it already. Raises DatabaseUnreachable or DiskFull."""
        answer, _ = await self._run(lambda: self._asked(statement).execute_query())
        reader = pa.RecordBatchReader.from_stream(answer)
        while (batch := await self._run(lambda: next(reader, None))) is not None:
            yield batch

    async def open(self) -> None:
        """Connect. Raises DatabaseUnreachable."""
        await self._run(self._open)

    def close(self) -> None:
        """Disconnect, after what is under way; blocks."""
        with self._lock:
            while self._opened:
                self._opened.pop().close()

    def _open(self) -> None:
        # An environment may name another encoding, and Arrow's texts are UTF-8.
        dsn = psycopg.conninfo.make_conninfo(
            self._dsn, client_encoding="UTF8", connect_timeout=databases.CONNECT_TIMEOUT_SECONDS
        )
        # The driver's DB-API would load whatever data frame libraries there are.
        self._opened.append(adbc_driver_postgresql.connect(dsn))
        self._opened.append(adbc_driver_manager.AdbcConnection(self._opened[-1]))
        self._statement = adbc_driver_manager.AdbcStatement(self._opened[-1])
        self._opened.append(self._statement)
        hint = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
        self._statement.set_options(**{hint: str(BATCH_BYTES)})

    def _asked(self, statement: str) -> Any:
        self._statement.set_sql_query(statement)
        return self._statement

    async def _run(self, work: Callable[[], _T]) -> _T:
        running = asyncio.ensure_future(asyncio.to_thread(self._alone, work))
        try:
            with _translating():
                return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                if self._statement is not None:
                    with suppress(adbc_driver_manager.Error):
                        self._statement.cancel()
                await asyncio.wait({running}, timeout=_CANCEL_SECONDS)
            running.exception()
            raise

    def _alone(self, work: Callable[[], _T]) -> _T:
        with self._lock:
            return work()


@asynccontextmanager
async def connected(database: databases.Database) -> AsyncIterator[Line]:
    """Give a connection to this database, outside of its pool. Raises DatabaseUnreachable.

    It takes a quarter of a second to make, since the driver learns all types of the database first.
    """
    line = Line(database.dsn)
    try:
        await line.open()
        yield line
    finally:
        await asyncio.shield(asyncio.to_thread(line.close))


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except (adbc_driver_manager.Error, OSError) as error:
        # While rows come, Arrow tells the server's error as an OSError without its code.
        said = str(error)
        if "No space left on device" in said or getattr(error, "sqlstate", None) == "53100":
            raise errors.DiskFull from error
        reason = said.partition("ERROR:")[2] or said
        raise errors.DatabaseUnreachable(
            f"The database cannot be read ({reason.strip().splitlines()[0].rstrip('.')}); check that it runs."
        ) from error
