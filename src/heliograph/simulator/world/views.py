"""Reading chats as one account sees them: who may, under which ids, and which part of the history an answer holds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from heliograph.simulator import rpc
from heliograph.simulator.world import model

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

PAGE = 100
"""History pages hold at most this many messages, as Telegram's do."""

Entry = tuple[int, model.Message]


def view(world: World, viewer: int, peer: int) -> model.View:
    """Return a dialog's history as ``viewer`` numbers it. Raises RpcError where Telegram refuses."""
    chat = world.chats.get(peer)
    if chat is not None and chat.is_channel:
        check_access(chat, viewer)
        first = chat.first_id(viewer)
        return model.View(
            chat, range(first, len(chat.messages) + 1), chat.messages if first == 1 else chat.messages[first - 1 :]
        )
    shelf = world.accounts[viewer].shelves.get(peer)
    if shelf is not None:
        return model.View(shelf.chat, shelf.ids, shelf.messages)
    if peer > 0 and peer in world.users:
        return model.View(world.private(viewer, peer), [], [])
    if chat is None or viewer not in chat.members:
        raise rpc.RpcError(400, "CHAT_ID_INVALID")
    return model.View(chat, [], [])


def check_access(chat: model.Chat, viewer: int) -> None:
    """Refuse a channel that ``viewer`` may not read: it is private and he is no member, or he is banned."""
    if viewer in chat.banned or (viewer not in chat.members and chat.username is None):
        raise rpc.RpcError(400, "CHANNEL_PRIVATE")


def find(seen: model.View, message_id: int) -> model.Message | None:
    """Return the message with an id in this view, None when there is none (any more)."""
    index = bisect_left(seen.ids, message_id)
    if index == len(seen.ids) or seen.ids[index] != message_id:
        return None
    message = seen.messages[index]
    return None if message.deleted_at is not None else message


def newest(seen: model.View) -> Entry | None:
    """Return the newest message that still exists."""
    for index in range(len(seen.ids) - 1, -1, -1):
        if seen.messages[index].deleted_at is None:
            return seen.ids[index], seen.messages[index]
    return None


def history(
    seen: model.View,
    *,
    offset_id: int = 0,
    offset_date: int = 0,
    add_offset: int = 0,
    limit: int = PAGE,
    max_id: int = 0,
    min_id: int = 0,
) -> list[Entry]:
    """Return a page, newest first.

    The page starts at the newest message older than the offset, moved by ``add_offset`` towards older ones (a
    negative one reaches back to newer ones); ``max_id`` and ``min_id`` are exclusive bounds, 0 for none.
    """
    first, last = add_offset, add_offset + max(0, min(limit, PAGE))
    start = _start(seen, offset_id or (max_id if not offset_date else 0), offset_date)
    # Positions count from the offset: 0 is the newest older message, -1 the oldest one that is not older.
    newer = _walk(seen, start, +1, max(0, -first))[max(0, -last) :]
    older = _walk(seen, start - 1, -1, max(0, last))[max(0, first) :]
    page = [*reversed(newer), *older]
    return [entry for entry in page if (not max_id or entry[0] < max_id) and entry[0] > min_id]


def count(seen: model.View) -> int:
    """Return how many messages this view shows."""
    if seen.chat.is_channel and len(seen.ids) == len(seen.chat.messages):
        return seen.chat.alive
    return sum(message.deleted_at is None for message in seen.messages)


def unread(world: World, viewer: int, peer: int, seen: model.View) -> int:
    """Return how many messages lie above the read mark."""
    mark = world.accounts[viewer].read.get(peer, 0)
    return len(seen.ids) - bisect_right(seen.ids, mark)


def _start(seen: model.View, offset_id: int, offset_date: int) -> int:
    """Return the index of the first message at or above the offset: everything below it is older."""
    start = bisect_left(seen.ids, offset_id) if offset_id > 0 else len(seen.ids)
    if offset_date > 0:
        start = min(start, bisect_left(seen.messages, offset_date, key=attrgetter("date")))
    return start


def _walk(seen: model.View, index: int, step: int, wanted: int) -> list[Entry]:
    found: list[Entry] = []
    ids, messages, end = seen.ids, seen.messages, len(seen.ids)
    while 0 <= index < end and len(found) < wanted:
        message = messages[index]
        if message.deleted_at is None:
            found.append((ids[index], message))
        index += step
    return found
