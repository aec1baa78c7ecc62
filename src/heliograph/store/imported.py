"""The statements behind store/imports.py: new rows, rows that are here already, and what hangs on both.

A row that Telegram told us of is never touched. One of an earlier import (``as_of`` 0) is completed, and replaced by a
later edit. One of an import that says less (``as_of`` below 0: HTML has names for ids, and days for times) gives way to
what says more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import arrays, import_rows, messages
from heliograph.store.database import Connection

_AS_STORED: Final = messages.COLUMNS.replace(
    "entities, media, service, forward", "entities::jsonb, media::jsonb, service::jsonb, forward::jsonb"
)
_INSERT: Final = f"""
INSERT INTO messages ({messages.COLUMNS}, text_date, deleted_at, deleted_as_of)
SELECT {_AS_STORED},
       edit_date, CASE WHEN deleted_as_of IS NOT NULL THEN coalesce(deleted_at, now()) END, deleted_as_of
FROM unnest({messages.PLACES}, %s, %s) AS i ({messages.COLUMNS}, deleted_at, deleted_as_of)
ON CONFLICT DO NOTHING RETURNING message_id
"""
_FILLED: Final = (
    *("sender_id", "album_id", "reply_to_chat_id", "via_bot_id", "reply_to_message_id", "topic_id", "ttl_seconds"),
    *("service", "forward", "reply_quote"),
)
"""Columns of an earlier import that a later one fills and, unless it is of a better source, never changes."""
_CHOICE: Final = "CASE WHEN i.is_better THEN coalesce(i.{name}, m.{name}) ELSE coalesce(m.{name}, i.{name}) END"
_SAID: Final = ("date", "is_outgoing")
"""Columns that a better source says, whatever a worse one made of them."""
_LACKS: Final = " OR ".join(
    f"m.{name} IS NULL AND i.{name} IS NOT NULL" for name in (*_FILLED, "author_signature", "entities", "media")
)
_KNOWN: Final = f"""
WITH known AS MATERIALIZED (
    SELECT i.*, m.fingerprint AS old_fingerprint, m.text_date AS old_text_date, m.edit_date AS old_edit_date,
           m.stored_at AS old_stored_at, m.text AS old_text, m.entities AS old_entities, m.media AS old_media,
           m.text <> i.text AS is_other_text, m.as_of <= {records.IMPORTED_AS_OF} AS is_imported,
           m.as_of < i.as_of AND m.as_of < {records.IMPORTED_AS_OF} AS is_better, m.as_of <= i.as_of AS is_as_good,
           coalesce(i.edit_date, '-infinity') > coalesce(m.edit_date, '-infinity') AS is_later,
           m.deleted_at IS NULL AND i.deleted_at IS NOT NULL AS is_deletion, m.chat_id <> i.chat_id AS is_elsewhere,
           {_LACKS} OR m.raw = '' AND i.raw <> '' AS is_richer
    FROM (
        SELECT place, {_AS_STORED},
               deleted_at
        FROM unnest({messages.PLACES}, %s, %s) WITH ORDINALITY
            AS given ({messages.COLUMNS}, deleted_at, deleted_as_of, place)
        OFFSET 0
    ) AS i
    CROSS JOIN LATERAL (
        SELECT * FROM messages m WHERE m.space_id = i.space_id AND m.message_id = i.message_id OFFSET 0
    ) m
), judged AS MATERIALIZED (
    SELECT *, is_imported AND is_other_text AND (is_later OR is_better) AS is_replacing,
           is_imported AND (is_richer AND is_as_good OR is_better OR is_later OR is_deletion) AS is_completing
    FROM known WHERE NOT is_elsewhere
), kept AS (
    INSERT INTO revisions (space_id, message_id, edit_date, until_date, fingerprint, as_of, stored_at, text, entities,
                           media)
    SELECT space_id, message_id, old_text_date, nullif(old_edit_date, old_text_date), old_fingerprint,
           {records.IMPORTED_AS_OF}, old_stored_at, old_text, old_entities, old_media
    FROM judged WHERE is_replacing
    UNION ALL
    SELECT space_id, message_id, edit_date, NULL, fingerprint, {records.IMPORTED_AS_OF}, now(), text, entities, media
    FROM judged WHERE is_other_text AND NOT is_replacing AND NOT EXISTS (
        SELECT FROM revisions r
        WHERE r.space_id = judged.space_id AND r.message_id = judged.message_id AND r.text = judged.text
    )
    ON CONFLICT DO NOTHING RETURNING space_id, message_id
), completed AS (
    UPDATE messages m SET
        {", ".join(f"{name} = {_CHOICE.format(name=name)}" for name in _FILLED)},
        {", ".join(f"{name} = CASE WHEN i.is_better THEN i.{name} ELSE m.{name} END" for name in _SAID)},
        author_signature = CASE WHEN i.is_better THEN i.author_signature
                                ELSE coalesce(m.author_signature, i.author_signature) END,
        as_of = greatest(m.as_of, i.as_of),
        text = CASE WHEN i.is_replacing THEN i.text ELSE m.text END,
        entities = CASE WHEN i.is_replacing OR i.is_better THEN i.entities ELSE coalesce(m.entities, i.entities) END,
        media = CASE WHEN i.is_replacing OR i.is_better THEN coalesce(i.media, m.media)
                     ELSE coalesce(m.media, i.media) END,
        raw = CASE WHEN i.is_replacing OR i.is_better OR m.raw = '' THEN i.raw ELSE m.raw END,
        fingerprint = CASE WHEN i.is_replacing OR i.is_better THEN i.fingerprint ELSE m.fingerprint END,
        text_date = CASE WHEN i.is_replacing THEN i.edit_date ELSE m.text_date END,
        stored_at = CASE WHEN i.is_replacing THEN now() ELSE m.stored_at END,
        edit_date = greatest(m.edit_date, i.edit_date),
        deleted_at = coalesce(m.deleted_at, i.deleted_at),
        deleted_as_of = CASE WHEN i.is_deletion THEN {records.IMPORTED_AS_OF} ELSE m.deleted_as_of END
    FROM judged i
    WHERE m.space_id = i.space_id AND m.message_id = i.message_id AND i.is_completing
      AND (i.is_replacing OR NOT i.is_other_text)
    RETURNING m.space_id, m.message_id
)
SELECT place - 1, k.message_id IS NOT NULL, c.message_id IS NOT NULL, c.message_id IS NOT NULL AND n.is_deletion,
       is_elsewhere
