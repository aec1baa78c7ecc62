"""When the mirror was cut off: from a fault until updates are seen to arrive again.

The end is decided by evidence, the far end's first arrival of an update that was pushed after the fault. Nothing that
the crawler says of itself is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heliograph.cli.demo import verify

IN_FLIGHT_SECONDS = 0.1
"""What was pushed so shortly before a fault was on its way when the fault struck."""
UNSURE_SECONDS = 3.0
"""So long before a fault a text may be in no commit yet, and so long after it some box may still be caught up."""

Arrivals = Mapping[tuple[int, int], float]
"""The last arrival of each message, by (chat_id, message_id), in Unix seconds."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault that was made, in Unix seconds."""

    begun_at: float
    done_at: float
    """From when on nothing can have arrived by the old connection."""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds from push to arrival of the updates that count, and how many do not."""

    seconds: Sequence[float]
    excluded: int
    """Pushed while the mirror was cut off."""


def windows(faults: Iterable[Fault], truth: Sequence[verify.Record], arrivals: Arrivals) -> list[verify.Gap]:
    """Return from when to when each fault kept updates from arriving; without any evidence it never ended."""
    seen = [pair for record in truth if (pair := _pushed_and_arrived(record, arrivals)) is not None]
    return [
        verify.Gap(
            fault.begun_at - IN_FLIGHT_SECONDS,
            min((arrived for pushed, arrived in seen if pushed > fault.done_at), default=math.inf),
        )
        for fault in faults
    ]


def latency(truth: Sequence[verify.Record], arrivals: Arrivals, cut_off: Sequence[verify.Gap]) -> Latency:
    """Measure every update that was pushed while the mirror was connected, from push to arrival."""
    seen = [pair for record in truth if (pair := _pushed_and_arrived(record, arrivals)) is not None]
    counted = [
        arrived - pushed for pushed, arrived in seen if not any(gap.begin <= pushed <= gap.end for gap in cut_off)
    ]
    return Latency(seconds=counted, excluded=len(seen) - len(counted))


def unsure(cut_off: Iterable[verify.Gap]) -> list[verify.Gap]:
    """Widen windows by what was in flight at their ends: there a text may be replaced before it is seen."""
    return [verify.Gap(begin - UNSURE_SECONDS, end + UNSURE_SECONDS) for begin, end in cut_off]


def _pushed_and_arrived(record: verify.Record, arrivals: Arrivals) -> tuple[float, float] | None:
    pushed = record.get("pushed_at")
    arrived = arrivals.get((record["chat_id"], record["message_id"]))
    # An arrival before the last push is that of an earlier one: the last changed no more than a counter.
    return (pushed, arrived) if pushed and arrived and arrived >= pushed else None
