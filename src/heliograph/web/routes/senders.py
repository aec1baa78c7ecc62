"""``/api/senders``: people and channels by a part of their name, for filters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from heliograph.store.reads import senders
from heliograph.web import schemas, security
from heliograph.web.context import Limit, Parts, answer

router = APIRouter(prefix="/api/senders", tags=["senders"])


@router.get("", response_model=schemas.SenderList)
async def list_senders(
    parts: Parts,
    asker: security.Asker,
    q: Annotated[str, Query(max_length=100, description="A part of a name or username, or an id.")] = "",
    limit: Limit = 20,
) -> Response:
    """Return those whose name holds the words, best first."""
    async with parts.database.connection() as conn:
        return answer({"senders": await senders.find(conn, q, limit=limit)})
