"""History: wire to committed rows, against decoding alone, merging alone, and one upsert per commit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench import baselines, installation, roles
from bench.results import Result
from heliograph.cli import progress
from heliograph.cli.demo import trial
from heliograph.store import archive

WORLD = installation.World(chats=50, messages=200_000)
BYTES_TARGET = 1000
APART = frozenset({"outbox", "outbox_counter", "alembic_version"})


@dataclass(frozen=True, kw_only=True)
class _Run:
    rate: float
    rss_mb: float
    bytes_per_message: float
    largest: str


async def run() -> list[Result]:
    """Measure everything that a backfill of the corpus tells."""
    async with installation.running(WORLD) as site:
        measured = await _backfill(site)
        decode, merge = await baselines.decode_and_merge(site)
        rowwise = await baselines.rowwise(site)
    limit = min(decode, merge)
    return [
        Result(
            name="backfill_rate",
            value=measured.rate,
            unit="messages/s",
            target=10_000,
            baseline=limit,
            note=f"decode alone {decode:,.0f}, merge alone {merge:,.0f}; crawler at most {measured.rss_mb:.0f} MB",
        ),
        Result(
            name="backfill_limit_ratio",
            value=measured.rate / limit,
            unit="of the slower alone",
            target=0.6,
            note="the simulator, the crawler and PostgreSQL share the cores",
        ),
        Result(
            name="backfill_vs_rowwise",
            value=measured.rate,
            unit="messages/s",
            baseline=rowwise,
            note="iter_messages(wait_time=0), one upsert per commit",
        ),
        Result(
            name="bytes_per_message",
            value=measured.bytes_per_message,
            unit="bytes",
            target=BYTES_TARGET,
            better="lower",
            note=measured.largest,
        ),
    ]


async def _backfill(site: installation.Installation) -> _Run:
    crawler = site.role("crawler")
    async with roles.running(crawler):
        finished = await progress.until_complete(site.database, asyncio.Event())
        rss = trial.peak_rss_mb(crawler.pid)
    async with site.database.connection() as conn:
        await archive.vacuum(conn)
        sizes = await archive.storage(conn)
        stored = (await archive.counts(conn)).messages
    kept = {name: size for name, size in sizes.items() if name not in APART}
    largest = ", ".join(f"{name} {size / stored:.0f}" for name, size in list(kept.items())[:4])
    return _Run(
        rate=finished.messages / finished.seconds,
        rss_mb=rss,
        bytes_per_message=sum(kept.values()) / stored,
        largest=largest,
    )
