"""``/api/integrity``: how complete the archive is, chat by chat."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from heliograph.store.reads import integrity, ledger, messages
from heliograph.web import ledger_schemas, security
from heliograph.web.context import ChatId, Limit, Parts, answer

router = APIRouter(prefix="/api/integrity", tags=["integrity"])

NAMED_HOLES = 20
"""Of each chat; the others come page by page."""

Digest = Annotated[bool, Query(description="With digests, which reads all content: seconds per million messages.")]


@router.get("", response_model=ledger_schemas.Integrity)
async def get_integrity(parts: Parts, asker: security.Asker, digest: Digest = False) -> Response:
    """Return ids by class, open holes and known losses of all chats."""
    return await _answer(parts, None, is_digested=digest)


@router.get("/{chat_id}", response_model=ledger_schemas.Integrity)
async def get_chat_integrity(chat_id: ChatId, parts: Parts, asker: security.Asker, digest: Digest = False) -> Response:
    """Return the same of one chat."""
    return await _answer(parts, [chat_id], is_digested=digest)


@router.get("/{chat_id}/holes", response_model=ledger_schemas.HolePage)
async def list_holes(
    chat_id: ChatId,
    parts: Parts,
    asker: security.Asker,
    after: Annotated[int, Query(ge=0, le=2**31, description="Holes that begin above this id.")] = 0,
    limit: Limit = 100,
) -> Response:
    """Return a page of a chat's open holes."""
    async with parts.database.connection() as conn:
        await messages.space_of(conn, chat_id)
        return answer(await ledger.holes(conn, chat_id, after=after, limit=limit))


async def _answer(parts: Parts, chats: list[int] | None, *, is_digested: bool) -> Response:
    read = integrity.verify if is_digested else integrity.survey
    async with integrity.moment(parts.database) as conn:
        return answer(await read(conn, chats, is_audited=parts.settings.crawler.audit, holes=NAMED_HOLES))
