"""Reading a chat while things happen in it."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright import async_api as playwright
from playwright.async_api import expect

from heliograph.domain import records

from .conftest import OpenPage, Site, Story, held


def article(page: playwright.Page, message_id: int) -> playwright.Locator:
    return page.locator(f'article[data-message="{message_id}"]')


async def top_of(locator: playwright.Locator) -> float:
    box = await locator.bounding_box()
    assert box is not None
    return box["y"]


async def test_chat_opens_at_its_newest_message(open_page: OpenPage, story: Story) -> None:
    await story.begin(120)
    page = await open_page(story.path)
    await expect(article(page, 120)).to_be_in_viewport()
    await expect(page.get_by_role("heading", name="Harbour watch")).to_be_visible()


async def test_live_message_is_followed_at_the_end(open_page: OpenPage, story: Story) -> None:
    await story.begin(60)
    page = await open_page(story.path)
    await expect(article(page, 60)).to_be_in_viewport()
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await story.post(story.message(61, "A ship enters the harbour"))
    await expect(article(page, 61)).to_be_in_viewport()
    await expect(page.locator(f'a[data-chat="{story.chat_id}"]')).to_contain_text("A ship enters the harbour")


async def test_live_messages_wait_below_without_moving_the_reader(open_page: OpenPage, story: Story) -> None:
    await story.begin(120)
    page = await open_page(f"{story.path}?at=100")
    await expect(article(page, 100)).to_be_in_viewport()
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await page.locator("[data-timeline]").hover()
    await page.mouse.wheel(0, -400)
    anchor = article(page, 95)
    await expect(anchor).to_be_in_viewport()
    before = await steady_top(page, anchor)
    for number in range(121, 126):
        await story.post(story.message(number, f"News {number}"))
    button = page.get_by_role("button", name="5 new messages")
    await expect(button).to_be_visible()
    assert abs(await top_of(anchor) - before) < 1
    await button.click()
    await expect(article(page, 125)).to_be_in_viewport()
    await expect(button).to_have_count(0)


async def steady_top(page: playwright.Page, locator: playwright.Locator) -> float:
    """Where something is once two frames in a row agree, which is when scrolling and measuring are over."""
    before = None
    async with asyncio.timeout(10):
        while (now := await top_of(locator)) != before:
            before = now
            await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return now


async def test_older_messages_join_above_without_moving_the_reader(open_page: OpenPage, story: Story) -> None:
    await story.begin(300)
    page = await open_page(story.path)
    await expect(article(page, 300)).to_be_in_viewport()
    feed = page.locator('[role="feed"]')
    await expect(feed).to_have_attribute("aria-busy", "false")
    async with held(page, re.compile(r"/messages\?.*before=")) as asked:
        await page.locator("[data-timeline]").hover()
        async with asyncio.timeout(15):
            while not asked.is_set():
                await page.mouse.wheel(0, -600)
                await page.evaluate("() => new Promise(requestAnimationFrame)")
        # The very top is the hardest place: what is above it changes.
        await page.locator("[data-timeline]").evaluate("(element) => element.scrollTo(0, 0)")
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        first = page.locator("article").first
        anchor = article(page, int(await first.get_attribute("data-message") or 0))
        before = await steady_top(page, anchor)
        height = await feed.evaluate("(element) => element.offsetHeight")
    await page.wait_for_function(
        "(height) => document.querySelector('[role=feed]').offsetHeight > height + 500", arg=height
    )
    assert abs(await steady_top(page, anchor) - before) < 1


async def test_reading_up_to_the_beginning_shows_every_message_once(open_page: OpenPage, story: Story) -> None:
    await story.begin(230)
    page = await open_page(story.path)
    await expect(article(page, 230)).to_be_in_viewport()
    seen: set[int] = set()
    async with asyncio.timeout(60):
        while 1 not in seen:
            shown = await page.locator("article").evaluate_all(
                "(all) => all.map((element) => Number(element.dataset.message))"
            )
            assert shown == sorted(set(shown))
            seen.update(shown)
            await page.locator("[data-timeline]").evaluate("(element) => element.scrollBy(0, -500)")
            await page.evaluate("() => new Promise(requestAnimationFrame)")
    assert seen == set(range(1, 231))


async def test_edit_shows_its_history(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    page = await open_page(story.path)
    message = story.message(21, "We meet at nine")
    await story.post(message)
    await expect(article(page, 21)).to_contain_text("We meet at nine")
    message = await story.edit(message, "We meet at ten")
    await story.edit(message, "We meet at ten sharp")
    await expect(article(page, 21)).to_contain_text("We meet at ten sharp")
    await article(page, 21).get_by_role("button", name="Edited").click()
    dialog = page.get_by_role("dialog", name="Edit history")
    await expect(dialog.locator("li")).to_have_count(3)
    await expect(dialog.locator("li").first).to_contain_text("We meet at nine")
    await expect(dialog.locator("del")).to_have_text(["nine"])
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(article(page, 21)).to_be_visible()


async def test_rewritten_message_shows_its_old_and_new_text_whole(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    before, after = "We need two more people to help with the house", "أمطرت طوال اليوم، لذلك لم يأت أحد"
    message = story.message(4, before)
    await story.post(message)
    await story.edit(message, after)
    page = await open_page(story.path)
    await article(page, 4).get_by_role("button", name="Edited").click()
    dialog = page.get_by_role("dialog", name="Edit history")
    await expect(dialog.locator("del")).to_have_text([before])
    await expect(dialog.locator("ins")).to_have_text([after])
    old, new, whole = [
        await part.bounding_box()
        for part in (dialog.locator("del"), dialog.locator("ins"), dialog.locator("li").last.locator("p[dir]").last)
    ]
    assert old is not None and new is not None and whole is not None
    assert abs(old["x"] - whole["x"]) < 2
    assert abs(new["x"] + new["width"] - whole["x"] - whole["width"]) < 2


async def test_deleted_message_is_struck_through_and_keeps_its_text(open_page: OpenPage, story: Story) -> None:
    await story.begin(20)
    page = await open_page(story.path)
    await expect(article(page, 18)).to_be_in_viewport()
    await story.delete(18)
    await expect(article(page, 18).locator("del")).to_contain_text("Report 18.")
    await expect(article(page, 18)).to_contain_text("Deleted")
    decoration = (
        await article(page, 18).locator("del").evaluate("(element) => getComputedStyle(element).textDecorationLine")
    )
    assert decoration == "line-through"


async def test_reply_leads_to_the_message_it_answers(open_page: OpenPage, story: Story) -> None:
    await story.begin(200)
    await story.post(story.message(201, "Seen it too", reply_to_message_id=7))
    page = await open_page(story.path)
    reply = article(page, 201).locator("[data-reply]")
    await expect(reply).to_contain_text("Report 7.")
    await reply.click()
    await expect(article(page, 7)).to_be_in_viewport()
    await expect(article(page, 7)).to_have_attribute("data-highlighted", "true")
    assert page.url.endswith("?at=7")


async def test_album_reads_as_one_item(open_page: OpenPage, story: Story) -> None:
    await story.begin(10)
    pictures = [
        story.message(11 + n, "Four views" if n == 0 else "", sender_id=11, album_id=2**60,
                      media={"kind": "photo", "id": n, "width": 800, "height": 600})
        for n in range(4)
    ]  # fmt: skip
    await story.post(*pictures)
    page = await open_page(story.path)
    album = page.get_by_role("list", name="Album of 4")
    await expect(album.get_by_role("listitem")).to_have_count(4)
    await expect(article(page, 11)).to_contain_text("Four views")
    await expect(article(page, 12)).to_have_count(0)


async def test_forum_can_be_read_by_topic(open_page: OpenPage, story: Story) -> None:
    await story.begin(10, kind="forum")
    topics = [
        records.Topic(space_id=story.space_id, topic_id=1, title="General"),
        records.Topic(space_id=story.space_id, topic_id=5, title="Lenses", icon_color=0x6FB9F0),
    ]
    await story.commit("peers", topics=topics)
    await story.post(story.message(11, "A new lens", topic_id=5), story.message(12, "Lunch?", topic_id=1))
    page = await open_page(story.path)
    await page.get_by_role("navigation", name="Topics").get_by_role("link", name="Lenses").click()
    await expect(page.locator("article")).to_have_count(1)
    await story.post(story.message(13, "It is ground", topic_id=5), story.message(14, "Soup", topic_id=1))
    await expect(article(page, 13)).to_be_visible()
    await expect(article(page, 14)).to_have_count(0)


async def test_jump_to_a_date_opens_the_day(open_page: OpenPage, story: Story) -> None:
    await story.begin(1000)
    page = await open_page(story.path)
    day = (story.now.astimezone() - (story.now - story.message(1, "", age=700).date)).date()
    await page.get_by_role("button", name="Jump to a date").click()
    await page.get_by_label("Day").fill(day.isoformat())
    await page.get_by_role("button", name="Jump", exact=True).click()
    await expect(page).to_have_url(re.compile(r"\?at=\d+$"))
    at = int(page.url.rpartition("=")[2])
    await expect(article(page, at)).to_be_in_viewport()
    assert 100 < at < 500


async def test_connection_comes_back_without_missing_or_repeating(
    open_page: OpenPage, story: Story, site: Site
) -> None:
    await story.begin(30)
    page = await open_page(story.path)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await story.post(story.message(31, "Before the outage"))
    await expect(article(page, 31)).to_be_in_viewport()
    await site.stop()
    await expect(page.get_by_role("button", name="Offline").first).to_be_visible()
    await story.post(story.message(32, "During the outage"), story.message(33, "Still out"))
    await site.start()
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await story.post(story.message(34, "After the outage"))
    await expect(article(page, 34)).to_be_in_viewport()
    shown = await page.locator("article").evaluate_all("(all) => all.map((element) => Number(element.dataset.message))")
    assert [number for number in shown if number > 30] == [31, 32, 33, 34]


async def test_lost_epoch_makes_the_page_fetch_everything_again(open_page: OpenPage, story: Story, site: Site) -> None:
    await story.begin(30)
    page = await open_page(story.path)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await site.stop()
    await story.post(story.message(31, "Written in the old epoch"))
    async with story.database.transaction() as conn:
        await conn.execute("UPDATE outbox_counter SET epoch = epoch + 1, n = 0")
        await conn.execute("DELETE FROM outbox")
    await site.start()
    await expect(article(page, 31)).to_contain_text("Written in the old epoch")
    await expect(article(page, 31)).to_be_in_viewport()


@pytest.mark.parametrize("chat", ["-1000000099999", "abc", "1e99"])
async def test_unknown_chat_is_not_asked_for_again(open_page: OpenPage, story: Story, chat: str) -> None:
    await story.begin(3)
    page = await open_page(f"/chat/{chat}")
    await expect(page.get_by_role("main")).to_contain_text("There is no such chat here")
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Nothing here")).to_be_attached()


async def test_message_that_is_not_stored_is_missed_by_name(open_page: OpenPage, story: Story) -> None:
    await story.begin(40)
    line = "That message is not here"
    page = await open_page(f"{story.path}?at=999999")
    await expect(article(page, 40)).to_be_in_viewport()
    await expect(page.get_by_role("main")).to_contain_text(line)
    await page.goto(f"{story.path}?at=12")
    await expect(article(page, 12)).to_be_in_viewport()
    await expect(page.get_by_role("main")).not_to_contain_text(line)


async def test_page_that_could_not_load_can_be_retried(open_page: OpenPage, story: Story) -> None:
    await story.begin(3)
    page = await open_page("/")
    refused = re.compile(r"/messages")
    await page.route(refused, lambda route: route.fulfill(
        status=503, content_type="application/problem+json",
        body='{"type":"about:blank","title":"Busy","status":503,"detail":"The database rests."}'))  # fmt: skip
    await page.locator(f'a[data-chat="{story.chat_id}"]').click()
    await expect(page.get_by_role("alert")).to_contain_text("The database rests.")
    await page.unroute(refused)
    await page.get_by_role("button", name="Try again").click()
    await expect(article(page, 3)).to_be_visible()
