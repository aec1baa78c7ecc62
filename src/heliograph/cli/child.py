"""Parent and child processes of one installation.

A child announces that it is ready with one JSON line on stdout and stops when its stdin ends, so it never outlives
a parent that was killed. A parent starts children in sessions of their own: Ctrl-C reaches the parent alone, which
then stops them in order.

After its announcement a child writes an empty line every few seconds. One whose event loop is blocked, or that was
stopped, falls silent: its parent kills it and starts it again.

A child prints the sentence of its own error. What heals by itself, such as a database that is away, ends it with
:data:`TRY_AGAIN`, and it is started again as after a crash; any other error is as permanent as its sentence says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import orjson

from heliograph import errors, log
from heliograph.cli import console, stopping

STOP_SECONDS = stopping.LIMIT_SECONDS + 2
PULSE_SECONDS = 1.0
_RESTART_SECONDS = (0.05, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""The pause grows with every attempt that fails, or that ends soon after its start."""
_STEADY_SECONDS = 30.0
"""A run that lasted so long was a success: the next pause is the shortest again."""

TRY_AGAIN = 75
"""Exit code of a child whose error heals by itself (EX_TEMPFAIL of sysexits.h)."""
_PERMANENT = frozenset({errors.HeliographError.exit_code, errors.BadInput.exit_code})
_HEALS = (
    errors.DatabaseUnreachable,
    errors.Disconnected,
    errors.FloodWait,
    errors.LeaseHeld,
    errors.RpcFailed,
    errors.RpcTimeout,
    errors.Stalled,
)

logger = log.get("child")
_running: set[asyncio.Task[None]] = set()


class ChildFailed(errors.HeliographError):
    """A part of Heliograph has ended with an error; the line above says why."""

    def __init__(self, exit_code: int = 1) -> None:
        super().__init__()
        self.exit_code = 1 if exit_code < 0 or exit_code == TRY_AGAIN else exit_code or 1
        self.is_told = True


class Child:
    """One child process: started until it is ready, started again when it dies, stopped by SIGTERM."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        stall_seconds: float | None = None,
        on_stall: Callable[[], None] = lambda: None,
    ) -> None:
        """Make one that is not started yet; with ``stall_seconds`` a run that is silent for so long is killed."""
        self.name = name
        self.ready: dict[str, Any] = {}
        self.starts = 0
        """How often the process has become ready."""
        self._changed = asyncio.Condition()
        self._failed: ChildFailed | None = None
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._begun = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._stall_seconds = stall_seconds
        self._on_stall = on_stall
        self._is_heard = False

    @property
    def pid(self) -> int:
        """The process id of the present run."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> dict[str, Any]:
        """Start the process, wait until it is ready and return what it announced. Raises ChildFailed.

        It is started again before that too while its error is one that heals by itself.
        """
        try:
            await self._spawn()
        except ChildFailed:
            if self._process is None or self._process.returncode != TRY_AGAIN:
                raise
        self._keeper = asyncio.create_task(self._keep(), name=f"keep-{self.name}")
        await self.until_started(1)
        return self.ready

    async def until_started(self, starts: int) -> None:
        """Wait until the process has become ready for the ``starts``-th time. Raises ChildFailed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.starts >= starts or self._failed is not None)
        if self._failed is not None:
            raise self._failed

    async def until_failed(self) -> NoReturn:
        """Wait, perhaps for ever, until the process has ended with an error that no new start mends."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._failed is not None)
        assert self._failed is not None
        raise self._failed

    def kill(self) -> None:
        """Kill the present run with SIGKILL, as a crash would; it is started again."""
        assert self._process is not None
        self._process.kill()

    def end_at_once(self) -> None:
        """Kill the present run, if there is one, and start none again."""
        if self._keeper:
            self._keeper.cancel()
        if self._process is not None and self._process.returncode is None:
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
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            logger.warning("child_killed", child=self.name)
            self._process.kill()
            await self._process.wait()
        if self._listener:
            await self._listener

    async def _spawn(self) -> None:
        self._begun = asyncio.get_running_loop().time()
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
            raise ChildFailed(await process.wait())
        self.ready = orjson.loads(line)
        self._listener = asyncio.create_task(self._listen(process, process.stdout))
        async with self._changed:
            self.starts += 1
            self._changed.notify_all()

    async def _listen(self, process: asyncio.subprocess.Process, stream: asyncio.StreamReader) -> None:
        """Take what a run says until it ends, and kill it when it falls silent."""
        watching = asyncio.create_task(self._watch(process), name=f"watch-{self.name}")
        while await stream.read(65536):
            self._is_heard = True
        watching.cancel()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        if self._stall_seconds is None:
            return
        silence = 0.0
        while silence < self._stall_seconds:
            # Counted in turns of this loop: while this process itself was stopped nobody was silent.
            await asyncio.sleep(PULSE_SECONDS)
            silence = 0.0 if self._is_heard else silence + PULSE_SECONDS
            self._is_heard = False
        logger.error("stalled", part=self.name, lag_seconds=silence)
        self._on_stall()
        process.kill()

    async def _keep(self) -> None:
        assert self._process is not None
        failures = 0
        while True:
            code = await self._process.wait()
            logger.warning("child_ended", child=self.name, exit_code=code)
            if code in _PERMANENT:
                return await self._fail(ChildFailed(code))
            if asyncio.get_running_loop().time() - self._begun > _STEADY_SECONDS:
                failures = 0
            await asyncio.sleep(pause_seconds(failures))
            failures += 1
            # A run that did not get ready has ended as well; the next turn looks at how.
            with contextlib.suppress(ChildFailed, OSError):
                await self._spawn()

    async def _fail(self, failure: ChildFailed) -> None:
        async with self._changed:
            self._failed = failure
            self._changed.notify_all()


def pause_seconds(failures: int) -> float:
    """Return how long to wait before the next attempt after so many that failed, besides the newest."""
    return _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)]


@contextlib.contextmanager
def healing(*, supervised: bool) -> Iterator[None]:
    """Let errors that heal by themselves end a child with :data:`TRY_AGAIN`."""
    try:
        yield
    except _HEALS as error:
        if supervised:
            error.exit_code = TRY_AGAIN
        raise


def announce(*, supervised: bool, **facts: Any) -> None:
    """Tell the parent that this process is ready, with facts such as its address."""
    if supervised:
        console.json(facts)
        os.set_blocking(sys.stdout.fileno(), False)
        task = asyncio.create_task(_pulse(), name="pulse")
        _running.add(task)  # the loop itself keeps only weak references


async def wait(stop: asyncio.Event, seconds: float | None) -> None:
    """Wait until ``stop`` is set, at most ``seconds``."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _pulse() -> None:
    """Let the parent hear that the event loop turns, for ever."""
    while True:
        with contextlib.suppress(OSError):
            # A parent that does not read must not hold us up: it hears enough when it reads again.
            os.write(sys.stdout.fileno(), b"\n")
        await asyncio.sleep(PULSE_SECONDS)
