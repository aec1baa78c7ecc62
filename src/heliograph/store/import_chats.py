"""What imports say of the chat that they bring messages of: its counters, and what it is as long as Telegram is silent.

A forward names a chat without saying what it is, a page says its title, JSON both. The title is that of the export that
reaches furthest, and of two that reach as far the last by the alphabet, so that it does not matter which comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.store import entities, import_merge, import_rows
from heliograph.store.database import Connection

NOBODY: Final = "Deleted account"
"""The title of a private chat whose person an export does not name."""
ONE_TOPIC: Final = " (one topic)"
"""What the title of a group ends with of which nothing but an export of one topic is known."""
_COUNT: Final = """
UPDATE chats c SET
    message_count = c.message_count + %(added)s, deleted_count = c.deleted_count + %(deleted)s,
    last_message_id = greatest(c.last_message_id, %(last_id)s),
    last_message_at = CASE WHEN %(is_moved)s
        THEN (SELECT max(m.date) FROM messages m WHERE m.chat_id = c.chat_id)
        ELSE greatest(c.last_message_at, %(last_at)s) END,
    told_from = coalesce(c.told_from, %(told_from)s)
FROM chats old WHERE c.chat_id = %(chat)s AND old.chat_id = c.chat_id
RETURNING c.is_claimed, old.message_count = 0, old.kind, old.title, old.is_left,
          sign(%(reached)s::int - coalesce(old.last_message_id, 0))::int
"""
_CLAIM: Final = "UPDATE chats SET is_claimed = true WHERE chat_id = %s"


async def count(
    conn: Connection,
    chat: records.Chat,
    fresh: Sequence[import_rows.Item],
    others: Sequence[import_rows.Item],
    merged: import_merge.Enriched,
    told_from: int,
) -> bool:
    """Add to the chat's counters, describe it where Telegram has not, and say whether it is another than before."""
    rows = [item.row.message for item in fresh]
    reached = [item.row.message for items in (fresh, others) for item in items]
    given: dict[str, Any] = {
        "chat": chat.chat_id,
        "added": len(rows),
        "deleted": sum(item.deleted_as_of is not None for item in fresh) + merged.deleted,
        "last_id": max((row.message_id for row in rows), default=None),
        "last_at": max((row.date for row in rows), default=None),
        "reached": max((row.message_id for row in reached), default=None),
        "is_moved": merged.is_moved,
        "told_from": told_from,
    }
    stored = await (await conn.execute(_COUNT, given)).fetchone()
    if stored is None:
        # Describing a chat counts what is there of it, these rows included.
        await entities.save_chats(conn, [replace(chat, is_min=True)])
        await conn.execute(_CLAIM, [chat.chat_id])
        await conn.execute(_COUNT, {**given, "added": 0, "deleted": 0})
        return True
    is_claimed, *known = stored
    if not is_claimed or not reached:
        return False
    is_page = all(-row.as_of & records.LACKS_DETAIL for row in reached)
    described = _described(chat, *known, is_page=is_page)
    if (described.kind, described.title, described.is_left) == (known[1], known[2], known[3]):
        return False
    await entities.save_chats(conn, [described])
    await conn.execute(_CLAIM, [chat.chat_id])
    return True


def _described(
    chat: records.Chat,
    is_only_named: bool,
    kind: identity.ChatKind,
    title: str,
    is_left: bool,
    further: int,
    *,
    is_page: bool,
) -> records.Chat:
    """Return what is known of a chat by now. Nobody knows what kind of chat a page is of.

    ``further`` is 1 where these messages reach further than those that were here, 0 where they reach as far.
    """
    is_kept = (is_page and not is_only_named) or (kind, chat.kind) == ("forum", "supergroup")
    is_title_better = _is_stand_in(title) or (
        (is_only_named or (further, chat.title) > (0, title)) and not _is_stand_in(chat.title)
    )
    return replace(
        chat,
        kind=kind if is_kept else chat.kind,
        title=chat.title if is_title_better and chat.title else title,
        is_left=chat.is_left or is_left,
        is_min=True,
    )


def _is_stand_in(title: str) -> bool:
    return title == NOBODY or title.endswith(ONE_TOPIC)
