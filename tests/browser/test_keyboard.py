"""Reading by keyboard alone: wherever one arrives, the next key goes on from there."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from .conftest import OpenPage, Story

NOWHERE = "() => document.activeElement === document.body"


@pytest.mark.parametrize("key", ["j", "k", "ArrowDown", "ArrowUp"])
async def test_first_key_after_loading_enters_the_list(open_page: OpenPage, story: Story, key: str) -> None:
    await story.begin(5)
    page = await open_page("/")
    chat = page.locator(f'a[data-chat="{story.chat_id}"]')
    await expect(chat).to_be_visible()
    assert await page.evaluate(NOWHERE)
    await page.keyboard.press(key)
    await expect(chat).to_be_focused()


async def test_first_key_in_an_open_chat_enters_its_messages(open_page: OpenPage, story: Story) -> None:
    await story.begin(40)
    page = await open_page(story.path)
    await expect(page.locator('article[data-message="40"]')).to_be_in_viewport()
    assert await page.evaluate(NOWHERE)
    await page.keyboard.press("k")
    await expect(page.locator('article[data-message="40"]')).to_be_focused()
    await page.keyboard.press("k")
    await expect(page.locator('article[data-message="39"]')).to_be_focused()


@pytest.mark.parametrize("width", [1280, 360])
async def test_chat_opened_by_keyboard_is_read_on_at_its_newest_message(
    open_page: OpenPage, story: Story, width: int
) -> None:
    await story.begin(80)
    page = await open_page("/", width=width)
    await expect(page.locator(f'a[data-chat="{story.chat_id}"]')).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator('article[data-message="80"]')).to_be_focused()
    await page.keyboard.press("k")
    await expect(page.locator('article[data-message="79"]')).to_be_focused()


async def test_chat_opened_by_pointer_leaves_the_focus_in_the_list(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    page = await open_page("/")
    chat = page.locator(f'a[data-chat="{story.chat_id}"]')
    await chat.click()
    await expect(page.locator('article[data-message="20"]')).to_be_in_viewport()
    await expect(chat).to_be_focused()


async def test_match_opened_in_context_has_the_focus(open_page: OpenPage, story: Story) -> None:
    await story.begin(200)
    page = await open_page('/search?q="report 42"')
    await expect(page.locator("a[data-hit]")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("a[data-hit]")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator('article[data-message="42"]')).to_be_focused()
    await expect(page.locator('article[data-message="42"]')).to_be_in_viewport()
    await page.keyboard.press("j")
    await expect(page.locator('article[data-message="43"]')).to_be_focused()


async def test_closed_history_gives_the_focus_back_to_the_message(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    message = story.message(21, "We meet at nine")
    await story.post(message)
    await story.edit(message, "We meet at ten")
    page = await open_page(story.path)
    edited = page.locator('article[data-message="21"]').get_by_role("button", name="Edited")
    await edited.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Edit history").locator("ins")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(edited).to_be_focused()
    await page.keyboard.press("k")
    await expect(page.locator('article[data-message="20"]')).to_be_focused()


async def test_keys_in_a_dialog_do_not_move_the_messages_behind_it(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    message = story.message(21, "We meet at nine")
    await story.post(message)
    await story.edit(message, "We meet at ten")
    page = await open_page(story.path)
    await page.locator('article[data-message="21"]').get_by_role("button", name="Edited").click()
    close = page.get_by_role("dialog", name="Edit history").get_by_role("button", name="Close")
    await close.focus()
    await page.keyboard.press("k")
    await expect(page.locator('article[data-message="21"]')).to_have_attribute("tabindex", "0")
    await expect(close).to_be_focused()


async def test_closed_date_dialog_gives_the_focus_back_to_its_button(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    page = await open_page(story.path)
    button = page.get_by_role("button", name="Jump to a date")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Day")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_jump_to_a_date_goes_on_from_the_day(open_page: OpenPage, story: Story) -> None:
    await story.begin(600)
    page = await open_page(story.path)
    await page.get_by_role("button", name="Jump to a date").click()
    await page.get_by_label("Day").fill(story.message(1, "", age=400).date.date().isoformat())
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"\?at=\d+$"))
    at = int(page.url.rpartition("=")[2])
    await expect(page.locator(f'article[data-message="{at}"]')).to_be_focused()
