"""Messages enter here, whatever brought them: live updates, differences, history pages.

Keeps invariants 8 and 9: a row is keyed by the server's identity, older knowledge never overwrites newer, deletion
wins over anything that is not newer, and a text that is replaced moves to ``revisions``. One statement does it, so that
there is no moment between looking and writing; the space lock of the commit keeps other writers out meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from heliograph.domain import identity, records
from heliograph.store import arrays, content, likeness, raw
from heliograph.store.database import Connection

Key = tuple[identity.SpaceId, int]


class Fate:
    """What became of an incoming row, as bits of an int: enum.Flag would cost a third of a commit's time in Python."""

    NEW: Final = 1
    CHANGED: Final = 2
    """It replaced another text, which is in revisions now."""
    TOUCHED: Final = 4
    """The text is the same, something else that people see is not."""
    LATE: Final = 8
    """It is older than the stored row and its version is not the present one."""
    TANGLED: Final = 16
    """It is newer than the stored row, and revisions hold a version that is not older than both."""
    REOPENED: Final = 32
    """The message was deleted before this sighting of it."""
    ORPHANED: Final = 64
    """Its deletion had arrived before it."""
    REPLACED: Final = 128
    """It is Telegram's first telling of a message of which imports knew another form, and maybe another file."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message ready to be stored."""

    message: records.Message
    text: str
    """Without what PostgreSQL cannot hold."""
    fingerprint: int
    raw: bytes
    """As stored: compressed."""

    @property
    def key(self) -> Key:
        """What the server knows the message by."""
        return self.message.space_id, self.message.message_id


COLUMNS: Final = """
    space_id, message_id, chat_id, date, as_of, fingerprint, sender_id, edit_date, album_id, reply_to_chat_id,
    via_bot_id, reply_to_message_id, topic_id, ttl_seconds, layer, is_edit_hidden, is_outgoing, is_pinned, text, raw,
    entities, media, service, forward, reply_quote, author_signature
"""
KINDS: Final = """
    int8 int4 int8 time int4 int8 int8 time int8 int8
    int8 int4 int4 int4 int2 bool bool bool text bytes
    json json json json text text
"""
PLACES: Final = ", ".join(["%s"] * len(KINDS.split()))

# An export knows neither files nor all entities: of what it brought only the text says whether anything changed.
_HAS_OTHER_TEXT: Final = f"""m.fingerprint <> EXCLUDED.fingerprint
            AND (m.as_of > {records.IMPORTED_AS_OF} OR m.text <> EXCLUDED.text)"""
