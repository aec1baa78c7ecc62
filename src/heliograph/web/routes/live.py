"""``/api/live``: the WebSocket stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, WebSocket

from heliograph.web import live, problems, security
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


@router.get("/api/live", include_in_schema=False)
async def refuse(asker: security.Asker) -> Response:
    """Tell whoever asks without a handshake what this address is."""
    return problems.response(426, "This address is a WebSocket; connect to it as one.", {"Upgrade": "websocket"})
