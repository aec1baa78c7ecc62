"""Media storage, in a folder and on a real S3 server: rules that hold for both."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from heliograph import config, errors
from heliograph.exchange import media

PART = 5 << 20
KEYS = {"AWS_ACCESS_KEY_ID": "archive", "AWS_SECRET_ACCESS_KEY": "of-the-tests"}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running S3 server with a bucket ``files``."""
    root = tmp_path_factory.mktemp("s3")
    (root / "files").mkdir()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "rclone", "serve", "s3", f"--addr=127.0.0.1:{port}"]
    command += [f"--auth-key={KEYS['AWS_ACCESS_KEY_ID']},{KEYS['AWS_SECRET_ACCESS_KEY']}", "--config=", str(root)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=50)
        with httpx.Client(transport=transport) as client:
            client.get(address)
        yield address
    finally:
        server.kill()
        server.wait()


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> media.Storage:
    if request.param == "folder":
        return media.open_storage(config.Settings(data_dir=tmp_path))
    address = request.getfixturevalue("bucket")
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu"}.items():
        monkeypatch.setenv(name, value)
    return media.open_storage(config.Settings(data_dir=tmp_path, media=config.Media(url=f"s3://files/{tmp_path.name}")))


async def _read(storage: media.Storage, sha256: bytes, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.read(sha256, start, end)])


@pytest.mark.parametrize("size", [0, 1, PART + 1, 2 * PART])
async def test_what_was_put_comes_back_under_its_hash(storage: media.Storage, size: int) -> None:
    content = os.urandom(size)
    stored = await storage.put(io.BytesIO(content))
    assert stored == media.Stored(sha256=hashlib.sha256(content).digest(), size=size, is_new=True)
    assert await _read(storage, stored.sha256) == content
    assert await storage.size(stored.sha256) == size


async def test_second_copy_is_not_written_again(storage: media.Storage) -> None:
    first = await storage.put(io.BytesIO(b"once"))
    again = await storage.put(io.BytesIO(b"once"))
    assert (first.is_new, again.is_new, again.sha256) == (True, False, first.sha256)


async def test_part_of_a_file_is_read_alone(storage: media.Storage) -> None:
    stored = await storage.put(io.BytesIO(b"0123456789"))
    assert await _read(storage, stored.sha256, 3, 6) == b"345"
    assert await _read(storage, stored.sha256, 7) == b"789"
    assert await _read(storage, stored.sha256, 4, 4) == b""


async def test_file_that_is_not_there_is_not_found(storage: media.Storage) -> None:
    assert await storage.size(b"\x01" * 32) is None
    with pytest.raises(errors.NotFound):
        await _read(storage, b"\x01" * 32)


class _Changing(io.BytesIO):
    """Reads otherwise the second time."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if self.tell():
            self.getbuffer()[0] ^= 1
        return super().seek(offset, whence)


@pytest.mark.parametrize("size", [10, PART + 10])
async def test_file_that_changes_meanwhile_is_not_kept(storage: media.Storage, size: int) -> None:
    content = bytes(size)
    with pytest.raises(errors.BadInput, match="changed"):
        await storage.put(_Changing(content))
    changed = b"\x01" + content[1:]
    for each in (content, changed):
        assert await storage.size(hashlib.sha256(each).digest()) is None


async def test_damaged_source_leaves_nothing(storage: media.Storage) -> None:
    class Damaged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise errors.BadInput("The archive is damaged.")

    with pytest.raises(errors.BadInput, match="damaged"):
        await storage.put(Damaged(b"x"))


async def test_half_written_file_does_not_count(tmp_path: Path) -> None:
    storage = media.open_storage(config.Settings(data_dir=tmp_path))
    content = b"whole"
    place = tmp_path / media.FOLDER / media.key(hashlib.sha256(content).digest())
    place.parent.mkdir(parents=True)
    place.write_bytes(b"who")
    stored = await storage.put(io.BytesIO(content))
    assert await _read(storage, stored.sha256) == content


async def test_storage_that_is_away_says_so_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    storage = media.open_storage(config.Settings(data_dir=tmp_path, media=config.Media(url="s3://files")))
    with pytest.raises(errors.StorageUnreachable, match=r"media\.url") as raised:
        await storage.size(b"\x01" * 32)
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(raised.value)


@pytest.mark.parametrize("url", ["http://example.org/x", "/srv/media", "s3://key:secret@files"])
def test_url_that_is_no_storage_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"media|begins with|credentials"):
        config.Media(url=url)
