"""A signed-in account over a real socket, for tests of what lies above the transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.fixtures.simulator import StartSimulator

from heliograph import config
from heliograph.crawler import governor, login, transport
from heliograph.simulator.server import Simulator

PHONE = "+358401234567"


GENEROUS = {family: config.Budget(per_second=1e5, burst=1e5, concurrent=64) for family in config.DEFAULT_BUDGETS}


@pytest.fixture
async def simulator(start_simulator: StartSimulator) -> Simulator:
    """A world with every kind of chat."""
    return await start_simulator(chats=40, days=3, api_id=1, api_hash="right")


def settings_for(simulator: Simulator, folder: Path, **telegram: Any) -> config.Settings:
    key = folder / "telegram.pem"
    key.write_text(simulator.public_key_pem)
    values: dict[str, Any] = {
        "api_id": 1,
        "api_hash": SecretStr("right"),
        "dc_address": simulator.host,
        "dc_port": simulator.port,
        "dc_public_key_file": key,
        "sign_up_name": "Demo",
    }
    return config.Settings(
        data_dir=folder,
        telegram=config.Telegram(**{**values, **telegram}),
        crawler=config.Crawler(budgets=GENEROUS, private_chats=True),
    )


def answering(text: str) -> Callable[[], Awaitable[str]]:
    async def answer() -> str:
        return text

    return answer


async def sign_in(settings: config.Settings, *, code: str = "12345", password: str = "", phone: str = PHONE) -> Any:
    return await login.login(settings, phone=phone, ask_code=answering(code), ask_password=answering(password))


def connection_of(settings: config.Settings, found: login.Login, **options: Any) -> transport.Connection:
    options.setdefault("governor", governor.Governor(settings.crawler.budget))
    return transport.Connection(settings.telegram, found.key, account_id=1, user_id=found.user_id, **options)


@pytest.fixture
async def connection(simulator: Simulator, tmp_path: Path) -> AsyncIterator[transport.Connection]:
    """A signed-in account's connection."""
    settings = settings_for(simulator, tmp_path)
    opened = connection_of(settings, await sign_in(settings))
    await opened.connect()
    yield opened
    await opened.disconnect()
