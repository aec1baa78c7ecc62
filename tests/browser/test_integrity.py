"""The Integrity page: every class, hole, loss and gap, by mouse and by keyboard, as it happens."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect
from tests.conftest import Rows

from heliograph.domain import records

from .conftest import OpenPage, Story, held
from .test_access import violations

MAILBOX, CLUB = -5, -77


@pytest.fixture
async def archive(story: Story, rows: Rows) -> Story:
    """A channel with two open holes, a loss and a late audit, a basic group, and two gaps."""
    await story.begin(40)
    space, chat = story.space_id, story.chat_id
    await story.delete(12)
    ranges = {"covered": "{[1,31),[33,41)}", "holes": "{[31,33),[41,61)}", "suspects": "{[41,46)}"}
    await rows.insert("coverage", {"space_id": space, "chat_id": chat, "as_of": 1, **ranges})
    await rows.insert("box_cursors", {"box": space, "pts": 90, "epoch": 1})
    club = records.Chat(chat_id=CLUB, space_id=MAILBOX, kind="group", title="Книжный клуб")  # type: ignore[arg-type]
    await story.commit("peers", chats=[club])
    await story.post(replace(story.message(1, "Привет"), space_id=MAILBOX, chat_id=CLUB))  # type: ignore[arg-type]
    await rows.insert("coverage", {"space_id": MAILBOX, "chat_id": CLUB, "as_of": 1, "covered": "{[1,9)}"})
    loss = {"from_pts": 3, "to_pts": 8, "since": rows.moment, "noticed_at": rows.moment + timedelta(hours=1)}
    await rows.insert("known_losses", {"space_id": space, "reason": "too_long", **loss})
    audit = {"tier": 2, "period_seconds": 2e6, "target_seconds": 604800.0, "checked": 1234, "edits_found": 2}
    await rows.insert("audits", {"space_id": space, "chat_id": chat, **audit})
    await notice(rows, space, closed=2.5)
    await notice(rows, space, minutes=9)
    return story


async def notice(rows: Rows, space_id: int, *, closed: float | None = None, minutes: int = 0) -> None:
    moment = rows.moment + timedelta(minutes=minutes)
    ending = {} if closed is None else {"closed_at": moment + timedelta(seconds=closed), "closed_by": "difference"}
    columns: dict[str, Any] = {"cause": "reconnected", "from_pts": 3, "to_pts": 8, "events": 5, "noticed_at": moment}
    columns["is_lost"] = closed is None
    await rows.insert("gaps", {"space_id": space_id, **columns, **ending})


async def test_page_says_what_is_here_owed_and_lost(open_page: OpenPage, archive: Story) -> None:
    page = await open_page("/status")
    await page.get_by_role("link", name="Integrity").click()
    await expect(page.get_by_text("Not complete: 2 open holes")).to_be_visible()
    whole = page.get_by_role("region", name="All chats")
    for name, count in (("Stored", "38"), ("Deleted", "1"), ("Open", "22")):
        figure = whole.locator("dl > div").filter(has=page.get_by_text(name, exact=True))
        await expect(figure.locator("dd").first).to_have_text(count)
    await expect(whole.get_by_text("2 of the open ids are here already")).to_be_visible()
    # The chat that owes something stands first.
    chats = page.locator("details[data-integrity]")
    await expect(chats).to_have_count(2)
    chat = chats.first
    await expect(chat).to_have_attribute("data-integrity", str(archive.chat_id))
    await expect(chat).to_contain_text("63.33 %")
    await chat.locator("summary").click()
    await expect(chat.get_by_text("31–32", exact=True)).to_be_visible()
    await expect(chat.get_by_text("41–60", exact=True)).to_be_visible()
    await expect(chat.get_by_text("took 23 d 3 h a round; 7 d is the target")).to_be_visible()
    await expect(chat.get_by_role("cell", name="23 d 3 h, late")).to_be_visible()
    await expect(page.get_by_text("More had happened than Telegram keeps")).to_be_visible()
    await chats.last.locator("summary").click()
    await expect(chats.last.get_by_text("shares ids 1 to 8")).to_be_visible()


async def test_gaps_are_filtered_and_the_address_keeps_the_filter(open_page: OpenPage, archive: Story) -> None:
    page = await open_page("/integrity")
    gaps = page.locator("li[data-gap]")
    await expect(gaps).to_have_count(2)
    await expect(gaps.first).to_contain_text("not closed yet")
    await expect(gaps.last).to_contain_text("closed by a difference after 2.5 s")
    await page.get_by_label("State").select_option("open")
    await expect(gaps).to_have_count(1)
    assert "open=1" in page.url
    await page.reload()
    await expect(gaps).to_have_count(1)
    await page.get_by_label("Chat", exact=True).select_option(str(CLUB))
    await expect(page.get_by_text("No gap matches.")).to_be_visible()
    await page.get_by_role("button", name="Clear the filter").click()
    await expect(gaps).to_have_count(2)


async def test_page_refreshes_by_itself(open_page: OpenPage, archive: Story, rows: Rows) -> None:
    page = await open_page("/integrity")
    await expect(page.get_by_text("Not complete: 2 open holes")).to_be_visible()
    async with rows.database.connection() as conn:
        await conn.execute("UPDATE coverage SET covered = '{[1,61)}', holes = '{}', suspects = '{}'")
    await notice(rows, archive.space_id, minutes=20)
    await expect(page.get_by_text("Complete: every id is stored")).to_be_visible(timeout=40_000)
    await expect(page.locator("li[data-gap]")).to_have_count(3, timeout=40_000)


async def test_page_is_read_by_keyboard(open_page: OpenPage, archive: Story) -> None:
    page = await open_page("/integrity")
    first, last = (page.locator("details[data-integrity] summary").nth(place) for place in (0, 1))
    await expect(first).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.get_by_role("region", name="Integrity", exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(first).to_be_focused()
    await page.keyboard.press("j")
    await expect(last).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("41–60", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("searchbox", name="Filter chats by name")).to_be_focused()


async def test_digest_is_worked_out_on_demand(open_page: OpenPage, archive: Story) -> None:
    page = await open_page("/integrity")
    await page.get_by_role("button", name="Work out the digest").click()
    await expect(page.get_by_role("region", name="Digest").get_by_text(re.compile("^[0-9a-f]{64}$"))).to_be_visible()


async def test_many_holes_come_page_by_page(open_page: OpenPage, archive: Story, rows: Rows) -> None:
    async with rows.database.connection() as conn:
        holes = "{" + ",".join(f"[{n},{n + 1})" for n in range(100, 350, 2)) + "}"
        await conn.execute("UPDATE coverage SET holes = %s WHERE chat_id = %s", [holes, archive.chat_id])
    page = await open_page("/integrity")
    chat = page.locator("details[data-integrity]").first
    await chat.locator("summary").click()
    await expect(chat.get_by_text("138", exact=True)).to_be_visible()
    await expect(chat.get_by_text("140", exact=True)).to_have_count(0)
    more = chat.get_by_role("button", name="Show more of 125")
    await more.click()
    await expect(chat.get_by_text("298", exact=True)).to_be_visible()
    await more.click()
    await expect(chat.get_by_text("348", exact=True)).to_be_visible()
    await expect(more).to_have_count(0)


async def test_page_tells_loading_trouble_and_emptiness_apart(open_page: OpenPage, story: Story) -> None:
    page = await open_page("/status")
    async with held(page, "**/api/integrity*") as asked:
        await page.get_by_role("link", name="Integrity").click()
        await asked.wait()
        await expect(page.get_by_role("status", name="Counting what is here")).to_be_visible()
    await expect(page.get_by_text("Nothing is mirrored yet")).to_be_visible()
    page = await open_page("/status")
    await page.route("**/api/integrity*", lambda route: route.fulfill(status=422, json={"detail": "This is wrong."}))
    await page.get_by_role("link", name="Integrity").click()
    await expect(page.get_by_text("This is wrong.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_is_accessible_and_fits(
    open_page: OpenPage, archive: Story, axe: str, scheme: str, width: int
) -> None:
    page = await open_page("/integrity", width=width, scheme=scheme)
    for place in (0, 1):
        await page.locator("details[data-integrity] summary").nth(place).click()
    await expect(page.get_by_text("41–60", exact=True)).to_be_visible()
    assert await violations(page, axe) == []
    if shots := os.environ.get("INTEGRITY_SHOTS"):
        await page.set_viewport_size({"width": width, "height": 3000})
        await page.screenshot(path=f"{shots}/{scheme}-{width}.png")
        await page.set_viewport_size({"width": width, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    sticking = await page.locator("main *:not(.visually-hidden)").evaluate_all(
        "(all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.tagName)"
    )
    assert sticking == []
    small = (
        await page.locator("main")
        .locator("button, a, select, input, summary")
        .evaluate_all(
            """(all) => all
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 43.5)
            .map((each) => each.outerHTML)"""
        )
    )
    assert small == []
