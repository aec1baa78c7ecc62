"""Copies the files of messages from media storage into an export, each file once in a while of its chat."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph import errors
from heliograph.exchange.export import names
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

LEFT_OUT: Final = "left_out"
"""State of a stored file in an export that was asked for without media."""
LOST: Final = "lost"
"""State of a file that the database has as stored and media storage does not have."""

_REMEMBERED: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A message's file in an export. ``path`` is relative to the export, None when the file is not in it."""

    path: str | None
    state: str
    name: str | None = None
    size: int | None = None
    """Bytes."""
    mime_type: str | None = None


class Attachments:
    """The files of one chat. ``rename`` may change a file's safe name before it is used."""

    def __init__(
        self,
        root: Path,
        storage: media.Storage | None,
        *,
        folder: str = "",
        rename: Callable[[str], str] = str,
    ) -> None:
        self._root = root
        self._storage = storage
        self._names = names.Names(root, folder, rename)
        self._copied: OrderedDict[tuple[bytes, str], str] = OrderedDict()

    async def place(self, told: exported.ExportedMessage) -> Placed | None:
        """Copy a message's file; None when it has none."""
        file = told.file
        if file is None:
            return None
        path, state = None, file.state
        if file.state == "stored" and file.sha256 is not None:
            if self._storage is None:
                state = LEFT_OUT
            else:
                path = await self._copy(self._storage, told, file, file.sha256)
                state = file.state if path is not None else LOST
        return Placed(path=path, state=state, name=file.name, size=file.size, mime_type=file.mime_type)

    async def _copy(
        self, storage: media.Storage, told: exported.ExportedMessage, file: exported.StoredFile, sha256: bytes
    ) -> str | None:
        """Return where the file is. One that was just sent (a sticker) is not copied again."""
        key = sha256, str((told.message.media or {}).get("kind"))
        known = self._copied.get(key)
        if known is not None:
            self._copied.move_to_end(key)
            return known
        chosen = self._names.give(told.message, file.name, file.mime_type)
        if not await _fetch(storage, sha256, self._root / chosen):
            return None
        self._copied[key] = chosen
        if len(self._copied) > _REMEMBERED:
            self._copied.popitem(last=False)
        return chosen


async def _fetch(storage: media.Storage, sha256: bytes, path: Path) -> bool:
    """Write a stored file to ``path``; say whether media storage has it, whole and as it was."""
    digest = hashlib.sha256()
    with path.open("xb") as file:
        try:
            async for chunk in storage.read(sha256):
                digest.update(chunk)
                file.write(chunk)
        except errors.NotFound:
            digest = hashlib.sha256()
    if digest.digest() == sha256:
        return True
    await asyncio.to_thread(path.unlink)
    return False
