"""Messages by key, with all that a timeline shows beside them, in one query whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from heliograph import errors
from heliograph.domain import identity, records
from heliograph.store.database import Connection
from heliograph.store.reads import views

Key: TypeAlias = tuple[int, int]
"""Space id and message id."""

PREVIEW_CHARACTERS = 200

# Every LATERAL is a point lookup by the whole key: partitions are pruned at run time and no plan joins tables.
_BY_KEYS = f"""
SELECT m.space_id, m.chat_id, m.message_id, m.date, m.sender_id, m.author_signature, m.text, m.entities,
       m.reply_to_message_id, m.reply_to_chat_id, m.reply_quote, m.topic_id, m.album_id, m.forward, m.media, m.service,
       -- As in reads/export.py: a hidden edit is none, unless another text is known.
       CASE WHEN NOT m.is_edit_hidden THEN m.edit_date WHEN older.count > 0 THEN m.text_date END, m.deleted_at,
       older.count,
       o.views, o.forwards, o.replies, o.reactions,
       u.first_name, u.last_name, u.username, u.is_bot, u.is_deleted, c.title, c.username,
       r.is_found, r.text, r.is_deleted, r.sender_id, ru.first_name, ru.last_name, ru.is_deleted, rc.title,
       f.state, encode(f.sha256, 'hex'), coalesce(f.stored_size, f.size), f.file_name, f.mime_type, m.as_of
FROM unnest(%s::bigint[], %s::integer[]) AS k (space_id, message_id)
CROSS JOIN LATERAL (
    SELECT * FROM messages WHERE space_id = k.space_id AND message_id = k.message_id LIMIT 1
) m
LEFT JOIN users u ON u.user_id = m.sender_id
LEFT JOIN chats c ON c.chat_id = m.sender_id
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM revisions WHERE space_id = k.space_id AND message_id = k.message_id
) older
LEFT JOIN LATERAL (
    SELECT * FROM observations WHERE space_id = k.space_id AND message_id = k.message_id LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT true AS is_found, left(text, {PREVIEW_CHARACTERS}) AS text, deleted_at IS NOT NULL AS is_deleted, sender_id
    FROM messages
    WHERE space_id = CASE WHEN m.reply_to_chat_id IS NULL THEN m.space_id
                          ELSE -1000000000000 - m.reply_to_chat_id END
      AND message_id = m.reply_to_message_id
    LIMIT 1
) r ON m.reply_to_message_id IS NOT NULL
LEFT JOIN LATERAL (
    SELECT a.state, a.sha256, a.file_name, a.mime_type, a.size,
           (SELECT s.size FROM media s WHERE s.sha256 = a.sha256) AS stored_size
    FROM message_media a WHERE a.space_id = k.space_id AND a.message_id = k.message_id LIMIT 1
) f ON m.media IS NOT NULL
LEFT JOIN users ru ON ru.user_id = r.sender_id
LEFT JOIN chats rc ON rc.chat_id = r.sender_id
"""


async def by_keys(conn: Connection, keys: Sequence[Key]) -> dict[Key, views.Message]:
    """Return the messages of these keys that are stored."""
    if not keys:
        return {}
    arguments = [[space for space, _ in keys], [message for _, message in keys]]
    cursor = await conn.execute(_BY_KEYS, arguments, prepare=True)
    return {(row[0], row[2]): _message(row) for row in await cursor.fetchall()}


async def space_of(conn: Connection, chat_id: int) -> int:
    """Return the space that a chat's messages are in. Raises NotFound for a chat that is not known."""
    cursor = await conn.execute("SELECT space_id FROM chats WHERE chat_id = %s", [chat_id])
    row = await cursor.fetchone()
    if row is None:
        raise errors.NotFound("There is no such chat here.")
    return int(row[0])


async def one(conn: Connection, chat_id: int, message_id: int) -> views.Message:
    """Return one message. Raises NotFound."""
    space_id = await space_of(conn, chat_id)
    found = (await by_keys(conn, [(space_id, message_id)])).get((space_id, message_id))
    if found is None or found.chat_id != chat_id:
        raise errors.NotFound("There is no such message here.")
    return found


