"""Run a simulator until it is told to stop; what ``heliograph simulator`` does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from heliograph.simulator.server import Simulator

__all__ = ["Simulator", "serve"]


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    login_code: str = "12345",
    public_key: Path | None = None,
    seed: int = 7,
    chats: int = 40,
    days: int = 14,
    messages: int | None = None,
    rate: float = 0.0,
    state_dir: Path | None = None,
    stop: asyncio.Event,
    on_ready: Callable[[Simulator], None] = lambda simulator: None,
) -> None:
    """Serve until ``stop`` is set. The public key is written once the port listens; a taken port raises PortTaken."""
    simulator = Simulator(
        host=host,
        port=port,
        login_code=login_code,
        seed=seed,
        chats=chats,
        days=days,
        messages=messages,
        rate=rate,
        state_dir=state_dir,
    )
    async with simulator:
        if public_key is not None:
            await asyncio.to_thread(_write, public_key, simulator.public_key_pem)
        on_ready(simulator)
        await stop.wait()


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)
