"""Output appears whole or not at all: it is written beside its place under another name, then renamed.

Only what an export made may be replaced: a folder with as many files and bytes as the file :data:`MARK` in it tells,
and a file that begins as one of ours. A folder cannot be renamed over another one, so the earlier export makes room
first, as ``.NAME.old`` beside its place: two renames, and whoever is killed between them leaves it there whole. No
export deletes one that it did not put there itself.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import orjson

from heliograph import errors
from heliograph.exchange.export import tables

MARK: Final = "heliograph.json"
"""Says what an exported folder holds."""
_STRAY: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that the mark does not count: what systems leave in folders that somebody looks at."""


def check(out: Path, *, is_folder: bool, force: bool) -> None:
    """Raise BadInput when an export cannot go to ``out``, OSError when what is there cannot be read."""
    if not out.name:
        raise errors.BadInput(f"An export cannot be written to {str(out)!r}; name a file or folder of its own.")
    if not out.parent.is_dir():
        raise errors.BadInput(f"There is no folder {str(out.parent)!r} to export to; make it first or choose another.")
    if not os.path.lexists(out):
        return
    if not force:
        raise errors.BadInput(f"{str(out)!r} exists already; choose another --out, or replace it with --force.")
    if out.is_symlink() or not (out.is_file() or out.is_dir()):
        raise errors.BadInput(
            f"{str(out)!r} is neither a file nor a folder, so it is not replaced; choose another --out."
        )
    if out.is_dir():
        if any(out.iterdir()) and not _is_as_made(out):
            raise errors.BadInput(
                f"{str(out)!r} holds files that no export made, so it is not replaced; choose another --out."
            )
    elif is_folder:
        raise errors.BadInput(f"{str(out)!r} is a file, and this export is a folder; choose another --out.")
    elif not tables.is_messages(out):
        raise errors.BadInput(
            f"{str(out)!r} is a file that no export made, so it is not replaced; choose another --out."
        )
    _old(out)


@contextmanager
def making(out: Path, *, is_folder: bool, force: bool) -> Iterator[Path]:
    """Give a path beside ``out`` to write to, and move it there when the body ends well; else remove it.

    For a folder the path exists and is empty, for a file it does not exist. When the move fails, what was there is
    there again. Raises BadInput as :func:`check` does, and OSError.
    """
    check(out, is_folder=is_folder, force=force)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name[:50]}.", suffix=".part", dir=out.parent))
    try:
        made = scratch / "new"
        if is_folder:
            # As any other folder is made: mkdtemp's is closed to everybody else.
            made.mkdir()
        yield made
        check(out, is_folder=is_folder, force=force)
        if os.path.lexists(out) and (is_folder or out.is_dir()):
            _swap(made, out)
        else:
            made.replace(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _swap(made: Path, out: Path) -> None:
    """Put ``made`` where an earlier export is, and delete that one once the new one is there."""
    old = _old(out)
    out.rename(old)
    try:
        made.rename(out)
    except BaseException:
        old.rename(out)
        raise
    if old.is_dir():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink()


def _old(out: Path) -> Path:
    """Return where an earlier export makes room. Raises BadInput when a run that was killed left one there."""
    old = out.with_name(f".{out.name.encode()[:200].decode(errors='ignore')}.old")
    if os.path.lexists(old):
        raise errors.BadInput(
            f"{str(old)!r} is an earlier export that a killed run left behind; move it away or delete it first."
        )
    return old


def measure(path: Path) -> tuple[int, int]:
    """Return the number of files at ``path`` and their bytes."""
    return (1, path.stat().st_size) if path.is_file() else _sum(_files(path))


def contents(folder: Path) -> tuple[int, int]:
    """Return the number of files in a folder and their bytes, as its mark tells them. It does not count itself."""
    mark = folder / MARK
    return _sum(path for path in _files(folder) if path.name not in _STRAY and path != mark)


def _files(folder: Path) -> Iterator[Path]:
    return (Path(place, name) for place, _, names in os.walk(folder) for name in names)


def _sum(files: Iterable[Path]) -> tuple[int, int]:
    sizes = [path.lstat().st_size for path in files]
    return len(sizes), sum(sizes)


def _is_as_made(folder: Path) -> bool:
    """Say whether an export made this folder, and it has as many files and bytes as then."""
    try:
        told = orjson.loads((folder / MARK).read_bytes())
        made = told["heliograph_export"], told["files"], told["bytes"]
    except (FileNotFoundError, IsADirectoryError, ValueError, KeyError, TypeError):
        return False
    return made == (1, *contents(folder))
