"""``/api/status``: the state of the installation."""

from __future__ import annotations

from fastapi import APIRouter, Response

from heliograph.store.reads import status
from heliograph.web import schemas, security
from heliograph.web.context import Parts, answer

router = APIRouter(prefix="/api/status", tags=["status"])


@router.get("", response_model=schemas.Status)
async def get_status(parts: Parts, asker: security.Asker) -> Response:
    """Return the state of the whole installation."""
    async with parts.database.connection() as conn:
        return answer(await status.status(conn, parts.settings.crawler))