FROM known n
LEFT JOIN kept k USING (space_id, message_id)
LEFT JOIN completed c USING (space_id, message_id)
WHERE k.message_id IS NOT NULL OR c.message_id IS NOT NULL OR is_elsewhere
"""
# An earlier text that is known under its date is known, whatever the export makes of its entities.
_VERSIONS: Final = f"""
INSERT INTO revisions (space_id, message_id, edit_date, until_date, fingerprint, as_of, stored_at, text, entities,
                       media)
SELECT v.space_id, v.message_id, v.edit_date, nullif(v.until_date, v.edit_date), v.fingerprint,
       {records.IMPORTED_AS_OF}, now(), v.text, v.entities::jsonb, v.media::jsonb
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s)
    AS v (space_id, message_id, edit_date, until_date, fingerprint, text, entities, media)
CROSS JOIN LATERAL (
    SELECT m.chat_id, m.text, m.text_date FROM messages m
    WHERE m.space_id = v.space_id AND m.message_id = v.message_id OFFSET 0
) m
WHERE m.chat_id = %s AND (m.text, m.text_date) IS DISTINCT FROM (v.text, v.edit_date) AND NOT EXISTS (
    SELECT FROM revisions r WHERE r.space_id = v.space_id AND r.message_id = v.message_id
        AND (r.text, r.edit_date) IS NOT DISTINCT FROM (v.text, v.edit_date)
)
ON CONFLICT DO NOTHING RETURNING message_id
"""
# A file of a message that Telegram told us of is taken when nothing speaks against its being the same.
_FILES: Final = """
INSERT INTO message_media AS f (space_id, message_id, file_id, kind, state, sha256, file_name, size, mime_type)
SELECT g.space_id, g.message_id, g.file_id, g.kind, g.state, g.sha256, g.file_name, g.size, g.mime_type
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS g (space_id, message_id, file_id, kind, state, sha256, file_name, size, mime_type)
CROSS JOIN LATERAL (
    SELECT m.chat_id, m.media ->> 'kind' AS kind FROM messages m
    WHERE m.space_id = g.space_id AND m.message_id = g.message_id OFFSET 0
) m
WHERE m.kind = g.kind AND m.chat_id = %s
ON CONFLICT (space_id, message_id) DO UPDATE SET
    state = EXCLUDED.state, sha256 = EXCLUDED.sha256, file_name = coalesce(EXCLUDED.file_name, f.file_name),
    size = coalesce(EXCLUDED.size, f.size), mime_type = coalesce(EXCLUDED.mime_type, f.mime_type)
