"""The application over a real database: in process for requests, on a real socket for the live stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from heliograph import config
from heliograph.store import database as store_database
from heliograph.web import app as web_app
from heliograph.web import serve

Model = TypeVar("Model", bound=BaseModel)


class Api:
    """A client that holds every answer against the schema it promises."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, model: type[Model], path: str, **query: Any) -> Model:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        # Strictness and equality after a round trip: no field is missing, renamed or of another type.
        found = model.model_validate_json(answer.content, strict=False)
        assert found.model_dump(mode="json") == answer.json()
        return found

    async def problem(self, path: str, **query: Any) -> dict[str, Any]:
        answer = await self.client.get(path, params=query)
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == answer.status_code
        assert set(problem) == {"type", "title", "status", "detail"}
        return problem


@pytest.fixture
async def app(settings: config.Settings, database: store_database.Database, tmp_path: Path) -> FastAPI:
    return web_app.create_app(settings=settings, database=database, page_dir=tmp_path / "page")


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
        yield client


@pytest.fixture
def api(client: httpx.AsyncClient) -> Api:
    return Api(client)


@pytest.fixture
async def address(settings: config.Settings, database: store_database.Database) -> AsyncIterator[str]:
    """The address of a running server."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    free = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 0})})
    serving = asyncio.create_task(serve.serve(free, database, stop=stop, on_ready=ready.set_result))
    yield (await ready).rstrip("/")
    stop.set()
    await serving
