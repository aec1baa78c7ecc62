"""Parent and child processes of one installation.

A child announces that it is ready with one JSON line on stdout and stops when its stdin ends, so it never outlives
a parent that was killed. A parent starts children in sessions of their own: Ctrl-C reaches the parent alone, which
then stops them in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from heliograph import errors, log
from heliograph.cli import console

_STOP_SECONDS = 20.0
_RESTART_SECONDS = (0.05, 0.5, 1.0, 2.0, 5.0)

logger = log.get("child")
_running: set[asyncio.Task[None]] = set()


class ChildFailed(errors.HeliographError):
    """A part of Heliograph could not start; the line above says why."""


class Child:
    """One child process: started until it is ready, started again when it dies, stopped by SIGTERM."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self.ready: dict[str, Any] = {}
        self.starts = 0
        """How often the process has become ready."""
        self._started = asyncio.Condition()
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._drain: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id of the present run."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> dict[str, Any]:
        """Start the process, wait until it is ready and return what it announced. Raises ChildFailed."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep-{self.name}")
        return self.ready

    async def until_started(self, starts: int) -> None:
        """Wait until the process has become ready for the ``starts``-th time."""
        async with self._started:
            await self._started.wait_for(lambda: self.starts >= starts)

    def kill(self) -> None:
        """Kill the present run with SIGKILL, as a crash would; it is started again."""
        assert self._process is not None
        self._process.kill()

    async def stop(self) -> None:
        """Ask the process to stop and wait; kill it when it does not."""
        if self._keeper:
            self._keeper.cancel()
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            logger.warning("child_killed", child=self.name)
            self._process.kill()
            await self._process.wait()
        if self._drain:
            await self._drain

    async def _spawn(self) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "heliograph",
            *self._arguments,
            "--supervised",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            await process.wait()
            raise ChildFailed
        self.ready = orjson.loads(line)
        self._drain = asyncio.create_task(_discard(process.stdout))
        async with self._started:
            self.starts += 1
            self._started.notify_all()

    async def _keep(self) -> None:
        assert self._process is not None
        failures = 0
        while True:
            code = await self._process.wait()
            logger.warning("child_ended", child=self.name, exit_code=code)
            try:
                await self._spawn()
                failures = 0
            except ChildFailed:
                failures += 1
                await asyncio.sleep(_RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)])


def announce(*, supervised: bool, **facts: Any) -> None:
    """Tell the parent that this process is ready, with facts such as its address."""
    if supervised:
        console.json(facts)


async def until_stopped(*, supervised: bool) -> asyncio.Event:
    """Return an event that SIGINT, SIGTERM or, for a child, the end of its stdin sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if supervised:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        task = asyncio.create_task(_stop_at_end(reader, stop))
        _running.add(task)  # the loop itself keeps only weak references
    return stop


async def wait(stop: asyncio.Event, seconds: float | None) -> None:
    """Wait until ``stop`` is set, at most ``seconds``."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _stop_at_end(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    await reader.read()
    stop.set()


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
