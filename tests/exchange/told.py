"""Messages as an export reads them from the store, for tests of what writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from heliograph.domain import identity, records
from heliograph.store.reads import exported

START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
SPACE = identity.channel_space(4711)
CHAT = exported.ExportedChat(
    chat_id=identity.channel_peer(4711),
    space_id=SPACE,
    kind="supergroup",
    title="Harbour watch",
    username="harbour",
)
PEOPLE = {
    11: exported.Person(peer_id=11, name="Aino Virtanen"),
    12: exported.Person(peer_id=12, name="ليلى"),
    13: exported.Person(peer_id=13, name="Signal", username="signal_bot", is_bot=True),
}


def message(
    message_id: int,
    text: str = "",
    *,
    sender_id: int | None = 11,
    file: exported.StoredFile | None = None,
    deleted_at: datetime | None = None,
    edited_at: datetime | None = None,
    earlier: tuple[str, ...] = (),
    as_of: int = 1,
    people: dict[int, exported.Person] | None = None,
    counters: dict[str, Any] | None = None,
    **columns: Any,
) -> exported.ExportedMessage:
    """A message of CHAT, seven minutes after the one with the id before."""
    known = PEOPLE if people is None else people
    row = records.Message(
        space_id=SPACE,
        message_id=message_id,
        chat_id=CHAT.chat_id,
        date=START + timedelta(minutes=7 * message_id),
        as_of=as_of,
        sender_id=None if sender_id is None else identity.user_peer(sender_id),
        text=text,
        **columns,
    )
    seen = None
    if counters is not None:
        seen = records.Observation(space_id=SPACE, message_id=message_id, observed_at=START, **counters)
    revisions = [
        exported.ExportedRevision(
            message_id=message_id, edit_date=None, until_date=None, as_of=as_of, stored_at=START, text=before
        )
        for before in earlier
    ]
    return exported.ExportedMessage(
        message=row,
        sender=known.get(sender_id or 0),
        edited_at=edited_at,
        deleted_at=deleted_at,
        stored_at=START,
        text_date=columns.get("edit_date"),
        file=file,
        observation=seen,
        revisions=revisions,
        people=known,
    )
