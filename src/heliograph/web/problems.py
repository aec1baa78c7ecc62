"""Every error of the HTTP side as RFC 9457 problem details; HTTP status exists in this room only.

An answer names what is wrong with a request, never the values in it: they may be somebody's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heliograph import errors, log
from heliograph.web import schemas

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[errors.HeliographError], int] = {
    errors.NotFound: 404,
    errors.BadInput: 422,
    errors.NotCrawling: 409,
    errors.NotFinished: 409,
    errors.DatabaseUnreachable: 503,
    errors.SchemaTooNew: 503,
    errors.StorageUnreachable: 503,
    errors.DiskFull: 507,
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": {"$ref": ref}}}}
    for ref in ("#/components/schemas/Problem",)
    for status in (404, 422, 500, 503)
}
STARTS = ("http.response.start", "websocket.http.response.start")
"""Messages that begin a response; the second refuses a WebSocket's handshake."""
INTERNAL_ERROR = 1011
"""Close code of a WebSocket."""

_logger = log.get("web")


def response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as a response."""
    problem = schemas.Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(orjson.dumps(problem.model_dump()), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make an app answer its errors as problems."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(WebSocketRequestValidationError, _handshake)
    app.add_exception_handler(errors.HeliographError, _ours)
    app.add_middleware(Unexpected)


class Unexpected:
    """Turns what nobody foresaw into a 500 and one log line, without the words that a traceback may quote."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        is_started = False

        async def watched(message: Message) -> None:
            nonlocal is_started
            # A WebSocket that was refused or closed is over as well.
            is_started = is_started or message["type"] in (*STARTS, "websocket.close")
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            _logger.error("request_failed", **log.cause(error))
            if is_started:
                return
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": INTERNAL_ERROR})
                return
            detail = "Something went wrong here; the log names the place."
            await response(500, detail)(scope, receive, send)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    return response(error.status_code, detail.get(error.status_code, str(error.detail)), error.headers)


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _invalid(error.errors()[0])


async def _handshake(socket: WebSocket, error: Exception) -> None:
    assert isinstance(error, WebSocketRequestValidationError)
    await socket.send_denial_response(_invalid(error.errors()[0]))


def _invalid(first: Any) -> Response:
    return response(422, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}.")


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.HeliographError)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    if status >= 500:
        _logger.warning("request_refused", error=type(error).__name__)
    return response(status, str(error))
