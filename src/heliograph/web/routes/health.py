"""``/health``: whether this process lives, and whether it can serve."""

from __future__ import annotations

from fastapi import APIRouter, Response

from heliograph import errors
from heliograph.store import migrations
from heliograph.web import security
from heliograph.web.context import Parts, answer

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", response_model=dict[str, str])
async def get_live(asker: security.Asker) -> Response:
    """Say that the process answers."""
    return answer({"status": "ok"})


@router.get("/ready", response_model=dict[str, str])
async def get_ready(parts: Parts, asker: security.Asker) -> Response:
    """Say that the database answers with the schema of this program; 503 otherwise."""
    async with parts.database.connection() as conn:
        if not await migrations.check_schema(conn):
            raise errors.DatabaseUnreachable(
                "The database is not set up for this version yet; start `heliograph run` to migrate it."
            )
    return answer({"status": "ok"})
