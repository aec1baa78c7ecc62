"""Cursors that must be read again, since a commit failed and may have happened all the same.

However many boxes failed together, they are read together, once the database takes commits again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from heliograph import log
from heliograph.crawler import claims, tasks, writer
from heliograph.domain import identity, records

REFUSED_SECONDS = 1.0

OnCursor = Callable[[identity.SpaceId, records.BoxState | None], None]

_log = log.get("rereading")


class Rereading:
    """The boxes that wait for their cursor; ``on_cursor`` is told each one's, None when there is none of ours."""

    def __init__(self, claimed: claims.Claims, commits: writer.Writer, steps: tasks.Tasks, on_cursor: OnCursor) -> None:
        self._claims = claimed
        self._writer = commits
        self._tasks = steps
        self._on_cursor = on_cursor
        self._waiting: set[identity.SpaceId] = set()
        self._is_running = False

    def add(self, box: identity.SpaceId) -> bool:
        """Have a cursor read; True when :meth:`run` must be started for it."""
        self._waiting.add(box)
        is_first, self._is_running = not self._is_running, True
        return is_first

    async def run(self) -> None:
        """Read until no box waits."""
        try:
            while self._waiting:
                await self._read(set(self._waiting))
        finally:
            self._is_running = False

    async def _read(self, boxes: set[identity.SpaceId]) -> None:
        await self._writer.until_healthy()
        try:
            found = await self._claims.take(boxes)
        except Exception as error:  # until they are read these boxes stand still
            _log.warning("cursors_not_read", boxes=len(boxes), **log.cause(error))
            await asyncio.sleep(REFUSED_SECONDS)
            return
        for box in boxes:
            self._waiting.discard(box)
            self._tasks.step(box, partial(self._on_cursor, box, found.get(box)))
