"""``/api/search``: ranked full-text search with filters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from heliograph.store.reads import search
from heliograph.web import schemas, security
from heliograph.web.context import Limit, Parts, answer
from heliograph.web.routes.chats import in_utc

router = APIRouter(prefix="/api/search", tags=["search"])

PeerId = Annotated[int | None, Query(ge=-(2**63) + 1, le=2**63 - 1)]


@router.get("", response_model=schemas.SearchResult)
async def search_messages(
    parts: Parts,
    asker: security.Asker,
    q: Annotated[str, Query(min_length=1, max_length=500, description='Words; "phrase", or, -not are understood.')],
    chat: PeerId = None,
    sender: PeerId = None,
    since: Annotated[datetime | None, Query(alias="from", description="Not before.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Before.")] = None,
    kind: Annotated[
        str | None,
        Query(description=f"One of {', '.join(search.KINDS)}."),
    ] = None,
    limit: Limit = 30,
    offset: Annotated[int, Query(ge=0, le=search.RANKED_NEWEST)] = 0,
) -> Response:
    """Return hits, best first, among the newest matches."""
    query = search.Query(
        words=q.replace("\x00", " "),
        chat_id=chat,
        sender_id=sender,
        since=since and in_utc(since),
        until=until and in_utc(until),
        kind=kind,
    )
    async with parts.database.connection() as conn:
        return answer(await search.search(conn, query, limit=limit, offset=offset))
