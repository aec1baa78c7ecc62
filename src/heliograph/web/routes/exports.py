"""``/api/exports``: ask for an export, see how far it is, fetch it, and take it away again.

A worker makes it (``jobs/exports.py``). The request only writes the row and the job, in one transaction.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from heliograph import errors
from heliograph.exchange import shelf
from heliograph.exchange.export import request as requests
from heliograph.store import exports
from heliograph.store.reads import export as reads
from heliograph.store.reads import heartbeats
from heliograph.web import export_schemas as schemas
from heliograph.web import problems, ranges, security
from heliograph.web.context import Limit, Parts, answer
from heliograph.web.routes.chats import in_utc

router = APIRouter(prefix="/api/exports", tags=["exports"])

_BIGINT: Final = 2**63 - 1
ExportId = Annotated[int, Path(ge=1, le=_BIGINT)]
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {**problems.RESPONSES[404], "description": "Conflict"}}


@router.post("", status_code=202, response_model=schemas.Export)
async def create_export(wanted: schemas.ExportRequest, parts: Parts, asker: security.Asker) -> Response:
    """Put an export into the queue. Its progress and its end are at ``Location``."""
    request = requests.parse(_plain(wanted))
    try:
        await reads.chats(parts.database, request.chat_ids)
    except errors.NotFound as error:
        # What is not there is a part of the request, not its address.
        raise errors.BadInput(str(error)) from None
    async with parts.database.transaction() as conn:
        export = await exports.add(conn, request.plain())
    found = answer(_view(export))
    found.status_code = 202
    found.headers["Location"] = f"/api/exports/{export.export_id}"
    return found


@router.get("", response_model=schemas.ExportPage)
async def list_exports(
    parts: Parts,
    asker: security.Asker,
    before: Annotated[int | None, Query(ge=1, le=_BIGINT, description="The page of numbers below this one.")] = None,
    limit: Limit = 50,
) -> Response:
    """Return exports, newest first."""
    async with parts.database.connection() as conn:
        found = await exports.list_page(conn, before=before, limit=limit + 1)
        is_running = await heartbeats.is_worker_running(conn)
    page = found[:limit]
    older = page[-1].export_id if len(found) > limit else None
    return answer({"exports": [_view(each) for each in page], "before": older, "is_worker_running": is_running})


@router.get("/{export_id}", response_model=schemas.Export)
async def get_export(export_id: ExportId, parts: Parts, asker: security.Asker) -> Response:
    """Return one export as it stands."""
    return answer(_view(await _found(parts, export_id)))


@router.delete("/{export_id}", response_model=schemas.ExportRemoval)
async def remove_export(export_id: ExportId, parts: Parts, asker: security.Asker) -> Response:
    """Cancel an export that is not over, or forget one that is, and delete its file."""
    keep = timedelta(days=parts.settings.exports.keep_days)
    async with parts.database.transaction() as conn:
        outcome = await exports.remove(conn, export_id, keep=keep)
    if outcome is None:
        raise _missing()
    if outcome == "removed":
        await asyncio.to_thread(shelf.remove, parts.settings.exports_folder, export_id)
    return answer({"outcome": outcome})


@router.get(
    "/{export_id}/download",
    response_class=ranges.File,
    responses={200: {"content": {"application/zip": {}}, "description": "The archive."}, **_CONFLICT},
)
async def download_export(export_id: ExportId, parts: Parts, asker: security.Asker) -> Response:
    """Return the archive of an export that is done; ``Range`` fetches a part of it. 409 until then."""
    export = await _found(parts, export_id)
    if export.state != "done":
        raise errors.NotFinished(f"This export is {export.state}, so there is nothing to download.")
    archive = shelf.archive(parts.settings.exports_folder, export_id, export.attempt)
    if not await asyncio.to_thread(archive.is_file):
        raise errors.NotFound(
            "The file of this export is not where this server looks (exports.folder); "
            "let both roles see one folder, or ask for the export again."
        )
    # An archive of the same number may be another one after a restore of the database.
    headers = {"Cache-Control": "private, no-cache"}
    return ranges.File(archive, media_type="application/zip", filename=export.file_name, headers=headers)


async def _found(parts: Parts, export_id: int) -> exports.Export:
    async with parts.database.connection() as conn:
        export = await exports.get(conn, export_id)
    if export is None:
        raise _missing()
    return export


def _missing() -> errors.NotFound:
    return errors.NotFound("There is no such export here; it may have expired.")


def _plain(wanted: schemas.ExportRequest) -> dict[str, Any]:
    """Return the request in the form that is queued: times in UTC, and words that PostgreSQL can take."""
    asked = wanted.filter
    times = {name: value and in_utc(value) for name, value in (("since", asked.since), ("until", asked.until))}
    words = asked.words and asked.words.replace("\x00", " ")
    mended = wanted.model_copy(update={"filter": asked.model_copy(update={**times, "words": words})})
    plain: dict[str, Any] = mended.model_dump(mode="json")
    return plain


def _view(export: exports.Export) -> dict[str, Any]:
    return {name: getattr(export, name) for name in schemas.Export.model_fields}