async def revisions(conn: Connection, chat_id: int, message_id: int) -> list[views.Revision]:
    """Return all texts of a message, oldest first and the present one last. Raises NotFound."""
    await one(conn, chat_id, message_id)
    cursor = await conn.execute(
        """
        SELECT text, entities, edit_date, stored_at, as_of FROM (
            SELECT text, entities, edit_date, stored_at, as_of, 0 AS place
            FROM revisions WHERE space_id = %(space)s AND message_id = %(message)s
            UNION ALL
            SELECT text, entities, text_date, stored_at, as_of, 1
            FROM messages WHERE space_id = %(space)s AND message_id = %(message)s
        ) AS version
        ORDER BY place, edit_date NULLS FIRST, as_of, stored_at
        """,
        {"space": await space_of(conn, chat_id), "message": message_id},
    )
    return [
        views.Revision(
            text=text,
            entities=entity_list(marks),
            edited_at=edited,
            stored_at=stored,
            is_imported=records.is_imported(as_of),
        )
        for text, marks, edited, stored, as_of in await cursor.fetchall()
    ]


def entity_list(stored: list[list[Any]] | None) -> list[views.Json]:
    """Return stored entities ``[type, offset, length, argument?]`` as objects."""
    return [
        {"type": mark[0], "offset": mark[1], "length": mark[2], "argument": _argument(mark)} for mark in stored or ()
    ]


def user_name(first: str | None, last: str | None, is_deleted: bool | None) -> str | None:
    """Return a user's full name, or None when nothing is known of it."""
    if is_deleted:
        return "Deleted account"
    return " ".join(part for part in (first, last) if part) or None


def _argument(mark: list[Any]) -> str | int | None:
    """Return an entity's argument; ids of custom emoji are 64-bit and travel as text."""
    if len(mark) < 4:
        return None
    argument: str | int | None = mark[3]
    return str(argument) if mark[0] == "custom_emoji" else argument


def _message(row: tuple[Any, ...]) -> views.Message:
    return views.Message(
        chat_id=row[1],
        message_id=row[2],
        date=row[3],
        sender=_sender(row[4], row[23:28], row[28:30]),
        author_signature=row[5],
        text=row[6],
        entities=entity_list(row[7]),
        reply_to=_reply(row[8:11], row[30:38]),
        topic_id=row[11],
        album_id=None if row[12] is None else str(row[12]),
        forward=row[13],
        media=_media(row[14], row[38:43]),
        service=row[15],
        edited_at=row[16],
        deleted_at=row[17],
        revision_count=row[18],
        views=row[19],
        forwards=row[20],
        replies=row[21],
        reactions=[_reaction(each) for each in row[22] or ()],
        is_imported=records.is_imported(row[43]),
    )


def _media(media: views.Json | None, file: tuple[Any, ...]) -> views.Json | None:
    """Return a descriptor with what is known of its file; ``name``, ``size`` and ``mime_type`` are the file's own."""
    if not media:
        return media
    # 64 bits, which JavaScript numbers are not.
    found = {**media, "id": str(media["id"])} if "id" in media else dict(media)
    state, sha256, size, name, mime_type = file
    if state is not None:
        found["file"] = {
            "state": state,
            "sha256": sha256,
            "size": media.get("size") if size is None else size,
            "name": name or media.get("file_name"),
            "mime_type": mime_type or media.get("mime_type"),
        }
    return found


def _sender(sender_id: int | None, user: tuple[Any, ...], chat: tuple[Any, ...]) -> views.Sender | None:
    if sender_id is None:
        return None
    kind, number = identity.split_peer(sender_id)
    if kind == "user":
        first, last, username, is_bot, is_deleted = user
        name = user_name(first, last, is_deleted) or username or f"User {number}"
    else:
        title, username = chat
        is_bot = is_deleted = False
        name = title or f"{kind.capitalize()} {number}"
    return views.Sender(
        id=sender_id, kind=kind, name=name, username=username, is_bot=bool(is_bot), is_deleted=bool(is_deleted)
    )


def _reply(reply: tuple[Any, ...], found: tuple[Any, ...]) -> views.Reply | None:
    message_id, chat_id, quote = reply
    if message_id is None:
        return None
    is_found, text, is_deleted, _, first, last, is_sender_deleted, title = found
    preview = None
    if is_found:
        name = user_name(first, last, is_sender_deleted) or title
        preview = views.ReplyPreview(sender_name=name, text=text, is_deleted=is_deleted)
    return views.Reply(message_id=message_id, chat_id=chat_id, quote=quote, preview=preview)


def _reaction(stored: views.Json) -> views.Json:
    custom = stored.get("custom_emoji_id")
    return {
        "emoji": stored.get("emoji"),
        "custom_emoji_id": None if custom is None else str(custom),
        "is_paid": stored.get("is_paid") is True,
        "count": stored["count"],
    }
