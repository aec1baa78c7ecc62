"""What a schedule came to, and the sum of many."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class Outcome:
    """Counts of one schedule, or of several."""

    schedules: int = 0
    events: int = 0
    """New messages, edits and deletions at Telegram."""
    failed: int = 0
    """Schedules after which something was not as it must be."""
    lost: int = 0
    """Events that neither the store nor its record of losses knows of."""
    duplicated: int = 0
    """Messages or versions that are stored twice, and updates that were applied twice."""

    def add(self, other: Outcome) -> None:
        """Count another schedule."""
        self.schedules += other.schedules
        self.events += other.events
        self.failed += other.failed
        self.lost += other.lost
        self.duplicated += other.duplicated
