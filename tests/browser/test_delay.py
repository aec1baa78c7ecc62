"""The page says when the data is late, and stops saying it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from heliograph.store import heartbeats


@pytest.mark.parametrize("width", [1280, 360])
async def test_page_says_since_when_the_data_is_delayed_until_it_is_on_time(
    open_page: Any, site: Any, width: int
) -> None:
    page = await open_page("/", width=width)
    since = datetime.now(UTC) - timedelta(days=2)
    async with site.database.connection() as conn:
        detail = {"spooled_batches": 3, "spooled_since": since.timestamp()}
        await heartbeats.beat(conn, "crawler", "host:1", detail)
    said = page.get_by_text(f"Data is delayed since {since:%a}").locator("visible=true")
    await expect(said).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    async with site.database.connection() as conn:
        await heartbeats.beat(conn, "crawler", "host:1", {"spooled_batches": 0})
    await expect(said).to_have_count(0)
