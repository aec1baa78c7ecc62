"""Records in append-only files: length and CRC before each, fsync after each group, cut at the first that is not whole.

A record counts once its group is fsynced. What a crash leaves half-written after that is cut off when the folder is
opened, and everything before it is read. What is cut off for another reason, a damaged disk, is kept beside the spool
(crawler/spool/refused.py). Files are removed once all their records are; nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from heliograph import errors, log
from heliograph.crawler.spool import refused

MAGIC = b"heliograph spool 1\n"
SEGMENT_BYTES = 16 * 1024 * 1024
RECORD_BYTES = 256 * 1024 * 1024
"""A length above this is no length."""
SUFFIX = ".spool"
_HEAD = struct.Struct("<II")
_FIRST = b"\x82\xa2at"
"""How the content of every record begins: a map of two, the first of which is when it was put away."""

_log = log.get("spool")


@dataclass(slots=True)
class _Segment:
    path: Path
    descriptor: int
    size: int
    """Bytes that are fsynced; whatever lies behind them is not there."""
    count: int
    """Records in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: a segment's index among those that are left, an offset in it, and what was read before."""

    segment: int
    offset: int
    read: int


class Segments:
    """The records of one folder, oldest first. One process has it; its user makes one call at a time.

    Raises LeaseHeld when another process has the folder, and SpoolFull where it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        quota_bytes: int,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.folder = folder
        self.quota_bytes = quota_bytes
        self._segment_bytes = segment_bytes
        self._fsync = fsync
        with _refusing():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(folder / "lock")
            paths = sorted(folder.glob(f"*{SUFFIX}"))
            self.unkept_cuts = 0
            """How often something was cut off that there was no room to keep."""
            opened = [self._open(path, is_last=path == paths[-1]) for path in paths]
            self._segments = [found for found in opened if found is not None]
        self._number = int(paths[-1].stem) if paths else 0
        self._is_writing = False
        """Whether the last segment was made by this process: what another left is only read."""
        self._start = Place(0, len(MAGIC), 0)

    @property
    def count(self) -> int:
        """Records that are left."""
        return sum(segment.count for segment in self._segments) - self._start.read

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self._segments)

    @property
    def start(self) -> Place:
        """Where the oldest record that is left lies."""
        return self._start

    def append(self, payloads: Sequence[bytes]) -> None:
        """Write a group so that it outlives the machine, or nothing of it. Raises SpoolFull."""
        content = b"".join(map(record, payloads))
        if self.size + len(content) > self.quota_bytes:
            raise errors.SpoolFull
        with _refusing():
            segment = self._writable()
            try:
                _write(segment.descriptor, content, segment.size)
                self._fsync(segment.descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(segment.descriptor, segment.size)
                # After a failed fsync nobody knows what the disk holds: what comes next goes to another file.
                self._is_writing = False
                raise
        segment.size += len(content)
        segment.count += len(payloads)

    def read(self) -> Iterator[tuple[bytes, Place]]:
        """Yield what is left, each record with the place after it."""
        read = 0
        for index, segment in enumerate(self._segments):
            for payload, end in _whole(segment, self._start.offset if index == 0 else len(MAGIC)):
                read += 1
                yield payload, Place(index, end, self._start.read + read)

    def forget(self, place: Place) -> None:
        """Remove all records before a place that :meth:`read` gave."""
        self._start = place
        while self._segments and self._is_read(self._segments[0]):
            gone = self._segments.pop(0)
            os.close(gone.descriptor)
            gone.path.unlink(missing_ok=True)
            self._start = Place(self._start.segment - 1, self._start.offset, self._start.read - gone.count)
            if self._start.segment < 0:
                self._start = Place(0, len(MAGIC), 0)
        self._is_writing = self._is_writing and bool(self._segments)

    def close(self) -> None:
        """Let another process have the folder."""
        for segment in self._segments:
            os.close(segment.descriptor)
        self._segments.clear()
        os.close(self._lock)

    def _is_read(self, first: _Segment) -> bool:
        return self._start.segment > 0 or self._start.offset >= first.size

    def _writable(self) -> _Segment:
        if not (self._is_writing and self._segments[-1].size < self._segment_bytes):
            self._segments.append(self._make())
            self._is_writing = True
        return self._segments[-1]

    def _make(self) -> _Segment:
        self._number += 1
        path = self.folder / f"{self._number:016d}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            _write(descriptor, MAGIC, 0)
            self._fsync(descriptor)
            self._settle_folder()
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return _Segment(path, descriptor, len(MAGIC), 0)

    def _settle_folder(self) -> None:
        """Let the new file's name outlive the machine as well."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._fsync(folder)
        finally:
            os.close(folder)

    def _open(self, path: Path, *, is_last: bool) -> _Segment | None:
        """Open what an earlier process left, and cut it where it is not whole; None when nothing is."""
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        segment = _Segment(path, descriptor, os.fstat(descriptor).st_size, 0)
        end = len(MAGIC)
        is_ours = os.pread(descriptor, end, 0) == MAGIC
        if is_ours:
            for _, after in _whole(segment, len(MAGIC)):
                segment.count, end = segment.count + 1, after
        if end < segment.size:
            rest = os.pread(descriptor, segment.size, end if is_ours else 0)
            # The last group of the last file is what a crash may tear; nothing that counts is behind it.
            is_torn = is_last and not _has_record(rest)
            kept = None if is_torn else refused.keep(self.folder, rest, refused.CUT, self.quota_bytes, self._fsync)
            self.unkept_cuts += not is_torn and kept is None
            _log.warning("spool_cut", file=path.name, kept_bytes=end, cut_bytes=len(rest), is_torn=is_torn, rest=kept)
            os.ftruncate(descriptor, end)
        segment.size = end
        if segment.count:
            return segment
        os.close(descriptor)
        path.unlink()
        return None


def record(payload: bytes) -> bytes:
    """Return a record as it stands in a file."""
    return _HEAD.pack(len(payload), _crc(payload)) + payload


def _crc(payload: bytes) -> int:
    # With the length in it, so that a stretch of zeros, as a torn file may have, is no empty record.
    return zlib.crc32(payload, len(payload) + 1)


def _whole(segment: _Segment, offset: int) -> Iterator[tuple[bytes, int]]:
    """Yield each record and where it ends, up to the first that is not whole."""
    while offset + _HEAD.size <= segment.size:
        length, crc = _HEAD.unpack(os.pread(segment.descriptor, _HEAD.size, offset))
        end = offset + _HEAD.size + length
        if length > RECORD_BYTES or end > segment.size:
            return
        payload = os.pread(segment.descriptor, length, offset + _HEAD.size)
        if len(payload) < length or _crc(payload) != crc:
            return
        yield payload, end
        offset = end


def _has_record(content: bytes) -> bool:
    """Say whether there is a whole record anywhere in it."""
    place = content.find(_FIRST)
    while place >= 0:
        if place >= _HEAD.size:
            length, crc = _HEAD.unpack_from(content, place - _HEAD.size)
            payload = content[place : place + length]
            if len(payload) == length and _crc(payload) == crc:
                return True
        place = content.find(_FIRST, place + 1)
    return False


def _write(descriptor: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise errors.LeaseHeld("Another crawler uses this spool; stop it first.") from None
    return descriptor


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.SpoolFull(
            f"The spool cannot be written ({error.strerror}); free some space or mend it."
        ) from error
