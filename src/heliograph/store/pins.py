"""Pins: an update that names messages and says whether they are pinned, nothing else.

Keeps invariant 9: an older one changes nothing. The row becomes as new as the pin, since a box's updates are applied in
their order; a history page that was asked before the pin is older knowledge from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from heliograph.domain import records
from heliograph.store import arrays, messages
from heliograph.store.database import Connection

_SET: Final = """
WITH known AS MATERIALIZED (
    SELECT p.* FROM unnest(%s, %s, %s, %s) AS p (space_id, message_id, as_of, is_pinned)
    CROSS JOIN LATERAL (
        SELECT FROM messages m
        WHERE m.space_id = p.space_id AND m.message_id = p.message_id AND m.as_of <= p.as_of AND m.deleted_at IS NULL
        OFFSET 0
    ) m
)
UPDATE messages m SET is_pinned = k.is_pinned, as_of = k.as_of FROM known k
WHERE m.space_id = k.space_id AND m.message_id = k.message_id
"""


def fold(pins: Iterable[records.Pin]) -> list[records.Pin]:
    """Keep the newest of each message; of equally new ones the last."""
    kept: dict[messages.Key, records.Pin] = {}
    for pin in pins:
        other = kept.get((pin.space_id, pin.message_id))
        if other is None or pin.as_of >= other.as_of:
            kept[pin.space_id, pin.message_id] = pin
    return list(kept.values())


async def put(conn: Connection, pins: Sequence[records.Pin]) -> None:
    """Pin and unpin what is stored and alive. Goes after the messages of the same commit."""
    rows = [(pin.space_id, pin.message_id, pin.as_of, pin.is_pinned) for pin in pins]
    await conn.execute(_SET, arrays.pack_rows("int8 int4 int4 bool", rows), prepare=True)
