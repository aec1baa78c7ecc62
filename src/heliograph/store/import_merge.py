"""A message that is here already, and what another import says of it: one row, whichever of the two came first.

A row that Telegram told us of is never touched. Of two that imports brought, JSON stands above pages, and of JSON the
later edit above the earlier: what stands above says the text, its markup and the file, and both say what the other
lacks. An exact date stands above one that was converted from somebody's clock; of two converted ones the newer
statement counts. How far that moves the message, its other dates move as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.domain import records
from heliograph.store import import_rows, import_texts, likeness, messages
from heliograph.store.database import Connection

AS_STORED: Final = messages.COLUMNS.replace(
    "entities, media, service, forward", "entities::jsonb, media::jsonb, service::jsonb, forward::jsonb"
)
_FILLED: Final = (
    *("sender_id", "album_id", "reply_to_chat_id", "via_bot_id", "ttl_seconds", "service", "forward", "reply_quote"),
)
"""Columns that the lower import fills where the higher one says nothing."""
_PICK: Final = "CASE WHEN is_over THEN coalesce(i.{0}, m.{0}) ELSE coalesce(m.{0}, i.{0}) END"
_WRITTEN: Final = (
    *("date", "as_of", "edit_date", "is_edit_hidden", "text_date", "text", "entities", "media", "raw", "fingerprint"),
    *("author_signature", "is_outgoing", "is_pinned", "topic_id", "reply_to_message_id", "deleted_at", "deleted_as_of"),
    *_FILLED,
)
_GENERAL: Final = 1
"""The topic of what leads to no other."""
_PAGE, _CLOCK = records.LACKS_DETAIL, records.LACKS_MOMENT
# A page knows no edits.
_IS_APART: Final = likeness.is_apart(one="m", one_edit="old_edit", other="i", other_edit="new_edit")
_IS_FORMER: Final = likeness.is_former(one="m", other="i", is_apart=f"NOT is_page AND ({_IS_APART})")
_MERGED: Final = f"""
SELECT i.place, i.space_id, i.message_id, i.as_of AS told_as_of, m.chat_id <> i.chat_id AS is_elsewhere,
       is_imported, is_other, CASE WHEN is_imported THEN is_other_file ELSE {_IS_FORMER} END AS is_other_file, is_over,
       is_over AND is_other AS is_replacing,
       is_imported AND m.deleted_at IS NULL AND i.deleted_at IS NOT NULL AS is_deletion,
       m.date AS old_date, m.edit_date AS old_edit_date, old_edit, old_since, new_edit, new_since,
       m.as_of AS old_as_of, m.stored_at AS old_stored_at, m.fingerprint AS old_fingerprint, m.text AS old_text,
       m.entities AS old_entities, m.media AS old_media,
       i.fingerprint AS new_fingerprint, i.text AS new_text, i.entities AS new_entities, i.media AS new_media,
       t.date, -(-m.as_of & -i.as_of) AS as_of,
       CASE WHEN is_over AND is_other OR is_better THEN new_edit WHEN is_other OR is_worse THEN old_edit
            WHEN NOT is_apart THEN CASE WHEN is_over THEN new_edit ELSE old_edit END
            ELSE greatest(old_edit, new_edit) END AS edit_date,
       -- Telegram Desktop does not say it, an export of ours does.
       CASE WHEN is_over AND is_other OR is_better THEN i.is_edit_hidden WHEN is_other OR is_worse THEN m.is_edit_hidden
            WHEN NOT is_apart THEN m.is_edit_hidden OR i.is_edit_hidden
            WHEN is_later THEN i.is_edit_hidden ELSE m.is_edit_hidden END AS is_edit_hidden,
       CASE WHEN is_over AND is_other OR is_better THEN new_since WHEN is_other OR is_worse THEN old_since
            WHEN NOT is_apart AND (old_since, new_since) = (old_edit, new_edit)
                THEN CASE WHEN is_over THEN new_since ELSE old_since END
            WHEN old_since IS NOT NULL AND new_since IS NOT NULL THEN least(old_since, new_since) END AS text_date,
       c.text, c.entities, c.media,
       CASE WHEN is_over AND is_other OR is_better THEN i.raw WHEN is_other OR is_worse THEN m.raw
            WHEN is_over AND i.raw <> '' OR m.raw = '' THEN i.raw ELSE m.raw END AS raw,
       CASE WHEN (c.text, c.entities, c.media -> 'id') IS NOT DISTINCT FROM (i.text, i.entities, i.media -> 'id')
            THEN i.fingerprint ELSE m.fingerprint END AS fingerprint,
       CASE WHEN is_better THEN i.author_signature WHEN is_worse THEN m.author_signature
            ELSE {_PICK.format("author_signature")} END AS author_signature,
       m.is_outgoing OR i.is_outgoing AS is_outgoing, m.is_pinned OR i.is_pinned AS is_pinned, p.topic_id,
       -- What answers the beginning of its topic answers nothing, unless it pins that.
       CASE WHEN m.topic_id IS DISTINCT FROM i.topic_id AND p.topic_id > {_GENERAL}
                AND coalesce(m.service, i.service) ->> 'type' IS DISTINCT FROM 'pin_message'
            THEN nullif({_PICK.format("reply_to_message_id")}, p.topic_id)
            ELSE {_PICK.format("reply_to_message_id")} END AS reply_to_message_id,
       CASE WHEN m.deleted_as_of > {records.IMPORTED_AS_OF} THEN m.deleted_at
            ELSE least(m.deleted_at, i.deleted_at) END AS deleted_at,
       CASE WHEN m.deleted_at IS NULL AND i.deleted_at IS NOT NULL THEN {records.IMPORTED_AS_OF}
            ELSE m.deleted_as_of END AS deleted_as_of,
       {", ".join(f"{_PICK.format(name)} AS {name}" for name in _FILLED)}
