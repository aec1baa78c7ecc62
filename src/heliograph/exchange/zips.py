"""A zip archive that holds an export, read in place: nothing is ever unpacked to disk by name.

What an archive says of itself is not believed. Its directory is bounded before it is read, members may not overlap, and
how much comes out is counted while it comes: both from one member and from the archive as a whole.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from heliograph import errors
from heliograph.exchange import paths

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_MEMBERS: Final = 250_000
"""About 500 bytes of memory each while the archive is open."""

MAX_RATIO: Final = 250
"""Bytes out of one member for each byte in. Text of real chats reaches 50."""

MAX_TOTAL_RATIO: Final = 120
"""Bytes out of the whole archive for each byte of it."""

ALLOWANCE: Final = 16 << 20
"""Bytes that may come out before a ratio is looked at; a small member of zeros harms nobody."""

_MEAN_ENTRY: Final = 400
"""Bytes of the archive's directory for each member; real ones have about 120."""
_HEADER: Final = 30
"""Bytes before each member's name; its name and data follow, so that members overlap if these do."""
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_ENCRYPTED: Final = 0x1
_UTF8: Final = 0x800
_UNIX: Final = 3
_WINDOWS: Final = (0, 10, 14)
"""FAT, NTFS and VFAT."""
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""zipfile bounds what comes out of one read for these only: a kilobyte of bzip2 or LZMA fills the memory at once."""
_BAD: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError),
)
"""What zipfile raises for archives that are wrong somewhere."""


class Damaged(errors.BadInput):
    """A member of the archive cannot be read to its end; make the archive again."""


class Zip:
    """The members of an archive. Names that lead out of it are in ``refused`` and can be opened by no path."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.name = path.name
        self.separator = "!/"
        self.refused: list[str] = []
        self._size = file.seek(0, io.SEEK_END)
        self._unpacked: dict[int, int] = {}
        self._total = 0
        _check_directory(file, self._size, self.name)
        try:
            self._archive = zipfile.ZipFile(file)
        except _BAD as error:
            raise errors.BadInput(
                f"{self.name} is no readable zip archive, it may be cut off or one part of several; copy it again."
            ) from error
        self._members = self._usable(self._archive.infolist())
        self._tree = _tree(self._members)

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and of folders in ``folder``, "" being the top."""
        files, folders = self._tree.get(folder, (set(), set()))
        return sorted(files), sorted(folders)

    def size(self, path: str) -> int:
        """Return what the archive claims is a member's unpacked size in bytes: for progress bars only."""
        member = self._members.get(_key(path))
        return member.file_size if member else 0

    def mark(self, path: str) -> str:
        """Return the checksum that the archive has of a member."""
        member = self._members.get(_key(path))
        return f"{member.CRC:08x}" if member else ""

    def open(self, path: str) -> BinaryIO | None:
        """Open a member, None when there is none. Reading raises Damaged when more comes out than can be honest."""
        member = self._members.get(_key("/".join(paths.parts(path))))
        if member is None:
            return None
        try:
            inner = self._archive.open(member)
        except _BAD as error:
            raise Damaged(f"{path} in {self.name} cannot be unpacked; make the archive again.") from error
        return cast(BinaryIO, io.BufferedReader(_Bounded(self, member, inner), buffer_size=1 << 18))

    def close(self) -> None:
        """Close the archive and its file."""
        self._archive.close()
        if self._archive.fp is not None:
            self._archive.fp.close()

    def count(self, member: zipfile.ZipInfo, position: int) -> None:
        """Note that ``position`` bytes of a member came out; raise Damaged when that is no honest archive."""
        more = position - self._unpacked.get(member.header_offset, 0)
        if more <= 0:
            return
        self._unpacked[member.header_offset] = position
        self._total += more
        is_bomb = position > ALLOWANCE + MAX_RATIO * member.compress_size
        if is_bomb or self._total > ALLOWANCE + MAX_TOTAL_RATIO * self._size:
            raise Damaged(
                f"{self.name} unpacks to far more than an export can, like a zip bomb; reading stopped in "
                f"{member.filename[:200]}. If you trust it, unpack it and give the folder."
            )

    def _usable(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        _check_members(infos, self.name)
        usable: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = _decoded(info)
            if name.endswith("/") or name.startswith("__MACOSX/"):
                continue
            try:
                key = _key("/".join(paths.parts(name)))
            except paths.Refused:
                self.refused.append(info.orig_filename)
                continue
            if _is_special(info) or key in usable:
                self.refused.append(info.orig_filename)
            else:
                usable[key] = info
        return usable


class _Bounded(io.RawIOBase):
    """A member as it comes out, counted; it can be read from another place, as zipfile can."""

    def __init__(self, archive: Zip, member: zipfile.ZipInfo, inner: IO[bytes]) -> None:
        super().__init__()
        self._archive = archive
        self._member = member
        self._inner = inner
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go forward by unpacking, which is counted; backward by beginning anew."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of a member is not known before it is read")
        target = offset + (self._position if whence == io.SEEK_CUR else 0)
        if target < self._position:
            self._inner.seek(0)
            self._position = 0
        while self._position < target and self._take(min(target - self._position, 1 << 18)):
            pass
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._take(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()

    def _take(self, size: int) -> bytes:
        try:
            data = self._inner.read(size)
        except _BAD as error:
            raise Damaged(
                f"{self._member.filename[:200]} in {self._archive.name} is damaged; make the archive again."
            ) from error
        self._position += len(data)
        self._archive.count(self._member, self._position)
        return data


def _check_directory(file: BinaryIO, size: int, name: str) -> None:
    """Refuse a directory of members that would fill the memory, from the archive's last record alone."""
    tail_size = min(size, (64 << 10) + 200)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or at + 22 > len(tail):
        raise errors.BadInput(
            f"{name} is no readable zip archive, it may be cut off or one part of several; copy it again."
        )
    count, length = struct.unpack_from("<HL", tail, at + 10)
    wide = tail.rfind(_END64, 0, at)
    if wide >= 0 and wide + 56 <= len(tail):
        count, length = struct.unpack_from("<QQ", tail, wide + 32)
    if count > MAX_MEMBERS or length > MAX_MEMBERS * _MEAN_ENTRY:
        raise _too_many(name)


def _check_members(infos: list[zipfile.ZipInfo], name: str) -> None:
    if len(infos) > MAX_MEMBERS:
        raise _too_many(name)
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise errors.BadInput(f"{name} is protected by a password; unpack it and give the folder.")
    if any(info.compress_type not in _METHODS for info in infos):
        raise errors.BadInput(
            f"{name} is packed in another way than exports are (neither stored nor deflated); unpack it and give the "
            "folder."
        )
    spans = sorted((info.header_offset, info.header_offset + _HEADER + info.compress_size) for info in infos)
    if any(end > begin for (_, end), (begin, _) in pairwise(spans)):
        raise errors.BadInput(
            f"Members of {name} overlap, as in a zip bomb, so it was not read; make the archive again."
        )


def _too_many(name: str) -> errors.BadInput:
    return errors.BadInput(f"{name} has more than {MAX_MEMBERS:,} members; unpack it and give the folder.")


def _is_special(info: zipfile.ZipInfo) -> bool:
    """Say whether a member stands for a link or a device of the system that packed it."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return info.create_system == _UNIX and kind not in (0, stat.S_IFREG)


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return a member's name. Names without the flag for UTF-8 are UTF-8 all the same in what macOS packs.

    Windows PowerShell 5.1 divides folders by what Windows divides them by, which no name there can hold.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/") if info.create_system in _WINDOWS else name


def _key(path: str) -> str:
    return paths.composed(path)


def _tree(members: dict[str, zipfile.ZipInfo]) -> dict[str, tuple[set[str], set[str]]]:
    tree: dict[str, tuple[set[str], set[str]]] = {}
    for path in members:
        folder, _, name = path.rpartition("/")
        tree.setdefault(folder, (set(), set()))[0].add(name)
        while folder:
            folder, _, name = folder.rpartition("/")
            tree.setdefault(folder, (set(), set()))[1].add(name)
    return tree
