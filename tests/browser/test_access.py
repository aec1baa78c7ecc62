"""Every page, in light and dark, wide and narrow, has no violation that axe can find."""

from __future__ import annotations

import pytest
from playwright import async_api as playwright
from playwright.async_api import expect

from heliograph.domain import records

from .conftest import OpenPage, Story

RUN = "() => axe.run(document, { resultTypes: ['violations'] })"


async def violations(page: playwright.Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    found = await page.evaluate(RUN)
    return [
        f"{each['impact']} {each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


async def everything(story: Story) -> None:
    """A chat in which each kind of thing occurs."""
    await story.begin(40, kind="forum")
    topic = records.Topic(space_id=story.space_id, topic_id=1, title="General", icon_color=0xFFD67E)
    await story.commit("peers", topics=[topic])
    text = "bold link code secret quoted"
    marks = [["bold", 0, 4], ["text_url", 5, 4, "https://example.org"], ["code", 10, 4], ["spoiler", 15, 6],
             ["blockquote", 22, 6]]  # fmt: skip
    poll = {"kind": "poll", "id": 1, "question": "When?", "options": ["Now", "Later"], "is_quiz": False}
    page = {"kind": "web_page", "url": "https://example.org", "title": "Example", "site_name": "Site"}
    voice = {"kind": "voice", "id": 2, "size": 4000, "duration": 7}
    edited = story.message(41, "First words", sender_id=11)
    await story.post(
        edited,
        story.message(42, text, entities=marks, reply_to_message_id=41),
        story.message(43, "", media=poll),
        story.message(44, "See", media=page, as_of=0),
        story.message(45, "", media=voice, forward={"from_name": "Old Corps", "date": 1_700_000_000}),
        story.message(46, "", service={"type": "pin_message", "message_id": 41}, as_of=0),
        story.message(47, "مرحبا بالجميع"),
        story.message(48, "Gone soon"),
    )
    await story.edit(edited, "Second words")
    await story.delete(48)
    reactions = [{"emoji": "👍", "count": 4}]
    sample = records.Observation(
        space_id=story.space_id, message_id=47, observed_at=story.now, views=1200, forwards=3, reactions=reactions
    )
    await story.commit(observations=[sample])


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_accessible(open_page: OpenPage, story: Story, axe: str, scheme: str, width: int) -> None:
    await everything(story)
    found: dict[str, list[str]] = {}
    odd = (f"{story.path}?at=999999", "/search?q=words&from=2026-05-02&to=2026-05-01")
    ours = ("/", story.path, f"{story.path}?topic=1", "/search", "/search?q=words", "/status", "/integrity")
    for path in (*ours, "/dead-letters", "/chat/-1", *odd):
        page = await open_page(path, width=width, scheme=scheme)
        await page.wait_for_load_state("networkidle")
        await page.locator("h1").first.wait_for(state="attached")
        found[path] = await violations(page, axe)
        await page.close()
    assert found == {path: [] for path in found}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_dialogs_are_accessible(open_page: OpenPage, story: Story, axe: str, scheme: str) -> None:
    await everything(story)
    page = await open_page(story.path, scheme=scheme)
    await page.get_by_role("button", name="Edited").click()
    await expect(page.get_by_role("dialog").locator("ins")).to_be_visible()
    assert await violations(page, axe) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Jump to a date").click()
    await expect(page.get_by_label("Day")).to_be_focused()
    assert await violations(page, axe) == []
