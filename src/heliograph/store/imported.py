"""The statements behind store/imports.py: new rows, and what hangs on them and on those that are here already.

What two imports say of one message is merged in store/import_merge.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import arrays, import_merge, import_rows, messages
from heliograph.store.database import Connection

_INSERT: Final = f"""
INSERT INTO messages ({messages.COLUMNS}, text_date, deleted_at, deleted_as_of)
SELECT {import_merge.AS_STORED},
       text_date, CASE WHEN deleted_as_of IS NOT NULL THEN coalesce(deleted_at, now()) END, deleted_as_of
FROM unnest({messages.PLACES}, %s, %s, %s) AS i ({messages.COLUMNS}, deleted_at, deleted_as_of, text_date)
ON CONFLICT DO NOTHING RETURNING message_id
"""
# An earlier text that is known at its date is known, whatever the export makes of its entities.
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
    SELECT FROM revisions r WHERE r.space_id = v.space_id AND r.message_id = v.message_id AND r.text = v.text
        AND coalesce(v.edit_date, '-infinity') BETWEEN coalesce(r.edit_date, '-infinity')
            AND coalesce(r.until_date, r.edit_date, '-infinity')
)
ON CONFLICT DO NOTHING RETURNING message_id
"""
# The file goes with the text that another one replaced.
_REPLACED_FILES: Final = """
DELETE FROM message_media f USING unnest(%s, %s, %s, %s) AS g (space_id, message_id, sha256, is_other)
WHERE f.space_id = g.space_id AND f.message_id = g.message_id
  AND (g.is_other OR f.file_id IS NULL AND f.sha256 <> g.sha256)
"""
_BETTER: Final = "array_position(ARRAY['not_included', 'unavailable', 'too_large', 'missing'], {}.state)"
# A file of a message that Telegram told us of is taken when nothing speaks against its being the same.
_FILES: Final = f"""
INSERT INTO message_media AS f (space_id, message_id, file_id, kind, state, sha256, file_name, size, mime_type)
SELECT g.space_id, g.message_id, g.file_id, g.kind, g.state, g.sha256, g.file_name, g.size, g.mime_type
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS g (space_id, message_id, file_id, kind, state, sha256, file_name, size, mime_type, is_former)
CROSS JOIN LATERAL (
    SELECT m.chat_id, m.media ->> 'kind' AS kind FROM messages m
    WHERE m.space_id = g.space_id AND m.message_id = g.message_id OFFSET 0
) m
WHERE m.kind = g.kind AND m.chat_id = %s AND NOT g.is_former
ON CONFLICT (space_id, message_id) DO UPDATE SET
    state = EXCLUDED.state, sha256 = EXCLUDED.sha256, file_name = coalesce(EXCLUDED.file_name, f.file_name),
    size = coalesce(EXCLUDED.size, f.size), mime_type = coalesce(EXCLUDED.mime_type, f.mime_type)
WHERE f.state <> 'stored' AND f.kind = EXCLUDED.kind AND (
    EXCLUDED.state = 'stored' AND (f.file_id IS NULL OR f.size IS NULL OR f.size = EXCLUDED.size)
    OR f.file_id IS NULL AND {_BETTER.format("EXCLUDED")} > {_BETTER.format("f")}
)
RETURNING message_id
"""
_SAMPLED: Final = f"""
FROM unnest({", ".join(["%s"] * 9)})
    AS s (space_id, message_id, told_at, views, forwards, replies, reactions, poll, date)
CROSS JOIN LATERAL (
    SELECT m.chat_id, m.date, m.edit_date, m.as_of FROM messages m
    WHERE m.space_id = s.space_id AND m.message_id = s.message_id OFFSET 0
) m
-- What was taken for as old as its message is so still where the message has another date.
CROSS JOIN LATERAL (SELECT s.told_at + (m.date - s.date) AS observed_at) a
"""
_SAMPLES: Final = f"""
INSERT INTO observations (space_id, message_id, observed_at, views, forwards, replies, reactions, poll)
SELECT space_id, message_id, observed_at, views, forwards, replies, reactions::jsonb, poll::jsonb
{_SAMPLED} WHERE m.chat_id = %s
ON CONFLICT DO NOTHING RETURNING message_id
"""
_COUNTED: Final = """(
    SELECT c FROM (VALUES (o.{0}), (s.{0}::jsonb)) AS known (c) WHERE c IS NOT NULL
    ORDER BY (SELECT coalesce(sum(n::numeric), 0) FROM jsonb_path_query(c, '{1}') n
              WHERE jsonb_typeof(n) = 'number') DESC, length(c::text) DESC, c::text DESC
    LIMIT 1
)"""
# Nobody knows which of two exports counted later, and counters grow. What is not as old as its message was counted at
# a moment that somebody knew: by Telegram, or by an archive that says so.
_GROWN: Final = f"""
UPDATE observations o SET
    observed_at = n.observed_at, views = n.views, forwards = n.forwards, replies = n.replies, reactions = n.reactions,
    poll = n.poll
FROM (
    SELECT s.space_id, s.message_id, n.* {_SAMPLED}
    JOIN observations o ON o.space_id = s.space_id AND o.message_id = s.message_id
    CROSS JOIN LATERAL (
        SELECT greatest(o.observed_at, a.observed_at) AS observed_at, greatest(o.views, s.views) AS views,
               greatest(o.forwards, s.forwards) AS forwards, greatest(o.replies, s.replies) AS replies,
               {_COUNTED.format("reactions", "$[*].count")} AS reactions, {_COUNTED.format("poll", "$.total")} AS poll
    ) n
    WHERE m.chat_id = %s AND m.as_of <= {records.IMPORTED_AS_OF} AND o.observed_at <= greatest(m.date, m.edit_date)
) n
WHERE o.space_id = n.space_id AND o.message_id = n.message_id
  AND (o.observed_at, o.views, o.forwards, o.replies, o.reactions, o.poll)
      IS DISTINCT FROM (n.observed_at, n.views, n.forwards, n.replies, n.reactions, n.poll)
RETURNING o.message_id
"""
_USERS: Final = """
INSERT INTO users AS u (user_id, first_name, is_min)
SELECT user_id, name, true FROM unnest(%s, %s) AS n (user_id, name)
ON CONFLICT (user_id) DO UPDATE SET first_name = EXCLUDED.first_name, updated_at = now()
WHERE u.is_min AND u.first_name IS NULL AND u.last_name IS NULL AND EXCLUDED.first_name IS NOT NULL
"""
_CHANNELS: Final = """
INSERT INTO chats (chat_id, space_id, kind, title, is_min, status, is_claimed)
SELECT chat_id, space_id, 'channel', name, true, 'inactive', true
FROM unnest(%s, %s, %s) AS n (chat_id, space_id, name)
ON CONFLICT DO NOTHING
"""


