"""Work that runs beside the engine's steps, each piece about one box: no defect in it goes unheard or stops its box."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from heliograph import log
from heliograph.domain import identity

_log = log.get("engine")


class Tasks:
    """What is under way; ``on_defect`` is told the box of what ended in a way that nobody foresaw."""

    def __init__(self, on_defect: Callable[[identity.SpaceId], None]) -> None:
        self._on_defect = on_defect
        self._running: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def start(self, box: identity.SpaceId, work: Coroutine[Any, Any, None]) -> None:
        """Run something about a box, unless :meth:`stop` was called."""
        if self._is_stopping:
            work.close()
            return
        task = asyncio.create_task(self._guard(box, work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def step(self, box: identity.SpaceId, work: Callable[[], None]) -> None:
        """Do something about a box at once."""
        try:
            work()
        except Exception as error:
            self._tell(box, error)

    async def stop(self) -> None:
        """Start nothing more, and end what is under way."""
        self._is_stopping = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _guard(self, box: identity.SpaceId, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # the outermost edge of the task
            self._tell(box, error)

    def _tell(self, box: identity.SpaceId, error: Exception) -> None:
        _log.error("engine_defect", box=box, **log.cause(error))
        self._on_defect(box)
