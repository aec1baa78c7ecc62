"""Reactions, views and votes: what a message's numbers were when it was exported."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import entities, media

_KEYS: Final = frozenset({"reactions", "poll", "views", "forwards", "replies"})
_MAX: Final = (1 << 31) - 1


def read(
    message: records.Json, target: model.Target, message_id: int, at_least: datetime
) -> records.Observation | None:
    """Return a message's counters, None when it has none.

    They were seen when the export was written. Where nobody knows when that was, ``at_least`` stands for it.
    """
    if _KEYS.isdisjoint(message):
        return None
    found: records.Json = {key: _count(message.get(key)) for key in ("views", "forwards", "replies")}
    found |= {"reactions": _reactions(message.get("reactions")), "poll": media.votes(message)}
    if all(value is None for value in found.values()):
        return None
    return records.Observation(
        space_id=target.space_id, message_id=message_id, observed_at=target.exported_at or at_least, **found
    )


def names_people(message: records.Json) -> bool:
    """Say whether the reactions tell who reacted, which no counter holds."""
    reactions = message.get("reactions")
    return isinstance(reactions, list) and any(isinstance(each, dict) and each.get("recent") for each in reactions)


def _reactions(value: Any) -> list[records.Json] | None:
    if not isinstance(value, list):
        return None
    found = [_reaction(each) for each in value if isinstance(each, dict)]
    return [each for each in found if each]


def _reaction(reaction: records.Json) -> records.Json:
    count = _count(reaction.get("count"))
    if count is None:
        return {}
    emoji = reaction.get("emoji")
    if isinstance(emoji, str) and emoji:
        return {"emoji": emoji, "count": count}
    if reaction.get("type") == "paid":
        return {"is_paid": True, "count": count}
    # Where the picture of a custom emoji was exported, its path stands in place of the number.
    number = entities.number(reaction.get("document_id"))
    return {} if number is None else {"custom_emoji_id": number, "count": count}


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX else None
