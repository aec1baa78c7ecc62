"""Output appears whole or not at all: it is written beside its place under another name, then renamed.

Only what an export made may be replaced, which the file :data:`MARK` in a folder tells; a folder of anything else is
never removed. A folder cannot be renamed over another one, so the earlier export makes room first, as ``.NAME.old``
beside its place: two renames, and whoever is killed between them leaves it there whole. No export deletes one that it
did not put there itself.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from heliograph import errors

MARK: Final = "heliograph.json"
"""Says what an exported folder holds."""


def check(out: Path, *, force: bool) -> None:
    """Raise BadInput when an export cannot go to ``out``."""
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
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise errors.BadInput(
            f"{str(out)!r} is a folder that no export made, so it is not replaced; choose another --out."
        )
    _old(out)


@contextmanager
def making(out: Path, *, is_folder: bool, force: bool) -> Iterator[Path]:
    """Give a path beside ``out`` to write to, and move it there when the body ends well; else remove it.

    For a folder the path exists and is empty, for a file it does not exist. When the move fails, what was there is
    there again. Raises BadInput as :func:`check` does, and OSError.
    """
    check(out, force=force)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name[:50]}.", suffix=".part", dir=out.parent))
    try:
        made = scratch / "new"
        if is_folder:
            # As any other folder is made: mkdtemp's is closed to everybody else.
            made.mkdir()
        yield made
        check(out, force=force)
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
    if path.is_file():
        return 1, path.stat().st_size
    sizes = [Path(folder, name).stat().st_size for folder, _, names in os.walk(path) for name in names]
    return len(sizes), sum(sizes)
