"""The queue: what the migration made is what the library expects, and a job is there exactly when its row is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from procrastinate import schema

from heliograph.store import database as store_database
from heliograph.store import jobs, migrations

SHIPPED = Path(migrations.__file__).parent / "versions" / "0006_procrastinate.sql"


def test_the_queues_schema_is_the_installed_librarys() -> None:
    head, _, body = SHIPPED.read_text("utf-8").partition("-- Procrastinate Schema")
    assert "-- Procrastinate Schema" + body == schema.SchemaManager.get_schema()
    assert all(line.startswith("--") for line in head.splitlines() if line)


async def test_job_is_queued_with_the_transaction_that_asks_for_it_or_not_at_all(
    database: store_database.Database, fetch: Any
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as conn:
            await jobs.defer(conn, "lost", {})
            raise ZeroDivisionError
    async with database.transaction() as conn:
        job_id = await jobs.defer(conn, "kept", {"export_id": 5})
    found = await fetch("SELECT id, queue_name, task_name, args, status::text FROM procrastinate_jobs")
    assert found == [(job_id, jobs.QUEUE, "kept", {"export_id": 5}, "todo")]


async def test_job_that_waits_is_taken_out_and_one_that_runs_is_told_to_stop(
    database: store_database.Database, fetch: Any
) -> None:
    async with database.transaction() as conn:
        waiting, running = await jobs.defer(conn, "a", {}), await jobs.defer(conn, "b", {})
        await conn.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [running])
        for job_id in (waiting, running, 999):
            await jobs.cancel(conn, job_id)
    assert await fetch("SELECT id, abort_requested FROM procrastinate_jobs") == [(running, True)]
