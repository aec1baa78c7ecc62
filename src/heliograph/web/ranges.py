"""Parts of files: what a ``Range`` header asks for (RFC 9110, section 14), and files that are given so."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from heliograph.web import problems

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """There is no such part of the file."""


def asked(header: str | None, size: int) -> tuple[int, int]:
    """Return where a part begins and ends, not included. Raises Unsatisfiable.

    A header that asks for several parts, or says nothing that is known, asks for the whole.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.group(1, 2) == ("", ""):
        return 0, size
    first, last = found.group(1, 2)
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return 0, size
    if start >= end:
        raise Unsatisfiable
    return start, end


def refusal(size: int) -> Response:
    """Return the answer to who asks for a part that a file of this size does not have."""
    return problems.response(416, "There is no such part of the file.", {"Content-Range": f"bytes */{size}"})


class File(FileResponse):
    """A file of the disk, whole or in part; the library would answer a bad ``Range`` with errors in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self.stat_result is None:
            self.stat_result = await asyncio.to_thread(os.stat, self.path)
            self.set_stat_headers(self.stat_result)
        size, headers = self.stat_result.st_size, Headers(scope=scope)
        try:
            is_part = asked(headers.get("range"), size) != (0, size)
        except Unsatisfiable:
            if headers.get("if-range") in (None, self.headers["etag"], self.headers["last-modified"]):
                await refusal(size)(scope, receive, send)
                return
            is_part = False
        if not is_part:
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"range"]}
        await super().__call__(scope, receive, send)
