"""Dead letters on the page: found, replayed, discarded, and opened again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect
from telethon.tl import types

from heliograph.crawler import letters
from heliograph.domain import records
from heliograph.store import database as store_database
from heliograph.store import leases

from .conftest import OpenPage, Story
from .test_access import violations

UNREADABLE = b"\xef\xbe\xad\xde"


@pytest.fixture(autouse=True)
async def harbour(story: Story) -> None:
    await story.begin(3)


async def lose(story: Story, *raws: bytes, error: str = "TypeError at media.py:88 (Message)") -> None:
    """Let messages arrive that make no row; ``raws`` are their bytes, those of the next messages by default."""
    now = datetime.now(UTC)
    await story.commit(
        dead_letters=[
            records.DeadLetter(
                space_id=story.space_id,
                message_id=number,
                raw=raw or message(story, number),
                layer=229,
                error=error,
                chat_id=story.chat_id,
                as_of=100 + number,
                received_at=now,
            )
            for number, raw in enumerate(raws, 4)
        ]
    )


def message(story: Story, number: int) -> bytes:
    peer = types.PeerChannel(story.CHANNEL)
    return bytes(types.Message(id=number, peer_id=peer, date=datetime.now(UTC), message=f"Found again {number}"))


@contextlib.asynccontextmanager
async def crawler(database: store_database.Database) -> AsyncIterator[None]:
    """What of a crawler concerns letters: its lease, and the part that replays."""
    conn = await database.listen_connection()
    await leases.acquire(conn, "account:1", "here")
    serving = asyncio.create_task(letters.serve(database, private_chats=False))
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await conn.close()


async def test_no_dead_letters_are_good_news(open_page: OpenPage) -> None:
    page = await open_page("/status")
    await page.get_by_role("link", name="Dead letters").click()
    await expect(page.get_by_role("heading", name="Dead letters")).to_be_visible()
    await expect(page.get_by_text("That is good news")).to_be_visible()
    await expect(page.get_by_role("button", name="Replay all")).to_have_count(0)


async def test_replay_gives_the_message_and_leads_to_it(
    open_page: OpenPage, story: Story, database: store_database.Database
) -> None:
    await lose(story, b"", UNREADABLE)
    page = await open_page("/dead-letters")
    await expect(page.locator("a[data-letter]")).to_have_count(2)
    await expect(page.locator('a[data-letter="1"]')).to_contain_text("Harbour watch, message 4")
    await page.locator('a[data-letter="1"]').click()
    await expect(page.get_by_role("heading", name="Dead letter 1")).to_be_visible()
    await expect(page.get_by_text("TypeError at media.py:88 (Message)")).to_be_visible()
    async with crawler(database):
        await page.get_by_role("button", name="Replay").click()
        await expect(page.get_by_text("what it held is stored")).to_be_visible()
    await expect(page.get_by_role("button", name="Replay")).to_have_count(0)
    await page.get_by_role("link", name="Show the message").click()
    await expect(page.locator('article[data-message="4"]')).to_contain_text("Found again 4")


async def test_replay_that_fails_again_says_why_and_leaves_the_letter_open(
    open_page: OpenPage, story: Story, database: store_database.Database
) -> None:
    await lose(story, UNREADABLE)
    page = await open_page("/dead-letters/1")
    async with crawler(database):
        await page.get_by_role("button", name="Replay").click()
        await expect(page.get_by_role("alert")).to_contain_text("cannot be read by this version")
    await expect(page.get_by_role("button", name="Replay")).to_be_enabled()
    await expect(page.get_by_role("button", name="Discard")).to_be_enabled()


async def test_replay_without_a_crawler_says_what_to_do(open_page: OpenPage, story: Story) -> None:
    await lose(story, b"")
    page = await open_page("/dead-letters/1")
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("alert")).to_contain_text("heliograph run")


async def test_replaying_all_asks_first_and_tells_how_it_went(
    open_page: OpenPage, story: Story, database: store_database.Database
) -> None:
    await lose(story, b"", b"", UNREADABLE)
    page = await open_page("/dead-letters")
    async with crawler(database):
        await page.get_by_role("button", name="Replay all").click()
        dialog = page.get_by_role("dialog", name="Replay all open letters?")
        await dialog.get_by_role("button", name="Cancel").click()
        await expect(dialog).to_have_count(0)
        await expect(page.locator("a[data-letter]")).to_have_count(3)
        await page.get_by_role("button", name="Replay all").click()
        await dialog.get_by_role("button", name="Replay all").click()
        await expect(page.get_by_text("2 letters became rows; 1 failed again and stays open.")).to_be_visible()
    await expect(page.locator("a[data-letter]")).to_have_count(1)
    await page.get_by_role("button", name="Show closed ones too").click()
    await expect(page.locator("a[data-letter]")).to_have_count(3)
    await expect(page.locator('a[data-letter="1"]')).to_contain_text("replayed")


async def test_discarding_asks_first_and_can_be_undone(open_page: OpenPage, story: Story) -> None:
    await lose(story, b"")
    page = await open_page("/dead-letters/1")
    await page.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog", name="Discard letter 1?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert page.url.endswith("/dead-letters/1")
    await expect(page.get_by_role("button", name="Discard")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Discard")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Discarded.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Discard")).to_be_visible()
    await page.get_by_role("link", name="All dead letters").click()
    await expect(page.locator('a[data-letter="1"]')).to_contain_text("open")


async def test_letters_are_read_by_keyboard(open_page: OpenPage, story: Story) -> None:
    await lose(story, b"", b"", b"")
    page = await open_page("/dead-letters")
    await expect(page.locator("a[data-letter]")).to_have_count(3)
    await page.keyboard.press("j")
    await expect(page.locator('a[data-letter="3"]')).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.locator('a[data-letter="1"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Dead letter 1")).to_be_visible()


@pytest.mark.parametrize("letter", ["99", "nonsense", "0"])
async def test_letter_that_is_not_there_is_said_to_be_missing(open_page: OpenPage, letter: str) -> None:
    page = await open_page(f"/dead-letters/{letter}")
    await expect(page.get_by_text("There is no such letter here")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_pages_of_letters_have_no_accessibility_faults_and_nothing_sticks_out(
    open_page: OpenPage, story: Story, axe: str, scheme: str, width: int
) -> None:
    await lose(story, b"", error="ValueError at " + "a" * 90 + ".py:7")
    for path in ("/dead-letters", "/dead-letters/1"):
        page = await open_page(path, width=width, scheme=scheme)
        await expect(page.get_by_text("ValueError at").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await violations(page, axe) == []
