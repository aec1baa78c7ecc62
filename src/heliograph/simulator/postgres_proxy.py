"""A PostgreSQL that fails: a proxy on loopback in front of a real one, with faults as explicit objects.

``async with PostgresProxy(Upstream(host=…, port=…)) as proxy`` listens on ``proxy.port`` until the block ends; the port
stays the same, and reserved, while connections are refused. What a fault did is counted in ``proxy.counts`` and told by
its ``happened``. Connections are neither encrypted nor read further than the statements' text.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from heliograph import log
from heliograph.simulator import postgres_wire as wire

DISK_FULL = wire.Failure("53100", "could not extend file: No space left on device")
READ_ONLY = wire.Failure("25006", "cannot execute the statement in a read-only transaction")
DEADLOCK = wire.Failure("40P01", "deadlock detected")

CHUNK = 256 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST

_logger = log.get("postgres_proxy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """Where a PostgreSQL listens; a host that begins with a slash is the folder of its Unix socket."""

    host: str
    port: int = 5432

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect. Raises OSError."""
        if self.host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self.host}/.s.PGSQL.{self.port}")
        return await asyncio.open_connection(self.host, self.port)


@dataclass(kw_only=True, slots=True, eq=False)
class Fault:
    """What happens to the next ``times`` runs that it takes, to all of them with ``times`` None, until it is ended.

    ``before_commit`` and ``after_commit`` cut the connection around the COMMIT of a transaction that wrote something;
    ``fail`` answers ``failure`` to what writes and to such a COMMIT, which leaves a failed transaction to roll back.
    ``touching`` limits it to transactions with a statement that holds this text, such as a table's name.
    """

    kind: Literal["before_commit", "after_commit", "fail"]
    times: int | None = 1
    touching: str = ""
    failure: wire.Failure | None = None
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_spent(self) -> bool:
        """Say whether it is over."""
        return self.times is not None and self.times <= 0

    def end(self) -> None:
        """Let everything pass again."""
        self.times = 0

    def takes(self, run: wire.Run) -> bool:
        """Say whether it is about this run, and count it."""
        is_meant = run.is_commit or (self.kind == "fail" and run.kind == "write")
        if self.is_spent or not is_meant or not run.touches(self.touching):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class PostgresProxy:
    """Stands between clients and a PostgreSQL; without faults it changes nothing."""

    def __init__(self, upstream: Upstream, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.upstream = upstream
        self.host = host
        self.port = port
        self.delay_seconds = 0.0
        """How long each message of a client waits before it goes on."""
        self.counts: Counter[str] = Counter()
        """What was done, by name: connections, commits, and each kind of fault."""
        self._faults: list[Fault] = []
        self._links: list[_Link] = []
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None

    async def __aenter__(self) -> Self:
        self._reserve()
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        if self._reserved is not None:
            self._reserved.close()

    # -- faults

    async def refuse(self) -> None:
        """Be away: cut every connection and refuse new ones until :meth:`accept`."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._reserve()
            self.counts["refusals"] += 1
        await self.kill_all()

    async def accept(self) -> None:
        """Be back."""
        if self._server is None:
            sock, self._reserved = self._reserved, None
            self._server = await asyncio.start_server(self._serve, sock=sock)

    def stall(self) -> None:
        """Be a black hole: connections open and stay, nothing passes until :meth:`resume`."""
        self._flows.clear()
        self.counts["stalls"] += 1

    def resume(self) -> None:
        """Let pass what has waited, and everything after it."""
        self._flows.set()

    def cut_before_commit(self, times: int = 1, *, touching: str = "") -> Fault:
        """Cut the next connections that send a COMMIT; the server never sees it and rolls back."""
        return self._add(Fault(kind="before_commit", times=times, touching=touching))

    def cut_after_commit(self, times: int = 1, *, touching: str = "") -> Fault:
        """Cut the next connections whose COMMIT the server has carried out, before they hear of it."""
        return self._add(Fault(kind="after_commit", times=times, touching=touching))

    def disk_full(self, times: int | None = None, *, touching: str = "") -> Fault:
        """Refuse what writes with 53100."""
        return self._add(Fault(kind="fail", times=times, touching=touching, failure=DISK_FULL))

    def read_only(self, times: int | None = None, *, touching: str = "") -> Fault:
        """Refuse what writes with 25006, as a stand-by does."""
        return self._add(Fault(kind="fail", times=times, touching=touching, failure=READ_ONLY))

    def deadlock(self, times: int = 1, *, touching: str = "") -> Fault:
        """Answer 40P01 to the next that writes."""
        return self._add(Fault(kind="fail", times=times, touching=touching, failure=DEADLOCK))

    async def kill(self, number: int) -> None:
        """Cut the connection of a number; the oldest that is open has number 0. Raises IndexError."""
        await self._cut(self._links[number])

    async def kill_all(self) -> None:
        """Cut every connection that is open."""
        await asyncio.gather(*(self._cut(link) for link in list(self._links)))

    async def point_to(self, upstream: Upstream) -> None:
        """Fail over: cut every connection; new ones lead to another server."""
        self.upstream = upstream
        self.counts["failovers"] += 1
        await self.kill_all()

    async def clear(self) -> None:
        """End all faults."""
        self._faults.clear()
        self.delay_seconds = 0.0
        self.resume()
        await self.accept()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._links)

    # -- what links ask

    def fault(self, run: wire.Run) -> Fault | None:
        """Return the fault that takes a run."""
        self._faults = [fault for fault in self._faults if not fault.is_spent]
        return next((fault for fault in self._faults if fault.takes(run)), None)

    def count(self, what: str, fault: Fault | None = None) -> None:
        """Count what was done, and tell who waits for it."""
        self.counts[what] += 1
        if fault is not None:
            fault.happened.set()

    async def passage(self) -> None:
        """Wait while nothing passes."""
        await self._flows.wait()

    # -- inside

    def _add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def _reserve(self) -> None:
        """Bind without listening: who connects is refused, and nobody else gets the port."""
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((self.host, self.port))
        self.port = reserved.getsockname()[1]
        self._reserved = reserved

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, reader, writer)
        self._links.append(link)
        self.counts["connections"] += 1
        try:
            await link.run()
        finally:
            if link in self._links:
                self._links.remove(link)

    async def _cut(self, link: _Link) -> None:
        if link in self._links:
            self._links.remove(link)
            self.counts["kills"] += 1
        await link.cut()


class _Link:
    """One client's connection and the one to the server behind it."""

    def __init__(self, proxy: PostgresProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._server: asyncio.StreamWriter | None = None
        self._transcript = wire.Transcript()
        self._hidden: Fault | None = None
        self._is_cut = False
        self._task = asyncio.current_task()

    async def run(self) -> None:
        """Pass messages both ways until one side ends or a fault cuts them."""
        pumps: list[asyncio.Task[None]] = []
        try:
            await self._proxy.passage()
            opened = await self._open()
            if opened is not None:
                pumps = [asyncio.create_task(self._from_client()), asyncio.create_task(self._from_server(opened))]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.IncompleteReadError) as error:
            _logger.debug("postgres_link_failed", reason=type(error).__name__)
        except asyncio.CancelledError:
            # Cut by the proxy: the end of this connection, not of whoever serves it.
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._close()

    async def cut(self) -> None:
        """Reset the client's connection and leave the server's."""
        self._is_cut = True
        self._close()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _open(self) -> asyncio.StreamReader | None:
        """Read the first message, decline encryption, and lead the client to the server; None when that was all."""
        while True:
            head = await self._reader.readexactly(8)
            message = head + await self._reader.readexactly(int.from_bytes(head[:4], "big") - 8)
            code = wire.startup_code(message)
            if code not in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                break
            self._writer.write(b"N")
        await self._proxy.passage()
        reader, self._server = await self._proxy.upstream.connect()
        self._server.write(message)
        if code == wire.CANCEL_REQUEST:
            await self._server.drain()
            return None
        return reader

    async def _from_client(self) -> None:
        assert self._server is not None
        buffer = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := await self._reader.read(CHUNK):
                buffer += chunk
                for message in wire.split(buffer):
                    await self._proxy.passage()
                    if self._proxy.delay_seconds:
                        await asyncio.sleep(self._proxy.delay_seconds)
                    changed = self._to_server(message)
                    if changed is None:
                        return
                    self._server.write(changed)
                await self._server.drain()

    def _to_server(self, message: bytes) -> bytes | None:
        """Return what goes on to the server, None to cut the connection."""
        run = self._transcript.run(message)
        fault = self._proxy.fault(run) if run is not None else None
        if fault is None:
            return self._transcript.forward(message, run)
        if fault.kind == "before_commit":
            self._proxy.count("cuts_before_commit", fault)
            self._is_cut = True
            return None
        if fault.failure is not None:
            self._proxy.count(fault.failure.sqlstate, fault)
            return self._transcript.exchange(message, fault.failure)
        self._hidden = fault
        return self._transcript.forward(message, run, hides_commit=True)

    async def _from_server(self, reader: asyncio.StreamReader) -> None:
        buffer = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                buffer += chunk
                passed: list[bytes] = []
                for message in wire.split(buffer):
                    await self._proxy.passage()
                    verdict = self._transcript.answer(message)
                    if verdict == "committed":
                        self._proxy.count("cuts_after_commit", self._hidden)
                        self._is_cut = True
                        return
                    if verdict == "pass":
                        passed.append(message)
                self._writer.write(b"".join(passed))
                await self._writer.drain()

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        if not self._is_cut:
            # What the server said last, such as why it ends, must still arrive.
            self._writer.close()
            return
        with contextlib.suppress(OSError):
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()
