"""The files of a format in which each table is one file: ``messages``, ``chats``, ``revisions``, ``observations``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Final

from heliograph.exchange.export import flat, writer
from heliograph.exchange.export import request as requests

BUFFER_BYTES: Final = 1 << 18
BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark that a CSV file may begin with."""

_CSV: Final = ",".join(flat.MESSAGE[:5]).encode()
_JSONL: Final = re.compile(rb'\{"album_id":(?:null|-?\d+),"author_signature":(?:null|")')
"""How files of messages begin, whatever fields a later version adds at the end."""


def is_messages(path: Path) -> bool:
    """Say whether a file begins as the messages of an export do, or is empty as the JSON Lines of none are."""
    with path.open("rb") as file:
        begin = file.read(100).removeprefix(BOM)
    return not begin or begin.startswith(_CSV) or _JSONL.match(begin) is not None


class Tables:
    """Opens the tables that a request has. A single file or a stream holds the messages and nothing else."""

    def __init__(self, target: writer.Target, request: requests.Request, ending: str) -> None:
        self._files: list[BinaryIO] = []
        self._ending = ending
        self.messages = self._messages(target)
        folder = target if isinstance(target, Path) and target.is_dir() else None
        self.chats = self._open(folder, "chats", True)
        self.revisions = self._open(folder, "revisions", request.with_revisions)
        self.observations = self._open(folder, "observations", request.with_observations)

    def close(self) -> None:
        """Close the files that were opened here; a stream stays open and is flushed."""
        self.messages.flush()
        for file in self._files:
            file.close()

    def _messages(self, target: writer.Target) -> BinaryIO:
        if not isinstance(target, Path):
            return target
        return self._made(target / f"messages.{self._ending}" if target.is_dir() else target)

    def _open(self, folder: Path | None, name: str, is_wanted: bool) -> BinaryIO | None:
        return self._made(folder / f"{name}.{self._ending}") if folder is not None and is_wanted else None

    def _made(self, path: Path) -> BinaryIO:
        # Not a context: it stays open from one page to the next. What fails removes the folder around it.
        file = path.open("wb", buffering=BUFFER_BYTES)
        self._files.append(file)
        return file
