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

    ``opening`` are the first messages. All that people said there answers one topic, which the first message opens or
    which is known; where the chat is called like the topic that the first message opens, nothing speaks against it.
    """
    if not _may_be_of_one(header) or not opening:
        return None
    first = opening[0]
    number = first.get("id") if first.get("action") == _OPENED else None
    root = number if type(number) is int else None
    met = _met(opening, root, known)
    if root is not None and header.title == first.get("title") and met <= {root, None}:
        return root
    return met.pop() if len(met) == 1 else None


def is_topics_title(header: model.ChatHeader, titles: Mapping[int, str], kind: str) -> bool:
    """Say whether a header names one of a chat's topics, so that it may be an export of that alone."""
    if not _may_be_of_one(header):
        return False
    return header.title in titles.values() or (kind == "forum" and header.title == _GENERAL)


def _may_be_of_one(header: model.ChatHeader) -> bool:
    # Pages do not say what they are of.
    return header.kind == KIND or header.is_html


def _met(opening: Sequence[records.Json], root: int | None, known: topics.Topics) -> set[int | None]:
    """Return the topics of what people said, None for what is in none."""
    places: dict[int, int] = {} if root is None else {root: root}
    met: set[int | None] = set()
    for message in opening:
        if message.get("type") != "message":
            continue
        answers = None if "reply_to_peer_id" in message else service.answered(message)
        found = None if answers is None else places.get(answers) or known.of(answers)
        met.add(found)
        if found is not None and type(number := message.get("id")) is int:
            places[number] = found
    return met
