"""What only an imported file told of is marked wherever it is read."""

from __future__ import annotations

from dataclasses import replace

from playwright.async_api import expect

from heliograph.domain import records
from heliograph.store import imports

from .conftest import OpenPage, Story


async def bring(story: Story, *messages: records.Message) -> None:
    """Import messages into the story's chat, which stays as it is when it is known."""
    chat = records.Chat(
        chat_id=story.chat_id, space_id=story.space_id, kind="supergroup", title="Harbour watch", is_min=True
    )
    rows = [replace(each, as_of=records.IMPORTED_AS_OF, layer=0) for each in messages]
    async with story.database.transaction() as conn:
        await imports.fill(conn, chat, [imports.Filled(message=row) for row in rows])


async def test_imported_message_is_marked_until_telegram_tells_of_it(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    claimed = story.message(4, "Claimed", sender_id=11)
    await bring(story, claimed, story.message(5, "Claimed as well", sender_id=11), story.message(3, "Claimed before"))
    page = await open_page(story.path)
    first = page.locator('article[data-message="4"]')
    second = page.locator('article[data-message="5"]')
    mark = page.get_by_text("imported", exact=True)
    await expect(mark).to_have_count(1)
    await expect(first).to_contain_text("imported")
    await expect(mark).to_have_attribute("title", "From an imported file; Telegram has not confirmed it")
    # What is seen once for a group is heard with each message of it.
    for article in (first, second):
        assert (await article.get_attribute("aria-label") or "").endswith(", imported")
    await page.get_by_role("button", name="Edited").click()
    texts = page.get_by_role("dialog").get_by_role("listitem")
    await expect(texts).to_have_count(2)
    await expect(texts.first).to_contain_text("from an imported file")
    await expect(texts.last).not_to_contain_text("imported")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await story.post(replace(claimed, as_of=story.pts))
    await expect(first).not_to_contain_text("imported")
    # The other one has nobody above it to speak for it any more.
    await expect(second).to_contain_text("imported")


async def test_chat_of_imports_says_so_once_and_its_hits_each(open_page: OpenPage, story: Story) -> None:
    await story.commit("peers", users=story.users)
    await bring(story, story.message(1, "Claimed"), story.message(2, "Claimed as well"))
    page = await open_page(story.path)
    await expect(page.get_by_role("note")).to_have_text(
        "Everything here comes from imported files; Telegram has not confirmed it."
    )
    await expect(page.get_by_role("article")).to_have_count(2)
    await expect(page.get_by_role("feed")).not_to_contain_text("imported")
    await page.goto("/search?q=claimed")
    await expect(page.get_by_role("list", name="Matches").get_by_text("imported", exact=True)).to_have_count(2)
