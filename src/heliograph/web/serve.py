"""Serving the application on loopback, with the port taken before anything else starts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from heliograph import config, errors
from heliograph.store import database as store_database
from heliograph.store import heartbeats
from heliograph.web import app as web_app

STOP_SECONDS = 3
PING_SECONDS = 20.0
MAX_SENT_BYTES = 64 * 1024
"""Clients of the live stream have nothing to say."""


async def serve(
    settings: config.Settings,
    database: store_database.Database,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[str], None] | None = None,
    page_dir: Path | None = None,
) -> None:
    """Serve until ``stop`` is set or the task is cancelled; ``on_ready`` gets the page's address.

    Raises PortTaken.
    """
    listener = listen(settings.web)
    app = web_app.create_app(settings=settings, database=database, page_dir=page_dir)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            ws="websockets-sansio",
            ws_max_size=MAX_SENT_BYTES,
            ws_ping_interval=PING_SECONDS,
            # Loopback has bandwidth, and compressing each event for each client would cost the latency.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        ),
        lambda: on_ready(_address(settings.web, listener)) if on_ready else None,
    )
    heart = heartbeats.Heart(database, "web")
    beside = [asyncio.create_task(heart.run(), name="heart")]
    if stop is not None:
        beside.append(asyncio.create_task(_stop(server, stop)))
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        for task in beside:
            task.cancel()
        await asyncio.wait(beside, timeout=STOP_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(heart.end(), STOP_SECONDS)


def listen(settings: config.Web) -> socket.socket:
    """Take the port. Raises PortTaken when another program has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise errors.PortTaken(
                f"Port {settings.port} is in use or not allowed; choose another with --port or web.port."
            ) from None
        raise errors.BadInput(f"{settings.host} cannot be listened on: {error.strerror}; use 127.0.0.1.") from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to the caller and says when it is up."""

    def __init__(self, settings: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(settings)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _address(settings: config.Web, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}/"
