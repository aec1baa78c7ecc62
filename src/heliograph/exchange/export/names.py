"""Names of copied media files, as Telegram Desktop gives them: ``photos/photo_1@02-01-2026_10-00-00.jpg``.

A file name that somebody sent is never taken as it is: nothing in it may leave the folder, hide, or be refused by a
common file system. No two files of one export get the same name, on file systems without upper and lower case too.
"""

from __future__ import annotations

import mimetypes
import os
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from heliograph.domain import records

FOLDERS: Final = {
    "photo": "photos",
    "video": "video_files",
    "animation": "animations",
    "sticker": "stickers",
    "voice": "voice_messages",
    "round_video": "round_video_messages",
    "contact": "contacts",
}
"""Folder by kind of media; the others lie in ``files``."""
OTHERS: Final = "files"

_LONGEST: Final = 180
"""Bytes of a name in UTF-8: file systems take 255, and a number and an ending may come to it."""
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_REMEMBERED: Final = 20_000
_ENDINGS: Final = {
    "image/webp": ".webp",
    "application/x-tgsticker": ".tgs",
    "audio/ogg": ".ogg",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "image/jpeg": ".jpg",
}


class Names:
    """Gives names within one folder of an export; the files are made as they are named.

    ``rename`` may change a safe name before it is used.
    """

    def __init__(self, root: Path, folder: str = "", rename: Callable[[str], str] = str) -> None:
        self._root = root
        self._folder = folder
        self._rename = rename
        self._counts = {"photo": 0, "voice": 0, "video": 0, "file": 0}
        self._next: OrderedDict[str, int] = OrderedDict()

    def give(self, message: records.Message, name: str | None, mime_type: str | None) -> str:
        """Return a path relative to the export for a message's file, which does not exist yet; its folder does."""
        media = message.media or {}
        kind = str(media.get("kind"))
        folder = f"{self._folder}{FOLDERS.get(kind, OTHERS)}"
        chosen = safe(media.get("file_name") or name or "")
        if kind == "photo" or not chosen:
            chosen = self._numbered(kind, message, mime_type or media.get("mime_type"))
        (self._root / folder).mkdir(parents=True, exist_ok=True)
        return self._unused(f"{folder}/{self._rename(chosen)}")

    def _numbered(self, kind: str, message: records.Message, mime_type: str | None) -> str:
        what, word = {"photo": ("photo", "photo"), "voice": ("voice", "audio"), "video": ("video", "video")}.get(
            kind, ("file", "file")
        )
        self._counts[what] += 1
        return f"{word}_{self._counts[what]}@{message.date:%d-%m-%Y_%H-%M-%S}{_ending(kind, mime_type)}"

    def _unused(self, path: str) -> str:
        stem, ending = _split(path)
        key = path.casefold()
        number = self._next.get(key, 0)
        chosen = path if number == 0 else f"{stem} ({number}){ending}"
        while (number and chosen.casefold() in self._next) or os.path.lexists(self._root / chosen):
            number += 1
            chosen = f"{stem} ({number}){ending}"
        self._next[chosen.casefold()] = 1
        self._next[key] = number + 1
        self._next.move_to_end(key)
        if len(self._next) > _REMEMBERED:
            self._next.popitem(last=False)
        return chosen


def safe(name: str) -> str:
    """Return a name that every common file system takes, in one folder; "" when nothing of it is left."""
    cleaned = _FORBIDDEN.sub("_", name.encode("utf-8", "replace").decode()).strip(" .")
    if not cleaned.strip("_"):
        return ""
    if _RESERVED.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    stem, ending = _split(cleaned)
    ending = ending if len(ending.encode()) <= 20 else ""
    room = _LONGEST - len(ending.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return stem + ending


def _split(name: str) -> tuple[str, str]:
    ending = PurePosixPath(name).suffix
    return name.removesuffix(ending), ending


def _ending(kind: str, mime_type: str | None) -> str:
    if kind == "photo":
        return {"image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}.get(mime_type or "", ".jpg")
    if kind == "voice":
        return ".mp3" if mime_type == "audio/mp3" else ".ogg"
    known = _ENDINGS.get(mime_type or "") or mimetypes.guess_extension(mime_type or "")
    return known or (".mov" if kind == "video" else ".unknown")
