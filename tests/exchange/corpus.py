"""Messages of the corpus, read and normalised, for tests of what the normaliser makes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from heliograph.domain import identity
from heliograph.exchange import model
from heliograph.exchange.desktop import normalise, reader

CORPUS = Path(__file__).parent.parent / "fixtures" / "desktop"
GROUP, NEWS = identity.channel_peer(9001), identity.channel_peer(9002)
PLACE = model.Place(file="result.json", offset=0)
BERLIN = ZoneInfo("Europe/Berlin")


def target(**changes: Any) -> model.Target:
    fields: dict[str, Any] = {
        "space_id": identity.channel_space(9001),
        "chat_id": GROUP,
        "kind": "supergroup",
        "self_user_id": 7001,
        "timezone": BERLIN,
        **changes,
    }
    return model.Target(**fields)


def rows(folder: str, chat: int = 0, **changes: Any) -> dict[int, model.Imported | model.Skip]:
    """The normalised messages of one chat of a fixture, by id; a later one of the same id wins."""
    with (CORPUS / folder / "result.json").open("rb") as file:
        events = list(reader.read(file))
    number, found = -1, {}
    goal = target(**changes)
    for event in events:
        number += isinstance(event, model.ChatHeader)
        if number == chat and isinstance(event, model.Page):
            for message, offset in zip(event.messages, event.places, strict=True):
                place = model.Place(file="result.json", offset=offset)
                found[message["id"]] = normalise.normalise(message, goal, place)
    return found


def row(folder: str, message_id: int, chat: int = 0, **changes: Any) -> model.Imported:
    found = rows(folder, chat, **changes)[message_id]
    assert isinstance(found, model.Imported)
    return found


def one(message: dict[str, Any], **changes: Any) -> model.Imported:
    whole = {"id": 5, "type": "message", "date_unixtime": "1717236000", **message}
    found = normalise.normalise(whole, target(**changes), PLACE)
    assert isinstance(found, model.Imported)
    return found


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
