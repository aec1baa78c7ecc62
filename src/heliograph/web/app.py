"""The web role's application: its routes, its guards and its live feed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

import heliograph
from heliograph import config
from heliograph.store import database as store_database
from heliograph.web import context, live, openapi, problems, security
from heliograph.web.routes import (
    chats,
    dead_letters,
    exports,
    gaps,
    health,
    integrity,
    media,
    messages,
    metrics,
    page,
    search,
    senders,
    status,
)
from heliograph.web.routes import live as live_route

API = (
    chats,
    dead_letters,
    exports,
    media,
    messages,
    search,
    senders,
    status,
    integrity,
    gaps,
    live_route,
    health,
    metrics,
)


def create_app(
    *, settings: config.Settings, database: store_database.Database, page_dir: Path | None = None
) -> FastAPI:
    """Put the application together; ``page_dir`` is where the built page is, by default inside the package."""
    database.prefer_indexes()
    app = _bare()
    feed = live.Feed(database)
    app.state.context = context.Context(settings=settings, database=database, feed=feed)
    app.include_router(page.router(page_dir or page.BUILT))
    return app


def describe() -> dict[str, object]:
    """Return the API's OpenAPI description, without settings or a database."""
    return _bare().openapi()


def _bare() -> FastAPI:
    app = FastAPI(
        title="Heliograph",
        version=heliograph.__version__,
        openapi_url="/api/openapi.json",
        # Their pages load scripts from other sites.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    for module in API:
        app.include_router(module.router, responses=problems.RESPONSES)
    openapi.complete(app)
    problems.install(app)
    app.add_middleware(_HeadAsGet)
    app.add_middleware(security.LoopbackOnly)
    # Around the guard as well: the one inside answers with the guard's headers, this one should the guard itself fail.
    app.add_middleware(problems.Unexpected)
    return app


class _HeadAsGet:
    """Answers HEAD as GET: the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or WebSocket."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    feed = asyncio.create_task(app.state.context.feed.run())
    yield
    feed.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feed


def _operation_id(route: APIRoute) -> str:
    return route.name
