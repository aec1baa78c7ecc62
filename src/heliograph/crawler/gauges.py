"""The gauges of boxes: how many are in which state, and how much they have not committed yet."""

from __future__ import annotations

from heliograph import metrics
from heliograph.domain import identity
from heliograph.domain.sync import machine


def measure(sequence: machine.Machine) -> None:
    """Set them to what is the case now."""
    for state, count in sequence.states().items():
        metrics.BOXES.labels(state.value).set(count)
    lag = {"channel": 0, "account": 0}
    metrics.LAGGING.clear()
    for space, box in sequence.boxes.items():
        if box.pipeline.committed:
            kind = "channel" if identity.is_channel_space(space) else "account"
            behind = box.pipeline.pts - box.pipeline.committed.pts
            lag[kind] = max(lag[kind], behind)
            if behind:
                metrics.LAGGING.labels(str(space)).set(behind)
    for kind, events in lag.items():
        metrics.BOX_LAG.labels(kind).set(events)
