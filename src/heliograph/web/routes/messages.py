"""``/api/messages``: one message, and the texts it had."""

from __future__ import annotations

from fastapi import APIRouter, Response

from heliograph.store.reads import messages
from heliograph.web import schemas, security
from heliograph.web.context import ChatId, MessageId, Parts, answer

router = APIRouter(prefix="/api/messages", tags=["messages"])


@router.get("/{chat_id}/{message_id}", response_model=schemas.Message)
async def get_message(chat_id: ChatId, message_id: MessageId, parts: Parts, asker: security.Asker) -> Response:
    """Return one message."""
    async with parts.database.connection() as conn:
        return answer(await messages.one(conn, chat_id, message_id))


@router.get("/{chat_id}/{message_id}/revisions", response_model=schemas.RevisionList)
async def list_revisions(chat_id: ChatId, message_id: MessageId, parts: Parts, asker: security.Asker) -> Response:
    """Return all texts of a message, oldest first, the present one last."""
    async with parts.database.connection() as conn:
        return answer({"revisions": await messages.revisions(conn, chat_id, message_id)})
