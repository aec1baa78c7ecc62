"""The private PostgreSQL server: started by its first user, shared, stopped by its last.

It listens on a Unix socket in its own 0700 folder and nowhere else. Every user holds a shared lock on ``users.lock``
while it uses the server; whoever leaves and finds no other holder stops it. A user that is killed loses its lock with
its life, and the server that it started goes on: the next user adopts it. ``server.lock`` is held only while
starting and stopping, so that two starters or a starter and a stopper never meet.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from heliograph import errors, log
from heliograph.store import binaries, cluster, processes

SOCKET_NAME = ".s.PGSQL.5432"
MAX_SOCKET_PATH_BYTES = 107
STEP_SECONDS = 0.05
PATIENCE_SECONDS = 10.0
"""How often a long wait for crash recovery is logged."""
STOP_SECONDS = 60.0
"""How long a server may take to write its last checkpoint."""
ABANDON_SECONDS = 1.0
"""How long other users that are killed together with this one may take to go."""
MAX_LOG_BYTES = 16 * 1024 * 1024

_logger = log.get("private_server")


class PrivateServer:
    """One process's share in the private server of ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self._data = self.directory / "data"
        self._socket_directory = socket_directory(self.directory)
        self._process: subprocess.Popen[bytes] | None = None
        self._share: int | None = None

    @property
    def dsn(self) -> str:
        """Connection string; the password is in a file that only the owner can read."""
        return psycopg.conninfo.make_conninfo(
            host=str(self._socket_directory),
            port=5432,
            user=cluster.USER,
            dbname=cluster.DATABASE,
            passfile=str(cluster.password_file(self.directory)),
        )

    async def start(self) -> str:
        """Start or adopt the server, wait until it answers, however long recovery takes, and return the dsn.

        Called again, it revives a server that died in the meantime.

        Raises DatabaseUnreachable or DiskFull with the reason in one sentence.
        """
        cluster.make_home(self.directory)
        runner = await asyncio.to_thread(binaries.choose_runner, self.directory)
        async with self._exclusive():
            share, self._share = self._share, None
            if share is None:
                share = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(share, fcntl.LOCK_SH)
                await asyncio.to_thread(self._make_folders, runner)
                await self._start(runner)
                self._share = share
            except BaseException:
                await self._leave(share)
                raise
        return self.dsn

    async def stop(self) -> None:
        """Give up this share; the last one stops the server. Does nothing when not started."""
        if self._share is None:
            return
        share, self._share = self._share, None
        async with self._exclusive():
            await self._leave(share)

    def abandon(self) -> None:
        """Give up this share in a process that ends at once: the last one tells the server to stop, and goes.

        The lock is left to the end of the process, so that the next user comes after it.
        """
        if self._share is None:
            return
        patience = time.monotonic() + ABANDON_SECONDS
        while not _try_lock(self._share):
            if time.monotonic() > patience:
                return
            time.sleep(STEP_SECONDS)
        if (pid := self._pid()) is not None:
            processes.signal_to(pid, signal.SIGINT)

    async def _leave(self, share: int) -> None:
        """Give up a share and stop the server if nobody else has one."""
        try:
            fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(share)
        await self._stop()

    def _make_folders(self, runner: binaries.Runner) -> None:
        if not self._is_alive():
            cluster.prepare(self.directory, runner)
        if self._socket_directory != self.directory:
            _make_runtime_directory(self._socket_directory, runner)

    async def _start(self, runner: binaries.Runner) -> None:
        while True:
            if not self._is_alive():
                self._remove_stale_files()
                self._spawn(runner)
            if await self._wait_until_ready():
                break
            await asyncio.sleep(STEP_SECONDS)
        await self._create_database()

    def _spawn(self, runner: binaries.Runner) -> None:
        path = self.directory / "server.log"
        try:
            if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as output:
                output.write(b"--- start\n")
                output.flush()
                arguments = _server_arguments(self._data, self._socket_directory)
                self._process = runner.spawn("postgres", *arguments, cwd=self.directory, output=output)
        except OSError as error:
            raise cluster.translated(error, self.directory) from error

    async def _wait_until_ready(self) -> bool:
        """Return True when the server answers, False when it is worth another start. Raises when it gave up."""
        waited = 0.0
        while not await self._answers():
            if not self._is_alive() and not self._is_starting():
                return self._judge_end()
            await asyncio.sleep(STEP_SECONDS)
            waited += STEP_SECONDS
            if waited % PATIENCE_SECONDS < STEP_SECONDS:
                _logger.info("waiting_for_database", seconds=round(waited))
        return True

    def _judge_end(self) -> bool:
        said = self._said()
        if "shared memory block" in said and "still in use" in said:
            # Children of a killed postmaster notice within seconds; until then a new one may not start.
            return False
        if "received fast shutdown request" in said:
            # Its last user has left it on the way to its end; that was no failure.
            return False
        raise cluster.explain(said, self.directory)

    def _said(self) -> str:
        """Return what the server has logged since its last start."""
        return (self.directory / "server.log").read_text("utf-8", "replace").rpartition("--- start\n")[2]

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self._admin_dsn, connect_timeout=10)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise errors.DatabaseUnreachable(
                    f"{cluster.password_file(self.directory)} does not open the database beside it; restore both."
                ) from error
            if cluster.is_full_disk(str(error)):
                raise errors.DiskFull from None
            return False
        await connection.close()
        return True

    @property
    def _admin_dsn(self) -> str:
        return psycopg.conninfo.make_conninfo(self.dsn, dbname="postgres")

    async def _create_database(self) -> None:
        try:
            connection = await psycopg.AsyncConnection.connect(self._admin_dsn, autocommit=True)
            async with connection:
                found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [cluster.DATABASE])
                if await found.fetchone() is None:
                    await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(cluster.DATABASE)))
        except psycopg.errors.DiskFull:
            raise errors.DiskFull from None
        except psycopg.OperationalError:
            raise cluster.explain(self._said(), self.directory) from None

    async def _stop(self) -> None:
        if (pid := self._pid()) is None:
            return
        # SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written. On a full disk that may never
        # end; SIGQUIT leaves it to the next start's recovery.
        processes.signal_to(pid, signal.SIGINT)
        last_resort = asyncio.get_running_loop().call_later(STOP_SECONDS, processes.signal_to, pid, signal.SIGQUIT)
        while self._pid() is not None:  # noqa: ASYNC110 - a process of others has no event to wait for
            await asyncio.sleep(STEP_SECONDS)
        last_resort.cancel()
        if self._socket_directory != self.directory:
            with contextlib.suppress(OSError):
                self._socket_directory.rmdir()

    def _pid(self) -> int | None:
        """Return the server's process id; one that we have just started has not written it down yet."""
        if self._is_alive():
            return processes.first_number(self._data / "postmaster.pid")
        return self._process.pid if self._process is not None and self._is_starting() else None

    def _is_starting(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _is_alive(self) -> bool:
        """Say whether the process in the pid file is a PostgreSQL on our data directory, not a recycled number."""
        if self._process is not None:
            self._process.poll()
        pid = processes.first_number(self._data / "postmaster.pid")
        return pid is not None and processes.is_server(pid, self._data)

    def _remove_stale_files(self) -> None:
        """Remove lock files whose pids belong to other programs by now: PostgreSQL would believe them.

        Those of a dead pid are left to it: it looks first whether children of a killed server still write.
        """
        for path in (self._data / "postmaster.pid", self._socket_directory / f"{SOCKET_NAME}.lock"):
            pid = processes.first_number(path)
            if pid is not None and processes.exists(pid) and not processes.is_server(pid, self._data):
                path.unlink(missing_ok=True)

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[None]:
        descriptor = os.open(self.directory / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 - waiting in flock itself could not be cancelled
                await asyncio.sleep(STEP_SECONDS)
            yield
        finally:
            os.close(descriptor)


def socket_directory(home: Path) -> Path:
    """Return where the socket lies: in ``home``, or in a short private folder when its path is too long for one."""
    if len(os.fsencode(home / SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES:
        return home
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"heliograph-{os.geteuid()}-{name}"


def _server_arguments(data: Path, socket: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "logging_collector": "off",
        "log_destination": "stderr",
        # Failed statements and rows carry message text, which no log line may.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "cluster_name": "heliograph",
    }
    return ["-D", str(data), *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]


def _make_runtime_directory(path: Path, runner: binaries.Runner) -> None:
    """Make a 0700 folder for the socket. Raises DatabaseUnreachable when somebody else made it first."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), runner.owner[0]):
        raise errors.DatabaseUnreachable(f"{path} belongs to somebody else; remove it or use a shorter --data-dir.")
    path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, *runner.owner)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