WHERE f.state <> 'stored' AND EXCLUDED.state = 'stored' AND f.kind = EXCLUDED.kind
  AND (f.file_id IS NULL OR f.size IS NULL OR f.size = EXCLUDED.size)
"""
_SAMPLES: Final = f"""
INSERT INTO observations (space_id, message_id, observed_at, views, forwards, replies, reactions, poll)
SELECT space_id, message_id, observed_at, views, forwards, replies, reactions::jsonb, poll::jsonb
FROM unnest({", ".join(["%s"] * 8)})
    AS s (space_id, message_id, observed_at, views, forwards, replies, reactions, poll)
CROSS JOIN LATERAL (
    SELECT m.chat_id FROM messages m WHERE m.space_id = s.space_id AND m.message_id = s.message_id OFFSET 0
) m
WHERE m.chat_id = %s
ON CONFLICT DO NOTHING
"""
_USERS: Final = """
INSERT INTO users AS u (user_id, first_name, is_min)
SELECT user_id, name, true FROM unnest(%s, %s) AS n (user_id, name)
ON CONFLICT (user_id) DO UPDATE SET first_name = EXCLUDED.first_name, updated_at = now()
WHERE u.is_min AND u.first_name IS NULL AND u.last_name IS NULL AND EXCLUDED.first_name IS NOT NULL
"""
_CHANNELS: Final = """
INSERT INTO chats (chat_id, space_id, kind, title, is_min, status)
SELECT chat_id, space_id, 'channel', name, true, 'inactive' FROM unnest(%s, %s, %s) AS n (chat_id, space_id, name)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Enriched:
    """What became of rows that were here already, by their indices."""

    revised: frozenset[int] = frozenset()
    completed: frozenset[int] = frozenset()
    elsewhere: frozenset[int] = frozenset()
    """The id is another chat's: the mailbox is not the one that the export came from."""
    deleted: int = 0


async def insert(conn: Connection, packed: Sequence[Any]) -> set[int]:
    """Write rows of one space that are new, given as ``import_rows.columns``, and return their ids."""
    cursor = await conn.execute(_INSERT, packed, prepare=True, binary=True)
    return {row[0] for row in await cursor.fetchall()}


async def enrich(conn: Connection, items: Sequence[import_rows.Item]) -> Enriched:
    """Compare rows with what is stored under their ids, those of one id one after the other."""
    revised, completed, elsewhere, deleted = set[int](), set[int](), set[int](), 0
    for group in _apart(items):
        packed = import_rows.columns([items[index] for index in group])
        cursor = await conn.execute(_KNOWN, packed, prepare=True, binary=True)
        for place, is_revised, is_completed, is_deleted, is_elsewhere in await cursor.fetchall():
            deleted += is_deleted
            for indices, is_so in ((revised, is_revised), (completed, is_completed), (elsewhere, is_elsewhere)):
                if is_so:
                    indices.add(group[place])
    return Enriched(
        revised=frozenset(revised),
        completed=frozenset(completed - revised),
        elsewhere=frozenset(elsewhere),
        deleted=deleted,
    )


async def attach(conn: Connection, chat_id: identity.PeerId, packed: import_rows.Attached) -> set[int]:
    """Keep earlier texts, files and counters of messages that are stored by now, whatever of it is missing.

    Returns the ids of the messages that have more earlier texts than before.
    """
    found = set[int]()
    if packed.versions:
        cursor = await conn.execute(_VERSIONS, [*packed.versions, chat_id])
        found = {row[0] for row in await cursor.fetchall()}
    if packed.files:
        await conn.execute(_FILES, [*packed.files, chat_id])
    if packed.samples:
        await conn.execute(_SAMPLES, [*packed.samples, chat_id], prepare=True)
    return found


async def save_names(conn: Connection, names: Mapping[identity.PeerId, str]) -> None:
    """Give people and channels a name that have none here."""
    users = [(peer, name) for peer, name in sorted(names.items()) if identity.split_peer(peer)[0] == "user"]
    if users:
        await conn.execute(_USERS, arrays.pack_rows("int8 text", users), prepare=True)
    channels = [
        (peer, identity.split_peer(peer)[1], name)
        for peer, name in sorted(names.items())
        if identity.split_peer(peer)[0] == "channel"
    ]
    if channels:
        await conn.execute(_CHANNELS, arrays.pack_rows("int8 int8 text", channels), prepare=True)


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
