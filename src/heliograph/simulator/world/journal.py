"""The world's diary: a header that regenerates the seeded part, then one line for each operation.

A line is written and flushed before anybody hears of the operation, so a simulator that is killed comes back knowing
everything that it ever told. A torn last line is an operation nobody heard of, and is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

JOURNAL_NAME = "world.jsonl"


class Journal:
    """An append-only file of JSON lines; without a directory it remembers nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._path = directory / JOURNAL_NAME if directory is not None else None
        self._file: IO[bytes] | None = None

    def load(self) -> Iterator[dict[str, Any]]:
        """Yield the lines, header first."""
        if self._path is None or not self._path.exists():
            return
        good = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                good += len(line)
                yield orjson.loads(line)
        if good < self._path.stat().st_size:
            with self._path.open("rb+") as file:
                file.truncate(good)

    def append(self, line: dict[str, Any]) -> None:
        """Write one line and hand it to the operating system."""
        if self._path is None:
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
