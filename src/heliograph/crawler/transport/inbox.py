"""Where the socket reader drops what Telegram pushes: bounded in number and bytes, and it never makes the reader wait.

When it is full the container is dropped and one ``overflow`` event says so: the engine then asks for differences, so
nothing that was dropped is forgotten (invariant 4).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from heliograph import clock, metrics

Kind = Literal["container", "reconnected", "new_session", "undecodable", "overflow", "ended"]

MAX_PUSH_AGE_SECONDS = 60.0
"""A push that claims to be older than this tells of a wrong clock, not of a slow network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One thing that happened on the connection.

    ``container``: Telegram's Updates object. ``reconnected``, ``new_session``: something may have been missed.
    ``undecodable``: a container could not be read. ``overflow``: containers were dropped. ``ended``: the session is
    over and this connection stays closed.
    """

    kind: Kind
    container: Any = None
    pushed_at: datetime | None = None
    size: int = 0
    """Bytes of the container as Telegram writes it, unpacked."""


class Inbox:
    """A queue of :class:`Incoming` with one consumer; Telethon's sender uses it through ``put_nowait``."""

    def __init__(self, maxsize: int, time: clock.Clock, *, max_bytes: int = 16 * 2**20) -> None:
        self._maxsize = maxsize
        self._max_bytes = max_bytes
        self._bytes = 0
        self._time = time
        self._items: deque[Incoming] = deque()
        self._since: deque[float] = deque()
        """When each of the items came, in monotonic seconds."""
        self._heard_at = self._taken_at = time.monotonic()
        self._signals: set[Kind] = set()
        self._ready = asyncio.Event()

    def put_nowait(self, container: Any) -> None:
        """Take an Updates object, or drop it and raise the ``overflow`` event when there is no room."""
        size = getattr(container, "decoded_bytes", 0)
        if len(self._items) >= self._maxsize or self._bytes + size > self._max_bytes:
            self.signal("overflow")
            return
        message_id = getattr(container, "server_message_id", None)
        pushed_at = None if message_id is None else push_time(message_id, self._time.now())
        self._append(Incoming(kind="container", container=container, pushed_at=pushed_at, size=size))

    def signal(self, kind: Kind) -> None:
        """Queue a control event; one that still waits stands for this one too: it is acted upon after both."""
        if kind not in self._signals:
            self._signals.add(kind)
            self._append(Incoming(kind=kind))

    async def get(self) -> Incoming:
        """Wait for the next event."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        return self.get_nowait()

    def get_nowait(self) -> Incoming:
        """Return the next event; raises IndexError when there is none."""
        item = self._items.popleft()
        self._since.popleft()
        self._bytes -= item.size
        self._taken_at = self._time.monotonic()
        self._signals.discard(item.kind)
        metrics.QUEUE_DEPTH.labels("updates").set(len(self._items))
        return item

    def hear(self) -> None:
        """Note that Telegram has said something, be it the answer to a ping."""
        self._heard_at = self._time.monotonic()

    @property
    def lag_seconds(self) -> float:
        """How long the oldest event that waits has waited, in seconds; 0 when none waits."""
        return self._time.monotonic() - self._since[0] if self._since else 0.0

    @property
    def stuck_seconds(self) -> float:
        """For how long something has waited and nothing was taken, in seconds."""
        return self._time.monotonic() - max(self._since[0], self._taken_at) if self._since else 0.0

    @property
    def silence_seconds(self) -> float:
        """How long nothing at all has come from Telegram, in seconds."""
        return self._time.monotonic() - self._heard_at

    def qsize(self) -> int:
        """Return how many events wait."""
        return len(self._items)

    def _append(self, item: Incoming) -> None:
        self._items.append(item)
        self._bytes += item.size
        self._since.append(self._time.monotonic())
        metrics.QUEUE_DEPTH.labels("updates").set(len(self._items))
        self._ready.set()


def push_time(message_id: int, received_at: datetime) -> datetime:
    """Return when the server sent a message, read from its id (seconds * 2**32); the receipt when clocks disagree."""
    age = received_at.timestamp() - message_id / 2**32
    if 0 <= age <= MAX_PUSH_AGE_SECONDS:
        return datetime.fromtimestamp(message_id / 2**32, UTC)
    return received_at
