"""``/api/live``: the WebSocket stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, WebSocket

from heliograph.web import live, security
from heliograph.web.context import Parts

router = APIRouter(tags=["live"])


@router.websocket("/api/live")
async def follow(
    socket: WebSocket,
    parts: Parts,
    asker: security.Asker,
    after: Annotated[str | None, Query(pattern=r"^\d{1,18}\.\d{1,18}$")] = None,
) -> None:
    """Send every change after a position, or from now on, as JSON texts (schemas.LiveEvent)."""
    await socket.accept()
    await live.follow(parts.feed, socket, after)
