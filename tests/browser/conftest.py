"""The built page in a real Chromium, served by the real web role over a database that the store writes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright import async_api as playwright

from heliograph import config
from heliograph.domain import identity, records
from heliograph.store import commit
from heliograph.store import database as store_database
from heliograph.web import serve

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "src" / "heliograph" / "web" / "page" / "index.html"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. Without one a person's run skips these tests, and CI fails."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return found
    reason = f"none of {', '.join(CHROMIUM_NAMES)} is installed"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def built_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built page; it is built first when it is not there."""
    with (tmp_path_factory.getbasetemp().parent / "page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not BUILT.is_file():
            _build()
    return BUILT.parent


def _build() -> None:
    """Build the page with the Node that the development requirements bring."""
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    steps = [["run", "--silent", "build"]]
    if not (FRONTEND / "node_modules").is_dir():
        steps.insert(0, ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
    for step in steps:
        subprocess.run([programs / "npm", *step], cwd=FRONTEND, env=environment, check=True, timeout=600)


class Site:
    """The web role on a port that it keeps over restarts."""

    def __init__(self, settings: config.Settings, database: store_database.Database, page_dir: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
        self.database = database
        self.page_dir = page_dir
        self.address = f"http://127.0.0.1:{port}"

    async def start(self) -> None:
        self._stop = asyncio.Event()
        ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(
            serve.serve(
                self.settings, self.database, stop=self._stop, on_ready=ready.set_result, page_dir=self.page_dir
            )
        )
        await asyncio.wait_for(ready, 30)

    async def stop(self) -> None:
        self._stop.set()
        await self._task


@pytest.fixture
async def site(settings: config.Settings, database: store_database.Database, built_page: Path) -> AsyncIterator[Site]:
    site = Site(settings, database, built_page)
    await site.start()
    yield site
    await site.stop()


OpenPage = Callable[..., Any]


@pytest.fixture
async def open_page(chromium: str, site: Site) -> AsyncIterator[OpenPage]:
    """Opens pages as ``await open_page("/path", width=360, scheme="dark")``; none of them may report an error."""
    complaints: list[str] = []
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)

        async def open_(path: str = "/", *, width: int = 1280, scheme: str = "light") -> playwright.Page:
            context = await browser.new_context(
                base_url=site.address,
                viewport={"width": width, "height": 740},
                color_scheme=scheme,  # type: ignore[arg-type]
                # A narrow screen is a phone, which points with a thumb.
                has_touch=width < 500,
                is_mobile=width < 500,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="Europe/Helsinki",
            )
            page = await context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: _note(complaints, message))
            await page.goto(path)
            return page

        yield open_
        await browser.close()
    assert complaints == []


def _note(complaints: list[str], message: playwright.ConsoleMessage) -> None:
    # A request that fails is told to the reader by the page, and to the console by the browser.
    is_network = "Failed to load resource" in message.text or "WebSocket connection" in message.text
    if message.type in ("error", "warning") and not is_network:
        complaints.append(message.text)


class Story:
    """Lets things happen in one supergroup, committed as the crawler commits them."""

    CHANNEL = 4711

    def __init__(self, database: store_database.Database) -> None:
        self.database = database
        self.space_id = identity.channel_space(self.CHANNEL)
        self.chat_id = identity.channel_peer(self.CHANNEL)
        self.path = f"/chat/{self.chat_id}"
        self.pts = 1
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.users = [
            records.User(user_id=11, first_name="Aino", last_name="Virtanen"),
            records.User(user_id=12, first_name="ليلى", username="layla"),
            records.User(user_id=13, first_name="Signal", is_bot=True),
        ]

    async def commit(self, origin: records.Origin = "live", **rows: Any) -> None:
        pushed_at = datetime.now(UTC) if origin == "live" else None
        async with self.database.transaction() as conn:
            await commit.commit(conn, [records.Batch(origin=origin, pushed_at=pushed_at, **rows)])

    async def begin(
        self, messages: int, *, title: str = "Harbour watch", kind: identity.ChatKind = "supergroup"
    ) -> None:
        """A chat with a history: messages 1 to ``messages``, one every ten minutes until now."""
        chat = records.Chat(chat_id=self.chat_id, space_id=self.space_id, kind=kind, title=title, member_count=213)
        history = [self.message(number, _text(number), age=messages - number + 1) for number in range(1, messages + 1)]
        await self.commit("peers", users=self.users, chats=[chat])
        await self.commit("backfill", messages=history)

    def message(self, message_id: int, text: str, *, age: int = 0, **more: Any) -> records.Message:
        self.pts += 1
        fields: dict[str, Any] = {
            "space_id": self.space_id,
            "message_id": message_id,
            "chat_id": self.chat_id,
            "date": self.now - timedelta(minutes=10 * age),
            "as_of": self.pts,
            "sender_id": identity.user_peer(11 + message_id % 3),
            "text": text,
            "layer": 229,
            **more,
        }
        return records.Message(**fields)

    async def post(self, *messages: records.Message) -> None:
        await self.commit(messages=list(messages))

    async def edit(self, message: records.Message, text: str) -> records.Message:
        self.pts += 1
        edited = replace(message, text=text, as_of=self.pts, edit_date=datetime.now(UTC))
        await self.commit(messages=[edited])
        return edited

    async def delete(self, message_id: int) -> None:
        self.pts += 1
        tombstone = records.Tombstone(
            space_id=self.space_id, message_id=message_id, as_of=self.pts, deleted_at=datetime.now(UTC)
        )
        await self.commit(tombstones=[tombstone])


def _text(number: int) -> str:
    """Texts of different lengths, so that heights differ."""
    return f"Report {number}. " + "The light was seen and answered at once. " * (number % 5)


@pytest.fixture
def story(database: store_database.Database) -> Story:
    return Story(database)


@pytest.fixture(scope="session")
def axe() -> str:
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@asynccontextmanager
async def held(page: playwright.Page, pattern: str) -> AsyncIterator[asyncio.Event]:
    """Hold the answers to matching requests back until the block ends; the event says that one was asked for."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def hold(route: playwright.Route) -> None:
        asked.set()
        await release.wait()
        await route.continue_()

    await page.route(pattern, hold)
    yield asked
    release.set()
