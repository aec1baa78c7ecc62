"""Texts of either direction: what is clipped keeps its beginning, and the page's own sentences run left to right."""

from __future__ import annotations

import pytest
from playwright import async_api as playwright
from playwright.async_api import expect

from .conftest import OpenPage, Story

ARABIC = "اجتمعنا اليوم عند المرفأ لنتفقد المرايا القديمة ثم مشينا معا إلى المنارة قبل غروب الشمس بقليل وعدنا "
NAME = "جمعية أصدقاء المنارة القديمة ومراقبي السفن العابرة في الخليج الشمالي الكبير"

# Whether the first characters of each element's text are inside it and inside all that clips it.
BEGINNING_SHOWS = """(all) => all.map((element) => {
    const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
    const range = document.createRange();
    range.setStart(text, 0);
    range.setEnd(text, 4);
    const start = range.getBoundingClientRect();
    for (let box = element; box && box.closest('a, button, header'); box = box.parentElement) {
        if (getComputedStyle(box).overflowX === 'visible') continue;
        const { left, right } = box.getBoundingClientRect();
        if (start.left < left - 1 || start.right > right + 1) return false;
    }
    return element.scrollWidth > element.clientWidth;
})"""


async def beginnings(found: playwright.Locator) -> list[bool]:
    shown: list[bool] = await found.evaluate_all(BEGINNING_SHOWS)
    return shown


@pytest.mark.parametrize("width", [1280, 360])
async def test_clipped_lines_of_the_list_keep_their_beginning(open_page: OpenPage, story: Story, width: int) -> None:
    await story.begin(2, title=NAME)
    photo = {"kind": "photo", "id": 1, "width": 640, "height": 480}
    await story.post(story.message(3, ARABIC, media=photo, sender_id=11))
    page = await open_page("/", width=width)
    chat = page.locator(f'a[data-chat="{story.chat_id}"]')
    await expect(chat).to_contain_text("Photo")
    assert await beginnings(chat.get_by_text(NAME)) == [True]
    assert await beginnings(chat.get_by_text(ARABIC.strip())) == [True]


async def test_clipped_reply_keeps_its_beginning(open_page: OpenPage, story: Story) -> None:
    await story.begin(2, title=NAME)
    await story.post(
        story.message(3, ARABIC * 3, sender_id=11),
        story.message(4, "Seen", sender_id=11, reply_to_message_id=3),
    )
    page = await open_page(story.path, width=360)
    reply = page.locator('article[data-message="4"] [data-reply]')
    await expect(reply).to_contain_text(ARABIC[:40])
    assert await beginnings(reply.get_by_text(ARABIC[:40])) == [True]
    assert await beginnings(page.get_by_role("heading", name=NAME)) == [True]


async def test_service_line_names_who_before_what(open_page: OpenPage, story: Story) -> None:
    await story.begin(2)
    await story.post(story.message(3, "", sender_id=12, service={"type": "pin_message", "message_id": 1}))
    page = await open_page(story.path)
    lines = [
        page.locator('article[data-message="3"]').get_by_text("pinned a message"),
        page.locator(f'a[data-chat="{story.chat_id}"]').get_by_text("pinned a message"),
    ]
    names = page.locator("bdi").get_by_text("ليلى", exact=True)
    for line in lines:
        await expect(line).to_be_visible()
    right_of_name = """(verb) => {
        const row = verb.closest('article, a');
        const name = [...row.querySelectorAll('bdi')].find((each) => each.textContent === 'ليلى');
        const range = document.createRange();
        range.selectNodeContents(verb.lastChild);
        return name.getBoundingClientRect().right <= range.getBoundingClientRect().left + 1;
    }"""
    assert await names.count() >= len(lines)
    assert [await line.evaluate(right_of_name) for line in lines] == [True, True]


async def test_header_of_a_narrow_chat_says_how_much_is_mirrored(open_page: OpenPage, story: Story) -> None:
    await story.begin(12)
    page = await open_page(story.path, width=360)
    for fact in ("213 members", "12 mirrored"):
        shown = page.locator("header").get_by_text(fact)
        await expect(shown).to_be_visible()
        box = await shown.bounding_box()
        header = await page.locator("main header").bounding_box()
        assert box is not None and header is not None
        assert box["x"] + box["width"] <= 360 - 88
        assert box["y"] + box["height"] <= header["y"] + header["height"]
        assert await shown.evaluate("(element) => element.scrollWidth <= element.clientWidth + 1")
