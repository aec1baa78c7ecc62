"""Batches in the spool, in the order in which they were decided: put away in groups, taken some hundred rows at a time.

Memory holds one group that is being written and one that is being replayed, however long the outage. A batch counts
as put away once its group is fsynced (invariant 3). What cannot be read back, after an upgrade that renamed a field or
from a damaged disk, is given to the reader as such, who sets it aside and has its boxes begin anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from heliograph import clock, errors, log, metrics
from heliograph.crawler.spool import refused, segments
from heliograph.domain import identity, records

FOLDER = "spool"
REPLAY_ROWS = 500
REPLAY_BYTES = 8 * 1024 * 1024
MIB = 1024 * 1024
_NOTE_BYTES = 40

Result = TypeVar("Result")

_log = log.get("spool")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    at: float
    """When it was put away, in Unix seconds."""
    batch: records.Batch


Why = Literal["switched_off", "in_use", "unusable"]
"""Why a process has no spool: its quota is 0, another process has it, or its disk refuses it."""


@dataclass(frozen=True, slots=True)
class Absent:
    """What stands in the place of a spool that there is not."""

    why: Why

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What waits in the spool."""

    batches: int
    bytes: int
    oldest_at: float | None
    """Unix seconds; None when nothing waits."""
    off: Why | None = None
    """Why there is no spool; None when there is one."""

    def described(self) -> dict[str, object]:
        """Return it under the names that heartbeats use."""
        waits = {"spooled_batches": self.batches, "spooled_bytes": self.bytes, "spooled_since": self.oldest_at}
        return {**waits, "spool_off": self.off}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """What was put away and is no batch to this program."""

    payload: bytes
    error: ValueError

    @property
    def boxes(self) -> list[identity.SpaceId] | None:
        """The boxes that it moves; None when that cannot be told, or there are none."""
        try:
            moves = msgspec.msgpack.decode(self.payload)["batch"]["moves"]
            return sorted({identity.SpaceId(int(move["box"])) for move in moves}) or None
        except (ValueError, TypeError, LookupError):
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The oldest batches that wait."""

    batches: list[records.Batch]
    unread: list[Unread]
    end: segments.Place


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Entry)


def open_at(data_dir: Path, quota_mb: int, time: clock.Clock | None = None) -> Journal | Absent:
    """Open the spool of a data directory, or say why there is none: it is switched off, in use or out of order.

    Without it the crawler asks Telegram again after an outage, from the committed cursors.
    """
    if not quota_mb and not (data_dir / FOLDER).exists():
        return Absent("switched_off")
    try:
        return Journal(segments.Segments(data_dir / FOLDER, quota_mb * MIB), time)
    except (errors.LeaseHeld, errors.SpoolFull) as error:
        _log.warning("spool_not_used", reason=str(error))
        return Absent("in_use" if isinstance(error, errors.LeaseHeld) else "unusable")


def encode(batch: records.Batch, at: float) -> bytes:
    """Return a batch as bytes. Raises ValueError or TypeError for what has no such form."""
    return _encoder.encode(_Entry(at=at, batch=batch))


def decode(payload: bytes) -> _Entry:
    """Return what :func:`encode` was given. Raises ValueError, also where a field would be left out."""
    entry = _decoder.decode(payload)
    again = _encoder.encode(entry)
    # A field that was renamed since is nothing to the decoder: its rows would be lost, and the cursor would move.
    if again != payload and not _holds(msgspec.msgpack.decode(again), msgspec.msgpack.decode(payload)):
        raise ValueError("it has fields that this program does not know")
    return entry


class Journal:
    """The spool of this process. Its user makes one call at a time; close it at the end."""

    def __init__(self, files: segments.Segments, time: clock.Clock | None = None) -> None:
        self._files = files
        self._time = time or clock.SystemClock()
        self._oldest_at: float | None = None
        self._note = os.open(files.folder / "position", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._measure()
        if not self.is_empty:
            first, _ = next(self._files.read())
            self._oldest_at = _at(first)

    @property
    def is_empty(self) -> bool:
        """Say whether everything that was put away is written."""
        return self._files.count == 0

    @property
    def held(self) -> Held:
        """What waits."""
        return Held(batches=self._files.count, bytes=self._files.size, oldest_at=self._oldest_at)

    @property
    def position(self) -> tuple[int, int]:
        """The newest position in the outbox that a process with this spool has seen committed."""
        epoch, _, n = os.pread(self._note, _NOTE_BYTES, 0).decode("ascii", "replace").strip().partition(".")
        return (int(epoch), int(n)) if epoch.isdecimal() and n.isdecimal() else (0, 0)

    def note(self, position: tuple[int, int]) -> None:
        """Keep a position over the end of this process: a database that stands before it has lost commits."""
        with contextlib.suppress(OSError):  # a full disk: the older note says less, and nothing that is wrong
            os.pwrite(self._note, "{}.{}".format(*position).ljust(_NOTE_BYTES).encode(), 0)

    async def append(self, batches: Sequence[records.Batch]) -> dict[int, Exception]:
        """Put batches away together, and return why those that have no form as bytes were left out, by index.

        Raises SpoolFull, and nothing is put away then.
        """
        now = self._time.now().timestamp()
        payloads: list[bytes] = []
        refused: dict[int, Exception] = {}
        for index, batch in enumerate(batches):
            try:
                payloads.append(encode(batch, now))
            except (ValueError, TypeError, OverflowError) as error:
                _log.error("batch_not_spooled", **log.cause(error))
                refused[index] = error
        if payloads:
            await _whatever_happens(self._files.append, payloads)
            self._oldest_at = self._oldest_at or now
            self._measure()
        return refused

    async def oldest(self) -> Part | None:
        """Return the oldest batches, up to some hundred rows; None when nothing waits."""
        return None if self.is_empty else await _whatever_happens(self._oldest)

    async def set_aside(self, given: records.Batch | Unread) -> str | None:
        """Keep what cannot be written beside the spool; return its file's name, None without room."""
        if isinstance(given, Unread):
            payload = given.payload
        else:
            # Dated by nothing that changes, so that it is the same record when it is set aside again.
            payload = encode(given, given.pushed_at.timestamp() if given.pushed_at else 0.0)
        content = segments.MAGIC + segments.record(payload)
        files = self._files
        return await _whatever_happens(refused.keep, files.folder, content, segments.SUFFIX, files.quota_bytes)

    @property
    def cuts(self) -> list[str | None]:
        """The files of what was cut off damaged ones and is not on record, by their later names; None for no room."""
        kept = [refused.rest_of(name) for name in refused.cuts(self._files.folder)]
        return [*kept, *[None] * self._files.unkept_cuts]

    def note_cuts(self) -> None:
        """Take that they are on record."""
        for name in refused.cuts(self._files.folder):
            refused.note(self._files.folder, name)
        self._files.unkept_cuts = 0

    async def forget(self, part: Part) -> None:
        """Remove what was written to the database."""
        await _whatever_happens(self._files.forget, part.end)
        if self.is_empty:
            self._oldest_at = None
        self._measure()

    def is_last(self, part: Part) -> bool:
        """Say whether nothing waits behind a part."""
        return part.end.read - self._files.start.read >= self._files.count

    def close(self) -> None:
        """Let another process have the spool."""
        self._files.close()
        os.close(self._note)

    def _oldest(self) -> Part:
        batches: list[records.Batch] = []
        unread: list[Unread] = []
        end, rows, size = self._files.start, 0, 0
        for payload, after in self._files.read():
            end = after
            size += len(payload)
            try:
                entry = decode(payload)
            except ValueError as error:
                unread.append(Unread(payload=payload, error=error))
                rows += 1
            else:
                if not batches:
                    self._oldest_at = entry.at
                batches.append(entry.batch)
                rows += max(1, entry.batch.row_count)
            if rows >= REPLAY_ROWS or size >= REPLAY_BYTES:
                break
        return Part(batches=batches, unread=unread, end=end)

    def _measure(self) -> None:
        metrics.SPOOL_BATCHES.set(self._files.count)
        metrics.SPOOL_BYTES.set(self._files.size)


def _holds(found: object, given: object) -> bool:
    """Say whether what was read has every field of what was given, and more perhaps."""
    if isinstance(given, dict):
        return isinstance(found, dict) and all(key in found and _holds(found[key], given[key]) for key in given)
    if isinstance(given, list):
        return isinstance(found, list) and len(found) == len(given) and all(map(_holds, found, given))
    return True


def _at(payload: bytes) -> float | None:
    try:
        return decode(payload).at
    except ValueError:
        return None


async def _whatever_happens(call: Callable[..., Result], *arguments: object) -> Result:
    """Run a call in a thread to its end, even when its caller is cancelled: two at a time would break the files."""
    task = asyncio.ensure_future(asyncio.to_thread(call, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
