"""Files over HTTP: whole, in part, and never as a page of ours."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import httpx
import pytest

from heliograph import config
from heliograph.exchange import media
from heliograph.store import database as store_database
from heliograph.store import media as store_media
from heliograph.web import schemas

CHAT = -1_001_500_000_001
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def keep(settings: config.Settings, database: store_database.Database) -> Any:
    """Put a file into storage and note it; returns its address."""

    async def keep_(content: bytes = CONTENT, mime_type: str | None = "image/png") -> str:
        stored = await media.open_storage(settings).put(io.BytesIO(content))
        async with database.transaction() as conn:
            file = store_media.StoredFile(sha256=stored.sha256, size=stored.size, mime_type=mime_type)
            await store_media.save_stored(conn, [file])
        return f"/api/media/{stored.sha256.hex()}"

    return keep_


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        (None, 200, CONTENT, None),
        ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/1024"),
        ("bytes=1000-", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", 206, CONTENT[-24:], "bytes 1000-1023/1024"),
        ("bytes=1000-9999", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-9999", 200, CONTENT, None),
        ("bytes=0-1,5-6", 200, CONTENT, None),
        ("bytes=9-3", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
        ("bytes=1024-", 416, None, "bytes */1024"),
        ("bytes=-0", 416, None, "bytes */1024"),
    ],
)
async def test_part_that_is_asked_for_is_given(
    client: httpx.AsyncClient, keep: Any, asked: str | None, status: int, body: bytes | None, said: str | None
) -> None:
    answer = await client.get(await keep(), headers={"Range": asked} if asked else {})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, said)
    if body is not None:
        assert answer.content == body
        assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("mime_type", "shown_as", "way"),
    [
        ("image/jpeg", "image/jpeg", "inline"),
        ("video/mp4", "video/mp4", "inline"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
        ("image/jpeg; x\r\ny: z", "application/octet-stream", "attachment"),
        (None, "application/octet-stream", "attachment"),
    ],
)
async def test_only_what_cannot_run_is_shown_in_place(
    client: httpx.AsyncClient, keep: Any, mime_type: str | None, shown_as: str, way: str
) -> None:
    answer = await client.get(await keep(b"<script>alert(1)</script>", mime_type))
    assert answer.headers["content-type"] == shown_as
    assert answer.headers["content-disposition"] == way
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")


async def test_same_file_is_not_sent_again(client: httpx.AsyncClient, keep: Any) -> None:
    path = await keep()
    tag = (await client.get(path)).headers["etag"]
    again = await client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["ab" * 32, "../../master.key", "AB" * 32, "ab", "%2e%2e%2fmaster.key"])
async def test_only_hashes_of_known_files_lead_anywhere(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/api/media/{name}")).status_code in (404, 422)


async def test_empty_file_is_a_file(client: httpx.AsyncClient, keep: Any) -> None:
    answer = await client.get(await keep(b""))
    assert (answer.status_code, answer.content) == (200, b"")


async def test_file_that_storage_has_lost_is_not_found(
    client: httpx.AsyncClient, settings: config.Settings, keep: Any
) -> None:
    path = await keep(b"lost")
    (settings.data_dir / media.FOLDER / media.key(hashlib.sha256(b"lost").digest())).unlink()
    assert (await client.get(path)).status_code == 404


async def test_message_says_where_its_file_is(api: Any, rows: Any, keep: Any) -> None:
    await rows.chat(CHAT)
    sha256 = (await keep()).rpartition("/")[2]
    described = {"kind": "document", "size": 7, "file_name": "told.bin", "id": 2**60}
    files = {
        1: {"state": "stored", "sha256": bytes.fromhex(sha256), "file_name": "a.png", "mime_type": "image/png"},
        2: {"state": "missing", "file_name": "b.png", "size": 5},
        3: {"state": "remote", "file_id": 2**60},
    }
    for number, file in files.items():
        await rows.message(CHAT, number, media=described)
        columns = {"space_id": 1_500_000_001, "message_id": number, "kind": "document", **file}
        await rows.insert("message_media", columns)
    await rows.message(CHAT, 4, media={"kind": "geo"})
    page = await api.get(schemas.MessagePage, f"/api/chats/{CHAT}/messages")
    empty = {"sha256": None, "size": 7, "name": "told.bin", "mime_type": None}
    assert [message.media and message.media.get("file") for message in page.messages] == [
        {"state": "stored", "sha256": sha256, "size": 1024, "name": "a.png", "mime_type": "image/png"},
        {**empty, "state": "missing", "size": 5, "name": "b.png"},
        {**empty, "state": "remote"},
        None,
    ]
