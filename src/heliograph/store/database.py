"""Connections: the pool, transactions at the edges, and the driver's errors in our words.

Only the edge opens a transaction: one request, one batch. What is inside takes the connection as its first
parameter. Without a URL the private server of the data directory is started, shared, and revived when it dies.
"""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any, TypeAlias

import orjson
import psycopg
import psycopg_pool
from psycopg.types import json as psycopg_json

from heliograph import config, errors, log
from heliograph.store import server

Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
Pool: TypeAlias = psycopg_pool.AsyncConnectionPool[Connection]

MIN_SERVER_VERSION = 160000
CONNECT_TIMEOUT_SECONDS = 10
CHECK_SECONDS = 5.0
"""A pooled connection that does not answer for so long is replaced."""
RECONNECT_SECONDS = 4.0
"""How long the pool goes on by itself to replace a connection; then the next user makes it try at once."""
SHORT_SECONDS = 30.0
"""The most for a look at some rows by somebody whom others wait for: a server that hangs is as good as away."""
PRIVATE_FOLDER = "postgres"
_LINE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""How soon a dead network is noticed, unless the URL says otherwise; in seconds, the last in milliseconds."""
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
"""The driver's errors that say that the database cannot work now."""
_TOO_MUCH = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)
"""Those of them that a working database says, of a statement that never works."""

_REFUSALS = (
    *("refused", "starting up", "shutting down", "not yet accepting", "not currently accepting", "in recovery mode"),
    "No such file or directory",
)
"""What a server says, or the machine for it, that is down for everybody."""
_SETTLED = (
    *(
        "authentication failed",
        "no password supplied",
        "does not exist",
        "no pg_hba.conf entry",
        "does not support SSL",
    ),
    *(
        "not permitted to log in",
        "permission denied for database",
        "certificate verify failed",
        "does not match host name",
    ),
)
"""What is said of a connection that no waiting mends: a wrong password, a database that is not there."""

_logger = log.get("database")


class Database:
    """An open database. Make it with :func:`open`, end it with :meth:`close`."""

    def __init__(self, dsn: str, pool: Pool, server_version: int, private: server.PrivateServer | None) -> None:
        self.dsn = dsn
        self.pool = pool
        self.server_version = server_version
        """As PostgreSQL writes it in one number: 180006 is 18.6."""
        self._private = private
        self._prefers_indexes = False
        self._settled: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._reviving: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Close all connections and give up the share in the private server."""
        if self._reviving is not None:
            # Whoever revives the server may have its share in hand, and gives it back before it ends.
            self._reviving.cancel()
            await asyncio.wait({self._reviving})
        await self.pool.close()
        if self._private is not None:
            await self._private.stop()

    def abandon(self) -> None:
        """Give up the share in the private server without waiting for anything, in a process that ends at once."""
        if self._private is not None:
            self._private.abandon()

    @asynccontextmanager
    async def transaction(self, seconds: float | None = None) -> AsyncIterator[Connection]:
        """Give a connection inside BEGIN … COMMIT. Raises DatabaseUnreachable or DiskFull; nothing is kept then.

        What takes longer than ``seconds`` in all fails as if the server had gone.
        """
        async with self.connection(seconds) as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def connection(self, seconds: float | None = None) -> AsyncIterator[Connection]:
        """Give a connection on which each statement commits by itself. Raises DatabaseUnreachable or DiskFull.

        What takes longer than ``seconds`` in all fails as if the server had gone.
        """
        try:
            with translating():
                async with self.pool.connection() as conn:
                    await self._settle(conn)
                    try:
                        with nullcontext() if seconds is None else deadline(conn, seconds):
                            yield conn
                    except psycopg.errors.ReadOnlySqlTransaction:
                        # The server is a stand-by by now; a new connection may lead to the one that took over.
                        await conn.close()
                        raise
        except errors.DatabaseUnreachable:
            self._revive()
            raise

    async def listen_connection(self) -> Connection:
        """Return a connection of its own, for LISTEN and session locks; the caller closes it."""
        try:
            conn = await _connect(self.dsn)
            await self._settle(conn)
            return conn
        except errors.DatabaseUnreachable:
            self._revive()
            raise

    def prefer_indexes(self) -> None:
        """Plan reads by index from now on, for a process that only looks rows up.

        A prepared statement's plan may be made while a table is small, when reading all of it is cheapest; a backfill
        then grows the table a thousandfold before its statistics, and with them the plan, are renewed.
        """
        self._prefers_indexes = True

    async def _settle(self, conn: Connection) -> None:
        if self._prefers_indexes and conn not in self._settled:
            await conn.execute("SET enable_seqscan = off")
            self._settled.add(conn)

    def _revive(self) -> None:
        """Start the private server again in the background, should it have died."""
        if self._private is not None and (self._reviving is None or self._reviving.done()):
            self._reviving = asyncio.create_task(_revive(self._private))


async def open(settings: config.Settings) -> Database:
    """Open the database of the settings, starting the private server when no URL is given.

    Raises DatabaseUnreachable when it does not answer, as DatabaseUnusable where waiting does not mend it: the URL is
    wrong, the server refuses whom it names, or it is older than PostgreSQL 16. Raises DiskFull too.
    """
    private = None
    if settings.database.url is None:
        private = server.PrivateServer(settings.data_dir / PRIVATE_FOLDER)
        dsn = await private.start()
    else:
        dsn = _watched(settings.database.url.get_secret_value())
    try:
        return await _open(dsn, settings.database.pool_size, private)
    except BaseException:
        if private is not None:
            await private.stop()
        raise


@contextmanager
def translating() -> Iterator[None]:
    """Let the driver's errors that say that the database cannot do it, now or ever, leave as ours."""
    try:
        yield
    except _AWAY as error:
        raise translated(error) from error


