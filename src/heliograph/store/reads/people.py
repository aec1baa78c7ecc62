"""Who marked ids are, for many rows at once and with a bounded memory of those that were met before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard

from heliograph.domain import identity
from heliograph.store.database import Connection
from heliograph.store.reads import exported, messages

MOST_KNOWN: Final = 50_000
"""Beyond so many people memory begins anew."""
_NAMED_BY_SERVICE: Final = (
    *("user_id", "user_ids", "inviter_id", "from_id", "to_id", "peer", "boost_peer", "new_creator_id", "bot_id"),
)
"""Keys of a service message that hold marked ids; ``channel_id`` and ``chat_id`` hold bare ones."""
_USERS: Final = """
SELECT user_id, first_name, last_name, username, is_bot, is_deleted FROM users WHERE user_id = ANY(%s)
"""
_CHATS: Final = "SELECT chat_id, title, username FROM chats WHERE chat_id = ANY(%s)"


class People:
    """Names by marked id."""

    def __init__(self) -> None:
        self._known: dict[int, exported.Person] = {}

    async def of(self, conn: Connection, ids: set[int]) -> Mapping[int, exported.Person]:
        """Return a person for each id; one whose name is not known has none."""
        if len(self._known) > MOST_KNOWN:
            self._known = {}
        missing = sorted(ids - self._known.keys())
        if missing:
            self._known.update((each, exported.Person(peer_id=each, name=None)) for each in missing)
            for person in await _load(conn, missing):
                self._known[person.peer_id] = person
        return self._known


def ids(rows: Iterable[exported.Row]) -> set[int]:
    """Return the marked ids that these messages name."""
    found: set[int] = set()
    sender, via_bot, forward, service = (
        exported.AT[name] for name in ("sender_id", "via_bot_id", "forward", "service")
    )
    for row in rows:
        found.add(row[sender])
        if row[via_bot] is not None:
            found.add(row[via_bot])
        if row[forward]:
            found.update(_of_forward(row[forward]))
        if row[service]:
            found.update(_of_service(row[service]))
    found.discard(None)
    return found


def _of_forward(forward: Mapping[str, Any]) -> Iterable[int]:
    return (forward[key] for key in ("from_id", "saved_from_id") if _is_id(forward.get(key)))


def _of_service(service: Mapping[str, Any]) -> Iterable[int]:
    for key in _NAMED_BY_SERVICE:
        value = service.get(key)
        yield from (each for each in (value if isinstance(value, list) else [value]) if _is_id(each))


def _is_id(value: object) -> TypeGuard[int]:
    # Imported service messages keep fields that nobody has checked.
    return type(value) is int and -(1 << 63) <= value < 1 << 63


async def _load(conn: Connection, missing: list[int]) -> list[exported.Person]:
    cursor = await conn.execute(_USERS, [[each for each in missing if each > 0]])
    found = [
        exported.Person(
            peer_id=user_id,
            name=messages.user_name(first, last, is_deleted) or username,
            username=username,
            is_bot=is_bot,
            is_deleted=is_deleted,
            first_name=first,
            last_name=last,
        )
        for user_id, first, last, username, is_bot, is_deleted in await cursor.fetchall()
    ]
    cursor = await conn.execute(_CHATS, [[each for each in missing if identity.split_peer(each)[0] != "user"]])
    found += [
        exported.Person(peer_id=chat_id, name=title or None, username=username)
        for chat_id, title, username in await cursor.fetchall()
    ]
    return found
