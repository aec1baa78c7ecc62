"""Roles of an installation as child processes, ended whatever happens in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from heliograph.cli import child

_COMMIT = "heliograph_commit_seconds"


@asynccontextmanager
async def running(*roles: child.Child) -> AsyncIterator[None]:
    """Start the roles in order and stop them at the end."""
    try:
        for role in roles:
            await role.start()
        yield
    finally:
        for role in roles:
            await role.stop()


async def commit_milliseconds(url: str) -> float:
    """Return the mean duration of a group commit, from the metrics that the web role shows."""
    async with httpx.AsyncClient(trust_env=False) as client:
        lines = (await client.get(f"{url}metrics")).text.splitlines()
    totals = [
        sum(float(line.split()[1]) for line in lines if line.startswith(f"{_COMMIT}_{part}"))
        for part in ("sum", "count")
    ]
    return 1000 * totals[0] / totals[1] if totals[1] else 0.0
