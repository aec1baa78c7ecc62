"""An import from its first source to its last."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heliograph.exchange import sources
from heliograph.exchange.importer import choice, files, reading, summary
from heliograph.store import import_lock
from heliograph.store.database import Database

_GROWTH = 200_000
"""Objects more than before that the garbage collector waits for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an import is. Bytes are those of the sources, read by now or by an earlier run."""

    done_bytes: int
    total_bytes: int
    messages: int
    """Read in this run."""
    seconds: float
    """Since this run began."""


OnProgress = Callable[[Progress], None]


async def run(
    database: Database,
    storage: files.Storage | None,
    paths: Sequence[Path],
    options: choice.Options,
    *,
    on_progress: OnProgress = lambda progress: None,
    stop: reading.Stop | None = None,
) -> summary.Summary:
    """Import what is at ``paths``. ``storage`` None leaves files where they are.

    Raises BadInput before anything is written when a path holds no export, one id is given for several chats, or
    imports are being taken back; what goes wrong in a source later is in the summary. Raises DatabaseUnreachable and
    DiskFull: what was committed before stays, and the next run goes on there.
    """
    stop = stop or asyncio.Event()
    found = [source for path in paths for source in await asyncio.to_thread(sources.find, path)]
    done = summary.Summary(is_dry_run=options.is_dry_run, timezone=options.timezone.key)
    begun = time.monotonic()
    behind = _Behind(total_bytes=sum(source.size for source in found), begun=begun, tell=on_progress)
    try:
        named = await asyncio.to_thread(options.named, found)
        async with import_lock.importing(database):
            with _rare_collections():
                for source in found:
                    if stop.is_set():
                        break
                    one = reading.Reading(database, storage, source, options, stop, named)
                    done.sources.append(one.tally)
                    await one.run(behind.move)
                    behind.finish(source.size, one.tally)
    finally:
        for source in found:
            source.close()
    done.is_stopped = stop.is_set()
    done.seconds = time.monotonic() - begun
    return done


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector look rarely: rows hold no cycles, and it takes a third of the time otherwise."""
    before = gc.get_threshold()
    gc.set_threshold(_GROWTH, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Behind:
    """What lies behind: whole sources, and a part of the present one."""

    def __init__(self, *, total_bytes: int, begun: float, tell: OnProgress) -> None:
        self._total = total_bytes
        self._begun = begun
        self._tell = tell
        self._bytes = 0
        self._messages = 0

    def move(self, done_bytes: int, messages: int) -> None:
        """Tell how far the present source is."""
        self._tell(
            Progress(
                done_bytes=self._bytes + done_bytes,
                total_bytes=self._total,
                messages=self._messages + messages,
                seconds=time.monotonic() - self._begun,
            )
        )

    def finish(self, size: int, tally: summary.SourceTally) -> None:
        """Count a source as done."""
        self._bytes += size
        self._messages += sum(chat.tally.read for chat in tally.chats.values())
