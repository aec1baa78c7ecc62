"""A folder on disk that holds an export, read without ever leaving it.

Every step of a path is opened from the folder before it and never through a symbolic link, so that a link cannot lead
out, not even one that appears while we look. What is no ordinary file (a device, a pipe, a socket) is never opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, Final

from heliograph import errors
from heliograph.exchange import paths

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK

_END: Final = 1 << 20
"""Bytes at the end of a file that tell it from others."""
_REMEMBERED: Final = 12
"""Folders whose names are kept: a chat's files lie in at most so many, and its messages name now one, now another."""


class Folder:
    """Files below ``root``. Paths are relative to it, with ``/``."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.name = self.root.name or str(self.root)
        self.separator = "/"
        self._composed: OrderedDict[tuple[int, int], tuple[int, dict[str, str]]] = OrderedDict()
        """Folders looked through lately: when each had changed, and its names by what they are compared by."""

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of ordinary files and of folders in ``folder``; links and devices are in neither."""
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
        except OSError as error:
            raise errors.BadInput(f"{self.root / folder} cannot be read: {error.strerror}.") from error
        return sorted(files), sorted(folders)

    def size(self, path: str) -> int:
        """Return a file's size in bytes; 0 when it is not there."""
        file = self.open(path)
        if file is None:
            return 0
        with file:
            return os.fstat(file.fileno()).st_size

    def mark(self, path: str) -> str:
        """Return the last bytes of a file, hashed."""
        file = self.open(path)
        if file is None:
            return ""
        with file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _END))
            return hashlib.sha256(file.read()).hexdigest()

    def open(self, path: str) -> BinaryIO | None:
        """Open a file, None when it is not there. paths.Refused: a link, a device, or a path that leads out."""
        steps = paths.parts(path)
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for step in steps[:-1]:
                name = self._name(folder, step)
                _look(folder, name, path)
                inner = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            return _open(folder, self._name(folder, steps[-1]), path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise paths.Refused(f"{path} cannot be read: {error.strerror}.", paths.NOT_A_FILE) from error
        finally:
            os.close(folder)

    def close(self) -> None:
        """Nothing stays open between two calls."""

    def _name(self, folder: int, step: str) -> str:
        """Return what a step of a path is called in the open ``folder``, whose names may be composed otherwise."""
        if step.isascii() or os.access(step, os.F_OK, dir_fd=folder, follow_symlinks=False):
            return step
        status = os.fstat(folder)
        mark = status.st_dev, status.st_ino
        changed, names = self._composed.pop(mark, (None, {}))
        if changed != status.st_mtime_ns:
            names = {paths.composed(name): name for name in os.listdir(folder) if not name.isascii()}
        self._composed[mark] = status.st_mtime_ns, names
        if len(self._composed) > _REMEMBERED:
            self._composed.popitem(last=False)
        return names.get(paths.composed(step), step)


def _open(folder: int, name: str, path: str) -> BinaryIO:
    if not stat.S_ISREG(_look(folder, name, path)):
        raise _no_file(path)
    descriptor = os.open(name, _FILE, dir_fd=folder)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb", buffering=1 << 18)
    os.close(descriptor)
    raise _no_file(path)


def _look(folder: int, name: str, path: str) -> int:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        raise paths.Refused(f"{path} leads through a symbolic link, which Heliograph does not follow.")
    return mode


def _no_file(path: str) -> paths.Refused:
    return paths.Refused(f"{path} is not an ordinary file.", paths.NOT_A_FILE)
