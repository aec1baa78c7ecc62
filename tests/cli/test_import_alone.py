"""An installation that only shows what was imported: no API key, no account, and everything but mirroring works."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from tests.cli.conftest import PATIENCE_SECONDS, Run, Start

from heliograph import config

EXPORT = Path(__file__).parents[1] / "fixtures" / "desktop" / "newest"

Configure = Callable[..., None]


async def get(url: str, path: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{url}{path}")).json()


async def test_init_without_an_api_key_asks_for_nothing_and_one_can_be_added(run: Run, data_dir: Path) -> None:
    ran = await run("init", "--without-api-key")
    assert (ran.code, "heliograph import" in ran.err) == (0, True)
    assert not config.load(data_dir).telegram.has_api_key
    (await run("init", "--without-api-key")).refused_with("exists already", "--force")
    (await run("login", "--phone", "+358401234567")).refused_with("no API key", "my.telegram.org", "init --force")
    assert (await run("init", "--force", "--api-id=5", answers="a" * 32 + "\n")).code == 0
    assert config.load(data_dir).telegram.has_api_key


async def test_init_refuses_a_key_and_none_at_once(run: Run, data_dir: Path) -> None:
    (await run("init", "--without-api-key", "--api-id=5")).refused_with("--without-api-key", "--api-id")
    assert not data_dir.exists()


async def test_doctor_warns_of_a_missing_api_key_and_asks_telegram_nothing(run: Run, configure: Configure) -> None:
    configure(telegram={"api_id": 0, "dc_address": "127.0.0.1", "dc_port": 1})
    ran = await run("doctor", "--json")
    states = {found["check"]: found["state"] for found in json.loads(ran.out)}
    assert (ran.code, states["configuration"], "telegram" in states) == (0, "warning", False)


async def test_run_serves_the_page_before_the_first_import_and_says_how_to_begin(
    run: Run, start: Start, configure: Configure
) -> None:
    configure(telegram={"api_id": 0})
    running = await start("run", "--port", "0")
    line = await running.until_says("Heliograph is at")
    told = " ".join(running.err.split())
    assert all(f"`heliograph {command}`" in told for command in ("import", "login", "init --force"))
    url = next(word for word in line.split() if word.startswith("http"))
    assert (await get(url, "api/chats"))["chats"] == []
    assert (await run("import", str(EXPORT))).code == 0
    assert (await get(url, "api/chats"))["chats"] != []
    assert len(running.children()) == 2
    running.process.send_signal(signal.SIGINT)
    assert (await running.end()).code == 0


async def test_run_shows_what_was_imported_and_makes_exports_without_an_account(
    run: Run, start: Start, configure: Configure
) -> None:
    configure(telegram={"api_id": 0})
    assert (await run("import", str(EXPORT))).code == 0
    listed = await run("chats")
    assert "imported" in listed.out
    verified = await run("verify")
    assert (verified.code, "Complete" in verified.out, "Warning" in verified.out) == (0, True, False)
    running = await start("run", "--port", "0")
    line = await running.until_says("Heliograph is at")
    assert "heliograph login" in running.err
    url = next(word for word in line.split() if word.startswith("http"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await get(url, "api/status"))["worker"] != "running":  # noqa: ASYNC110 - it announces nothing
            await asyncio.sleep(0.1)
    assert len(running.children()) == 2
    chats = (await get(url, "api/chats"))["chats"]
    assert [chat["is_import"] for chat in chats] == [True] * len(chats) != []
    running.process.send_signal(signal.SIGINT)
    assert (await running.end()).code == 0
    shown = await run("status")
    assert "stopped, so no exports are made" in " ".join(shown.out.split())
