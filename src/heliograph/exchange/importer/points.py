"""Where to go on in a source: after a page, in a chat that was placed already."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.exchange.importer import forums, summary, targets
from heliograph.store import import_places, import_progress
from heliograph.store.database import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A place between two pages, and the chat that it lies in."""

    offset: int
    header: model.ChatHeader
    chat_id: identity.PeerId | None
    """None for a chat that is left out."""
    space_id: identity.SpaceId | None
    note: str | None
    title: str | None = None
    """What the chat was found to be called."""
    topic_id: int | None = None
    """The topic that is exported alone."""
    is_titled: bool = False
    """Whether the title says so."""

    def encode(self) -> dict[str, Any]:
        """Return the JSON that ``decode`` reads."""
        return {
            "offset": self.offset,
            # Topics are kept with the first group.
            "header": {**asdict(self.header), "topics": None if self.header.topics is None else []},
            "chat_id": self.chat_id,
            "space_id": self.space_id,
            "note": self.note,
            "title": self.title,
            "topic_id": self.topic_id,
            "is_titled": self.is_titled,
        }

    @classmethod
    def decode(cls, stored: dict[str, Any]) -> Point | None:
        """Read what ``encode`` wrote; None when there is nothing, or nothing that this version understands."""
        try:
            header = dict(stored["header"])
            place = model.Place(**header.pop("place"))
            return cls(
                offset=stored["offset"],
                header=model.ChatHeader(place=place, **header),
                chat_id=stored["chat_id"],
                space_id=stored["space_id"],
                note=stored["note"],
                title=stored["title"],
                topic_id=stored["topic_id"],
                is_titled=stored["is_titled"],
            )
        except (KeyError, TypeError):
            return None

    async def resolved(self, conn: Connection, owner: targets.Owner) -> targets.Resolved | None:
        """Return where the chat's messages go, as an earlier run decided; within a transaction."""
        if self.chat_id is None or self.space_id is None:
            return None
        space_id, chat_id, note = self.space_id, self.chat_id, self.note
        known = await import_places.known(conn, chat_id)
        if known is not None and known.space_id != space_id:
            # Since then the copy has given way to an account that mirrors the chat.
            note = targets.OTHERS
            space_id, chat_id = await targets.beside(conn, self.header, space_id, chat_id)
        found = forums.Found(topic_id=self.topic_id, is_titled=self.is_titled)
        decided = targets.Decided(title=self.title or "", found=found)
        return await targets.placed(conn, self.header, space_id, chat_id, owner, note, decided=decided)


def after(offset: int, header: model.ChatHeader, placed: targets.Resolved | None) -> Point:
    """Return the place after a page of a chat."""
    chat: records.Chat | None = placed.chat if placed else None
    return Point(
        offset=offset,
        header=header,
        chat_id=chat.chat_id if chat else None,
        space_id=chat.space_id if chat else None,
        note=placed.note if placed else None,
        title=chat.title if chat else None,
        topic_id=placed.found.topic_id if placed else None,
        is_titled=placed.found.is_titled if placed else False,
    )


class Progress:
    """How far one source is, and what came of it in all runs so far."""

    def __init__(self, key: str, name: str) -> None:
        self._key = key
        self._name = name
        self._position: dict[str, Any] = {}
        self._counts: dict[str, int] = {}
        self.is_complete = False

    async def load(self, conn: Connection) -> Point | None:
        """Return where an earlier run ended, None when there was none or it got nowhere."""
        known = await import_progress.load(conn, self._key)
        if known is None:
            return None
        self._position, self._counts, self.is_complete = known.position, known.counts, known.is_complete
        return Point.decode(known.position)

    async def advance(self, conn: Connection, point: Point | None, read: summary.Tally) -> None:
        """Keep in the transaction of a group that it is done; without a point the next run reads it again."""
        if point is not None:
            self._position = point.encode()
        self._counts = {name: self._counts.get(name, 0) + count for name, count in read.numbers().items()}
        await self._save(conn)

    async def complete(self, conn: Connection) -> None:
        """Keep that the source was read to its end."""
        self.is_complete = True
        await self._save(conn)

    async def _save(self, conn: Connection) -> None:
        reached = import_progress.Progress(
            name=self._name, position=self._position, counts=self._counts, is_complete=self.is_complete
        )
        await import_progress.save(conn, self._key, reached)
