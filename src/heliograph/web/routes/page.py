"""The page: built files, and its first document for every address that the page itself resolves."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from starlette.responses import HTMLResponse

from heliograph.web import ranges, security

BUILT = Path(__file__).parent.parent / "page"
"""Where the build puts the page, and the wheel carries it."""
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Heliograph</title>
<h1>Heliograph runs, but its page is not built</h1>
<p>Run <code>make page</code> in the source folder, or install the wheel, which brings the page.
The API is at <a href="/api/chats">/api/chats</a>, its description at <a href="/api/openapi.json">/api/openapi.json</a>.
"""
_OWN = ("api", "health", "metrics")


def router(directory: Path) -> APIRouter:
    """Return the routes of the page in a directory."""
    routes = APIRouter(include_in_schema=False)
    root = directory.resolve()

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def page(path: str, asker: security.Asker) -> Response:
        return _file(root, path) or _document(root, path)

    return routes


def _file(root: Path, path: str) -> Response | None:
    try:
        file = (root / path).resolve()
        if not path or not file.is_relative_to(root) or not file.is_file():
            return None
    except (OSError, ValueError):
        # A name that no file can have, such as one with a NUL.
        return None
    # The build puts a hash of its content into each asset's name.
    lasting = "public, max-age=31536000, immutable" if file.parent.name == "assets" else "no-cache"
    return ranges.File(file, headers={"Cache-Control": lasting})


def _document(root: Path, path: str) -> Response:
    first, _, _ = path.partition("/")
    if first in _OWN or "." in path.rpartition("/")[2]:
        raise HTTPException(404)
    index = root / "index.html"
    if index.is_file():
        return ranges.File(index, headers={"Cache-Control": "no-cache"})
    return HTMLResponse(NOT_BUILT)
