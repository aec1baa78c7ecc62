"""What every job works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from heliograph import config
from heliograph.store import database as store_database

if TYPE_CHECKING:
    import procrastinate


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that one worker process is made of."""

    settings: config.Settings
    database: store_database.Database
    queue: procrastinate.App

    @property
    def keep(self) -> timedelta:
        """How long an export that is over is kept."""
        return timedelta(days=self.settings.exports.keep_days)
