"""The files that an export's messages carry: put into media storage before the commit that names them, each once.

An export names a file by a path that it made itself, so nothing outside of the export is ever opened for it. What is
not there is a state that people see, not an error.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import closing
from typing import BinaryIO, Final, Protocol

from heliograph import errors
from heliograph.exchange import model, paths, sources
from heliograph.exchange.importer import groups
from heliograph.store import import_rows, media

UNREADABLE: Final = "file_unreadable"
MOST_REMEMBERED: Final = 20_000
"""Paths whose files are not read again; stickers come thousands of times."""
# Exports do not say what type a photo has. Python's own list, whatever the machine's says.
_TYPES: Final = mimetypes.MimeTypes()


class Stored(Protocol):
    """A file in media storage."""

    @property
    def sha256(self) -> bytes:
        """What it is found by."""

    @property
    def size(self) -> int:
        """Bytes."""


class Storage(Protocol):
    """Where files go."""

    async def put(self, file: BinaryIO) -> Stored:
        """Keep what can be read from ``file``, once for each content."""


class Files:
    """The files of one source."""

    def __init__(self, source: sources.Source, storage: Storage | None, *, is_dry_run: bool) -> None:
        self._source = source
        self._storage = storage
        self._is_dry_run = is_dry_run
        self._known = OrderedDict[str, tuple[import_rows.FileState, str | None]]()
        """Where each path's file is by now, and why it was not opened where it was not."""

    async def settle(self, group: groups.Group) -> list[import_rows.FileState | None]:
        """Return where the file of each message is by now, None for one without; they count in the group's tally."""
        states: list[import_rows.FileState | None] = []
        for item, place in zip(group.items, group.places, strict=True):
            state = None if item.file is None else await self._state(item.file, group, place, item.message.message_id)
            if state is not None:
                group.tally.files[state.state] += 1
            states.append(state)
        return states

    async def _state(
        self, file: model.FileRef, group: groups.Group, place: model.Place, message_id: int
    ) -> import_rows.FileState:
        if file.state != "included" or file.path is None:
            return _named(file, "missing" if file.state == "included" else file.state)
        if self._storage is None and not self._is_dry_run:
            return _named(file, "not_included")
        known = self._known.get(file.path)
        if known is None:
            known = await self._tried(file)
            self._remember(file.path, known)
        state, reason = known
        if reason is not None:
            group.tally.refuse(reason, place, message_id)
        return state

    async def _tried(self, file: model.FileRef) -> tuple[import_rows.FileState, str | None]:
        try:
            return await self._keep(file), None
        except errors.BadInput as refused:
            reason = refused.reason if isinstance(refused, paths.Refused) else UNREADABLE
            return _named(file, "missing"), reason

    async def _keep(self, file: model.FileRef) -> import_rows.FileState:
        assert file.path is not None
        found = await asyncio.to_thread(self._source.open_media, file.path)
        if found is None:
            return _named(file, "missing")
        with closing(found):
            if self._storage is None or self._is_dry_run:
                return _named(file, "stored")
            kept = await self._storage.put(found)
        return import_rows.FileState(
            state="stored",
            sha256=kept.sha256,
            name=file.name or file.path.rpartition("/")[2],
            size=kept.size,
            mime_type=file.mime_type or _TYPES.guess_type(file.path, strict=False)[0],
        )

    def _remember(self, path: str, known: tuple[import_rows.FileState, str | None]) -> None:
        self._known[path] = known
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)


def stored(states: Iterable[import_rows.FileState | None]) -> list[media.StoredFile]:
    """Return the files among these that are in storage, each once."""
    found = {
        state.sha256: media.StoredFile(sha256=state.sha256, size=state.size or 0, mime_type=state.mime_type)
        for state in states
        if state is not None and state.sha256 is not None
    }
    return list(found.values())


def _named(file: model.FileRef, state: import_rows.FileStateName) -> import_rows.FileState:
    return import_rows.FileState(state=state, name=file.name, size=file.size, mime_type=file.mime_type)
