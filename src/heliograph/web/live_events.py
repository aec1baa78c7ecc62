"""The texts of the live stream (schemas.LiveEvent), made once for all clients and without validation on the way.

A test holds them against the schemas instead: a thousand a second leave no time for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from heliograph.store.reads import views
from heliograph.web import delay


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One event as it goes to every client."""

    position: views.Position | None
    """None for a word about the stream itself, which has no place in it."""
    text: str
    pushed_at: datetime | None = None
    is_resync: bool = False


def parse(position: str | None) -> views.Position | None:
    """Read ``epoch.n``, checked by the route."""
    if position is None:
        return None
    epoch, _, n = position.partition(".")
    return views.Position(epoch=int(epoch), n=int(n))


def hello(position: views.Position) -> str:
    """Return the first event of a connection, which is also its heartbeat."""
    return _text({"type": "hello", "position": str(position)})


def resync(position: views.Position) -> str:
    """Return the event that says that what is shown must be fetched again."""
    return _text({"type": "resync", "position": str(position)})


def lateness(late: delay.Delay | None) -> Item:
    """Return the word that the data is late, or no longer."""
    if late is None:
        return Item(position=None, text=_text({"type": "on_time"}))
    return Item(position=None, text=_text({"type": "delayed", "since": late.since, "reason": late.reason}))


def rendered(events: Iterable[views.OutboxEvent]) -> Iterable[Item]:
    """Return events as JSON texts (schemas.LiveEvent); what is no longer stored is left out."""
    for event in events:
        content: dict[str, object] = {"type": event.kind, "position": str(event.position)}
        if event.kind == "message":
            if event.message is None:
                continue
            content |= {"change": event.change, "message": event.message}
        else:
            content["chat_id"] = event.chat_id
            if event.kind == "range":
                content |= {"first_id": event.first_id, "last_id": event.last_id, "count": event.count}
        yield Item(position=event.position, text=_text(content), pushed_at=event.pushed_at)


def _text(content: dict[str, object]) -> str:
    return orjson.dumps(content, option=orjson.OPT_UTC_Z).decode()