FROM (
    SELECT place, {AS_STORED}, deleted_at, text_date
    FROM unnest({messages.PLACES}, %s, %s, %s) WITH ORDINALITY
        AS given ({messages.COLUMNS}, deleted_at, deleted_as_of, text_date, place)
    OFFSET 0
) AS i
CROSS JOIN LATERAL (
    SELECT * FROM messages m WHERE m.space_id = i.space_id AND m.message_id = i.message_id OFFSET 0
) m
CROSS JOIN LATERAL (
    SELECT m.as_of <= {records.IMPORTED_AS_OF} AND m.chat_id = i.chat_id AS is_imported,
           greatest(-m.as_of, 0) & {_PAGE} > 0 AS was_page, greatest(-m.as_of, 0) & {_CLOCK} > 0 AS was_clock,
           -i.as_of & {_PAGE} > 0 AS is_page, -i.as_of & {_CLOCK} > 0 AS is_clock,
           m.text <> i.text AS is_other_text,
           -- Descriptors of one file agree in what both of them say.
           coalesce((m.media || i.media) - 'is_closed' <> (i.media || m.media) - 'is_closed', false) AS is_other_file
    OFFSET 0
) s
CROSS JOIN LATERAL (
    SELECT CASE WHEN is_imported AND ((was_clock, was_page) > (is_clock, is_page)
                    OR was_clock AND (was_clock, was_page) = (is_clock, is_page))
                THEN i.date ELSE m.date END AS date,
           is_imported AND was_page AND NOT is_page AS is_better, is_page AND NOT was_page AS is_worse
    OFFSET 0
) t
CROSS JOIN LATERAL (
    SELECT CASE WHEN was_clock THEN m.edit_date + (t.date - m.date) ELSE m.edit_date END AS old_edit,
           CASE WHEN was_clock THEN m.text_date + (t.date - m.date) ELSE m.text_date END AS old_since,
           CASE WHEN is_clock THEN i.edit_date + (t.date - i.date) ELSE i.edit_date END AS new_edit,
           CASE WHEN is_clock THEN i.text_date + (t.date - i.date) ELSE i.text_date END AS new_since
    OFFSET 0
) e
CROSS JOIN LATERAL (
    SELECT old_edit IS DISTINCT FROM new_edit AND NOT coalesce(
        m.date <> i.date
            AND new_edit BETWEEN old_edit - {likeness.SUMMER} AND old_edit + {likeness.SUMMER}, false) AS is_apart,
        coalesce(new_edit, '-infinity') > coalesce(old_edit, '-infinity') AS is_later
    OFFSET 0
) a
CROSS JOIN LATERAL (
    SELECT is_other_text OR is_imported AND NOT was_page AND NOT is_page AND is_apart
               AND (m.entities IS DISTINCT FROM i.entities OR is_other_file) AS is_other,
           is_imported AND (is_better OR was_page = is_page AND CASE
               WHEN is_apart OR is_other_text AND old_edit IS DISTINCT FROM new_edit THEN is_later
               ELSE was_clock AND NOT is_clock END) AS is_over
    OFFSET 0
) o
CROSS JOIN LATERAL (
    SELECT CASE WHEN is_over AND is_other THEN i.text ELSE m.text END AS text,
           CASE WHEN is_over AND is_other OR is_better THEN i.entities WHEN is_other OR is_worse THEN m.entities
                ELSE {_PICK.format("entities")} END AS entities,
           CASE WHEN was_page <> is_page OR is_other_file OR m.media IS NULL OR i.media IS NULL
                THEN {_PICK.format("media")}
                ELSE CASE WHEN is_over THEN m.media || i.media ELSE i.media || m.media END
           END || CASE WHEN 'true' IN (m.media -> 'is_closed', i.media -> 'is_closed')
                       THEN '{{"is_closed": true}}' ELSE '{{}}' END::jsonb AS media
    OFFSET 0
) c
CROSS JOIN LATERAL (
    SELECT CASE WHEN i.topic_id > {_GENERAL} AND NOT coalesce(m.topic_id > {_GENERAL}, false) THEN i.topic_id
                WHEN m.topic_id > {_GENERAL} AND NOT coalesce(i.topic_id > {_GENERAL}, false) THEN m.topic_id
                ELSE {_PICK.format("topic_id")} END AS topic_id
    OFFSET 0
) p
"""
_KNOWN: Final = f"""
WITH merged AS MATERIALIZED ({_MERGED}), written AS (
    UPDATE messages m SET
        {", ".join(f"{name} = n.{name}" for name in _WRITTEN)},
        stored_at = CASE WHEN n.is_replacing THEN now() ELSE m.stored_at END
    FROM merged n
    WHERE m.space_id = n.space_id AND m.message_id = n.message_id AND n.is_imported
      AND ({", ".join(f"m.{name}" for name in _WRITTEN)})
          IS DISTINCT FROM ({", ".join(f"n.{name}" for name in _WRITTEN)})
    RETURNING m.space_id, m.message_id
), moved AS (
    -- Counters that were taken for as old as their message.
    UPDATE observations o SET observed_at = o.observed_at + (n.date - n.old_date) FROM merged n
    WHERE o.space_id = n.space_id AND o.message_id = n.message_id AND n.is_imported AND n.date <> n.old_date
      AND o.observed_at <= greatest(n.old_date, n.old_edit_date)
)
SELECT place - 1, is_elsewhere, is_replacing, w.message_id IS NOT NULL, w.message_id IS NOT NULL AND is_deletion,
       is_over, is_other_file, is_imported AND date <> old_date,
       NOT is_elsewhere AND (is_other OR w.message_id IS NOT NULL AND EXISTS (
           SELECT FROM revisions r WHERE r.space_id = n.space_id AND r.message_id = n.message_id
       )),
       date - old_date,
       CASE WHEN is_replacing THEN old_fingerprint WHEN is_other THEN new_fingerprint END,
       CASE WHEN is_replacing THEN old_since ELSE new_since END,
       CASE WHEN is_replacing THEN old_edit ELSE new_edit END,
       CASE WHEN is_replacing THEN old_as_of ELSE told_as_of END,
       CASE WHEN is_replacing THEN old_stored_at END,
       CASE WHEN is_replacing THEN old_text WHEN is_other THEN new_text END,
       CASE WHEN is_replacing THEN old_entities WHEN is_other THEN new_entities END,
       CASE WHEN is_replacing THEN old_media WHEN is_other THEN new_media END
