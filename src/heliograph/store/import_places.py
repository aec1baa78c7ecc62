"""Where chats of exports are in the store: in the space that Telegram numbers them in, or in a mailbox of nobody's.

A mailbox of nobody's is found again under the key that it was made with, or by messages that it shares with an export:
those of one id, one text and one moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from heliograph.domain import identity
from heliograph.store import arrays
from heliograph.store.database import Connection

_KNOWN: Final = "SELECT space_id, title, kind FROM chats WHERE chat_id = %s"
_MAILBOX: Final = "SELECT space_id, chat_id FROM import_mailboxes WHERE key = %s"
_HAS_MAILBOXES: Final = (
    "SELECT EXISTS (SELECT FROM import_mailboxes b, unnest(%s::text[]) p WHERE starts_with(b.key, p))"
)
_NEW_MAILBOX: Final = """
INSERT INTO import_mailboxes (key, space_id, chat_id, kind, number) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
RETURNING space_id, chat_id
"""
_FIRST_SPACE: Final = -(2**62) - 1
_FIRST_CHAT: Final = -(5 * 10**11) - 1
_MAILBOXES: Final = 499_999_999_998
"""Chat ids above those of channels and below those that Telegram gives to basic groups."""

# A local time that was read in the wrong zone is wrong by quarters of an hour, and by no more than zones are apart. A
# text may have been edited, a moment never changes; but pages date what is no message of somebody's to the day only.
_COPIES: Final = """
SELECT b.key, b.space_id, b.chat_id, count(*) FILTER (WHERE j.is_near AND j.is_equal) > 0,
       coalesce(bool_or(NOT j.is_near), false)
FROM import_mailboxes b
LEFT JOIN LATERAL (
    SELECT m.text = o.text AS is_equal,
           abs(extract(epoch FROM m.date - o.date)) <= 26 * 3600
               AND extract(epoch FROM m.date - o.date)::bigint %% 900 = 0 AS is_near
    FROM unnest(%s, %s, %s) AS o (message_id, text, date)
    JOIN messages m ON m.space_id = b.space_id AND m.message_id = o.message_id AND m.service IS NULL
) j ON true
WHERE starts_with(b.key, %s)
GROUP BY b.key, b.space_id, b.chat_id, b.created_at
ORDER BY b.created_at, b.key
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A chat that is here."""

    space_id: identity.SpaceId
    title: str
    kind: identity.ChatKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What somebody said, as an export has it."""

    message_id: int
    text: str
    date: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A chat in a mailbox of nobody's, held against an export."""

    key: str
    space_id: identity.SpaceId
    chat_id: identity.PeerId
    is_shared: bool
    """Whether some messages are the same here and there."""
    is_other: bool
    """Whether some id is another message's here: then the two have two numberings."""


async def known(conn: Connection, chat_id: identity.PeerId) -> Known | None:
    """Return what is known of a chat, None when nothing is."""
    row = await (await conn.execute(_KNOWN, [chat_id])).fetchone()
    return None if row is None else Known(space_id=identity.SpaceId(row[0]), title=row[1], kind=row[2])


async def has_mailboxes(conn: Connection, prefixes: Iterable[str]) -> bool:
    """Say whether there are mailboxes of nobody's whose keys begin so."""
    given = [arrays.clean(each) for each in prefixes]
    row = await (await conn.execute(_HAS_MAILBOXES, [given])).fetchone()
    return row is not None and bool(row[0])


async def copies(conn: Connection, prefix: str, said: Sequence[Said]) -> list[Copy]:
    """Return the mailboxes of nobody's whose keys begin so, the oldest first, held against what an export says."""
    rows = [(each.message_id, arrays.clean(each.text), each.date) for each in said]
    cursor = await conn.execute(_COPIES, [*arrays.pack_rows("int4 text time", rows), arrays.clean(prefix)])
    return [
        Copy(key=key, space_id=identity.SpaceId(space), chat_id=identity.PeerId(chat), is_shared=shared, is_other=other)
        for key, space, chat, shared, other in await cursor.fetchall()
    ]


async def mailbox(conn: Connection, key: str) -> tuple[identity.SpaceId, identity.PeerId] | None:
    """Return the space and chat id of a mailbox of nobody's, None when there is none of this key."""
    row = await (await conn.execute(_MAILBOX, [key])).fetchone()
    return None if row is None else (identity.SpaceId(row[0]), identity.PeerId(row[1]))


async def own_mailbox(
    conn: Connection, key: str, *, kind: str | None = None, number: int | None = None
) -> tuple[identity.SpaceId, identity.PeerId]:
    """Return the space and chat id of an export of whose mailbox nothing is known; new ones for a key that is new.

    The ids follow from the key, so that two archives with the same imports are equal. ``kind`` and ``number`` are what
    the export says of the chat: Telegram Desktop's type and Telegram's bare id.
    """
    kind = kind and arrays.clean(kind)
    key = arrays.clean(key)
    place = int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    while (found := await mailbox(conn, key)) is None:
        place %= _MAILBOXES
        await conn.execute(_NEW_MAILBOX, [key, _FIRST_SPACE - place, _FIRST_CHAT - place, kind or None, number])
        place += 1
    return found
