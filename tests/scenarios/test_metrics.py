"""What /metrics tells of a crawler in a process of its own: every figure moves when its thing happens, and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import websockets
from prometheus_client.parser import text_string_to_metric_families

from heliograph import config
from heliograph.web import serve

Samples = dict[tuple[str, ...], float]


class Page:
    """The web role: what it tells of all roles, and its live stream."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def read(self) -> Samples:
        """Return the samples by name, role and the rest of their labels' values."""
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"{self.url}metrics")).text
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = dict(sample.labels)
                name = sample.name.removeprefix("heliograph_")
                found[name, labels.pop("role"), *labels.values()] = sample.value
        return found

    async def until(self, condition: Callable[[Samples], bool], seconds: float = 30) -> Samples:
        """Read until a condition holds."""
        for _ in range(round(seconds / 0.1)):
            found = await self.read()
            if condition(found):
                return found
            await asyncio.sleep(0.1)
        raise AssertionError({key: value for key, value in found.items() if "bucket" not in key[0]})


@pytest.fixture
async def page(installation) -> AsyncIterator[Page]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = installation.settings.model_copy(update={"web": config.Web(port=0)})
    serving = asyncio.create_task(serve.serve(settings, installation.database, stop=stop, on_ready=ready.set_result))
    yield Page(await ready)
    stop.set()
    await serving


@pytest.fixture
async def crawler(installation) -> AsyncIterator[None]:
    await installation.start_process()
    await installation.until_backfilled()
    yield
    assert await installation.stop_process() == 0


def post(installation, count, place=1):
    """Post in one of the supergroups and channels."""
    world = installation.world
    chat = [chat for peer in world.open_to_newcomers if (chat := world.chats[peer]).is_channel][place]
    return chat, [world.post(chat, world.owner(chat), f"measured {number}") for number in range(count)]


async def changes(stream, *wanted):
    """Take events until there were so many of each change."""
    missing = dict(zip(wanted[::2], wanted[1::2], strict=True))
    async with asyncio.timeout(30):
        while any(count > 0 for count in missing.values()):
            change = json.loads(await stream.recv()).get("change")
            if change in missing:
                missing[change] -= 1


async def test_rows_are_counted_by_kind_and_deliveries_are_timed(installation, page, crawler):
    before = await page.until(lambda m: m.get(("boxes", "crawler", "live"), 0) > 0)
    stored = await installation.one("SELECT count(*) FROM messages")
    assert before["rows_total", "crawler", "message"] >= stored > 0
    assert before["commit_seconds_count", "crawler"] > 0
    assert before["rpc_seconds_count", "crawler", "history"] > 0
    assert 0 <= before["budget_tokens", "crawler", "history"] < 500, "some of the burst is spent"
    timed = before["delivery_latency_seconds_count", "web"]
    async with websockets.connect(page.url.replace("http", "ws") + "api/live", proxy=None) as stream:
        await stream.recv()
        assert (await page.read())["live_clients", "web"] == 1
        chat, posted = post(installation, 6)
        await changes(stream, "new", 6)
        installation.world.delete(chat, posted[:2])
        installation.world.react(chat, posted[3], installation.world.owner(chat), "👍")
        await changes(stream, "delete", 2, "observation", 1)
    after = await page.until(lambda m: m["live_clients", "web"] == 0)
    assert after["delivery_latency_seconds_count", "web"] >= timed + 9
    assert 0 < after["delivery_latency_seconds_sum", "web"] - before["delivery_latency_seconds_sum", "web"] < 9 * 30
    for kind, count in (("message", 6), ("tombstone", 2), ("observation", 1)):
        rows = after["rows_total", "crawler", kind] - before.get(("rows_total", "crawler", kind), 0)
        assert rows >= count, kind


async def test_lag_and_queue_grow_while_nothing_commits_and_fall_again(installation, page, crawler):
    async with installation.database.transaction() as conn:
        # A commit ends with this row, so none ends now.
        await conn.execute("SELECT FROM outbox_counter FOR UPDATE")
        for _ in range(10):
            for place in range(4):
                post(installation, 1, place)
            await asyncio.sleep(0.01)
        held = await page.until(
            lambda m: (
                m["box_lag_events", "crawler", "channel"] >= 10
                and max((value for key, value in m.items() if key[0] == "lagging_box_events"), default=0) >= 10
                and m["queue_depth", "crawler", "writer"] > 0
            )
        )
        assert held["queue_depth", "crawler", "updates"] >= 0
    await page.until(
        lambda m: m["box_lag_events", "crawler", "channel"] == 0 and m["queue_depth", "crawler", "writer"] == 0
    )


async def test_reconnects_and_flood_waits_are_counted(installation, page, crawler):
    before = await page.read()
    assert before["role_up", "crawler"] == 1
    installation.telegram.faults.cut(0.2)
    two = before["reconnects_total", "crawler"] + len(installation.users)
    await page.until(lambda m: m["reconnects_total", "crawler"] >= two)
    installation.telegram.faults.flood("updates.getDifference", 1)
    installation.telegram.faults.cut(0.2)
    flooded = ("flood_waits_total", "crawler", "difference")
    await page.until(lambda m: m.get(flooded, 0) >= before.get(flooded, 0) + 1)
    installation.telegram.faults.clear()
    post(installation, 1)
    await installation.until("SELECT count(*) > 0 FROM messages WHERE text = 'measured 0'")
