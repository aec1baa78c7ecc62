"""Serving: on loopback, on a port of its own, until told to stop."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
import websockets

from heliograph import config, errors
from heliograph.web import serve


def test_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(errors.PortTaken, match=rf"Port {port} is in use .* --port"):
            serve.listen(config.Web(port=port))


def test_only_loopback_can_be_configured() -> None:
    with pytest.raises(ValueError, match="host"):
        config.Web(host="0.0.0.0")  # type: ignore[arg-type]


async def test_running_server_answers_with_the_page_s_guards(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(address + "/health/ready")
    assert answer.json() == {"status": "ok"}
    assert "content-security-policy" in answer.headers
    assert "server" not in answer.headers


async def test_stop_does_not_wait_for_listeners(settings: config.Settings, database: Any) -> None:
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    free = settings.model_copy(update={"web": config.Web(port=0)})
    serving = asyncio.create_task(serve.serve(free, database, stop=stop, on_ready=ready.set_result))
    async with websockets.connect((await ready).replace("http", "ws") + "api/live", proxy=None) as client:
        await client.recv()
        stop.set()
        async with asyncio.timeout(30):
            await serving
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
