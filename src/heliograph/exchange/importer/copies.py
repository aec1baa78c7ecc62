"""Chats that stand apart, as nobody knows whose mailbox they came from: one is found again by what it shares.

An export belongs to the copy that has some of the messages that it begins with: the same id, the same text, the same
moment. A local time that was converted may be off by quarters of an hour, so the moment is the same if it differs by
nothing else. Where an id is another message's, the two were numbered by two mailboxes and stay two copies; and where
nothing is shared, nothing is known.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.exchange.desktop import normalise
from heliograph.store import import_handover, import_places
from heliograph.store.database import Connection

_QUARTER_SECONDS: Final = 15 * 60
_STEM: Final = re.compile(r"\A[^:]*:[^:]*:")
"""What the keys of all copies of one chat begin with."""


def said(opening: Sequence[records.Json], header: model.ChatHeader, timezone: ZoneInfo) -> list[import_places.Said]:
    """Return what people said at an export's beginning, as the store would have it."""
    target = model.Target(
        space_id=identity.SpaceId(-1),
        chat_id=identity.PeerId(1),
        kind="private",
        self_user_id=None,
        timezone=timezone,
    )
    found: dict[int, import_places.Said] = {}
    for message in opening:
        # Pages date service messages to the day only.
        row = normalise.normalise(message, target, header.place) if message.get("type") == "message" else None
        if isinstance(row, model.Imported):
            told = row.message
            found[told.message_id] = import_places.Said(message_id=told.message_id, text=told.text, date=told.date)
    return list(found.values())


async def place(
    conn: Connection,
    header: model.ChatHeader,
    kind: identity.ChatKind | None,
    opening: Sequence[records.Json],
    timezone: ZoneInfo,
    source: str,
) -> tuple[identity.SpaceId, identity.PeerId]:
    """Return the copy that an export continues, or a new one; what is new is written.

    An export of ours says under which key the chat stood apart. There it is found again in any archive, unless another
    chat's messages have its ids.
    """
    prefix, told = _prefix(header, kind), said(opening, header, timezone)
    key = _claimed(header) or f"{prefix}{_first(opening, told, source)}"
    prefixes = dict.fromkeys((prefix, "".join(_STEM.findall(key))))
    known = [copy for each in prefixes if each for copy in await import_places.copies(conn, each, told)]
    for copy in known:
        if copy.is_shared and not copy.is_other:
            return copy.space_id, copy.chat_id
    taken = {copy.key for copy in known if copy.is_other}
    keys = itertools.chain([key], (f"{key}:{turn}" for turn in itertools.count(2)))
    free = next(each for each in keys if each not in taken)
    return await import_places.own_mailbox(conn, free, kind=header.kind, number=header.number)


async def apart(
    conn: Connection,
    header: model.ChatHeader,
    kind: identity.ChatKind | None,
    opening: Sequence[records.Json],
    timezone: ZoneInfo,
) -> list[identity.PeerId]:
    """Return the copies of a chat that earlier imports left apart, known by what they share with an export."""
    prefixes = {_prefix(header, kind), _titled("", header.title)}
    if not await import_places.has_mailboxes(conn, prefixes):
        return []
    told = said(opening, header, timezone)
    found = [copy for prefix in sorted(prefixes) for copy in await import_places.copies(conn, prefix, told)]
    return [copy.chat_id for copy in found if copy.is_shared and not copy.is_other]


def _claimed(header: model.ChatHeader) -> str | None:
    """Return the key that an export of ours gives its chat; a file does not decide what gave way to an account."""
    key = header.mailbox
    return None if key is None or key.startswith(import_handover.MOVED) else key


def _prefix(header: model.ChatHeader, kind: identity.ChatKind | None) -> str:
    """Return what the keys of all copies of one chat begin with."""
    if header.number is not None:
        return f"{kind or ''}:{header.number}:"
    if header.became_number is not None:
        return f"before:{header.became_number}:"
    return _titled(kind or "", header.title)


def _titled(kind: str, title: str) -> str:
    # Nothing but its name tells such a chat from another whose messages have the same ids.
    return f"{kind}:{_digest(title)}:"


def _first(opening: Sequence[records.Json], told: Sequence[import_places.Said], source: str) -> str:
    """Return what a new copy's key ends with: the same however the times of the export were converted."""
    if told:
        first = next((each for each in told if each.text), told[0])
        return f"{first.message_id}:{int(first.date.timestamp()) % _QUARTER_SECONDS}:{_digest(first.text)}"
    if not opening:
        return source
    words = [str(opening[0].get(key)) for key in ("date", "actor", "action")]
    return f"{opening[0].get('id')}:{_digest(' '.join(words))}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
