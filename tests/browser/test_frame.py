"""The frame: narrow screens, colours, the keyboard."""

from __future__ import annotations

import re
from dataclasses import replace

from playwright import async_api as playwright
from playwright.async_api import expect

from heliograph.domain import records

from .conftest import OpenPage, Story

LONG = "https://example.org/" + "a-very-long-address-without-any-break/" * 8
PAGES = ["/", "{chat}", "/search?q=report", "/status", "/integrity", "/dead-letters"]


async def test_narrow_screen_shows_the_list_or_the_chat(open_page: OpenPage, story: Story) -> None:
    await story.begin(40)
    page = await open_page("/", width=360)
    chat = page.locator(f'a[data-chat="{story.chat_id}"]')
    await chat.click()
    await expect(page.locator('article[data-message="40"]')).to_be_in_viewport()
    await expect(chat).to_be_hidden()
    await page.get_by_role("link", name="Back to the chats").click()
    await expect(chat).to_be_visible()
    await expect(page.locator("article")).to_have_count(0)


async def test_nothing_sticks_out_at_360_pixels(open_page: OpenPage, story: Story) -> None:
    await story.begin(10)
    file = {"kind": "document", "id": 1, "mime_type": "application/pdf", "size": 9, "file_name": "x" * 200 + ".pdf"}
    await story.post(
        story.message(11, LONG, entities=[["url", 0, len(LONG)]]),
        story.message(12, "line\n" * 3 + "y" * 400, entities=[["pre", 0, 415]]),
        story.message(13, "", media=file),
    )
    for path in PAGES:
        page = await open_page(path.format(chat=story.path), width=360)
        await expect(page.get_by_role("main")).to_be_attached()
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        # Only code and the row of topics may scroll sideways.
        wider = await page.locator("body *:not(pre, pre *, ul, .visually-hidden)").evaluate_all(
            """(all) => all
                .filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowX))
                .filter((element) => element.scrollWidth > element.clientWidth + 1)
                .map((element) => element.className)"""
        )
        assert wider == []
        await page.close()


async def test_controls_are_large_enough_for_a_thumb(open_page: OpenPage, story: Story) -> None:
    await story.begin(40)
    for path in PAGES:
        page = await open_page(path.format(chat=story.path), width=360)
        await page.wait_for_load_state("networkidle")
        small = await page.locator("button, a, select, input").evaluate_all(
            """(all) => all
                .filter((element) => element.checkVisibility() && !element.closest('[dir="auto"], .skip-link'))
                .filter((element) => {
                    const grown = parseFloat(getComputedStyle(element, '::after').height) || 0;
                    return Math.max(element.getBoundingClientRect().height, grown) < 43.5;
                })
                .map((element) => element.outerHTML.slice(0, 120))"""
        )
        assert small == []
        await page.close()


async def test_colours_follow_the_system_until_they_are_chosen(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    page = await open_page("/", scheme="dark")
    assert await _scheme(page) == "dark"
    await page.get_by_role("button", name="Use light colours").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Use dark colours")).to_be_visible()
    assert await _scheme(page) == "light"


async def _scheme(page: playwright.Page) -> str:
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return "light" if background == "rgb(246, 247, 249)" else "dark"


async def test_list_and_messages_are_read_by_keyboard(open_page: OpenPage, story: Story) -> None:
    await story.begin(80)
    page = await open_page("/")
    await expect(page.locator(f'a[data-chat="{story.chat_id}"]')).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("searchbox", name="Filter chats by name")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(f'a[data-chat="{story.chat_id}"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator('article[data-message="80"]')).to_be_in_viewport()
    await expect(page.locator('article[data-message="80"]')).to_have_attribute("tabindex", "0")
    skip = page.get_by_role("link", name="Skip to the content")
    await skip.focus()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator('article[data-message="80"]')).to_be_focused()
    for _ in range(30):
        await page.keyboard.press("k")
    await expect(page.locator('article[data-message="50"]')).to_be_focused()
    await expect(page.locator('article[data-message="50"]')).to_be_in_viewport()
    await page.keyboard.press("j")
    await expect(page.locator('article[data-message="51"]')).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.locator('article[data-message="80"]')).to_be_focused()
    await page.keyboard.press("Home")
    await expect(page.locator('article[data-message="80"]')).not_to_be_in_viewport()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox", name="Search for")).to_be_focused()
    assert f"chat={story.chat_id}" in page.url
    await page.keyboard.type("report")
    await expect(page.locator("a[data-hit]").first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("a[data-hit]").first).to_be_focused()
    await page.keyboard.press("j")
    await expect(page.locator("a[data-hit]").nth(1)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"//[^/]+/$"))


async def test_filter_narrows_the_list(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    other = records.Chat(chat_id=-77, space_id=-5, kind="group", title="Книжный клуб")  # type: ignore[arg-type]
    greeting = replace(story.message(1, "Привет"), space_id=-5, chat_id=-77)  # type: ignore[arg-type]
    await story.commit("peers", chats=[other])
    await story.post(greeting)
    page = await open_page("/")
    await expect(page.locator("a[data-chat]")).to_have_count(2)
    await page.get_by_role("searchbox", name="Filter chats by name").fill("книж")
    await expect(page.locator("a[data-chat]")).to_have_count(1)
    await page.get_by_role("searchbox", name="Filter chats by name").fill("nothing")
    await expect(page.get_by_text("No chat matches")).to_be_visible()


async def test_new_messages_are_announced(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    page = await open_page(story.path)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await expect(page.locator('article[data-message="3"]')).to_be_visible()
    await story.post(story.message(4, "Hear this"))
    await expect(page.locator('[aria-live="polite"]')).to_have_text("1 new message in Harbour watch", timeout=10_000)


async def test_status_counts_what_is_stored(open_page: OpenPage, story: Story) -> None:
    await story.begin(25)
    await story.delete(5)
    page = await open_page("/status")
    for name, value in (("Chats", "1"), ("Messages", "25"), ("Deletions kept", "1")):
        figure = page.locator("dl > div").filter(has=page.get_by_text(name, exact=True))
        await expect(figure.locator("dd").first).to_have_text(value)
