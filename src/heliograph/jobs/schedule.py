"""Everything that happens by the clock. Times are UTC, in cron's five fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from heliograph.jobs import keeping, parts, rescue


@dataclass(frozen=True, kw_only=True)
class Periodic:
    """Work that comes round again. One worker of all does it each time."""

    name: str
    cron: str
    work: Callable[[parts.Parts], Awaitable[None]]


PERIODIC: Final = (
    # A worker that died is noticed half a minute after its last sign of life.
    Periodic(name="rescue_jobs", cron="* * * * *", work=rescue.rescue),
    Periodic(name="expire_exports", cron="7 * * * *", work=keeping.expire),
    Periodic(name="forget_jobs", cron="37 3 * * *", work=rescue.forget),
)
