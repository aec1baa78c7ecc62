"""A connection of one's own on which nothing takes longer than its user can wait, made again after every failure.

A pool keeps its users waiting while it tries to connect, the longer the longer the database is away; whoever must know
soon has a line. What hangs on it, in the server or in a network that died in silence, fails as if the server had gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import time
from collections.abc import AsyncIterator

import psycopg

from heliograph import errors
from heliograph.store import database

STATEMENT_SHARE = 0.9
"""Of the time that the user waits: the server gives a statement up first, so that none goes on without us."""
IDLE_SECONDS = 1.0
"""A connection that was idle for longer is tried first: a restarted server tells nobody that it has restarted."""


class Line:
    """One connection, for one user at a time."""

    def __init__(self, opened: database.Database, seconds: float) -> None:
        self._database = opened
        self._seconds = seconds
        self._conn: database.Connection | None = None
        self._used_at = 0.0
        self._deadline = contextlib.ExitStack()
        self._renewed_at = 0.0
        self.ran_out = False
        """The last use of the connection was ended by its deadline."""

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[database.Connection]:
        """Give the connection; all that is done with it ends in time. Raises DatabaseUnreachable and DiskFull."""
        with database.translating():
            self.ran_out = False
            conn = await self._ready()
            try:
                with contextlib.ExitStack() as self._deadline:
                    self._begin(conn)
                    yield conn
            except BaseException as error:
                self.ran_out = time.monotonic() - self._renewed_at >= self._seconds
                if isinstance(error, psycopg.OperationalError) or conn.info.transaction_status:
                    await self.close()
                raise
            self._used_at = time.monotonic()

    def renew(self) -> None:
        """Let the user have all its time once more: what it does consists of steps, and the server answers each."""
        if self._conn is not None:
            self._deadline.close()
            self._begin(self._conn)

    async def close(self) -> None:
        """Close the connection; the next user gets another."""
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    def _begin(self, conn: database.Connection) -> None:
        self._renewed_at = time.monotonic()
        self._deadline.enter_context(database.deadline(conn, self._seconds))

    async def _ready(self) -> database.Connection:
        if self._conn is not None and not await self._answers(self._conn):
            await self.close()
        if self._conn is None:
            self._conn = await self._connect()
        return self._conn

    async def _answers(self, conn: database.Connection) -> bool:
        if conn.closed:
            return False
        if time.monotonic() - self._used_at < IDLE_SECONDS and not _has_word(conn):
            return True
        try:
            with database.deadline(conn, self._seconds):
                await conn.execute("")
        except psycopg.Error:
            return False
        return True

    async def _connect(self) -> database.Connection:
        try:
            async with asyncio.timeout(self._seconds):
                conn = await self._database.listen_connection()
                await conn.execute(f"SET statement_timeout = {round(1000 * STATEMENT_SHARE * self._seconds)}")
        except TimeoutError:
            raise errors.DatabaseUnreachable("The database does not answer; check its network.") from None
        return conn


def _has_word(conn: database.Connection) -> bool:
    """Say whether something has come that nobody asked for: most likely the server's last words."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))
