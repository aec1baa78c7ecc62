"""What a service manager such as systemd is told: ready, what is going on, still alive, stopping.

The protocol is one datagram of ``NAME=value`` lines to the socket that the manager named, which sd_notify(3) promises
to keep. A process that no manager started says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from heliograph import config

START_SECONDS = 30.0
"""How much more time a start is asked for; a crash recovery of the database takes as long as it takes."""
KEEP_SECONDS = 10.0
"""How often, while a start goes on."""
STOP_SECONDS = 90.0
"""How long the private database may write its last checkpoint."""


class Manager:
    """The service manager, or nobody when ``address`` is empty."""

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_seconds = watchdog_seconds
        self._is_ready = False

    def ready(self, status: str) -> None:
        """Say that everything runs."""
        self._is_ready = True
        self._say("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """Say in one line for people what is going on."""
        self._say(f"STATUS={status}")

    def stopping(self) -> None:
        """Say that an end in order has begun."""
        self._say("STOPPING=1", "STATUS=Stopping: storing what has arrived")

    def last(self) -> None:
        """Say that only the private database is still to stop, which may take longer than the rest."""
        self._say("STATUS=Stopping: the database", f"EXTEND_TIMEOUT_USEC={round(STOP_SECONDS * 1e6)}")

    async def keep(self) -> None:
        """Say again and again that we live, which ends when the event loop is blocked."""
        while not self._is_ready:
            self._say(f"EXTEND_TIMEOUT_USEC={round(START_SECONDS * 1e6)}")
            await asyncio.sleep(min(KEEP_SECONDS, self._watchdog_seconds / 3 or KEEP_SECONDS))
        while self._watchdog_seconds:
            self._say("WATCHDOG=1")
            # systemd advises half the period; a third forgives one late turn.
            await asyncio.sleep(self._watchdog_seconds / 3)

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A manager that does not listen must not hold us up.
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode(), self._address)


@contextlib.asynccontextmanager
async def manager(*, supervised: bool) -> AsyncIterator[Manager]:
    """Give the service manager, kept up to date; for a child, whose parent speaks for it, nobody."""
    found = Manager() if supervised else Manager(*config.service_manager())
    keeping = asyncio.create_task(found.keep(), name="service-manager")
    try:
        yield found
    finally:
        keeping.cancel()