# The row is an import's: a converted date of it moves as far as its message.
_IMPORTED_EDIT: Final = (
    f"m.edit_date + CASE WHEN -m.as_of & {records.LACKS_MOMENT} > 0 THEN i.date - m.date ELSE interval '0' END"
)
_IS_APART: Final = likeness.is_apart(one="m", one_edit=_IMPORTED_EDIT, other="i", other_edit="i.edit_date")
_IS_FORMER: Final = likeness.is_former(
    one="m", other="r", is_apart=f"-m.as_of & {records.LACKS_DETAIL} = 0 AND ({_IS_APART})"
)
# OFFSET 0 keeps the planner from turning the look-ups into a join that scans: they are index probes at any size.
_MERGE: Final = f"""
WITH known AS MATERIALIZED (
    SELECT i.space_id, i.message_id, i.chat_id, i.date, a.as_of, i.fingerprint, i.sender_id, i.edit_date, i.album_id,
           i.reply_to_chat_id, i.via_bot_id, i.reply_to_message_id, i.topic_id, i.ttl_seconds, i.layer,
           i.is_edit_hidden, i.is_outgoing, i.is_pinned, i.text, i.raw, i.entities::jsonb AS entities,
           i.media::jsonb AS media, i.service::jsonb AS service, i.forward::jsonb AS forward, i.reply_quote,
           i.author_signature, i.place,
           o.as_of AS orphan_as_of, o.deleted_at AS orphan_deleted_at,
           m.as_of IS NULL AS is_new,
           m.as_of IS NULL OR a.as_of > m.as_of OR a.as_of = m.as_of
               AND coalesce(i.edit_date, '-infinity') >= coalesce(m.edit_date, '-infinity') AS is_newest,
           m.fingerprint <> i.fingerprint AND (m.as_of > {records.IMPORTED_AS_OF} OR m.text <> i.text) AS is_other_text,
           (i.edit_date, i.is_edit_hidden, i.is_pinned, i.media::jsonb, i.service::jsonb, i.topic_id)
               IS DISTINCT FROM (m.edit_date, m.is_edit_hidden, m.is_pinned, m.media, m.service, m.topic_id)
               OR m.as_of <= {records.IMPORTED_AS_OF} AS is_other_form,
           m.as_of <= {records.IMPORTED_AS_OF} AND m.media IS NOT NULL AND i.media IS NOT NULL AND (
               SELECT {_IS_FORMER} FROM (SELECT i.text, i.media::jsonb AS media OFFSET 0) r) AS is_former,
           i.raw IS DISTINCT FROM m.raw OR a.as_of IS DISTINCT FROM m.as_of AS is_other_source,
           coalesce(i.edit_date, '-infinity') BETWEEN coalesce(m.text_date, '-infinity')
               AND coalesce(m.edit_date, '-infinity') AS is_in_stretch,
           m.as_of AS old_as_of, m.fingerprint AS old_fingerprint, m.text_date AS old_text_date,
           m.edit_date AS old_edit_date, m.deleted_as_of AS old_deleted_as_of, m.stored_at AS old_stored_at,
           m.text AS old_text, m.entities AS old_entities, m.media AS old_media
    FROM unnest({PLACES}) WITH ORDINALITY AS i ({COLUMNS.replace(" as_of", " told_as_of")}, place)
    -- A scan may have been asked before the cursor went back: nothing is newer than the cursor.
    LEFT JOIN LATERAL (SELECT b.pts FROM box_cursors b WHERE b.box = i.space_id OFFSET 0) b ON true
    CROSS JOIN LATERAL (SELECT least(i.told_as_of, b.pts) AS as_of) a
    LEFT JOIN LATERAL (
        SELECT * FROM messages m WHERE m.space_id = i.space_id AND m.message_id = i.message_id OFFSET 0
    ) m ON true
    LEFT JOIN LATERAL (
        SELECT * FROM orphan_tombstones o WHERE o.space_id = i.space_id AND o.message_id = i.message_id OFFSET 0
    ) o ON true
    -- One mailbox is authoritative for a basic group; what another account sees of it is no second row.
    WHERE i.space_id > 0
        OR NOT EXISTS (SELECT FROM chats c WHERE c.chat_id = i.chat_id AND c.space_id <> i.space_id)
), replaced AS (
    INSERT INTO revisions (space_id, message_id, edit_date, until_date, fingerprint, as_of, stored_at, text, entities,
                           media)
    SELECT space_id, message_id, old_text_date, nullif(old_edit_date, old_text_date), old_fingerprint, old_as_of,
           old_stored_at, old_text, old_entities, old_media
    FROM known WHERE is_newest AND is_other_text
    ON CONFLICT DO NOTHING
), merged AS (
    INSERT INTO messages AS m ({COLUMNS}, text_date, deleted_at, deleted_as_of)
    SELECT {COLUMNS}, edit_date,
           CASE WHEN orphan_as_of >= as_of THEN orphan_deleted_at END,
           CASE WHEN orphan_as_of >= as_of THEN orphan_as_of END
    FROM known WHERE is_new OR is_newest AND (is_other_text OR is_other_form OR is_other_source)
    ON CONFLICT (space_id, message_id) DO UPDATE SET
        chat_id = EXCLUDED.chat_id, date = EXCLUDED.date, as_of = EXCLUDED.as_of, sender_id = EXCLUDED.sender_id,
        edit_date = EXCLUDED.edit_date, album_id = EXCLUDED.album_id, reply_to_chat_id = EXCLUDED.reply_to_chat_id,
        via_bot_id = EXCLUDED.via_bot_id, reply_to_message_id = EXCLUDED.reply_to_message_id,
        topic_id = EXCLUDED.topic_id, ttl_seconds = EXCLUDED.ttl_seconds, layer = EXCLUDED.layer,
        is_edit_hidden = EXCLUDED.is_edit_hidden, is_outgoing = EXCLUDED.is_outgoing,
        is_pinned = EXCLUDED.is_pinned, text = EXCLUDED.text, raw = EXCLUDED.raw, entities = EXCLUDED.entities,
        media = EXCLUDED.media, service = EXCLUDED.service, forward = EXCLUDED.forward,
        reply_quote = EXCLUDED.reply_quote, author_signature = EXCLUDED.author_signature,
        fingerprint = EXCLUDED.fingerprint,
        stored_at = CASE WHEN {_HAS_OTHER_TEXT} THEN now() ELSE m.stored_at END,
        text_date = CASE WHEN {_HAS_OTHER_TEXT} THEN EXCLUDED.edit_date
                         WHEN m.text_date IS NULL OR EXCLUDED.edit_date IS NULL THEN NULL
                         ELSE least(m.text_date, EXCLUDED.edit_date) END,
        deleted_at = CASE WHEN m.deleted_as_of >= EXCLUDED.as_of THEN m.deleted_at END,
        deleted_as_of = CASE WHEN m.deleted_as_of >= EXCLUDED.as_of THEN m.deleted_as_of END
    WHERE EXCLUDED.as_of >= m.as_of
), counted AS (
    UPDATE chats c SET
        message_count = c.message_count + s.added,
        deleted_count = c.deleted_count + s.deleted,
        last_message_id = greatest(c.last_message_id, s.last_id),
        last_message_at = greatest(c.last_message_at, s.last_at),
        told_from = CASE WHEN c.told_from IS NOT NULL THEN least(c.told_from, s.first_id) END
    FROM (
        SELECT chat_id, count(*) FILTER (WHERE is_new) AS added, max(message_id) AS last_id, max(date) AS last_at,
               min(message_id) AS first_id,
               count(*) FILTER (WHERE is_new AND orphan_as_of >= as_of)
                   - count(*) FILTER (WHERE is_newest AND old_deleted_as_of < as_of) AS deleted
        FROM known
        WHERE is_new OR is_newest AND (old_deleted_as_of < as_of OR old_as_of <= {records.IMPORTED_AS_OF})
        GROUP BY chat_id
    ) s
    WHERE c.chat_id = s.chat_id
)
SELECT place - 1,
       CASE WHEN is_new THEN {Fate.NEW} ELSE 0 END
       + CASE WHEN NOT is_newest AND NOT (is_in_stretch AND NOT is_other_text) THEN {Fate.LATE} ELSE 0 END
       + CASE WHEN NOT is_new AND is_newest THEN
           CASE WHEN is_other_text THEN {Fate.CHANGED} WHEN is_other_form THEN {Fate.TOUCHED} ELSE 0 END
           + CASE WHEN old_deleted_as_of < as_of THEN {Fate.REOPENED} ELSE 0 END
           + CASE WHEN is_former THEN {Fate.REPLACED} ELSE 0 END
           + CASE WHEN (is_other_text OR old_edit_date IS DISTINCT FROM edit_date) AND EXISTS (
                 SELECT FROM revisions r WHERE r.space_id = known.space_id AND r.message_id = known.message_id
                     AND (coalesce(r.edit_date, '-infinity') >= coalesce(old_text_date, '-infinity')
                         OR coalesce(known.edit_date, '-infinity') < coalesce(old_edit_date, '-infinity'))
             ) THEN {Fate.TANGLED} ELSE 0 END
         ELSE 0 END
       + CASE WHEN orphan_as_of IS NOT NULL THEN {Fate.ORPHANED} ELSE 0 END
       + CASE WHEN orphan_as_of < as_of THEN {Fate.REOPENED} ELSE 0 END
FROM known
"""


