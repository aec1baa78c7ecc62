"""``/api/chats``: the chats, and the pages of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from heliograph import errors
from heliograph.store.database import Connection
from heliograph.store.reads import chats, timeline, views
from heliograph.web import schemas, security
from heliograph.web.context import ChatId, Limit, Parts, answer

router = APIRouter(prefix="/api/chats", tags=["chats"])

MessageCursor = Annotated[int | None, Query(ge=0, le=2**62)]


@router.get("", response_model=schemas.ChatList)
async def list_chats(parts: Parts, asker: security.Asker) -> Response:
    """Return all mirrored chats, newest message first."""
    async with parts.database.connection() as conn:
        return answer({"chats": await chats.list_all(conn)})


@router.get("/{chat_id}", response_model=schemas.Chat)
async def get_chat(chat_id: ChatId, parts: Parts, asker: security.Asker) -> Response:
    """Return one chat with its topics."""
    async with parts.database.connection() as conn:
        return answer(await chats.one(conn, chat_id))


@router.get("/{chat_id}/messages", response_model=schemas.MessagePage)
async def list_messages(
    chat_id: ChatId,
    parts: Parts,
    asker: security.Asker,
    before: Annotated[MessageCursor, Query(description="The page of ids below this one.")] = None,
    after: Annotated[MessageCursor, Query(description="The page of ids above this one.")] = None,
    around: Annotated[MessageCursor, Query(description="A page with this message in its middle.")] = None,
    date: Annotated[datetime | None, Query(description="A page around the first message not before.")] = None,
    topic: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only this topic.")] = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of a chat; without a cursor, the newest."""
    if sum(cursor is not None for cursor in (before, after, around, date)) > 1:
        raise errors.BadInput("Give at most one of before, after, around and date.")
    async with parts.database.connection() as conn:
        scope = await timeline.scope(conn, chat_id, topic)
        return answer(await _page(conn, scope, before, after, around, date, limit))


async def _page(
    conn: Connection,
    scope: timeline.Scope,
    before: int | None,
    after: int | None,
    around: int | None,
    date: datetime | None,
    limit: int,
) -> views.MessagePage:
    if before is not None:
        return await timeline.before(conn, scope, before, limit)
    if after is not None:
        return await timeline.after(conn, scope, after, limit)
    if around is not None:
        return await timeline.around(conn, scope, around, limit)
    if date is not None:
        return await timeline.at_date(conn, scope, in_utc(date), limit)
    return await timeline.newest(conn, scope, limit)


def in_utc(moment: datetime) -> datetime:
    """Take a moment without a zone as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
