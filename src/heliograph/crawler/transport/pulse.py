"""Whether a connection still answers: pings now and then, and at once when a request stayed without an answer.

A connection that has died in silence says nothing by itself, and neither does one whose server answers pings but no
requests. Both count as lost.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

from telethon.errors import AuthKeyNotFound
from telethon.tl.functions import PingDelayDisconnectRequest

from heliograph import errors
from heliograph.crawler.transport.client import Client

DISCONNECT_DELAY_SECONDS = 75
"""The server closes a connection that has not pinged for so long."""
MOST_UNANSWERED = 2
"""Requests that may reach their deadline in a row; then a connection is made again whatever its pings say."""


class Pulse:
    """The health of one account's connection, whichever it is at the moment; pinged every ``ping_seconds``."""

    def __init__(self, ping_seconds: float) -> None:
        self._ping_seconds = ping_seconds
        self._unanswered = 0
        self._doubt = asyncio.Event()

    def answered(self) -> None:
        """Note that a request was answered, be it with an error."""
        self._unanswered = 0

    def timed_out(self) -> None:
        """Note that a request reached its deadline."""
        self._unanswered += 1
        self._doubt.set()

    async def until_gone(self, client: Client) -> str:
        """Ping until the connection is gone or of no use, and return why. Raises SessionEnded."""
        gone: asyncio.Future[None] = client.disconnected
        self._unanswered = 0
        self._doubt.clear()
        try:
            while True:
                if await self._is_done_after(gone):
                    return _reason(gone)
                if self._unanswered >= MOST_UNANSWERED:
                    return "unanswered"
                ping = client.send(PingDelayDisconnectRequest(random.getrandbits(62), DISCONNECT_DELAY_SECONDS))
                ping.add_done_callback(retrieve)
                patience = self._ping_seconds / 2
                done, _ = await asyncio.wait({gone, ping}, timeout=patience, return_when="FIRST_COMPLETED")
                if not done:
                    return "ping_timeout"
        except OSError:
            return "closed"
        finally:
            gone.cancel()

    async def _is_done_after(self, gone: asyncio.Future[None]) -> bool:
        """Wait until the next ping is due or there is a doubt, and say whether the connection is gone."""
        doubt: asyncio.Future[Any] = asyncio.ensure_future(self._doubt.wait())
        try:
            await asyncio.wait({gone, doubt}, timeout=self._ping_seconds, return_when="FIRST_COMPLETED")
        finally:
            doubt.cancel()
        self._doubt.clear()
        return gone.done()


def retrieve(future: asyncio.Future[Any]) -> None:
    """Take a future's error, so that asyncio does not report it as forgotten."""
    if not future.cancelled():
        future.exception()


def _reason(gone: asyncio.Future[None]) -> str:
    error = None if gone.cancelled() else gone.exception()
    if isinstance(error, AuthKeyNotFound):
        raise errors.SessionEnded
    return type(error).__name__ if error else "closed"
