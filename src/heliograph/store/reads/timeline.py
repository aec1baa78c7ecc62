"""Pages of a chat by key, not by offset: both ways from an id, around an id, from a date, of one topic.

A channel's messages are its whole space and its primary key is the timeline. A basic group is some of a mailbox, and
a topic some of a forum; each has an index of its own, so a page costs the same at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from heliograph.domain import identity
from heliograph.store.database import Connection
from heliograph.store.reads import messages, views


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A chat, or one topic of it."""

    space_id: int
    chat_id: int
    topic_id: int | None

    @property
    def condition(self) -> str:
        """SQL that selects the scope, written so that the planner sees which index it means."""
        if self.topic_id is not None:
            return "space_id = %(space)s AND topic_id = %(topic)s AND chat_id = %(chat)s"
        if identity.is_channel_space(identity.SpaceId(self.space_id)):
            return "space_id = %(space)s"
        return "space_id = %(space)s AND space_id < 0 AND chat_id = %(chat)s"

    @property
    def arguments(self) -> dict[str, object]:
        """Values of the condition's placeholders."""
        return {"space": self.space_id, "chat": self.chat_id, "topic": self.topic_id}


async def scope(conn: Connection, chat_id: int, topic_id: int | None = None) -> Scope:
    """Return the scope of a chat. Raises NotFound."""
    return Scope(space_id=await messages.space_of(conn, chat_id), chat_id=chat_id, topic_id=topic_id)


async def newest(conn: Connection, where: Scope, limit: int) -> views.MessagePage:
    """Return the newest page."""
    older = await _older(conn, where, None, limit + 1)
    return await _page(conn, where, older=older, newer=[], limits=(limit, 0))


async def before(conn: Connection, where: Scope, message_id: int, limit: int) -> views.MessagePage:
    """Return the page of ids below ``message_id``."""
    older = await _older(conn, where, message_id, limit + 1)
    newer = await _newer(conn, where, message_id, 1)
    return await _page(conn, where, older=older, newer=newer, limits=(limit, 0), edge=message_id - 1)


async def after(conn: Connection, where: Scope, message_id: int, limit: int) -> views.MessagePage:
    """Return the page of ids above ``message_id``."""
    older = await _older(conn, where, message_id + 1, 1)
    newer = await _newer(conn, where, message_id + 1, limit + 1)
    return await _page(conn, where, older=older, newer=newer, limits=(0, limit), edge=message_id + 1)


async def around(conn: Connection, where: Scope, message_id: int, limit: int) -> views.MessagePage:
    """Return a page with ``message_id``, or the id next to it, in its middle; ``anchor`` says which that is."""
    older = await _older(conn, where, message_id, limit + 1)
    newer = await _newer(conn, where, message_id, limit + 1)
    # What one side cannot fill, the other may.
    from_newer = min(len(newer), max(limit - limit // 2, limit - len(older)))
    anchor = newer[0] if newer else (older[0] if older else None)
    return await _page(conn, where, older=older, newer=newer, limits=(limit - from_newer, from_newer), anchor=anchor)


async def at_date(conn: Connection, where: Scope, date: datetime, limit: int) -> views.MessagePage:
    """Return a page around the first message not before ``date``; the newest page, without anchor, if there is none."""
    cursor = await conn.execute(
        f"SELECT message_id FROM messages WHERE {where.condition} AND chat_id = %(chat)s AND date >= %(date)s"
        " ORDER BY date, message_id LIMIT 1",
        {**where.arguments, "date": date},
    )
    row = await cursor.fetchone()
    return await newest(conn, where, limit) if row is None else await around(conn, where, row[0], limit)


async def _older(conn: Connection, where: Scope, message_id: int | None, limit: int) -> list[int]:
    """Return ids below ``message_id``, newest first."""
    bound = "" if message_id is None else "AND message_id < %(id)s"
    cursor = await conn.execute(
        f"SELECT message_id FROM messages WHERE {where.condition} {bound} ORDER BY message_id DESC LIMIT %(limit)s",
        {**where.arguments, "id": message_id, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def _newer(conn: Connection, where: Scope, message_id: int, limit: int) -> list[int]:
    """Return ids from ``message_id`` on, oldest first."""
    cursor = await conn.execute(
        f"SELECT message_id FROM messages WHERE {where.condition} AND message_id >= %(id)s"
        " ORDER BY message_id LIMIT %(limit)s",
        {**where.arguments, "id": message_id, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def _page(
    conn: Connection,
    where: Scope,
    *,
    older: list[int],
    newer: list[int],
    limits: tuple[int, int],
    anchor: int | None = None,
    edge: int | None = None,
) -> views.MessagePage:
    """Return the page of the nearest ids on both sides; an id beyond the limits says that there is more.

    From an empty page one can turn round at ``edge``.
    """
    ids = [*reversed(older[: limits[0]]), *newer[: limits[1]]]
    found = await messages.by_keys(conn, [(where.space_id, each) for each in ids])
    content = [found[where.space_id, each] for each in ids if (where.space_id, each) in found]
    return views.MessagePage(
        messages=content,
        before=(ids[0] if ids else edge) if len(older) > limits[0] else None,
        after=(ids[-1] if ids else edge) if len(newer) > limits[1] else None,
        anchor=anchor,
    )
