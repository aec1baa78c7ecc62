"""``/api/gaps``: what was noticed to be missing, and how it closed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from heliograph.store.reads import gaps, messages
from heliograph.web import ledger_schemas, security
from heliograph.web.context import Limit, Parts, answer
from heliograph.web.routes.chats import in_utc
from heliograph.web.routes.search import PeerId

router = APIRouter(prefix="/api/gaps", tags=["integrity"])


@router.get("", response_model=ledger_schemas.GapPage)
async def list_gaps(
    parts: Parts,
    asker: security.Asker,
    chat: PeerId = None,
    is_open: Annotated[bool, Query(alias="open", description="Only those that have not closed yet.")] = False,
    since: Annotated[datetime | None, Query(description="Only those that were noticed then or later.")] = None,
    after: Annotated[str | None, Query(max_length=60, description="The page of earlier ones.")] = None,
    limit: Limit = 50,
) -> Response:
    """Return gaps, the one that was noticed last first."""
    chats = None if chat is None else [chat]
    query = gaps.Query(chats=chats, is_open=is_open, since=since and in_utc(since))
    async with parts.database.connection() as conn:
        if chat is not None:
            await messages.space_of(conn, chat)
        return answer(await gaps.page(conn, query, after=after, limit=limit))
