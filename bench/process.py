"""A crawler as a process that a scenario kills, stops and starts by hand; nobody restarts it behind its back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STOP_SECONDS = 30.0


class Process:
    """``python -m …``, which says that it is ready by a line of JSON on stdout."""

    def __init__(self, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._arguments = arguments
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id of the present run."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> dict[str, Any]:
        """Start it and return what it says when it is ready. Raises RuntimeError with where its log is."""
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *self._arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                env=self._environment,
            )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"{"):
                self._reading = asyncio.create_task(self._drain(self._process.stdout))
                return dict(json.loads(line))
        await self._process.wait()
        raise RuntimeError(f"{self._arguments[0]} did not start:\n{self._log.read_text('utf-8', 'replace')[-2000:]}")

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """End it with SIGTERM, and with SIGKILL when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        with self._log.open("ab") as output:
            while chunk := await stream.read(65536):
                output.write(chunk)
