"""Files of an import in the timeline: what is stored is shown, and whatever is not says why."""

from __future__ import annotations

import io
import json
import struct
import wave
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright import async_api as playwright
from playwright.async_api import expect

from heliograph import config
from heliograph.domain import identity
from heliograph.exchange import importer, media
from heliograph.store import database as store_database

from .conftest import OpenPage, held
from .test_access import violations
from .test_timeline import article

NUMBER = 1_500_000_001
PATH = f"/chat/{identity.channel_peer(NUMBER)}"
PLACEHOLDER = "(File not included. Change data exporting settings to download.)"
TOO_LARGE = "(File exceeds maximum size. Change data exporting settings to download.)"
UNAVAILABLE = "(File unavailable, please try again later)"
WIDTH, HEIGHT = 400, 300

Bring = Callable[[list[dict[str, Any]]], Awaitable[None]]


def png(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A picture in one colour."""
    rows = (b"\0" + b"\x20\x60\x90" * width) * height
    header = struct.pack("!2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    packed = [
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def wav() -> bytes:
    """A tenth of a second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", ""))
        sound.writeframes(bytes(1_600))
    return written.getvalue()


FILES = {"photos/quay.png": png(), "voice/note.wav": wav(), "files/tide.pdf": b"%PDF-1.4 tides", "video/bad.mp4": b"no"}


def photo(number: int, path: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "photo": path, "width": WIDTH, "height": HEIGHT, **more}


EVERYTHING: list[dict[str, Any]] = [
    photo(1, "photos/quay.png"),
    photo(2, "photos/gone.png"),
    photo(3, PLACEHOLDER),
    {"id": 4, "file": TOO_LARGE, "media_type": "video_file", "mime_type": "video/mp4", "duration_seconds": 9},
    {"id": 5, "file": UNAVAILABLE, "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 3},
    {"id": 6, "file": "voice/note.wav", "media_type": "voice_message", "mime_type": "audio/wav", "duration_seconds": 1},
    {"id": 7, "file": "files/tide.pdf", "file_name": "tide.pdf", "mime_type": "application/pdf"},
    {"id": 8, "file": "video/bad.mp4", "file_name": "bad.mp4", "media_type": "video_file", "mime_type": "video/mp4",
     "width": 640, "height": 360},
]  # fmt: skip


@pytest.fixture
def bring(settings: config.Settings, database: store_database.Database, tmp_path: Path) -> Bring:
    """Import messages with files as Telegram Desktop exports them."""

    async def bring(messages: list[dict[str, Any]]) -> None:
        folder = tmp_path / "export"
        for path, content in FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        said = [
            {
                "type": "message",
                "date": "2023-11-14T22:13:20",
                "date_unixtime": str(1_700_000_000 + 60 * each["id"]),
                "from": "Aino",
                "from_id": "user5",
                "text": "",
                **each,
            }
            for each in messages
        ]
        chat = {"name": "Harbour", "type": "private_supergroup", "id": NUMBER, "messages": said}
        (folder / "result.json").write_text(json.dumps(chat), "utf-8")
        storage = media.open_storage(settings)
        await importer.run(database, storage, [folder], importer.Options(), stop=None, on_progress=lambda _: None)

    return bring


async def box_of(found: playwright.Locator) -> dict[str, float]:
    box = await found.bounding_box()
    assert box is not None
    return dict(box)


async def test_photo_has_its_room_before_it_is_loaded_and_opens_large(open_page: OpenPage, bring: Bring) -> None:
    await bring([photo(1, "photos/quay.png"), {"id": 2, "text": "after it"}])
    page = await open_page()
    async with held(page, "**/api/media/*") as asked:
        await page.goto(PATH)
        picture = article(page, 1).get_by_role("button", name="Photo from Aino")
        await expect(picture).to_be_visible()
        await asked.wait()
        before = [await box_of(picture), await box_of(article(page, 2))]
    loaded = picture.locator("img")
    await expect(loaded).to_have_js_property("naturalWidth", WIDTH)
    assert [await box_of(picture), await box_of(article(page, 2))] == before
    assert before[0]["width"] / before[0]["height"] == pytest.approx(WIDTH / HEIGHT, rel=0.02)
    await picture.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Photo from Aino")
    await expect(dialog.locator("img")).to_be_visible()
    await expect(dialog.get_by_role("link", name="Download")).to_have_attribute("download", "quay.png")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(picture).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
async def test_every_state_of_a_file_is_seen(
    open_page: OpenPage, bring: Bring, axe: str, width: int, scheme: str
) -> None:
    await bring(EVERYTHING)
    page = await open_page(PATH, width=width, scheme=scheme)
    await expect(article(page, 8)).to_be_in_viewport()
    await expect(article(page, 2)).to_contain_text("File missing from the import")
    await expect(article(page, 3)).to_contain_text("File not included in the export")
    await expect(article(page, 4)).to_contain_text("too large")
    await expect(article(page, 5)).to_contain_text("unavailable when it was exported")
    for number in (2, 3, 4, 5):
        await expect(article(page, number).locator("img, video, audio, a[download]")).to_have_count(0)
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert await violations(page, axe) == []


async def test_sound_plays_and_its_keys_stay_its_own(open_page: OpenPage, bring: Bring) -> None:
    await bring(EVERYTHING)
    page = await open_page(PATH)
    sound = article(page, 6).locator("audio")
    await expect(sound).to_have_attribute("aria-label", "Voice message from Aino")
    seconds = await sound.evaluate(
        "(sound) => new Promise((done, fail) => { sound.onloadedmetadata = () => done(sound.duration);"
        " sound.onerror = () => fail(sound.error.message); sound.preload = 'auto'; sound.load(); })"
    )
    assert seconds == pytest.approx(0.1)
    await sound.focus()
    await page.keyboard.press("Home")
    await expect(sound).to_be_focused()


async def test_file_is_downloaded_under_its_name(open_page: OpenPage, bring: Bring) -> None:
    await bring(EVERYTHING)
    page = await open_page(PATH)
    async with page.expect_download() as download:
        await article(page, 7).get_by_role("link", name="tide.pdf").click()
    found = await download.value
    assert found.suggested_filename == "tide.pdf"
    assert Path(await found.path()).read_bytes() == FILES["files/tide.pdf"]


async def test_video_that_the_browser_cannot_play_is_offered_as_a_file(open_page: OpenPage, bring: Bring) -> None:
    await bring(EVERYTHING)
    page = await open_page(PATH)
    await expect(article(page, 8).get_by_role("link", name="bad.mp4")).to_have_attribute("download", "bad.mp4")
    await expect(article(page, 8).locator("video")).to_have_count(0)
