"""Exports over HTTP: asked for, followed, fetched as a whole and in parts, and taken away."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from heliograph import config
from heliograph.exchange import shelf
from heliograph.exchange.export import request as requests
from heliograph.jobs import service
from heliograph.store import database as store_database
from heliograph.store import exports as store_exports
from heliograph.web import export_schemas as schemas

CHAT = -1_000_000_004_711
CONTENT = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
async def harbour(rows: Any) -> None:
    await rows.chat(CHAT, title="Harbour")
    await rows.message(CHAT, 1, "a light was seen")


async def ask(client: httpx.AsyncClient, **request: Any) -> httpx.Response:
    return await client.post("/api/exports", json={"format": "jsonl", "chat_ids": [CHAT], **request})


@pytest.fixture
async def done(database: store_database.Database, settings: config.Settings) -> int:
    """An export that is done, with an archive of known bytes."""
    async with database.transaction() as conn:
        export = await store_exports.add(conn, requests.Request(format="jsonl", chat_ids=(CHAT,)).plain())
        begun = await store_exports.begin(conn, export.export_id, "here")
        assert begun is not None
        week = timedelta(days=7)
        await store_exports.finish(conn, begun, done=1, file_name="Гавань.zip", bytes=len(CONTENT), keep=week)
    shelf.workspace(settings.exports_folder, begun.export_id, begun.attempt)
    archive = shelf.archive(settings.exports_folder, begun.export_id, begun.attempt)
    await asyncio.to_thread(archive.write_bytes, CONTENT)
    return begun.export_id


async def test_export_is_asked_for_followed_and_downloaded(
    client: httpx.AsyncClient, api: Any, settings: config.Settings, database: store_database.Database
) -> None:
    answered = await ask(client, filter={"words": "light"}, with_revisions=True)
    assert answered.status_code == 202
    path = answered.headers["Location"]
    queued = schemas.Export.model_validate(answered.json())
    assert (queued.state, queued.request.filter.words, queued.request.with_revisions) == ("queued", "light", True)
    assert not (await api.get(schemas.ExportPage, "/api/exports")).is_worker_running
    stop = asyncio.Event()
    working = asyncio.create_task(service.run(settings, database, stop=stop))
    async with asyncio.timeout(30):
        while (found := await api.get(schemas.Export, path)).state in ("queued", "running"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        while not (page := await api.get(schemas.ExportPage, "/api/exports")).is_worker_running:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await working
    assert (found.state, found.done, page.exports) == ("done", 1, [found])
    fetched = await client.get(f"{path}/download")
    assert found.file_name is not None
    assert quote(found.file_name) in fetched.headers["content-disposition"]
    assert len(fetched.content) == found.bytes
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as packed:
        assert any(b"a light was seen" in packed.read(name) for name in packed.namelist())


async def test_row_and_job_are_there_together(client: httpx.AsyncClient, database: store_database.Database) -> None:
    export_id = (await ask(client)).json()["export_id"]
    async with database.connection() as conn:
        found = await conn.execute("SELECT args FROM procrastinate_jobs")
        assert await found.fetchall() == [({"export_id": export_id},)]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"format": "papyrus"}, "format"),
        ({"chat_ids": [404]}, "no chat 404"),
        ({"chat_ids": []}, "chat_ids"),
        ({"filter": {"kind": "smell"}}, "no such kind"),
        ({"filter": {"colour": "red"}}, "colour"),
        ({"filter": {"words": ""}}, "words"),
        ({"filter": {"words": "   "}}, "no words"),
        ({"filter": {"words": "\x00"}}, "no words"),
        ({"format": "html", "with_observations": True}, "every sample"),
        ({"with_bom": True}, "byte order mark"),
        ({"filter": {"since": "2026-02-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}}, "dates"),
        ({"filter": {"topic_id": 0}}, "topic_id"),
        ({"everything": True}, "everything"),
    ],
)
async def test_what_cannot_be_exported_is_refused_in_a_sentence_and_queued_never(
    client: httpx.AsyncClient, api: Any, request_: dict[str, Any], words: str
) -> None:
    answered = await ask(client, **request_)
    assert answered.status_code == 422
    assert answered.headers["content-type"] == "application/problem+json"
    assert words in answered.json()["detail"]
    assert (await api.get(schemas.ExportPage, "/api/exports")).exports == []


async def test_times_without_a_zone_are_utc_and_words_hold_nothing_that_the_database_refuses(
    client: httpx.AsyncClient,
) -> None:
    answered = await ask(client, filter={"since": "2026-01-01T00:00:00", "words": "a\x00b"})
    found = schemas.Export.model_validate(answered.json()).request.filter
    assert (found.since, found.words) == (datetime(2026, 1, 1, tzinfo=UTC), "a b")


async def test_every_format_is_accepted(client: httpx.AsyncClient) -> None:
    answers = [await ask(client, format=name, chat_ids=None) for name in requests.FORMATS]
    assert [each.status_code for each in answers] == [202] * len(requests.FORMATS)


async def test_pages_of_another_site_may_ask_for_nothing(client: httpx.AsyncClient, api: Any, done: int) -> None:
    evil = {"Origin": "https://evil.example"}
    posted = await client.post("/api/exports", json={"format": "jsonl"}, headers=evil)
    removed = await client.delete(f"/api/exports/{done}", headers=evil)
    assert (posted.status_code, removed.status_code) == (403, 403)
    assert len((await api.get(schemas.ExportPage, "/api/exports")).exports) == 1


async def test_archive_is_fetched_in_parts(client: httpx.AsyncClient, done: int) -> None:
    path = f"/api/exports/{done}/download"
    whole = await client.get(path)
    assert (whole.content, whole.headers["accept-ranges"]) == (CONTENT, "bytes")
    part = await client.get(path, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    rest = await client.get(path, headers={"Range": f"bytes={len(CONTENT) - 5}-"})
    assert rest.content == CONTENT[-5:]
    assert (await client.head(path)).headers["content-length"] == str(len(CONTENT))


async def test_part_that_there_is_not_is_a_problem_and_what_is_no_range_asks_for_the_whole(
    client: httpx.AsyncClient, done: int
) -> None:
    """Regression: the library answered both in plain text."""
    path = f"/api/exports/{done}/download"
    refused = await client.get(path, headers={"Range": "bytes=9999-"})
    assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert refused.headers["content-type"] == "application/problem+json"
    for nonsense in ("bytes=x", "bytes=", "lines=1-2", "bytes=9-3", "bytes=0-1,5-6", "bytes"):
        whole = await client.get(path, headers={"Range": nonsense})
        assert (whole.status_code, whole.content) == (200, CONTENT)
    for sent in ({"Range": "bytes=9999-", "If-Range": '"another"'}, {"Range": "bytes=0-9", "If-Range": '"another"'}):
        assert (await client.get(path, headers=sent)).status_code == 200


async def test_archive_is_saved_under_its_name_and_never_shown(client: httpx.AsyncClient, done: int) -> None:
    headers = (await client.get(f"/api/exports/{done}/download")).headers
    assert headers["content-disposition"].startswith("attachment; filename*=utf-8''%D0%93")
    assert (headers["content-type"], headers["x-content-type-options"]) == ("application/zip", "nosniff")


async def test_download_of_what_is_not_done_is_a_conflict(client: httpx.AsyncClient, api: Any) -> None:
    path = (await ask(client)).headers["Location"]
    problem = await api.problem(f"{path}/download")
    assert (problem["status"], "queued" in problem["detail"]) == (409, True)


async def test_archive_that_lies_elsewhere_is_said_to_do_so(
    client: httpx.AsyncClient, api: Any, done: int, settings: config.Settings
) -> None:
    shelf.remove(settings.exports_folder, done)
    problem = await api.problem(f"/api/exports/{done}/download")
    assert (problem["status"], "exports.folder" in problem["detail"]) == (404, True)


async def test_removing_cancels_first_and_then_forgets(client: httpx.AsyncClient, api: Any) -> None:
    path = (await ask(client)).headers["Location"]
    assert (await client.delete(path)).json() == {"outcome": "cancelled"}
    assert (await api.get(schemas.Export, path)).state == "cancelled"
    assert (await client.delete(path)).json() == {"outcome": "removed"}
    assert (await client.delete(path)).status_code == 404
    assert (await api.problem(path))["status"] == 404


async def test_removing_an_export_deletes_its_archive(
    client: httpx.AsyncClient, done: int, settings: config.Settings
) -> None:
    assert (await client.delete(f"/api/exports/{done}")).json() == {"outcome": "removed"}
    assert list(settings.exports_folder.iterdir()) == []


async def test_list_goes_on_where_a_page_ends(client: httpx.AsyncClient, api: Any) -> None:
    for _ in range(3):
        await ask(client)
    first = await api.get(schemas.ExportPage, "/api/exports", limit=2)
    rest = await api.get(schemas.ExportPage, "/api/exports", limit=2, before=first.before)
    assert [[each.export_id for each in page.exports] for page in (first, rest)] == [[3, 2], [1]]
    assert rest.before is None
