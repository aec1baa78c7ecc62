"""The earlier texts of messages, in order, whatever order the exports came in that tell of them.

What Telegram told stays as it is. Of what imports brought, texts that follow each other and are one to a reader are one
version, which is known from the first of its edit dates to the last. A page has no dates: its text is a version only
where nobody else has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from heliograph.domain import records, versions
from heliograph.store import arrays, messages
from heliograph.store.database import Connection

_VERSION: Final = "as_of, stored_at, text, entities, media"
_FOUND: Final = f"""
SELECT v.* FROM unnest(%s, %s) AS k (space_id, message_id)
CROSS JOIN LATERAL (
    SELECT space_id, message_id, true, fingerprint, text_date, edit_date, {_VERSION} FROM messages m
    WHERE m.space_id = k.space_id AND m.message_id = k.message_id
    UNION ALL
    SELECT space_id, message_id, false, fingerprint, edit_date, coalesce(until_date, edit_date), {_VERSION}
    FROM revisions r WHERE r.space_id = k.space_id AND r.message_id = k.message_id
    OFFSET 0
) v
"""
_FORGET: Final = f"""
DELETE FROM revisions r USING unnest(%s, %s) AS k (space_id, message_id)
WHERE r.space_id = k.space_id AND r.message_id = k.message_id AND r.as_of <= {records.IMPORTED_AS_OF}
"""
_WRITE: Final = f"""
INSERT INTO revisions (space_id, message_id, fingerprint, edit_date, until_date, {_VERSION})
SELECT space_id, message_id, fingerprint, edit_date, nullif(until_date, edit_date), as_of, coalesce(stored_at, now()),
       text, entities::jsonb, media::jsonb
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS r (space_id, message_id, fingerprint, edit_date, until_date, {_VERSION})
ON CONFLICT DO NOTHING
"""
_SINCE: Final = """
UPDATE messages m SET text_date = k.text_date FROM unnest(%s, %s, %s) AS k (space_id, message_id, text_date)
WHERE m.space_id = k.space_id AND m.message_id = k.message_id
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a message, and the first and last edit date that it is known under; None is before any edit."""

    fingerprint: int
    first: datetime | None
    last: datetime | None
    as_of: int
    stored_at: datetime | None
    text: str
    entities: list[records.Entity] | None
    media: records.Json | None

    @property
    def is_page(self) -> bool:
        """Whether a page told of it."""
        return records.is_imported(self.as_of) and bool(-self.as_of & records.LACKS_DETAIL)

    def is_one_with(self, other: Version) -> bool:
        """Say whether two are the same to a reader."""
        mine, others = self.media or {}, other.media or {}
        is_one_file = all(mine[key] == others[key] for key in mine.keys() & others.keys() if key != "is_closed")
        return is_one_file and (self.text, self.entities or None) == (other.text, other.entities or None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What an import changes about the texts of a message that is here."""

    key: messages.Key
    version: Version | None
    """Another than the present one."""
    moved_by: timedelta
    """How far its date was moved, and with it the dates that were read from the same clock."""


async def settle(conn: Connection, sightings: Mapping[int, Sighting]) -> set[int]:
    """Put versions in their place, each message once, and return which of the sightings told of a new text."""
    keys = arrays.pack_rows("int8 int4", sorted(each.key for each in sightings.values()))
    present: dict[messages.Key, Version] = {}
    earlier: dict[messages.Key, list[Version]] = defaultdict(list)
    for space_id, message_id, is_present, *values in await (await conn.execute(_FOUND, keys)).fetchall():
        if is_present:
            present[space_id, message_id] = Version(*values)
        else:
            earlier[space_id, message_id].append(Version(*values))
    await conn.execute(_FORGET, keys)
    written: list[tuple[Any, ...]] = []
    starts: list[tuple[Any, ...]] = []
    revised = set[int]()
    for index, each in sightings.items():
        texts = {version.text for version in earlier[each.key]}
        found, since = place(present[each.key], earlier[each.key], each)
        written += [(*each.key, *_columns(version)) for version in found]
        if since != present[each.key].first:
            starts.append((*each.key, since))
        if {version.text for version in found} - texts:
            revised.add(index)
    await conn.execute(_WRITE, arrays.pack_rows("int8 int4 int8 time time int4 time text json json", written))
    if starts:
        await conn.execute(_SINCE, arrays.pack_rows("int8 int4 time", starts))
    return revised


def place(present: Version, earlier: list[Version], sighting: Sighting) -> tuple[list[Version], datetime | None]:
    """Return the earlier versions that imports tell of, and since when the present one is known."""
    told = [each for each in [present, *earlier] if not records.is_imported(each.as_of)]
    known = [_moved(each, sighting.moved_by) for each in earlier if records.is_imported(each.as_of)]
    if sighting.version is not None and sighting.version.text not in {each.text for each in told}:
        known.append(sighting.version)
    is_told = not records.is_imported(present.as_of)
    dated = ([] if is_told else [present]) + sorted((each for each in known if not each.is_page), key=_order)
    # An export knows neither files nor all entities: beside what Telegram told, only the text tells versions apart.
    kinds = [
        next(
            kind
            for kind, other in enumerate(dated)
            if (each.text == other.text if is_told else each.is_one_with(other))
        )
        for each in dated
    ]
    stretches: list[versions.Stretch] = []
    if not is_told:
        first = versions.Stretch(fingerprint=0, first=present.first, last=present.last, source=0, is_present=True)
        stretches.append(first)
    for source, (kind, each) in enumerate(zip(kinds, dated, strict=True)):
        for at in (each.first, each.last):
            stretches = versions.add(stretches, fingerprint=kind, at=at, source=source)
    found = [replace(dated[each.source], first=each.first, last=each.last) for each in stretches if not each.is_present]
    texts = {each.text for each in [present, *told, *found]}
    for each in known:
        if each.is_page and each.text not in texts:
            found.append(each)
            texts.add(each.text)
    since = next((each.first for each in stretches if each.is_present), present.first)
    return found, since


def _moved(version: Version, by: timedelta) -> Version:
    if not -version.as_of & records.LACKS_MOMENT:
        return version
    return replace(version, first=version.first and version.first + by, last=version.last and version.last + by)


def _order(version: Version) -> tuple[bool, float, int, str]:
    """Oldest first; of one date what says more."""
    at = version.first.timestamp() if version.first else 0.0
    return version.first is not None, at, -version.as_of, version.text


def _columns(version: Version) -> tuple[Any, ...]:
    dates = (version.first, version.last)
    content = (version.text, version.entities, version.media)
    return version.fingerprint, *dates, version.as_of, version.stored_at, *content
