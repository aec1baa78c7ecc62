"""Requests and their handlers: what a service module needs to answer one TL method.

Each module under ``services/`` owns one TL namespace: ``router = rpc.Router()`` and handlers marked with
``@router.on(functions.messages.GetHistoryRequest)``. A handler returns a TL object, a list (a TL vector), a bool or
``Raw`` bytes that are serialised already, or raises ``RpcError``. Methods without a handler answer 400
``METHOD_NOT_IMPLEMENTED``: clients repeat 500s for seconds, and a loud 400 shows what is missing.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.simulator.server import Simulator
    from heliograph.simulator.wire.session import Session

VECTOR = 0x1CB5C415
BOOL_TRUE = struct.pack("<I", 0x997275B5)
BOOL_FALSE = struct.pack("<I", 0xBC799737)


class RpcError(Exception):
    """A request is answered with ``rpc_error``; ``message`` is Telegram's name for it, such as CHANNEL_PRIVATE."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class Raw:
    """An answer whose bytes are made already, constructor id included."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def _bytes(self) -> bytes:
        return self.data

    def __bytes__(self) -> bytes:
        return self.data


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Who asks, and what there is to answer from."""

    server: Simulator
    world: Any
    session: Session
    user_id: int | None
    layer: int
    msg_id: int = 0

    def require_user(self) -> int:
        """Return the signed-in user's id, or answer 401 as Telegram does before a sign-in."""
        if self.user_id is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        return self.user_id


_names: dict[type, str] = {}

Handler = Callable[[Context, Any], Awaitable[object]]


class Router:
    """Handlers by request type."""

    def __init__(self) -> None:
        self._handlers: dict[type, Handler] = {}

    def on(self, *requests: type) -> Callable[[Handler], Handler]:
        """Mark a coroutine as the handler of these request types."""

        def register(handler: Handler) -> Handler:
            for request in requests:
                if request in self._handlers:
                    raise ValueError(f"{request.__name__} has two handlers")
                self._handlers[request] = handler
            return handler

        return register

    def include(self, routers: Iterable[Router]) -> None:
        """Take over the handlers of other routers."""
        for router in routers:
            for request, handler in router._handlers.items():
                self.on(request)(handler)

    def handles(self, request: type) -> bool:
        """Tell whether somebody answers this request type."""
        return request in self._handlers

    async def dispatch(self, ctx: Context, request: Any) -> object:
        """Answer a request, or raise ``RpcError``."""
        handler = self._handlers.get(type(request))
        if handler is None:
            raise RpcError(400, "METHOD_NOT_IMPLEMENTED")
        return await handler(ctx, request)


def method_name(request: type) -> str:
    """Return a request type's TL name, such as ``messages.getHistory``."""
    name = _names.get(request)
    if name is None:
        namespace = request.__module__.rpartition(".functions")[2].lstrip(".")
        bare = request.__name__.removesuffix("Request")
        bare = bare[0].lower() + bare[1:]
        name = _names[request] = f"{namespace}.{bare}" if namespace else bare
    return name


def serialise(answer: object) -> bytes:
    """Turn a handler's return value into TL bytes; a list of ints is a ``Vector<long>``."""
    if isinstance(answer, bool):
        return BOOL_TRUE if answer else BOOL_FALSE
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, list | tuple):
        return _vector(answer)
    data: bytes = answer._bytes()  # type: ignore[attr-defined]
    return data


def _vector(items: Sequence[object]) -> bytes:
    parts = [struct.pack("<q", item) if type(item) is int else serialise(item) for item in items]
    return struct.pack("<II", VECTOR, len(items)) + b"".join(parts)
