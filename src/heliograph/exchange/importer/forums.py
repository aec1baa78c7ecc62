"""Exports of one topic of a forum, told from those of the whole group, which have the same form.

Telegram Desktop writes the group's id, the topic's title for the group's, always ``public_supergroup``, and first the
service message that opened the topic. No export of one topic says what the group is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from heliograph.domain import records
from heliograph.exchange import model, topics
from heliograph.exchange.desktop import service

KIND: Final = "public_supergroup"
_OPENED: Final = "topic_created"
_GENERAL: Final = "General"


def alone(header: model.ChatHeader, opening: Sequence[records.Json], known: topics.Topics) -> int | None:
    """Return the topic that an export is of, None when it is of a whole chat or nothing tells.

    ``opening`` are the first messages: all that people said there is in one topic, which the first message opens or
    which is known. ``known`` is left as it is.
    """
    if header.kind != KIND or not opening:
        return None
    first = opening[0]
    root = first.get("id") if first.get("action") == _OPENED else None
    found = _Met(known, root if type(root) is int else None)
    met = [found.topic(message) for message in opening if message.get("type") == "message"]
    if not met:
        return found.root if header.title == first.get("title") else None
    return met[0] if len(set(met)) == 1 else None


def is_topics_title(header: model.ChatHeader, titles: Mapping[int, str], kind: str) -> bool:
    """Say whether a header names one of a chat's topics, so that it may be an export of that alone."""
    if header.kind != KIND:
        return False
    return header.title in titles.values() or (kind == "forum" and header.title == _GENERAL)


class _Met:
    """What the first messages say of topics, on top of what is known."""

    def __init__(self, known: topics.Topics, root: int | None) -> None:
        self.root = root
        self._known = known
        self._met: dict[int, int] = {} if root is None else {root: root}

    def topic(self, message: records.Json) -> int | None:
        answers = None if "reply_to_peer_id" in message else service.answered(message)
        found = None if answers is None else self._met.get(answers) or self._known.of(answers)
        number = message.get("id")
        if found is not None and type(number) is int:
            self._met[number] = found
        return found
