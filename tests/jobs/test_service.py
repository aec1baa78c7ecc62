"""The worker itself: what comes round, what it takes over from the dead, and that an outage does not end it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import croniter
import pytest

from heliograph import config
from heliograph.exchange import shelf
from heliograph.jobs import app, keeping, parts, rescue, schedule
from heliograph.store import database as store_database
from heliograph.store import exports, heartbeats

from .conftest import Exports, Worker


@pytest.fixture
async def work(settings: config.Settings, database: store_database.Database) -> Any:
    queue = app.create(database)
    async with queue.open_async():
        yield parts.Parts(settings=settings, database=database, queue=queue)


async def test_schedule_is_what_the_queue_does_by_the_clock(work: parts.Parts) -> None:
    assert {name for name, _ in work.queue.periodic_registry.periodic_tasks} == {e.name for e in schedule.PERIODIC}
    assert all(croniter.croniter.is_valid(each.cron) for each in schedule.PERIODIC)


async def test_worker_says_that_it_lives_and_takes_its_word_back_when_it_ends(asked: Exports, worker: Worker) -> None:
    async with worker():
        await asked.until(await asked.add())
        async with asked.database.connection() as conn:
            assert [beat.role for beat in await heartbeats.load(conn)] == ["worker"]
    async with asked.database.connection() as conn:
        assert await heartbeats.load(conn) == []


async def test_what_is_due_is_done_from_the_start(asked: Exports, worker: Worker) -> None:
    export_id = await asked.add()
    async with asked.database.connection() as conn:
        await conn.execute("DELETE FROM procrastinate_jobs")
    async with worker():
        # rescue_jobs is due each minute.
        found = await asked.until(export_id)
    assert (found.state, found.error) == ("failed", exports.LOST)


async def test_job_of_a_silent_worker_goes_back_and_that_of_a_live_one_stays(asked: Exports, work: parts.Parts) -> None:
    manager = work.queue.job_manager
    first, second = await asked.add(), await asked.add()
    silent, live = await manager.register_worker(), await manager.register_worker()
    for worker_id in (silent, live):
        assert await manager.fetch_job(queues=None, worker_id=worker_id)
    async with work.database.transaction() as conn:
        long_ago = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' WHERE id = %s"
        await conn.execute(long_ago, [silent])
        for export_id in (first, second):
            await exports.begin(conn, export_id, "elsewhere:1:place:x")
    await rescue.rescue(work)
    async with work.database.connection() as conn:
        found = await conn.execute("SELECT status::text FROM procrastinate_jobs ORDER BY id")
        assert [status for (status,) in await found.fetchall()] == ["todo", "doing"]


async def test_worker_goes_on_after_its_connections_were_lost(
    asked: Exports, worker: Worker, database: store_database.Database
) -> None:
    async with worker():
        await asked.until(await asked.add())
        async with database.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        found = await asked.until(await asked.add())
    assert found.state == "done"


async def test_expired_exports_and_files_of_none_are_deleted(
    asked: Exports, work: parts.Parts, settings: config.Settings
) -> None:
    kept, expired = await asked.add(), await asked.add()
    async with work.database.transaction() as conn:
        for export_id in (kept, expired):
            begun = await exports.begin(conn, export_id, "here")
            assert begun is not None
            await exports.finish(conn, begun, done=1, file_name="a.zip", bytes=1, keep=work.keep)
        await conn.execute("UPDATE exports SET expires_at = now() WHERE export_id = %s", [expired])
    for export_id in (kept, expired, 99):
        shelf.workspace(settings.exports_folder, export_id, 1)
    foreign = settings.exports_folder / "notes.txt"
    await asyncio.to_thread(foreign.write_text, "mine")
    await keeping.expire(work)
    left: list[Path] = sorted(settings.exports_folder.iterdir())
    assert [path.name for path in left] == [str(kept), "notes.txt"]


async def test_periodic_work_that_fails_is_logged_without_words_and_ends_its_job(
    database: store_database.Database, work: parts.Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(work: parts.Parts) -> None:
        raise ValueError("secret words")

    queue = app.create(database, [schedule.Periodic(name="fail", cron="0 0 1 1 *", work=fail)])
    async with queue.open_async():
        await queue.configure_task("fail").defer_async(timestamp=0)
        await queue.run_worker_async(wait=False, additional_context={app.PARTS: work}, install_signal_handlers=False)
        jobs = [(job.task_name, job.status) for job in await queue.job_manager.list_jobs_async()]
    assert jobs == [("fail", "succeeded")]
    said = capsys.readouterr()
    assert "periodic_work_failed" in said.out + said.err
    assert "secret words" not in said.out + said.err
