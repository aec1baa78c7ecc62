"""Taking an import back: what only imported files told of a chat goes, in steps that each commit whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph import errors
from heliograph.domain import identity
from heliograph.exchange import media
from heliograph.exchange.importer import reading
from heliograph.store import import_lock, import_places, import_undo
from heliograph.store.database import Database

STEP_ROWS: Final = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What became of one chat."""

    chat_id: identity.PeerId
    messages: int
    revisions: int
    files: int
    """Files that were deleted from media storage, since no other message has them."""
    is_whole: bool
    """False when it was stopped on the way."""


async def count(database: Database, chat_ids: Sequence[int]) -> dict[int, import_undo.Brought]:
    """Return what there is to take back of each chat."""
    async with database.connection() as conn:
        return {chat_id: await import_undo.count(conn, identity.PeerId(chat_id)) for chat_id in chat_ids}


async def run(
    database: Database,
    storage: media.Storage,
    chat_ids: Sequence[int],
    *,
    on_progress: Callable[[int], None] = lambda messages: None,
    stop: reading.Stop,
) -> list[Undone]:
    """Take back what imports brought to these chats, until it is done or ``stop`` is set; another run goes on there.

    ``on_progress`` takes the messages of one step. Raises BadInput while an import runs and NotFound for a chat that is
    not here.
    """
    done: list[Undone] = []
    async with import_lock.alone(database):
        for chat_id in dict.fromkeys(chat_ids):
            if stop.is_set():
                break
            done.append(await _undo(database, storage, identity.PeerId(chat_id), on_progress, stop))
    return done


async def _undo(
    database: Database,
    storage: media.Storage,
    chat_id: identity.PeerId,
    on_progress: Callable[[int], None],
    stop: reading.Stop,
) -> Undone:
    async with database.connection() as conn:
        known = await import_places.known(conn, chat_id)
    if known is None:
        raise errors.NotFound("There is no such chat here.")
    chat = import_undo.Place(space_id=known.space_id, chat_id=chat_id)
    messages, revisions, files, last_id = 0, 0, 0, 0
    is_left = True
    while is_left and not stop.is_set():
        async with database.transaction() as conn:
            taken = await import_undo.take_messages(conn, chat, after=last_id, limit=STEP_ROWS)
            is_left = taken.messages > 0
            if not is_left:
                taken = await import_undo.take_rest(conn, chat)
            # Before the commit: a file without a row would be found by nobody, a row without its file by the next run.
            for sha256 in taken.unused:
                await storage.delete(sha256)
        messages, revisions, files = messages + taken.messages, revisions + taken.revisions, files + len(taken.unused)
        last_id = taken.last_id
        on_progress(taken.messages)
    return Undone(chat_id=chat_id, messages=messages, revisions=revisions, files=files, is_whole=not is_left)
