"""File contents: uploaded parts, assembled files, and made-up bytes for seeded media."""

from __future__ import annotations

import hashlib
from pathlib import Path

from heliograph.simulator import rpc

_BLOCK = 65_536


class Files:
    """Contents by photo or document id; with a directory they survive a restart."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory / "files" if directory is not None else None
        self._contents: dict[int, bytes] = {}
        self._parts: dict[tuple[int, int], dict[int, bytes]] = {}

    def save_part(self, user_id: int, file_id: int, part: int, data: bytes) -> None:
        """Keep one part of an upload; a repeated part replaces the earlier one."""
        self._parts.setdefault((user_id, file_id), {})[part] = data

    def assemble(self, user_id: int, file_id: int, parts: int) -> bytes:
        """Return an upload's bytes once all its parts are there, or refuse as Telegram does."""
        found = self._parts.get((user_id, file_id), {})
        for part in range(parts):
            if part not in found:
                raise rpc.RpcError(400, f"FILE_PART_{part}_MISSING")
        del self._parts[(user_id, file_id)]
        return b"".join(found[part] for part in range(parts))

    def put(self, file_id: int, data: bytes) -> None:
        """Store a file's content."""
        if self._directory is None:
            self._contents[file_id] = data
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        part = self._directory / f"{file_id}.part"
        part.write_bytes(data)
        part.replace(self._directory / str(file_id))

    def read(self, file_id: int, offset: int, limit: int, size: int) -> bytes:
        """Return part of a file; a seeded one of ``size`` bytes has the same made-up content each time."""
        content = self._load(file_id)
        if content is not None:
            return content[offset : offset + limit]
        end = min(offset + limit, size)
        first, last = offset // _BLOCK, max(offset, end - 1) // _BLOCK
        blocks = b"".join(_made_up(file_id, block) for block in range(first, last + 1))
        return blocks[offset - first * _BLOCK : max(0, end - first * _BLOCK)]

    def _load(self, file_id: int) -> bytes | None:
        if file_id in self._contents:
            return self._contents[file_id]
        if self._directory is not None and (path := self._directory / str(file_id)).exists():
            return path.read_bytes()
        return None


def _made_up(file_id: int, block: int) -> bytes:
    return hashlib.shake_128(f"{file_id}:{block}".encode()).digest(_BLOCK)
