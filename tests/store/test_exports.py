"""Exports in the store: queued with their job, written by one attempt at a time, kept for as long as was said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heliograph.store import database as store_database
from heliograph.store import exports

WEEK = timedelta(days=7)
REQUEST = {"chats": [5], "format": "jsonl"}


@pytest.fixture
async def queued(database: store_database.Database) -> exports.Export:
    async with database.transaction() as conn:
        return await exports.add(conn, REQUEST)


async def test_export_waits_with_a_job_of_its_own(queued: exports.Export, fetch: Any) -> None:
    assert (queued.state, queued.request, queued.done, queued.total) == ("queued", REQUEST, 0, None)
    jobs = await fetch("SELECT id, task_name, args FROM procrastinate_jobs")
    assert jobs == [(queued.job_id, exports.TASK, {"export_id": queued.export_id})]


async def test_export_is_begun_measured_and_finished(database: store_database.Database, queued: exports.Export) -> None:
    async with database.transaction() as conn:
        begun = await exports.begin(conn, queued.export_id, "here:1")
        assert begun is not None
        assert (begun.state, begun.attempt, begun.holder) == ("running", 1, "here:1")
        assert await exports.progress(conn, begun, done=3, total=9)
        assert await exports.finish(conn, begun, done=9, file_name="a.zip", bytes=70, keep=WEEK)
        found = await exports.get(conn, queued.export_id)
    assert found is not None
    assert (found.state, found.done, found.total, found.file_name, found.bytes) == ("done", 9, 9, "a.zip", 70)
    assert found.finished_at is not None and found.expires_at == found.finished_at + WEEK


async def test_worker_that_was_replaced_writes_nothing_any_more(
    database: store_database.Database, queued: exports.Export
) -> None:
    async with database.transaction() as conn:
        first = await exports.begin(conn, queued.export_id, "here:1")
        second = await exports.begin(conn, queued.export_id, "here:2")
        assert first is not None and second is not None
        assert (first.broken_off, second.broken_off) == (0, 1)
        assert not await exports.progress(conn, first, done=8, total=9)
        assert not await exports.finish(conn, first, done=9, file_name="a.zip", bytes=1, keep=WEEK)
        await exports.fail(conn, first, "It went wrong.", keep=WEEK)
        await exports.put_back(conn, first)
        assert await exports.get(conn, queued.export_id) == second


async def test_what_is_put_back_is_begun_anew(database: store_database.Database, queued: exports.Export) -> None:
    async with database.transaction() as conn:
        begun = await exports.begin(conn, queued.export_id, "here:1")
        assert begun is not None
        await exports.progress(conn, begun, done=3, total=9)
        await exports.put_back(conn, begun)
        found = await exports.get(conn, queued.export_id)
        assert found is not None
        assert (found.state, found.done, found.holder, found.started_at) == ("queued", 0, None, None)
        again = await exports.begin(conn, queued.export_id, "here:2")
    assert again is not None and (again.attempt, again.broken_off) == (2, 0)


async def test_cancelled_export_stays_in_the_list_and_is_begun_by_nobody(
    database: store_database.Database, queued: exports.Export, fetch: Any
) -> None:
    async with database.transaction() as conn:
        assert await exports.remove(conn, queued.export_id, keep=WEEK) == "cancelled"
        assert await exports.begin(conn, queued.export_id, "here:1") is None
        (found,) = await exports.list_page(conn)
        assert (found.state, found.error) == ("cancelled", None)
    assert await fetch("SELECT * FROM procrastinate_jobs") == []


async def test_running_export_is_cancelled_at_its_worker(
    database: store_database.Database, queued: exports.Export, fetch: Any
) -> None:
    async with database.transaction() as conn:
        begun = await exports.begin(conn, queued.export_id, "here:1")
        await conn.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        await exports.remove(conn, queued.export_id, keep=WEEK)
        assert begun is not None
        assert not await exports.finish(conn, begun, done=9, file_name="a.zip", bytes=1, keep=WEEK)
    assert await fetch("SELECT abort_requested FROM procrastinate_jobs") == [(True,)]


async def test_export_that_is_over_is_forgotten_when_it_is_removed(
    database: store_database.Database, queued: exports.Export
) -> None:
    async with database.transaction() as conn:
        await exports.remove(conn, queued.export_id, keep=WEEK)
        assert await exports.remove(conn, queued.export_id, keep=WEEK) == "removed"
        assert await exports.remove(conn, queued.export_id, keep=WEEK) is None
        assert await exports.get(conn, queued.export_id) is None


async def test_exports_go_when_their_time_is_over(database: store_database.Database, fetch: Any) -> None:
    async with database.transaction() as conn:
        for keep in (WEEK, timedelta(0)):
            added = await exports.add(conn, REQUEST)
            begun = await exports.begin(conn, added.export_id, "here:1")
            assert begun is not None
            await exports.fail(conn, begun, "It went wrong.", keep=keep)
        await exports.add(conn, REQUEST)
    async with database.transaction() as conn:
        assert await exports.expire(conn) == 1
        assert await exports.kept(conn) == {1, 3}


async def test_export_without_a_job_fails_with_a_sentence(
    database: store_database.Database, queued: exports.Export
) -> None:
    async with database.transaction() as conn:
        assert await exports.fail_lost(conn, keep=WEEK) == 0
        await conn.execute("DELETE FROM procrastinate_jobs")
        assert await exports.fail_lost(conn, keep=WEEK) == 1
        found = await exports.get(conn, queued.export_id)
    assert found is not None and (found.state, found.error) == ("failed", exports.LOST)


async def test_list_goes_on_below_an_id(database: store_database.Database) -> None:
    async with database.transaction() as conn:
        for _ in range(3):
            await exports.add(conn, REQUEST)
        first = await exports.list_page(conn, limit=2)
        rest = await exports.list_page(conn, before=first[-1].export_id, limit=2)
    assert [[each.export_id for each in page] for page in (first, rest)] == [[3, 2], [1]]