FROM merged n LEFT JOIN written w USING (space_id, message_id)
WHERE is_elsewhere OR is_other OR is_over OR is_other_file OR w.message_id IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Enriched:
    """What became of rows that were here already, by their indices."""

    revised: frozenset[int] = frozenset()
    completed: frozenset[int] = frozenset()
    elsewhere: frozenset[int] = frozenset()
    """The id is another chat's: the mailbox is not the one that the export came from."""
    over: frozenset[int] = frozenset()
    """What they say stands above what was here."""
    other_files: frozenset[int] = frozenset()
    """Their file is another than the one that was here."""
    deleted: int = 0
    is_moved: bool = False
    """Whether a message has another date now."""


async def enrich(conn: Connection, items: Sequence[import_rows.Item]) -> Enriched:
    """Merge rows with what is stored under their ids, those of one id one after the other."""
    names = ("elsewhere", "replaced", "written", "deleted", "over", "other_files", "moved")
    found: dict[str, set[int]] = {name: set() for name in names}
    revised = set[int]()
    for group in _apart(items):
        packed = import_rows.columns([items[index] for index in group])
        cursor = await conn.execute(_KNOWN, packed, prepare=True, binary=True)
        sightings: dict[int, import_texts.Sighting] = {}
        for place, *values in await cursor.fetchall():
            index = group[place]
            is_told, moved_by, mark, *version = values[len(names) :]
            for name, is_so in zip(names, values, strict=False):
                if is_so:
                    found[name].add(index)
            if is_told:
                sightings[index] = import_texts.Sighting(
                    key=items[index].row.key,
                    version=None if mark is None else import_texts.Version(mark, *version),
                    moved_by=moved_by,
                )
        if sightings:
            revised |= await import_texts.settle(conn, sightings)
    revised |= found["replaced"]
    return Enriched(
        revised=frozenset(revised),
        completed=frozenset(found["written"] - revised),
        elsewhere=frozenset(found["elsewhere"]),
        over=frozenset(found["over"]),
        other_files=frozenset(found["other_files"]),
        deleted=len(found["deleted"]),
        is_moved=bool(found["moved"]),
    )


def _apart(items: Sequence[import_rows.Item]) -> list[list[int]]:
    """Return groups of indices in which every message id occurs once."""
    groups: list[dict[int, int]] = []
    turns: dict[int, int] = {}
    for index, item in enumerate(items):
        number = item.row.message.message_id
        turn = turns[number] = turns.get(number, -1) + 1
        if turn == len(groups):
            groups.append({})
        groups[turn][number] = index
    return [list(group.values()) for group in groups]
