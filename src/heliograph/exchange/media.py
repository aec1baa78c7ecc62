"""Media storage: files under the SHA-256 of their content, in a folder, S3, Google Cloud or Azure.

Invariant: what is under a hash has that hash. A file appears whole or not at all, one that is there is never written
again, and no name that came from outside is ever part of a path.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import obstore
from obstore import exceptions
from obstore.store import LocalStore, ObjectStore, from_url

from heliograph import config, errors

if TYPE_CHECKING:
    # These exist for type checkers alone.
    from obstore import GetOptions
    from obstore.store import RetryConfig

FOLDER: Final = "media"
"""In the data directory, unless ``media.url`` says otherwise."""
CHUNK_BYTES: Final = 1 << 20
_PART_BYTES: Final = 5 << 20
"""S3's smallest part."""
_PARTS_AT_ONCE: Final = 2
_RETRY: Final[RetryConfig] = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_NO_PARTS: Final = "non-partial response"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A file in storage."""

    sha256: bytes
    size: int
    is_new: bool = True
    """Whether it was not there before."""


class Storage:
    """Open media storage. Make it with :func:`open_storage`; it holds nothing that must be closed."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, file: BinaryIO) -> Stored:
        """Keep a file that can be read twice, in pieces of CHUNK_BYTES. Raises StorageUnreachable, DiskFull, OSError.

        Raises BadInput when it changes while it is read.
        """
        file.seek(0)
        sha256, size = await asyncio.to_thread(_digest, file)
        place = key(sha256)
        if await self.size(sha256) == size:
            return Stored(sha256=sha256, size=size, is_new=False)
        file.seek(0)
        with _translating():
            await obstore.put_async(
                self._store,
                place,
                _checked(file, sha256),
                use_multipart=size > _PART_BYTES,
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
            if self._folder is not None:
                # The row that says so is durable as soon as it is committed.
                await asyncio.to_thread(_sync, self._folder / place)
        return Stored(sha256=sha256, size=size)

    async def size(self, sha256: bytes) -> int | None:
        """Return a file's size in bytes, None for one that is not here. Raises StorageUnreachable."""
        try:
            with _translating():
                return (await obstore.head_async(self._store, key(sha256)))["size"]
        except errors.NotFound:
            return None

    async def delete(self, sha256: bytes) -> None:
        """Remove a file, if it is here. Raises StorageUnreachable."""
        with suppress(errors.NotFound), _translating():
            await obstore.delete_async(self._store, key(sha256))

    async def read(self, sha256: bytes, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to ``end``, not included. Raises NotFound and StorageUnreachable."""
        if end is not None and end <= start:
            return
        with _translating():
            skipped = 0
            try:
                found = await obstore.get_async(self._store, key(sha256), options=_options(start, end))
            except exceptions.GenericError as error:
                # Some servers that speak S3 give the whole file whatever part is asked for.
                if _NO_PARTS not in str(error):
                    raise
                found, skipped = await obstore.get_async(self._store, key(sha256)), start
            left = None if end is None else end - start
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                wanted = bytes(chunk)[skipped:][:left]
                skipped -= min(skipped, len(chunk))
                if wanted:
                    yield wanted
                if left is not None and not (left := left - len(wanted)):
                    return


def open_storage(settings: config.Settings) -> Storage:
    """Open the media storage of the settings. Raises BadInput when ``media.url`` cannot be used.

    The names and keys of S3, Google Cloud and Azure come from their own environment variables.
    """
    if settings.media.url is None:
        folder = settings.data_dir / FOLDER
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise errors.BadInput(f"{folder} cannot be made: {error.strerror}.") from None
        return Storage(LocalStore(folder), folder)
    try:
        return Storage(from_url(settings.media.url, retry_config=_RETRY))
    except (exceptions.BaseError, ValueError, OSError) as error:
        raise errors.BadInput(f"media.url cannot be used: {_reason(error)}; correct it.") from None


def _options(start: int, end: int | None) -> GetOptions:
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else {}


def key(sha256: bytes) -> str:
    """Return where a file lies in storage: ``ab/cd/abcd…``."""
    digits = sha256.hex()
    return f"{digits[:2]}/{digits[2:4]}/{digits}"


def _digest(file: BinaryIO) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest.digest(), size


class _Changed(Exception):
    """A file is not what it was a moment ago."""


def _checked(file: BinaryIO, sha256: bytes) -> Iterator[bytes]:
    """Yield a file's bytes, and fail at their end unless they are those of the digest: then nothing is kept."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        yield chunk
    if digest.digest() != sha256:
        raise _Changed("the file changed")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translating() -> Iterator[None]:
    """Let the storage's errors leave as ours."""
    try:
        yield
    except (FileNotFoundError, exceptions.NotFoundError):
        raise errors.NotFound("There is no such file here.") from None
    except _Changed:
        raise errors.BadInput("A file changed while it was read; import it again.") from None
    except (exceptions.BaseError, OSError) as error:
        said = str(error)
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in said:
            raise errors.DiskFull from error
        if "the file changed" in said:
            raise errors.BadInput("A file changed while it was read; import it again.") from None
        raise errors.StorageUnreachable(
            f"Media storage does not answer as it should ({_reason(error)}); check media.url and its credentials."
        ) from error


def _reason(error: BaseException) -> str:
    """Return what is wrong in a few words, without addresses that may hold credentials."""
    words = " ".join(str(error).partition("Debug source")[0].split())
    for kind in ("Unauthenticated", "PermissionDenied", "NotSupported", "InvalidPath"):
        if kind.lower() in type(error).__name__.lower():
            return kind
    return words.split("http")[0][:120].rstrip(" :.,(") or type(error).__name__
