"""The demo as a trial: faults on the way, then the store against the truth.

Latency runs from the simulator's push to a WebSocket client, over updates pushed while the mirror was connected:
what is pushed while the crawler is dead or the line is cut arrives by a difference, as late as the fault was long,
and counts in ``missing``, ``wrong_text`` and ``wrong_fields`` instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from heliograph.cli import child, console, progress
from heliograph.cli.demo import roles, verify, watch
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.store import accounts, archive
from heliograph.store import database as store_database

RATE = 50.0
DISCONNECTION_SECONDS = 3.0
SETTLE_SECONDS = 3.0
"""How long after a fault an update still counts as delayed by it."""
CATCH_UP_SECONDS = 60.0


class Trial:
    """One run of the demo with its faults and its verdict."""

    def __init__(
        self, *, telegram: demo_telegram.Telegram, database: store_database.Database, arguments: list[str]
    ) -> None:
        self._telegram = telegram
        self._database = database
        self._arguments = arguments
        self._faults: list[tuple[float, float]] = []
        self._peak_rss_mb = 0.0
        self._backfilled_at = 0.0

    async def run(self, seconds: float, rate: float, stop: asyncio.Event) -> int:
        """Backfill, live with faults, comparison. Prints the JSON object and returns the exit code."""
        async with roles.running(self._arguments) as (crawler, web):
            watcher = watch.Watch(web.ready["url"])
            tasks = [asyncio.create_task(watcher.follow()), asyncio.create_task(self._sample_memory(crawler))]
            try:
                rate_of_backfill = await self._backfill(stop)
                await self._live(seconds, rate, crawler, stop)
                comparison = await self._settle()
                result = await self._result(comparison, rate_of_backfill, watcher)
            finally:
                for task in tasks:
                    task.cancel()
        for example in comparison.examples:
            console.note(f"differs: {example}")
        console.json(result)
        return 0 if comparison.is_equal and not stop.is_set() else 1

    async def _backfill(self, stop: asyncio.Event) -> float:
        async with progress.backfill(self._database, shown=True):
            finished = await progress.until_complete(self._database, stop)
        self._backfilled_at = time.time()
        return finished.messages / finished.seconds if finished.seconds else 0.0

    async def _live(self, seconds: float, rate: float, crawler: child.Child, stop: asyncio.Event) -> None:
        await self._telegram.set_rate(rate)
        await child.wait(stop, seconds * 0.3)
        console.note("Killing the crawler (SIGKILL)")
        begun = time.time()
        starts = crawler.starts
        crawler.kill()
        await crawler.until_started(starts + 1)
        self._faults.append((begun, time.time() + SETTLE_SECONDS))
        await child.wait(stop, seconds * 0.3)
        console.note(f"Disconnecting for {DISCONNECTION_SECONDS:g} s")
        begun = time.time()
        await self._telegram.disconnect(DISCONNECTION_SECONDS)
        self._faults.append((begun, begun + DISCONNECTION_SECONDS + SETTLE_SECONDS))
        await child.wait(stop, seconds * 0.4)
        await self._telegram.set_rate(0)

    async def _settle(self) -> verify.Comparison:
        """Wait until the store equals the truth, at most :data:`CATCH_UP_SECONDS`, and return the last comparison."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            comparison = await self._compare()
            if comparison.is_equal or time.monotonic() > deadline:
                return comparison
            await asyncio.sleep(1)

    async def _compare(self) -> verify.Comparison:
        truth = await self._truth()
        async with self._database.connection() as conn:
            stored = [row async for row in archive.records(conn)]
            orphans = await archive.orphan_tombstones(conn)
            depths = await archive.depths(conn)
        unknowable = {_key(r) for r in truth if r["is_deleted"] and (r.get("deleted_at") or 0) <= self._backfilled_at}
        optional = {_key(r) for r in truth if r["date"] < depths.get(r["chat_id"], 0)}
        return await asyncio.to_thread(
            verify.compare, truth, stored, orphans=orphans, unknowable=unknowable, optional=optional
        )

    async def _truth(self) -> list[dict[str, Any]]:
        async with self._database.connection() as conn:
            users = [account.user_id for account in await accounts.load_all(conn)]
            mailboxes = await archive.mailbox_chats(conn)
        records = await self._telegram.truth(users)
        # A basic group is mirrored from one mailbox alone, though every account has a copy of its own.
        return [r for r in records if r["space_id"] > 0 or mailboxes.get(r["chat_id"]) == r["space_id"]]

    async def _result(self, comparison: verify.Comparison, rate: float, watcher: watch.Watch) -> dict[str, Any]:
        async with self._database.connection() as conn:
            counts = await archive.counts(conn)
        latency = watch.percentiles(await self._latencies(watcher))
        return {
            "messages": comparison.messages,
            "revisions": counts.revisions,
            "tombstones": counts.tombstones,
            "missing": comparison.missing,
            "duplicated": comparison.duplicated,
            "wrong_text": comparison.wrong_text,
            "wrong_fields": comparison.wrong_fields,
            "backfill_rate": round(rate, 1),
            "live_latency_p50_ms": latency[50],
            "live_latency_p95_ms": latency[95],
            "live_latency_p99_ms": latency[99],
            "peak_rss_mb": round(self._peak_rss_mb, 1),
        }

    async def _latencies(self, watcher: watch.Watch) -> list[float]:
        found = []
        for record in await self._truth():
            pushed = record.get("pushed_at")
            arrived = watcher.arrivals.get((record["chat_id"], record["message_id"]))
            if pushed and arrived and not any(begin <= pushed <= end for begin, end in self._faults):
                found.append(arrived - pushed)
        return found

    async def _sample_memory(self, crawler: child.Child) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError, StopIteration):
                self._peak_rss_mb = max(self._peak_rss_mb, peak_rss_mb(crawler.pid))
            await asyncio.sleep(0.5)


def _key(record: dict[str, Any]) -> verify.Key:
    return record["space_id"], record["message_id"]


def peak_rss_mb(pid: int) -> float:
    """Return the largest resident memory a process has had. Raises OSError or StopIteration when it is gone."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
