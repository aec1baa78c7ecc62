"""Exports on the page: asked for, watched, fetched, cancelled and deleted."""

from __future__ import annotations

import asyncio
import contextlib
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from heliograph import config
from heliograph.jobs import service
from heliograph.store import database as store_database
from heliograph.store import exports

from .conftest import OpenPage, Story
from .test_access import violations

Worker = Callable[[], AbstractAsyncContextManager[None]]
MESSAGES = 5


@pytest.fixture(autouse=True)
async def harbour(story: Story) -> None:
    await story.begin(MESSAGES)


@pytest.fixture
def worker(settings: config.Settings, database: store_database.Database) -> Worker:
    """Run a worker while a block runs."""

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        stop, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(service.run(settings, database, stop=stop, on_ready=ready.set, grace_seconds=0))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
            await task

    return running


async def ask(page: Page) -> None:
    """Ask for everything in the form that is preset."""
    await page.get_by_role("button", name="New export").click()
    await page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_chat_is_exported_from_its_header_and_downloaded(
    open_page: OpenPage, story: Story, worker: Worker
) -> None:
    page = await open_page(f"/chat/{story.chat_id}")
    await page.get_by_role("button", name="Export this chat").click()
    form = page.get_by_role("dialog", name="New export")
    await expect(form.get_by_text("Harbour watch")).to_be_visible()
    samples = form.get_by_role("checkbox", name="Every sample of views")
    await form.get_by_role("radio", name="Web pages").check()
    await expect(samples).to_be_disabled()
    await form.get_by_role("radio", name="CSV").check()
    await expect(samples).to_be_enabled()
    await form.get_by_label("With these words").fill("report")
    async with worker():
        await form.get_by_role("button", name="Export", exact=True).click()
        entry = page.locator('li[data-export="1"]')
        await expect(entry).to_have_attribute("data-state", "done")
    assert page.url.endswith("/exports")
    await expect(entry).to_contain_text("Harbour watch")
    await expect(entry).to_contain_text("CSV · “report”")
    await expect(entry).to_contain_text(f"{MESSAGES} messages")
    async with page.expect_download() as download:
        await entry.get_by_role("link", name="Download").click()
    file = await (await download.value).path()
    assert (await download.value).suggested_filename.startswith("Harbour watch ")
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        assert any(name.endswith(".csv") for name in packed.namelist())


async def test_progress_is_shown_while_an_export_is_made(
    open_page: OpenPage, worker: Worker, database: store_database.Database
) -> None:
    page = await open_page("/exports")
    await ask(page)
    entry = page.locator('li[data-export="1"]')
    await expect(entry).to_contain_text("Waiting for the worker")
    await expect(page.get_by_role("alert")).to_contain_text("heliograph run")
    async with database.transaction() as conn:
        begun = await exports.begin(conn, 1, "here")
        assert begun is not None
        await exports.progress(conn, begun, done=2, total=5)
    await expect(entry).to_contain_text("2 of 5 messages")
    await expect(entry.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    async with database.transaction() as conn:
        await exports.put_back(conn, begun)
    async with worker():
        await expect(entry).to_have_attribute("data-state", "done")


async def test_export_is_cancelled_asked_for_again_and_deleted(open_page: OpenPage) -> None:
    page = await open_page("/status")
    await page.get_by_role("link", name="Exports").click()
    await expect(page.get_by_text("Nothing was exported yet")).to_be_visible()
    await ask(page)
    first = page.locator('li[data-export="1"]')
    await first.get_by_role("button", name="Cancel").click()
    await expect(first).to_contain_text("Cancelled")
    await first.get_by_role("button", name="Ask again").click()
    await expect(page.locator('li[data-export="2"]')).to_have_attribute("data-state", "queued")
    await first.get_by_role("button", name="Delete").click()
    await expect(first).to_have_count(0)


async def test_deleting_a_finished_export_asks_first(
    open_page: OpenPage, worker: Worker, settings: config.Settings
) -> None:
    page = await open_page("/exports")
    async with worker():
        await ask(page)
        entry = page.locator('li[data-export="1"]')
        await expect(entry).to_have_attribute("data-state", "done")
    await entry.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete export 1?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(entry).to_have_count(1)
    await entry.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(entry).to_have_count(0)
    assert list(settings.exports_folder.iterdir()) == []


async def test_why_an_export_failed_is_told(open_page: OpenPage, database: store_database.Database) -> None:
    page = await open_page("/exports")
    await ask(page)
    async with database.transaction() as conn:
        await conn.execute("DELETE FROM procrastinate_jobs")
        await exports.fail_lost(conn, keep=timedelta(days=1))
    await expect(page.locator('li[data-export="1"]')).to_contain_text("ask for it again")


async def test_sender_is_found_by_name(open_page: OpenPage, database: store_database.Database) -> None:
    async with database.connection() as conn:
        await conn.execute("INSERT INTO users (user_id, first_name, username) VALUES (4242, 'Tuulikki', 'tuuli')")
    page = await open_page("/exports")
    await page.get_by_role("button", name="New export").click()
    form = page.get_by_role("dialog", name="New export")
    await form.get_by_placeholder("Everyone").fill("tuu")
    await page.get_by_role("option", name="Tuulikki (@tuuli)").click()
    await form.get_by_role("button", name="Export", exact=True).click()
    await expect(page.locator('li[data-export="1"]')).to_contain_text("by sender 4242")


async def test_end_before_the_beginning_cannot_be_asked_for(open_page: OpenPage) -> None:
    page = await open_page("/exports")
    await page.get_by_role("button", name="New export").click()
    form = page.get_by_role("dialog", name="New export")
    await form.get_by_label("From").fill("2026-03-02")
    await form.get_by_label("To", exact=True).fill("2026-03-01")
    await expect(form.get_by_text("The last day is before the first.")).to_be_visible()
    await expect(form.get_by_role("button", name="Export", exact=True)).to_be_disabled()


async def test_exports_are_asked_for_and_gone_through_by_keyboard(open_page: OpenPage) -> None:
    page = await open_page("/exports")
    opener = page.get_by_role("button", name="New export")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
    for _ in range(2):
        await ask(page)
    await expect(page.locator("li[data-export]")).to_have_count(2)
    await page.locator('li[data-export="2"]').focus()
    await page.keyboard.press("j")
    await expect(page.locator('li[data-export="1"]')).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator('li[data-export="1"]').get_by_role("button", name="Cancel")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_exports_have_no_accessibility_faults_and_nothing_sticks_out(
    open_page: OpenPage, worker: Worker, axe: str, scheme: str, width: int
) -> None:
    page = await open_page("/exports", width=width, scheme=scheme)
    async with worker():
        await ask(page)
        await expect(page.locator('li[data-export="1"]')).to_have_attribute("data-state", "done")
    await ask(page)
    await expect(page.locator("li[data-export]")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="New export").click()
    form = page.get_by_role("dialog", name="New export")
    await form.get_by_role("radio", name="CSV").check()
    await expect(form.get_by_text("Excel")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await violations(page, axe) == []
