"""Live updates: from the server's push to a WebSocket client, the rate that is kept up with, and memory."""

from __future__ import annotations

import asyncio
import time

from bench import installation, roles
from bench.results import Result
from heliograph.cli import progress
from heliograph.cli.demo import trial, watch
from heliograph.store import accounts
from heliograph.store.reads import outbox

LATENCY_RATE = 1_000
LATENCY_SECONDS = 20.0
WARM_UP_SECONDS = 3.0
SUSTAINED_RATE = 4_000
MEMORY_RATE = 300
SUSTAINED_SECONDS = 20.0
CATCH_UP_SECONDS = 120.0
QUIET_SECONDS = 2.0
SMALL = installation.World(chats=100, messages=2_000, days=2)
THOUSAND = installation.World(chats=1_000, messages=20_000, days=2)


async def latency() -> list[Result]:
    """Measure the delivery latency at a thousand updates a second."""
    async with installation.running(SMALL) as site:
        crawler, web = site.role("crawler"), site.role("web")
        async with roles.running(web, crawler):
            await progress.until_complete(site.database, asyncio.Event())
            watcher = watch.Watch(web.ready["url"])
            following = asyncio.create_task(watcher.follow())
            await site.telegram.set_rate(LATENCY_RATE)
            await asyncio.sleep(WARM_UP_SECONDS)
            begun = time.time()
            await asyncio.sleep(LATENCY_SECONDS)
            ended = time.time()
            await site.telegram.set_rate(0)
            await asyncio.sleep(1)
            following.cancel()
            commit_ms = await roles.commit_milliseconds(web.ready["url"])
            seconds = await _latencies(site, watcher, begun, ended)
    found = watch.percentiles(seconds)
    note = f"{len(seconds) / LATENCY_SECONDS:,.0f} messages/s arrived; a commit takes {commit_ms:.1f} ms"
    return [
        Result(
            name=f"live_latency_p{p}_ms",
            value=found[p] or float("inf"),
            unit="ms",
            target=target,
            better="lower",
            note=note,
        )
        for p, target in ((50, 10), (99, 50))
    ]


async def rate() -> list[Result]:
    """Measure how many updates a second one account is kept up with over a thousand chats."""
    async with installation.running(THOUSAND) as site:
        crawler = site.role("crawler")
        async with roles.running(crawler):
            await progress.until_complete(site.database, asyncio.Event())
            resting = trial.peak_rss_mb(crawler.pid)
            before = await _committed(site)
            await site.telegram.set_rate(SUSTAINED_RATE)
            begun = time.monotonic()
            await asyncio.sleep(SUSTAINED_SECONDS)
            await site.telegram.set_rate(0)
            pushed_seconds = time.monotonic() - begun
            committed, seconds = await _caught_up(site, before, begun)
            peak = trial.peak_rss_mb(crawler.pid)
    return [
        Result(
            name="live_rate",
            value=committed / seconds,
            unit="updates/s",
            target=3_000,
            baseline=committed / pushed_seconds,
            note=f"baseline: what the simulator pushed; memory {resting:.0f} MB before, {peak:.0f} MB at most",
        )
    ]


async def memory() -> list[Result]:
    """Measure the crawler's peak memory with five accounts in a thousand chats, history and live updates included."""
    async with installation.running(THOUSAND, accounts=5) as site:
        crawler = site.role("crawler")
        async with roles.running(crawler):
            await progress.until_complete(site.database, asyncio.Event())
            resting = trial.peak_rss_mb(crawler.pid)
            before, begun = await _committed(site), time.monotonic()
            await site.telegram.set_rate(MEMORY_RATE)
            await asyncio.sleep(SUSTAINED_SECONDS)
            await site.telegram.set_rate(0)
            await _caught_up(site, before, begun)
            peak = trial.peak_rss_mb(crawler.pid)
    return [
        Result(
            name="rss_1000_chats_mb",
            value=peak,
            unit="MB",
            target=200,
            better="lower",
            baseline=resting,
            note=f"baseline: after the history; then {MEMORY_RATE} updates/s, each pushed to 5 accounts",
        )
    ]


async def _latencies(site: installation.Installation, watcher: watch.Watch, begun: float, ended: float) -> list[float]:
    async with site.database.connection() as conn:
        users = [account.user_id for account in await accounts.load_all(conn)]
    found = []
    for record in await site.telegram.truth(users):
        pushed = record.get("pushed_at")
        arrived = watcher.arrivals.get((record["chat_id"], record["message_id"]))
        if pushed and begun <= pushed <= ended:
            # What did not arrive at all must not flatter the percentiles.
            found.append(arrived - pushed if arrived else CATCH_UP_SECONDS)
    return found


async def _committed(site: installation.Installation) -> int:
    """Return the outbox position: one event for each live change."""
    async with site.database.connection() as conn:
        return (await outbox.position(conn)).n


async def _caught_up(site: installation.Installation, before: int, begun: float) -> tuple[int, float]:
    """Wait until nothing more is committed; return the events since ``before`` and the seconds until the last."""
    last, last_at = before, time.monotonic()
    while time.monotonic() < min(last_at + QUIET_SECONDS, begun + CATCH_UP_SECONDS):
        await asyncio.sleep(0.1)
        now = await _committed(site)
        if now != last:
            last, last_at = now, time.monotonic()
    return last - before, last_at - begun
