"""What is mirrored and how fast: the settings of the crawler, and what all sections of settings are made of.

The rest of the settings, and what puts them together, is in :mod:`heliograph.config`; code reads these from there too.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """Settings under one heading: none may be changed, and none may be there that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Budget(Section):
    """What one account may ask of one method family."""

    per_second: float = Field(gt=0)
    burst: float = Field(1, ge=1)
    concurrent: int = Field(1, ge=1)


# First budgets per account, TELEGRAM.md section 4.1. The keys are the governor's method families.
DEFAULT_BUDGETS: dict[str, Budget] = {
    "history": Budget(per_second=0.8, burst=2),
    "messages": Budget(per_second=1 / 3, burst=1),
    "difference": Budget(per_second=5, burst=5, concurrent=1),
    "channel_difference": Budget(per_second=2, burst=10, concurrent=8),
    "peer_dialogs": Budget(per_second=0.2, burst=1),
    "dialogs": Budget(per_second=1 / 3, burst=2),
    "resolve": Budget(per_second=1 / 60, burst=1),
    "reactions": Budget(per_second=1 / 15, burst=1),
    "topics": Budget(per_second=0.5, burst=5),
    "files": Budget(per_second=1, burst=4, concurrent=1),
    "other": Budget(per_second=1, burst=5, concurrent=2),
}


NOT_RAISED = frozenset({"resolve", "other"})
"""Defaults that are never exceeded: a wait for one costs half a day, and what is in the other shares nothing."""


class Crawler(Section):
    """What is mirrored and how fast."""

    enabled: bool = True
    history: bool = True
    """Backfill past messages."""
    updates: bool = True
    """Follow live updates."""
    peers: bool = True
    """Keep the lists of chats and people fresh."""
    history_depth: str = "14d"
    """How far back: ``all``, a number of days such as ``14d``, or a date such as ``2026-01-31``."""
    history_limit_per_run: int | None = Field(None, ge=1)
    """At most this many messages per chat and run."""
    concurrency: int = Field(4, ge=1, le=64)
    """Chats that are backfilled at once."""
    private_chats: bool = False
    """Mirror one-to-one conversations as well."""
    queue_size: int = Field(10_000, ge=10)
    queue_mb: int = Field(16, ge=1)
    """MiB of what Telegram pushes, as it writes it, that may wait per account; in memory it is up to 15 times that."""
    gap_wait_seconds: float = Field(0.5, ge=0)
    silence_seconds: float = Field(900, gt=0)
    refresh_seconds: float = Field(300, gt=0)
    """How often the list of chats is read again."""
    sentinel_hot_seconds: float = Field(50, gt=0)
    """How often it is asked where a chat with traffic stands: with its confirmation a loss is stored in a minute."""
    sentinel_cold_seconds: float = Field(590, gt=0)
    """How often at least it is asked where any chat stands."""
    confirm_seconds: float = Field(60, ge=0)
    """What was found empty is asked for again after so long before it counts as deleted."""
    audit: bool = True
    """Look at stored messages again, the younger the more often."""
    spool_mb: int = Field(1024, ge=0)
    """Disk that may hold what arrives while the database is away, in MiB; 0 for none."""
    stall_seconds: float = Field(60, gt=0)
    """A part that has not moved for so long is stalled, and its process is started again."""
    drain_seconds: float = Field(15, ge=0, le=20)
    """How long a stop waits for what is on its way into the database."""
    budgets: dict[str, Budget] = Field(default_factory=dict)
    """Budgets of your own, by method family. They are never exceeded; a default is only where learning begins."""

    @field_validator("history_depth")
    @classmethod
    def _known_depth(cls, value: str) -> str:
        history_since(value, datetime.now(UTC))
        return value

    @field_validator("budgets")
    @classmethod
    def _known_families(cls, value: dict[str, Budget]) -> dict[str, Budget]:
        if unknown := sorted(value.keys() - DEFAULT_BUDGETS.keys()):
            raise ValueError(f"there is no method family {', '.join(unknown)}, only {', '.join(DEFAULT_BUDGETS)}")
        return value

    @model_validator(mode="after")
    def _hot_before_cold(self) -> Self:
        if self.sentinel_hot_seconds > self.sentinel_cold_seconds:
            raise ValueError("sentinel_hot_seconds is longer than sentinel_cold_seconds")
        return self

    def budget(self, family: str) -> Budget:
        """Return the budget of a method family, ``other`` for an unknown one."""
        return self.budgets.get(family) or DEFAULT_BUDGETS.get(family) or DEFAULT_BUDGETS["other"]

    def highest(self, family: str) -> float:
        """Return how many requests per second of a method family are never exceeded, infinity without such a bound."""
        is_bound = family in self.budgets or family in NOT_RAISED or family not in DEFAULT_BUDGETS
        return self.budget(family).per_second if is_bound else math.inf


def history_since(depth: str, now: datetime) -> datetime | None:
    """Turn a history depth into the oldest moment to fetch, or None for everything. Raises ValueError."""
    if depth == "all":
        return None
    try:
        if depth.endswith("d") and depth[:-1].isascii() and depth[:-1].isdecimal():
            return now - timedelta(days=int(depth[:-1]))
        day = date.fromisoformat(depth)
    except (ValueError, OverflowError):
        raise ValueError(
            "history_depth is `all`, a number of days such as `14d`, or a date such as 2026-01-31"
        ) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
