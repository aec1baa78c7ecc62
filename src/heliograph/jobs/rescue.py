"""Jobs whose worker died go back into the queue; exports that no job is left of fail with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from heliograph import log
from heliograph.jobs import parts
from heliograph.store import exports, processes

STALLED_SECONDS: Final = 30.0
"""A worker that has not been heard of for so long is dead; it says something every ten."""
KEPT_HOURS: Final = 24

_logger = log.get("jobs")


async def rescue(work: parts.Parts) -> None:
    """Put back what silent workers had. A worker that is silent and lives loses its right to write by that."""
    manager = work.queue.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        _logger.warning("job_put_back", job=job.task_name)
        await manager.retry_job(job, retry_at=datetime.now(UTC))
    async with work.database.transaction() as conn:
        lost = await exports.fail_lost(conn, keep=work.keep)
    if lost:
        _logger.warning("exports_lost", count=lost)


async def put_back_at_start(work: parts.Parts) -> None:
    """Put back at once what a process had that is known to be gone, or what this one had before it lost the queue."""
    async with work.database.connection() as conn:
        running = await exports.running(conn)
    for export in running:
        holder, job_id = export.holder, export.job_id
        if holder is None or job_id is None or not (holder == processes.name() or processes.is_gone(holder)):
            continue
        _logger.warning("job_put_back", job=exports.TASK)
        await work.queue.job_manager.retry_job_by_id_async(job_id, retry_at=datetime.now(UTC))


async def forget(work: parts.Parts) -> None:
    """Delete jobs that ended otherwise than in order, which the queue keeps."""
    await work.queue.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
