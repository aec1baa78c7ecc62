"""How long exports are kept: expired ones go, and so do files that belong to none."""

from __future__ import annotations

import asyncio

from heliograph import log
from heliograph.exchange import shelf
from heliograph.jobs import parts
from heliograph.store import exports

_logger = log.get("exports")


async def expire(work: parts.Parts) -> None:
    """Forget exports whose time is over, and delete every file in the folder that no export has."""
    async with work.database.transaction() as conn:
        count = await exports.expire(conn)
    async with work.database.connection() as conn:
        kept = await exports.kept(conn)
    deleted = await asyncio.to_thread(shelf.sweep, work.settings.exports_folder, kept)
    if count or deleted:
        _logger.info("exports_expired", exports=count, folders=deleted)