async def insert(conn: Connection, packed: Sequence[Any]) -> set[int]:
    """Write rows of one space that are new, given as ``import_rows.columns``, and return their ids."""
    cursor = await conn.execute(_INSERT, packed, prepare=True, binary=True)
    return {row[0] for row in await cursor.fetchall()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """Messages, by their ids, that gained something."""

    versions: frozenset[int] = frozenset()
    """An earlier text."""
    others: frozenset[int] = frozenset()
    """A file or counters."""


async def attach(
    conn: Connection,
    chat_id: identity.PeerId,
    packed: import_rows.Attached,
    known: Sequence[import_rows.Item],
    merged: import_merge.Enriched,
) -> Attached:
    """Keep earlier texts, files and counters of messages that are stored by now, whatever of it is missing.

    ``known`` are those that were stored before, and ``merged`` what became of them.
    """
    versions, others = set[int](), set[int]()
    if packed.versions:
        versions = await _ids(conn, _VERSIONS, [*packed.versions, chat_id])
    if over := [(index, known[index]) for index in sorted(merged.over)]:
        await _replace_files(conn, over, merged)
    if packed.files:
        former = {id(known[index].given) for index in merged.other_files - merged.over}
        is_former = arrays.pack("bool", [id(each) in former for each in packed.carriers])
        others |= await _ids(conn, _FILES, [*packed.files, is_former, chat_id])
    if packed.samples:
        others |= await _ids(conn, _SAMPLES, [*packed.samples, chat_id])
        if counted := import_rows.samples(known):
            others |= await _ids(conn, _GROWN, [*counted, chat_id])
    return Attached(versions=frozenset(versions), others=frozenset(others))


async def _replace_files(
    conn: Connection, over: Sequence[tuple[int, import_rows.Item]], merged: import_merge.Enriched
) -> None:
    rows = {
        item.row.key: (*item.row.key, item.given.file.sha256 if item.given.file else None, index in merged.other_files)
        for index, item in over
    }
    await conn.execute(_REPLACED_FILES, arrays.pack_rows("int8 int4 bytes bool", list(rows.values())))


async def _ids(conn: Connection, statement: str, given: Sequence[Any]) -> set[int]:
    return {row[0] for row in await (await conn.execute(statement, given, prepare=True)).fetchall()}


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
