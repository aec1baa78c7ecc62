"""Which paths of an export may be opened: those that stay inside of it.

A path in an export was written by whoever made the file. It is taken apart here, before anything is opened; folders
then open it step by step without following links, and zip archives look it up among their members. Nothing joins such a
path to a folder's name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from heliograph import errors

LEAVES: Final = "path_leaves_export"
NOT_A_FILE: Final = "not_a_file"

_LONGEST: Final = 4096
"""Characters; the longest path that Linux takes."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_NOT_RELATIVE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")


class Refused(errors.BadInput):
    """A file of an export is not opened; ``reason`` is LEAVES or NOT_A_FILE."""

    def __init__(self, message: str, reason: str = LEAVES) -> None:
        super().__init__(message)
        self.reason = reason


def parts(path: str) -> tuple[str, ...]:
    """Return the folders and the name of a relative path. Refused: absolute, ``..``, a backslash, NUL, empty."""
    found = tuple(part for part in path.split("/") if part != ".")
    is_odd = path.startswith("/") or _DRIVE.match(path) or "\\" in path or "\0" in path or len(path) > _LONGEST
    if is_odd or not found or any(part in ("", "..") for part in found):
        raise Refused(f"The path {path[:200]!r} leads out of the export, so that file was not opened.")
    return found


def composed(path: str) -> str:
    """Return what names of files are compared by: macOS takes letters and their marks apart where others join them."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def within(folder: str, reference: str) -> str | None:
    """Return the path, from the export's root, of what a page in ``folder`` links to; None for a web address.

    A reference that leaves the root is returned as it is, which ``parts`` refuses.
    """
    if _NOT_RELATIVE.match(reference) and not _DRIVE.match(reference):
        return None
    found = [part for part in folder.split("/") if part]
    for part in reference.split("/"):
        if part == ".." and found:
            found.pop()
        elif part == "..":
            return reference
        elif part != "." and (part or not found):
            found.append(part)
    return "/".join(found)
