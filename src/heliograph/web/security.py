"""Who may ask, until sign-in exists: the person at this machine, through an address that names this machine.

A page of another site can make a browser send requests here, and by DNS rebinding even under its own name. So the
``Host`` must be a loopback name, and an ``Origin``, when there is one, must be the very host that is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heliograph.web import problems

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    # Component styles are written into the document at run time; scripts are not.
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request."""

    name: str
    role: str


async def principal() -> Principal:
    """Return who makes this request: always the local owner, until sign-in exists."""
    return Principal(name="local", role="owner")


Asker = Annotated[Principal, Depends(principal)]


class LoopbackOnly:
    """Refuses requests that other sites caused, and sets the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = refused(Headers(scope=scope))

        async def with_headers(message: Message) -> None:
            if message["type"] in problems.STARTS:
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    # A route may forbid more.
                    headers.setdefault(name, value)
            await send(message)

        if refusal is None:
            await self.app(scope, receive, with_headers)
        else:
            await problems.response(403, refusal)(scope, receive, with_headers)


def refused(headers: Headers) -> str | None:
    """Return why a request with these headers is refused, or None."""
    # More than one is an attempt to be read differently by different readers.
    host = headers["host"] if len(headers.getlist("host")) == 1 else ""
    if _name(f"//{host}") not in LOOPBACK_NAMES:
        return "This server answers only to loopback names such as 127.0.0.1 and localhost."
    if any(_place(origin) != host.lower() for origin in headers.getlist("origin")):
        return "Pages of other sites may not ask here."
    return None


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        # An address that nobody can read, such as one with a lone bracket, is not ours.
        return None
