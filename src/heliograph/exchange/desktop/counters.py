"""Reactions, views and votes: what a message's numbers were when it was exported."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import entities, media

_KEYS: Final = frozenset({"reactions", "poll", "views", "forwards", "replies"})
_CUSTOM: Final = "custom_emoji_id"
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


def is_whole(message: records.Json) -> bool:
    """Say whether the counters hold all that the reactions tell: not who reacted, nor with which picture."""
    reactions = message.get("reactions")
    told = reactions if isinstance(reactions, list) else []
    return all(_is_whole(each) for each in told if isinstance(each, dict))


def _is_whole(reaction: records.Json) -> bool:
    counter = _reaction(reaction)
    return bool(counter) and counter.get(_CUSTOM, 0) is not None and not reaction.get("recent")


def _reactions(value: Any) -> list[records.Json] | None:
    if not isinstance(value, list):
        return None
    found = [_reaction(each) for each in value if isinstance(each, dict)]
    return [each for each in found if each] or None


def _reaction(reaction: records.Json) -> records.Json:
    count = _count(reaction.get("count"))
    if count is None:
        return {}
    emoji = reaction.get("emoji")
    if isinstance(emoji, str) and emoji:
        return {"emoji": emoji, "count": count}
    if reaction.get("type") == "paid":
        return {"is_paid": True, "count": count}
    # A picture has no name of its own. Telegram Desktop puts its path in the place of the number, or why there is none.
    if reaction.get("type") == "custom_emoji" or "document_id" in reaction:
        return {_CUSTOM: entities.number(reaction.get("document_id")), "count": count}
    return {}


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX else None
