"""A WebSocket client that notes when each live event arrives: the far end of the delivery latency."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import orjson
import websockets

from heliograph import log

logger = log.get("demo")


@dataclass
class Watch:
    """Follows /api/live from ``url`` and keeps the last arrival of each message, in Unix seconds."""

    url: str
    arrivals: dict[tuple[int, int], float] = field(default_factory=dict)
    events: int = 0
    position: str | None = None

    async def follow(self) -> None:
        """Follow until cancelled, resuming from the last position whenever the connection ends."""
        while True:
            with contextlib.suppress(OSError, websockets.WebSocketException):
                await self._follow_once()
            await asyncio.sleep(0.2)

    async def _follow_once(self) -> None:
        address = self.url.rstrip("/").replace("http", "ws", 1) + "/api/live"
        if self.position:
            address += f"?after={self.position}"
        async with websockets.connect(address, max_size=None, proxy=None) as socket:
            async for text in socket:
                self._note(text, time.time())

    def _note(self, text: str | bytes, now: float) -> None:
        event = orjson.loads(text)
        self.position = event.get("position", self.position)
        # Counters are samples: the simulator's time of a message is that of its last post, edit or deletion.
        if event["type"] == "message" and event["change"] != "observation":
            self.events += 1
            message = event["message"]
            self.arrivals[message["chat_id"], message["message_id"]] = now


def percentiles(seconds: list[float]) -> dict[int, float | None]:
    """Return the 50th, 95th and 99th percentile in milliseconds, None without any value."""
    ordered = sorted(seconds)
    if not ordered:
        return dict.fromkeys((50, 95, 99))
    return {p: round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1000, 2) for p in (50, 95, 99)}
