"""Earlier texts. One that is replaced gets here in the merge itself; what comes late or out of order, by this module.

That is rare (a history page that was asked before an edit, two edits in one commit), so it may read before it writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from heliograph.domain import records, versions
from heliograph.store import arrays, messages
from heliograph.store.database import Connection

_PRESENT = """
SELECT m.space_id, m.message_id, m.fingerprint, m.text_date, m.edit_date, m.as_of, m.stored_at, m.text, m.entities,
       m.media
FROM unnest(%s, %s) AS k (space_id, message_id)
CROSS JOIN LATERAL (
    SELECT * FROM messages m WHERE m.space_id = k.space_id AND m.message_id = k.message_id OFFSET 0
) m
"""
_EARLIER = """
SELECT r.space_id, r.message_id, r.fingerprint, r.edit_date, coalesce(r.until_date, r.edit_date), r.as_of, r.stored_at,
       r.text, r.entities, r.media
FROM unnest(%s, %s) AS k (space_id, message_id)
CROSS JOIN LATERAL (
    SELECT * FROM revisions r WHERE r.space_id = k.space_id AND r.message_id = k.message_id OFFSET 0
) r
"""
_FORGET = """
DELETE FROM revisions r USING unnest(%s, %s) AS k (space_id, message_id)
WHERE r.space_id = k.space_id AND r.message_id = k.message_id
"""
_WRITE = """
INSERT INTO revisions (space_id, message_id, edit_date, until_date, fingerprint, as_of, stored_at, text, entities,
                       media)
SELECT space_id, message_id, edit_date, nullif(until_date, edit_date), fingerprint, as_of, coalesce(stored_at, now()),
       text, entities::jsonb, media::jsonb
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) AS r (
    space_id, message_id, edit_date, until_date, fingerprint, as_of, stored_at, text, entities, media
)
ON CONFLICT DO NOTHING
"""
_STRETCH = """
UPDATE messages m SET text_date = k.text_date FROM unnest(%s, %s, %s) AS k (space_id, message_id, text_date)
WHERE m.space_id = k.space_id AND m.message_id = k.message_id AND m.text_date IS DISTINCT FROM k.text_date
"""
_Version = tuple[Any, ...]
"""as_of, stored_at, text, entities, media: what goes with a stretch."""


async def add(conn: Connection, rows: Sequence[messages.Row]) -> None:
    """Put versions in their place among what is known of their messages; a known one changes nothing."""
    sightings: dict[messages.Key, list[messages.Row]] = defaultdict(list)
    for row in rows:
        sightings[row.message.space_id, row.message.message_id].append(row)
    keys = arrays.pack_rows("int8 int4", sorted(sightings))
    known: dict[messages.Key, list[tuple[Any, ...]]] = defaultdict(list)
    for statement in (_PRESENT, _EARLIER):
        cursor = await conn.execute(statement, keys)
        for row_ in await cursor.fetchall():
            known[row_[0], row_[1]].append(row_[2:])
    await conn.execute(_FORGET, keys)
    written: list[tuple[Any, ...]] = []
    starts: list[tuple[Any, ...]] = []
    for key, stored in known.items():
        earlier, start = _place(stored, sightings[key])
        written += [(*key, *row_) for row_ in earlier]
        starts.append((*key, start))
    await conn.execute(_WRITE, arrays.pack_rows("int8 int4 time time int8 int4 time text json json", written))
    await conn.execute(_STRETCH, arrays.pack_rows("int8 int4 time", starts))


def _place(stored: list[tuple[Any, ...]], sightings: list[messages.Row]) -> tuple[list[tuple[Any, ...]], Any]:
    """Return a message's rows of revisions, and since when its present text is known. The present one comes first."""
    payloads: list[_Version] = [row[3:] for row in stored]
    (present_print, first, last), *earlier_stretches = _told(stored, sightings)
    stretches = [versions.Stretch(fingerprint=present_print, first=first, last=last, source=0, is_present=True)]
    for source, (fingerprint, first, last) in enumerate(earlier_stretches, 1):
        for at in (first, last):
            stretches = versions.add(stretches, fingerprint=fingerprint, at=at, source=source)
    for row in sightings:
        message = row.message
        payloads.append((message.as_of, None, row.text, message.entities, message.media))
        stretches = versions.add(stretches, fingerprint=row.fingerprint, at=message.edit_date, source=len(payloads) - 1)
    for row in sightings:
        _confirm(payloads, stretches, row)
    present = next(item for item in stretches if item.is_present)
    earlier = [
        (item.first, item.last, item.fingerprint, *payloads[item.source]) for item in stretches if not item.is_present
    ]
    return earlier, present.first


def _confirm(payloads: list[_Version], stretches: list[versions.Stretch], row: messages.Row) -> None:
    """Let a sighting stand where only an import told of the same text: from now on Telegram has."""
    message = row.message
    for item in stretches:
        as_of, stored_at, *_ = payloads[item.source]
        if (
            records.is_imported(as_of)
            and item.fingerprint == row.fingerprint
            and versions.covers(item, message.edit_date)
        ):
            payloads[item.source] = (message.as_of, stored_at, row.text, message.entities, message.media)


def _told(stored: list[tuple[Any, ...]], sightings: list[messages.Row]) -> list[tuple[Any, ...]]:
    """Return fingerprint, first and last date of what is stored.

    An export knows neither files nor all entities: what it brought counts as what Telegram tells of the same text.
    """
    told = {row.text: row.fingerprint for row in sightings}
    told |= {text: mark for mark, _, _, as_of, _, text, *_ in stored if as_of > records.IMPORTED_AS_OF}
    return [
        (mark if as_of > records.IMPORTED_AS_OF else told.get(text, mark), first, last)
        for mark, first, last, as_of, _, text, *_ in stored
    ]
