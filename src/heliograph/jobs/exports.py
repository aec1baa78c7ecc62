"""The job that makes an export: files, then one archive of them, then the row that offers it.

Nothing half-written is ever offered: the archive is renamed into its place before the row says ``done``, and whatever
ends an attempt otherwise takes its files along. Which attempt may write is decided by the row
(``store/exports.py:begin``).
"""

from __future__ import annotations

import asyncio
import errno
import re
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from heliograph import errors, log
from heliograph.exchange import shelf
from heliograph.jobs import parts
from heliograph.store import exports, processes

if TYPE_CHECKING:
    from heliograph.exchange import media
    from heliograph.exchange.export import request as requests
    from heliograph.exchange.export import run

T = TypeVar("T")

BREAKS: Final = 5
"""So many workers or connections do not end in the middle of one export by accident."""
REPORT_SECONDS: Final = 1.0
"""How often the row is told how far it is."""
DISK_FULL: Final = "The disk ran full while this export was written; free some space and ask for it again."
GIVEN_UP: Final = (
    f"{BREAKS} times the worker or the database was gone in the middle of this export;"
    " look at their logs, and ask for less at once if it was the export that ended them."
)
DEFECT: Final = "Something went wrong while this export was written; the worker's log names the place."
_NAME_BYTES: Final = 120
"""File systems take names of 255 bytes, and a day, the format, an ending and a scratch name's own come to it."""

_logger = log.get("exports")


class PutBack(Exception):
    """The job goes back into the queue, for another worker or a later time."""


class _Superseded(Exception):
    """The export was cancelled, or another worker has it."""


async def make(work: parts.Parts, export_id: int, *, is_stopping: Callable[[], bool]) -> None:
    """Make an export, and say in its row how that ended. Raises PutBack, and CancelledError when a person cancels.

    ``is_stopping`` says, when this is cancelled, whether that is because the worker stops.
    """
    async with work.database.transaction() as conn:
        export = await exports.begin(conn, export_id, processes.name())
    if export is None:
        return
    is_made = False
    try:
        is_made = await _attempt(work, export)
    except asyncio.CancelledError:
        if not is_stopping():
            raise
        async with work.database.transaction() as conn:
            await exports.put_back(conn, export)
        raise PutBack from None
    except errors.DatabaseUnreachable:
        raise PutBack from None
    finally:
        if not is_made:
            shelf.remove_attempt(work.settings.exports_folder, export_id, export.attempt)


async def _attempt(work: parts.Parts, export: exports.Export) -> bool:
    """Say whether there is an archive now; any failure but that of the database is in the row then."""
    try:
        if export.broken_off >= BREAKS:
            raise errors.HeliographError(GIVEN_UP)
        return await _write(work, export)
    except _Superseded:
        return False
    except errors.DatabaseUnreachable:
        raise
    except Exception as error:
        async with work.database.transaction() as conn:
            await exports.fail(conn, export, _sentence(error), keep=work.keep)
        return False


def _sentence(error: Exception) -> str:
    """Say why there is no export; what nobody foresaw goes to the log."""
    if isinstance(error, errors.HeliographError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    _logger.error("export_failed", **log.cause(error))
    if isinstance(error, OSError):
        return f"The export cannot be written ({error.strerror}); look at the worker's disk and ask for it again."
    return DEFECT


async def _write(work: parts.Parts, export: exports.Export) -> bool:
    # The formats' libraries are large, and most of a worker's life needs none of them.
    from heliograph.exchange.export import request as requests  # noqa: PLC0415
    from heliograph.exchange.export import run  # noqa: PLC0415

    request = requests.parse(export.request)
    place = shelf.workspace(work.settings.exports_folder, export.export_id, export.attempt)
    name = await _name(work, request, export)
    meter = _Meter()
    making = run.export(work.database, _storage(work, request), request, place / name, meter.take)
    summary = await _reported(work, export, meter, making)
    archive = shelf.archive(work.settings.exports_folder, export.export_id, export.attempt)
    size = await _reported(work, export, meter, _packed(place, archive))
    async with work.database.transaction() as conn:
        return await exports.finish(
            conn, export, done=summary.messages, file_name=f"{name}.zip", bytes=size, keep=work.keep
        )


class _Meter:
    """How far an export is, as it was last said."""

    def __init__(self) -> None:
        self.done = 0
        self.total: int | None = None

    def take(self, progress: run.Progress) -> None:
        """Take what the export says of itself."""
        self.done, self.total = progress.done, progress.total


async def _reported(work: parts.Parts, export: exports.Export, meter: _Meter, doing: Coroutine[Any, Any, T]) -> T:
    """Return what ``doing`` returns, telling the row meanwhile. Raises _Superseded when that is not ours any more."""
    task, reporting = asyncio.create_task(doing), asyncio.create_task(_report(work, export, meter))
    try:
        await asyncio.wait({task, reporting}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            reporting.result()
        return task.result()
    finally:
        for each in (task, reporting):
            each.cancel()
        await asyncio.gather(task, reporting, return_exceptions=True)


async def _report(work: parts.Parts, export: exports.Export, meter: _Meter) -> None:
    while True:
        async with work.database.transaction() as conn:
            if not await exports.progress(conn, export, done=meter.done, total=meter.total):
                raise _Superseded
        await asyncio.sleep(REPORT_SECONDS)


async def _packed(place: Path, archive: Path) -> int:
    """Pack a folder in a thread, which ends before this does. Returns the archive's size."""
    stop = threading.Event()
    packing = asyncio.create_task(asyncio.to_thread(shelf.pack, place, archive, stop))
    try:
        return await asyncio.shield(packing)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(packing, return_exceptions=True)
        raise


async def _name(work: parts.Parts, request: requests.Request, export: exports.Export) -> str:
    """Return what the export is called: its chat, or how many there are, the day it was asked for, and the format."""
    from heliograph.store.reads import export as reads  # noqa: PLC0415

    chats = await reads.chats(work.database, request.chat_ids)
    title = chats[0].title if len(chats) == 1 else f"{len(chats)} chats"
    plain = re.sub(r"[^\w .,()+-]+", " ", title).encode()[:_NAME_BYTES].decode(errors="ignore").strip(" .")
    return f"{plain or 'chat'} {export.created_at:%Y-%m-%d} {request.format}"


def _storage(work: parts.Parts, request: requests.Request) -> media.Storage | None:
    """Return the media storage for an export that copies files."""
    if not request.with_media:
        return None
    from heliograph.exchange import media  # noqa: PLC0415

    return media.open_storage(work.settings)
