"""The demo as a trial: faults on the way, then the store against the truth.

Latency runs from the simulator's push to a WebSocket client, over updates pushed while the mirror was connected:
what is pushed while the crawler is dead or the line is cut arrives by a difference, as late as the fault was long,
and counts in ``missing``, ``wrong_text`` and ``wrong_fields`` instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliograph import config
from heliograph.cli import child, console, progress
from heliograph.cli.demo import oracle, outage, patience, roles, verify, watch
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.store import accounts, archive, coverage
from heliograph.store import database as store_database

RATE = 50.0
DISCONNECTION_SECONDS = 3.0
RESTART_SECONDS = 60.0
CATCH_UP_SECONDS = 60.0


class Trial:
    """One run of the demo with its faults and its verdict."""

    def __init__(
        self,
        *,
        telegram: demo_telegram.Telegram,
        database: store_database.Database,
        arguments: list[str],
        history_depth: str,
        stop: asyncio.Event,
    ) -> None:
        self._telegram = telegram
        self._database = database
        self._arguments = arguments
        self._history_depth = history_depth
        self._stop = stop
        self._faults: list[outage.Fault] = []
        self._arrivals: dict[tuple[int, int], float] = {}
        self._peak_rss_mb = 0.0
        self._looked_at = time.time()
        self._open_holes = 0

    async def run(self, seconds: float, rate: float) -> int:
        """Backfill, live with faults, comparison. Prints the JSON object and returns the exit code.

        Raises Stopped at Ctrl-C, TookTooLong or Stalled when what must come does not.
        """
        async with roles.running(self._arguments, self._stop) as (crawler, web, worker):
            watcher = watch.Watch(web.ready["url"], arrivals=self._arrivals)
            tasks = [asyncio.create_task(watcher.follow()), asyncio.create_task(self._sample_memory(crawler))]
            try:
                steps = self._steps(seconds, rate, crawler)
                rate_of_backfill, comparison = await roles.attended(steps, crawler, web, worker)
            finally:
                for task in tasks:
                    task.cancel()
        return await self.report(comparison, rate_of_backfill)

    async def report(self, comparison: verify.Comparison, rate_of_backfill: float) -> int:
        """Print the JSON object and what differs; return the exit code."""
        for example in comparison.examples:
            console.note(f"differs: {example}")
        if self._open_holes:
            console.note(f"{self._open_holes} ranges of ids are still to be asked for")
        console.json(await self._result(comparison, rate_of_backfill))
        return 0 if comparison.is_equal and not self._open_holes else 1

    async def _steps(self, seconds: float, rate: float, crawler: child.Child) -> tuple[float, verify.Comparison]:
        rate_of_backfill = await self._backfill()
        await self._live(seconds, rate, crawler)
        return rate_of_backfill, await self._settle()

    async def truth(self) -> list[verify.Record]:
        """Return what the mirror should hold now: each message once, as it is numbered where it is mirrored from."""
        async with self._database.connection() as conn:
            users = [account.user_id for account in await accounts.load_all(conn)]
        return await oracle.mirrored(self._database, await self._telegram.truth(users))

    async def compare(self) -> verify.Comparison:
        """Compare the store as it is now with the truth as it is now."""
        truth = await self.truth()
        # The crawler reckons the depth from when it looks at a chat, which is at the latest when history is complete.
        since = config.history_since(self._history_depth, datetime.fromtimestamp(self._looked_at, UTC))
        cut_off = outage.windows(self._faults, truth, self._arrivals)
        return await oracle.compare(
            self._database,
            truth,
            since=since.timestamp() if since else 0.0,
            unknowable={verify.key(r) for r in truth if r["is_deleted"] and (r["deleted_at"] or 0) <= self._looked_at},
            gaps=[verify.Gap(-math.inf, self._looked_at), *outage.unsure(cut_off)],
        )

    async def _backfill(self) -> float:
        async with progress.backfill(self._database, shown=True):
            finished = await progress.until_complete(self._database, self._stop)
        self._looked_at = time.time()
        return finished.messages / finished.seconds if finished.seconds else 0.0

    async def _live(self, seconds: float, rate: float, crawler: child.Child) -> None:
        await self._telegram.set_rate(rate)
        await patience.pause(self._stop, seconds * 0.3)
        console.note("Killing the crawler (SIGKILL)")
        await self._kill(crawler)
        await patience.pause(self._stop, seconds * 0.3)
        console.note(f"Disconnecting for {DISCONNECTION_SECONDS:g} s")
        begun = time.time()
        await self._telegram.disconnect(DISCONNECTION_SECONDS)
        self._faults.append(outage.Fault(begun_at=begun, done_at=time.time()))
        # However short the run, the line must come back and something arrive by it.
        await patience.pause(self._stop, max(seconds * 0.4, DISCONNECTION_SECONDS + 1))
        await self._telegram.set_rate(0)

    async def _kill(self, crawler: child.Child) -> None:
        begun, starts = time.time(), crawler.starts
        crawler.kill()
        await patience.within(
            crawler.until_started(starts + 1),
            stop=self._stop,
            seconds=RESTART_SECONDS,
            otherwise=f"The killed crawler did not come back within {RESTART_SECONDS:g} s; the lines above say why.",
        )
        # What it had handed over before it died is at the far end long before its successor has started.
        self._faults.append(outage.Fault(begun_at=begun, done_at=begun))

    async def _settle(self) -> verify.Comparison:
        """Wait until the store equals the truth and every id was asked for, and return the last comparison.

        At most :data:`CATCH_UP_SECONDS`.
        """
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            comparison = await self.compare()
            async with self._database.connection() as conn:
                self._open_holes = len(await coverage.holes(conn))
            if (comparison.is_equal and not self._open_holes) or time.monotonic() > deadline:
                return comparison
            await patience.pause(self._stop, 1)

    async def _result(self, comparison: verify.Comparison, rate: float) -> dict[str, Any]:
        async with self._database.connection() as conn:
            counts = await archive.counts(conn)
        latency = watch.percentiles(await self._latencies())
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

    async def _latencies(self) -> list[float]:
        truth = await self.truth()
        cut_off = outage.windows(self._faults, truth, self._arrivals)
        found = outage.latency(truth, self._arrivals, cut_off)
        lengths = ", ".join(f"{end - begin:.1f} s" for begin, end in cut_off)
        console.note(
            f"Latency: {len(found.seconds)} updates counted, {found.excluded} left out because they were pushed "
            f"between a fault and the first arrival after it ({lengths})"
        )
        return list(found.seconds)

    async def _sample_memory(self, crawler: child.Child) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError, StopIteration):
                self._peak_rss_mb = max(self._peak_rss_mb, peak_rss_mb(crawler.pid))
            await asyncio.sleep(0.5)


def peak_rss_mb(pid: int) -> float:
    """Return the largest resident memory a process has had. Raises OSError or StopIteration when it is gone."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
