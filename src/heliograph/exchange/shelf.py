"""Where finished exports lie until somebody fetches them: a folder per export, in it one archive per attempt.

What is in there is for nobody else on the machine, wherever the shelf is.

A worker writes under the number of its attempt, so that one that was taken for dead and lives on never writes into the
file of the one that took over. What is not packed yet lies beside the archive, and goes with the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import zipfile
from pathlib import Path
from typing import BinaryIO, Final

_CHUNK = 1 << 20
_TEXTS: Final = frozenset({".csv", ".css", ".html", ".js", ".json", ".jsonl", ".md", ".svg", ".txt"})
"""What gets smaller by packing; Parquet and media are packed already."""


class Stopped(Exception):
    """Packing was told to stop."""


def workspace(shelf: Path, export_id: int, attempt: int) -> Path:
    """Return an empty folder for an attempt to write into; what earlier attempts left is deleted."""
    remove(shelf, export_id)
    found = shelf / str(export_id) / f"{attempt}"
    # With parents=True, the mode would be that of the last one only.
    shelf.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (shelf, found.parent, found):
        folder.mkdir(mode=0o700, exist_ok=True)
    return found


def archive(shelf: Path, export_id: int, attempt: int) -> Path:
    """Return where the archive of an attempt is, or will be."""
    return shelf / str(export_id) / f"{attempt}.zip"


def pack(folder: Path, target: Path, stop: threading.Event) -> int:
    """Move the files of a folder into a ZIP archive, which is there whole or not at all. Returns its size in bytes.

    Each file is deleted once it is in, so that the disk holds little twice. Raises Stopped, OSError.
    """
    part = target.with_suffix(".part")
    with _private(part) as file, zipfile.ZipFile(file, "w", allowZip64=True) as packed:
        for each in sorted(path for path in folder.rglob("*") if path.is_file()):
            _add(packed, each, each.relative_to(folder).as_posix(), stop)
            each.unlink()
    shutil.rmtree(folder)
    part.replace(target)
    return target.stat().st_size


def remove(shelf: Path, export_id: int) -> None:
    """Delete all files of an export; there may be none."""
    shutil.rmtree(shelf / str(export_id), ignore_errors=True)


def remove_attempt(shelf: Path, export_id: int, attempt: int) -> None:
    """Delete what an attempt has written, and nothing that another one has."""
    shutil.rmtree(shelf / str(export_id) / f"{attempt}", ignore_errors=True)
    for file in (archive(shelf, export_id, attempt), _part(shelf, export_id, attempt)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        (shelf / str(export_id)).rmdir()


def sweep(shelf: Path, kept: set[int]) -> int:
    """Delete the folders of exports that are not to be kept. Returns how many."""
    if not shelf.is_dir():
        return 0
    # Whatever else lies there is not ours.
    numbers = [int(path.name) for path in shelf.iterdir() if path.name.isascii() and path.name.isdecimal()]
    gone = [number for number in numbers if number not in kept]
    for number in gone:
        remove(shelf, number)
    return len(gone)


def _part(shelf: Path, export_id: int, attempt: int) -> Path:
    return archive(shelf, export_id, attempt).with_suffix(".part")


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _add(packed: zipfile.ZipFile, file: Path, name: str, stop: threading.Event) -> None:
    entry = zipfile.ZipInfo.from_file(file, name, strict_timestamps=False)
    entry.compress_type = zipfile.ZIP_DEFLATED if file.suffix.lower() in _TEXTS else zipfile.ZIP_STORED
    with file.open("rb") as source, packed.open(entry, "w", force_zip64=True) as sink:
        while chunk := source.read(_CHUNK):
            if stop.is_set():
                raise Stopped
            sink.write(chunk)
