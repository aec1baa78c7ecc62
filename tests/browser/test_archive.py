"""The HTML archive in a real Chromium, opened from its folder without any network."""

from __future__ import annotations

import asyncio
import io
import itertools
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import LocalStore
from playwright import async_api as playwright
from playwright.async_api import expect
from tests.exchange import told

from heliograph import config
from heliograph.exchange import media
from heliograph.exchange.export import html
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.store import database as store_database
from heliograph.store.reads import exported

from .conftest import CHROMIUM_OPTIONS, Story
from .test_access import everything, violations

PAGE = "chats/channel4711/page-0001.html"


def picture(width: int = 640, height: int = 400) -> bytes:
    """A PNG of the evening sky, without any library."""
    rows = b"".join(b"\0" + bytes((250, 200 - y // 4, 120 + y // 5)) * width for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


async def attach(database: store_database.Database, story: Story, message_id: int, kept: media.Stored) -> None:
    """Say that a message's file is in media storage, as a download does."""
    async with database.transaction() as conn:
        await conn.execute(
            "INSERT INTO media (sha256, size, mime_type) VALUES (%s, %s, 'image/png')", [kept.sha256, kept.size]
        )
        await conn.execute(
            "UPDATE message_media SET sha256 = %s, state = 'stored' WHERE space_id = %s AND message_id = %s",
            [kept.sha256, story.space_id, message_id],
        )


@pytest.fixture
async def archive(settings: config.Settings, database: store_database.Database, story: Story, tmp_path: Path) -> Path:
    """A chat with each kind of thing, exported."""
    await everything(story)
    photo = {"kind": "photo", "id": 5, "width": 640, "height": 400}
    missing = {"kind": "document", "id": 6, "file_name": "timetable.pdf", "size": 234_000}
    await story.post(
        story.message(49, "The light this morning", media=photo),
        story.message(50, "", media=missing, reply_to_message_id=49),
    )
    storage = media.open_storage(settings)
    await attach(database, story, 49, await storage.put(io.BytesIO(picture())))
    out = tmp_path / "archive"
    await exports.export(database, storage, requests.Request(format="html", with_revisions=True), out)
    return out


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[playwright.Browser]:
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        await browser.close()


async def test_archive_is_accessible_and_fits_the_screen(browser: playwright.Browser, archive: Path, axe: str) -> None:
    for scheme, width in itertools.product(("light", "dark"), (1280, 360)):
        context = await browser.new_context(
            offline=True,
            viewport={"width": width, "height": 740},
            color_scheme=scheme,  # type: ignore[arg-type]
            # axe is the test's, not the archive's.
            bypass_csp=True,
        )
        page = await context.new_page()
        for path in ("index.html", "chats/channel4711/index.html", PAGE):
            await page.goto((archive / path).as_uri())
            assert await violations(page, axe) == [], (path, scheme, width)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, scheme, width)
        await context.close()


async def test_words_without_end_stay_within_the_narrowest_screen(browser: playwright.Browser, tmp_path: Path) -> None:
    endless = "Donaudampfschifffahrtsgesellschaft" * 8
    keys = ("title", "file_name", "url", "site_name", "description", "performer", "address", "first_name", "question")
    media_of = dict.fromkeys(keys, endless) | {"options": [endless]}
    kinds = ("document", "web_page", "venue", "audio", "contact", "poll")
    named = told.PEOPLE | {13: exported.Person(peer_id=13, name=endless, username=endless)}
    chat = replace(
        told.CHAT, title=endless, username=endless, kind="forum", topics=(exported.Topic(topic_id=7, title=endless),)
    )
    marks = {"entities": [["pre", 0, 9, endless]], "earlier": (endless,), "via_bot_id": 13, "topic_id": 7}
    said = {"forward": {"from_name": endless}, "reply_to_message_id": 1, "reply_quote": endless}
    messages = [
        told.message(1, endless, people=named, author_signature=endless, **marks),
        told.message(2, endless, sender_id=13, people=named, **said, counters={"reactions": [{"emoji": endless}]}),
        told.message(3, service={"type": "chat_edit_title", "title": endless}, sender_id=13, people=named),
        *(told.message(number, media={"kind": kind, **media_of}) for number, kind in enumerate(kinds, 4)),
    ]
    (tmp_path / "out").mkdir()
    writer = html.Writer(tmp_path / "out", requests.Request(format="html"), None)
    await writer.begin_chat(chat)
    await writer.write(messages)
    await writer.end_chat()
    await writer.close()
    page = await browser.new_page(viewport={"width": 360, "height": 740})
    for path in ("index.html", "chats/channel4711/index.html", PAGE):
        await page.goto((tmp_path / "out" / path).as_uri())
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_archive_is_whole_under_its_own_policy(browser: playwright.Browser, archive: Path) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    context = await browser.new_context(offline=True)
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto((archive / "index.html").as_uri())
    await page.get_by_role("link", name="Harbour watch", exact=True).click()
    assert page.url.endswith(f"{PAGE}#m50")
    await page.locator("#m49 img").scroll_into_view_if_needed()
    await expect(page.locator("#m49 img")).to_have_js_property("naturalWidth", 640)
    # The style sheet is in force: its colour is that of a message that was led to.
    assert await page.locator("#m50").evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(253, 237, 208)"
    await page.locator("#m50 .reply").click()
    assert page.url.endswith("#m49")
    assert complaints == []
    assert {url.split(":")[0] for url in asked} == {"file"}


async def test_keyboard_shows_hidden_words_and_earlier_texts(browser: playwright.Browser, archive: Path) -> None:
    context = await browser.new_context(offline=True)
    page = await context.new_page()
    await page.goto((archive / PAGE).as_uri())
    hidden = page.locator("#m42 .spoiler span")
    await expect(hidden).to_be_hidden()
    await page.get_by_label("Show hidden words").focus()
    await page.keyboard.press("Space")
    await expect(hidden).to_be_visible()
    await page.locator("#m41 summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#m41 details .text")).to_have_text("First words")


SCRIPT = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><script>console.log("ran")</script></body></html>'
ENDINGS = (".xhtm", ".shtm", ".ehtml", ".atom", ".xbl", ".svg", ".unheard", "", ".json", ".docx")
"""Some with which Chromium runs a file, one that nobody knows, none, and two that may stay."""


async def test_no_file_that_somebody_sent_runs_when_it_is_opened(browser: playwright.Browser, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    storage = media.Storage(LocalStore(tmp_path / "media"), tmp_path / "media")
    kept = await storage.put(io.BytesIO(SCRIPT))
    file = exported.StoredFile(state="stored", sha256=kept.sha256, size=kept.size)
    (tmp_path / "out").mkdir()
    writer = html.Writer(tmp_path / "out", requests.Request(format="html"), storage)
    await writer.begin_chat(told.CHAT)
    await writer.write([
        # One content is one file, unless the kind is another.
        told.message(place, media={"kind": f"document{place}", "file_name": f"a{ending}"}, file=file)
        for place, ending in enumerate(ENDINGS, 1)
    ])  # fmt: skip
    await writer.end_chat()
    await writer.close()
    page = await (await browser.new_context(offline=True)).new_page()
    ran: list[str] = []
    opened = asyncio.Event()
    page.on("console", lambda message: ran.append(message.location["url"]))
    page.on("framenavigated", lambda frame: opened.set())
    page.on("download", lambda download: opened.set())
    for place in range(1, len(ENDINGS) + 1):
        await page.goto((tmp_path / "out" / PAGE).as_uri())
        opened.clear()
        await page.locator(f"#m{place} a.card").click()
        async with asyncio.timeout(20):
            await opened.wait()
        await page.wait_for_load_state()
    assert ran == []