def prepare(message: records.Message) -> Row:
    """Clean a message's text, take its fingerprint, compress its raw form. Raises psycopg.DataError."""
    try:
        text = arrays.clean(message.text) if _is_dirty(message.text) else message.text
        fingerprint = content.fingerprint(text, message.entities, message.media)
        return Row(message, text, fingerprint, raw.pack(message.raw, text))
    except (TypeError, ValueError, AttributeError) as error:
        raise psycopg.DataError(f"a message cannot be stored: {error}") from error


def fold(batches: Sequence[tuple[int, records.Batch]]) -> tuple[list[tuple[int, Row]], list[Row]]:
    """Return the newest row of each message with the index of its batch, and the older rows with other versions.

    A message that is live in one batch and history in another counts as live, since somebody waits for it.
    """
    kept: dict[Key, tuple[int, Row]] = {}
    older: list[Row] = []
    for index, batch in sorted(batches, key=lambda pair: pair[1].origin not in ("live", "difference", "probe")):
        for row in map(prepare, batch.messages):
            first, other = kept.get(row.key, (index, None))
            if other is None:
                kept[row.key] = (index, row)
                continue
            newer, elder = (row, other) if _age(row) >= _age(other) else (other, row)
            kept[row.key] = (first, newer)
            if (elder.fingerprint, elder.message.edit_date) != (newer.fingerprint, newer.message.edit_date):
                older.append(elder)
    return list(kept.values()), older


async def merge(conn: Connection, rows: Sequence[Row]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Merge rows of different keys; the result's rows are (index into ``rows``, bits of :class:`Fate`).

    An index that is missing belongs to a basic group of another mailbox.
    """
    return await conn.execute(_MERGE, arrays.pack_rows(KINDS, map(columns, rows)), prepare=True, binary=True)


def _age(row: Row) -> tuple[int, float]:
    edited = row.message.edit_date
    return row.message.as_of, float("-inf") if edited is None else edited.timestamp()


def _is_dirty(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\x00" in text


def columns(row: Row) -> tuple[Any, ...]:
    """Return a row's values in the order of :data:`COLUMNS`."""
    message = row.message
    return (
        message.space_id,
        message.message_id,
        message.chat_id,
        message.date,
        message.as_of,
        row.fingerprint,
        message.sender_id,
        message.edit_date,
        message.album_id,
        message.reply_to_chat_id,
        message.via_bot_id,
        message.reply_to_message_id,
        message.topic_id,
        message.ttl_seconds,
        message.layer,
        message.is_edit_hidden,
        message.is_outgoing,
        message.is_pinned,
        row.text,
        row.raw,
        message.entities,
        message.media,
        message.service,
        message.forward,
        message.reply_quote,
        message.author_signature,
    )
