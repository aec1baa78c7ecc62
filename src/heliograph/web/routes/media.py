"""``/api/media``: a stored file by the SHA-256 of its content, whole or in part.

What people sent each other is never trusted: only kinds that cannot hold a script are shown in place, under a policy
that forbids everything else; the rest is handed over as a download.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import StreamingResponse

from heliograph import errors
from heliograph.store import media
from heliograph.web import ranges, security
from heliograph.web.context import Parts

router = APIRouter(prefix="/api/media", tags=["media"])

SHOWN: Final = frozenset(
    {
        *("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"),
        *("audio/mpeg", "audio/ogg", "audio/opus", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/flac", "audio/wav"),
        *("video/mp4", "video/webm", "video/quicktime", "audio/webm", "video/ogg"),
    }
)
"""Media types that browsers show without running anything in them; SVG and HTML are not among them."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline';"
    " frame-ancestors 'none'; sandbox",
    "Accept-Ranges": "bytes",
    # The address is the content.
    "Cache-Control": "private, max-age=31536000, immutable",
}
_BINARY: Final = "application/octet-stream"
_DESCRIBED: Final = {"content": {_BINARY: {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{sha256}",
    response_class=Response,
    responses={200: {"description": "The file", **_DESCRIBED}, 206: {"description": "A part of it", **_DESCRIBED}},
)
async def get_media(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], request: Request, parts: Parts, asker: security.Asker
) -> Response:
    """Return a stored file; `Range` asks for a part of it."""
    async with parts.database.connection() as conn:
        file = await media.find(conn, bytes.fromhex(sha256))
    tag = f'"{sha256}"'
    is_shown = file.mime_type in SHOWN
    # Without a name in it: the link that was followed says what the file is called.
    headers = {**HEADERS, "ETag": tag, "Content-Disposition": "inline" if is_shown else "attachment"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    try:
        start, end = ranges.asked(wanted, file.size)
    except ranges.Unsatisfiable:
        return ranges.refusal(file.size)
    headers["Content-Length"] = str(end - start)
    is_part = (start, end) != (0, file.size)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    kind = file.mime_type if is_shown else _BINARY
    body = parts.media.read(file.sha256, start, end)
    first = await anext(body, b"")
    if len(first) < min(1, end - start):
        raise errors.NotFound("The file is not in media storage.")
    return StreamingResponse(_rest(first, body), 206 if is_part else 200, headers, kind)


async def _rest(first: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(body):  # type: ignore[type-var]
        yield first
        async for chunk in body:
            yield chunk
