"""How a process is told to stop: in order by the first signal or the end of its stdin, at once by the second signal.

To stop at once is to die as by kill -9, which costs nothing: what is not committed is in Telegram's log. It works
while the event loop is blocked too, since the handler is Python's own and not the loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from heliograph import log
from heliograph.cli import console

LIMIT_SECONDS = 25.0
"""How long a role may take to stop in order; systemd gives 30 s and `heliograph run` 27."""
ECHO_SECONDS = 0.3
"""A signal so soon after the first is the same wish: timeout(1) and some terminals send each twice."""

logger = log.get("stop")
_running: set[asyncio.Task[None]] = set()


class Stopped(Exception):
    """The process was told to stop before its work had begun."""


class Stop(asyncio.Event):
    """Set when the process is to stop in order."""

    def __init__(self, limit_seconds: float | None = None) -> None:
        super().__init__()
        self.last_acts: list[Callable[[], None]] = []
        """What to do, without waiting, when the process stops at once."""
        self._limit_seconds = limit_seconds
        self._loop = asyncio.get_running_loop()
        self._signalled_at: float | None = None

    def begin(self) -> None:
        """Stop in order, and at once when that takes too long."""
        if self.is_set():
            return
        logger.info("stopping")
        if self._limit_seconds is not None:
            self._loop.call_later(self._limit_seconds, self._give_up)
        self.set()

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Take a signal, whatever this process is doing."""
        now = time.monotonic()
        if self._signalled_at is None:
            self._signalled_at = now
            if sys.stderr.isatty():
                console.note("Stopping in order; once more stops at once.")
            self._loop.call_soon_threadsafe(self.begin)
        elif now - self._signalled_at > ECHO_SECONDS:
            self.at_once(128 + number)

    def at_once(self, code: int) -> NoReturn:
        """End this process here and now."""
        for act in self.last_acts:
            with contextlib.suppress(Exception):
                act()
        os._exit(code)

    def _give_up(self) -> None:
        logger.warning("stop_given_up", seconds=self._limit_seconds)
        self.at_once(0)


async def until_stopped(*, supervised: bool, limit_seconds: float | None = None) -> Stop:
    """Return what SIGINT, SIGTERM or, for a child, the end of its stdin sets."""
    stop = Stop(limit_seconds)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.on_signal)
    if supervised:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        task = asyncio.create_task(_stop_at_end(reader, stop))
        _running.add(task)  # the loop itself keeps only weak references
    return stop


async def _stop_at_end(reader: asyncio.StreamReader, stop: Stop) -> None:
    await reader.read()
    stop.begin()
