"""Finding a message and reading it where it stands."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.async_api import expect

from .conftest import OpenPage, Story


async def test_hit_is_highlighted_and_opens_in_context(open_page: OpenPage, story: Story) -> None:
    await story.begin(200)
    page = await open_page("/search")
    await page.get_by_role("searchbox", name="Search for").fill('"Report 42"')
    hit = page.locator("a[data-hit]")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark").first).to_have_text("Report")
    await hit.click()
    found = page.locator('article[data-message="42"]')
    await expect(found).to_be_in_viewport()
    await expect(found).to_have_attribute("data-highlighted", "true")
    await expect(page.locator('article[data-message="41"]')).to_be_in_viewport()
    assert page.url.endswith(f"{story.path}?at=42")


async def test_search_lives_in_the_address(open_page: OpenPage, story: Story) -> None:
    await story.begin(40)
    page = await open_page(f"/search?q=report&chat={story.chat_id}&sender=12")
    await expect(page.get_by_role("searchbox", name="Search for")).to_have_value("report")
    await expect(page.get_by_text("Written by")).to_contain_text("ليلى")
    await expect(page.get_by_role("status").get_by_text("matches")).to_have_text("14 matches")
    await page.get_by_role("button", name="Search messages of everyone").click()
    await expect(page.get_by_role("status").get_by_text("matches")).to_have_text("40 matches")
    assert "sender" not in page.url


async def test_filters_by_kind_narrow_the_hits(open_page: OpenPage, story: Story) -> None:
    await story.begin(5)
    photo = {"kind": "photo", "id": 1, "width": 640, "height": 480}
    await story.post(story.message(6, "The lighthouse from the sea", media=photo), story.message(7, "The lighthouse"))
    page = await open_page("/search?q=lighthouse")
    await expect(page.locator("a[data-hit]")).to_have_count(2)
    await page.get_by_label("Kind").select_option("photo")
    await expect(page.locator("a[data-hit]")).to_have_count(1)
    await expect(page.locator('a[data-hit="6"]')).to_contain_text("Photo")


async def test_hits_beyond_the_first_page_are_shown_on_demand(open_page: OpenPage, story: Story) -> None:
    await story.begin(70)
    page = await open_page("/search?q=report")
    await expect(page.locator("a[data-hit]")).to_have_count(30)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("a[data-hit]")).to_have_count(60)


async def test_nothing_found_says_so(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    page = await open_page("/search?q=unfindable")
    await expect(page.get_by_text("Nothing found")).to_be_visible()


async def test_reversed_dates_are_named_and_can_be_swapped(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    first, last = (story.now - timedelta(days=3)).date(), (story.now + timedelta(days=1)).date()
    page = await open_page(f"/search?q=report&from={last}&to={first}")
    await expect(page.get_by_text("The dates are reversed")).to_be_visible()
    await expect(page.get_by_label("From")).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="Swap the dates").click()
    await expect(page.locator("a[data-hit]")).to_have_count(3)
    await expect(page.get_by_label("From")).to_have_value(str(first))


async def test_escape_clears_the_search_and_then_leaves_it(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    page = await open_page("/search?q=report")
    await expect(page.locator("a[data-hit]")).to_have_count(3)
    box = page.get_by_role("searchbox", name="Search for")
    await expect(box).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(box).to_have_value("")
    await expect(page.get_by_text("What are you looking for?")).to_be_visible()
    await expect(box).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("searchbox", name="Filter chats by name")).to_be_focused()
    await expect(page).to_have_url(re.compile(r"//[^/]+/$"))