def translated(error: psycopg.Error) -> errors.HeliographError:
    """Return our error for one of the driver's that says the database cannot do it, now or ever."""
    if isinstance(error, psycopg.errors.DiskFull):
        return errors.DiskFull()
    if isinstance(error, _TOO_MUCH):
        return errors.BadInput("This is more than the database takes at once; ask for less.")
    if isinstance(error, psycopg_pool.PoolTimeout):
        return errors.DatabaseUnreachable("The database does not answer; check that it runs and is not overloaded.")
    reason = (error.diag.message_primary or _first_line(error)).rstrip(".")
    return errors.DatabaseUnreachable(
        f"The database cannot be reached ({reason}); check that it runs and that database.url is right."
    )


@contextmanager
def deadline(conn: Connection, seconds: float) -> Iterator[None]:
    """Let what takes longer fail as if the server had gone: its socket is shut, which no silent network delays."""
    timer = asyncio.get_running_loop().call_later(seconds, _shut, conn)
    try:
        yield
    finally:
        timer.cancel()


def is_refusal(error: BaseException) -> bool:
    """Say whether all servers that were tried refused, rather than being out of reach from here."""
    reasons = [line for line in str(error.__cause__ or error).splitlines() if "failed" in line or line.startswith("- ")]
    return bool(reasons) and all(any(word in reason for word in _REFUSALS) for reason in reasons)


def is_cut(error: BaseException) -> bool:
    """Say whether a connection ended without a word, rather than with an error that the server told."""
    cause = error.__cause__
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None


async def _open(dsn: str, size: int, private: server.PrivateServer | None) -> Database:
    # The first connection is made by hand: the pool would go on trying in silence.
    try:
        first = await _connect(dsn)
    except errors.DatabaseUnreachable as error:
        said = str(error.__cause__ or error)
        raise (errors.DatabaseUnusable(str(error)) if any(word in said for word in _SETTLED) else error) from error
    version = first.info.server_version
    await first.close()
    if version < MIN_SERVER_VERSION:
        raise errors.DatabaseUnusable(
            f"The database is PostgreSQL {version // 10000}, and Heliograph needs 16 or newer; upgrade it."
        )
    pool: Pool = psycopg_pool.AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT_SECONDS,
        kwargs={"autocommit": True},
        configure=_configure,
        check=_check,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
    )
    await pool.open()
    return Database(dsn, pool, version, private)


def _watched(dsn: str) -> str:
    """Return a connection string under which a network that died in silence is noticed. Raises DatabaseUnreachable."""
    with _parsing():
        return psycopg.conninfo.make_conninfo(**{**_LINE, **psycopg.conninfo.conninfo_to_dict(dsn)})


async def _connect(dsn: str) -> Connection:
    with _parsing(), translating():
        conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS)
        await _configure(conn)
    return conn


@contextmanager
def _parsing() -> Iterator[None]:
    try:
        yield
    except psycopg.ProgrammingError:
        # What the parser says quotes the URL, and with it perhaps a password.
        raise errors.DatabaseUnusable(
            "database.url is not a PostgreSQL URL; write it as postgresql://user:password@host:5432/name."
        ) from None


async def _configure(conn: Connection) -> None:
    psycopg_json.set_json_loads(orjson.loads, conn)
    psycopg_json.set_json_dumps(orjson.dumps, conn)
    # A commit that PostgreSQL may forget would give its positions in the outbox again, for other events.
    await conn.execute("SET TIME ZONE 'UTC'; SET synchronous_commit = on")


async def _check(conn: Connection) -> None:
    with deadline(conn, CHECK_SECONDS):
        await conn.execute("")


def _shut(conn: Connection) -> None:
    if not conn.closed:
        with socket.fromfd(conn.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as line, suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


async def _revive(private: server.PrivateServer) -> None:
    try:
        await private.start()
    except errors.HeliographError as error:
        _logger.error("private_server_not_revived", reason=str(error))


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
