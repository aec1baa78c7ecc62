"""Exports of one topic of a forum, told from those of the whole group, which have the same form.

Telegram Desktop writes the group's id, the topic's title for the group's, always ``public_supergroup``, and first the
service message that opened the topic. No export of one topic says what the group is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.domain import records
from heliograph.exchange import model, topics
from heliograph.exchange.desktop import service

KIND: Final = "public_supergroup"
_OPENED: Final = "topic_created"
_GENERAL: Final = "General"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What an export's beginning says of what it is of."""

    topic_id: int | None = None
    """The topic that is exported alone, where that is certain."""
    is_titled: bool = False
    """Whether the title says so, and not only what the first messages answer."""
    may_be_topic: bool = False
    """Whether it may be of one topic of which nothing is known."""


NOTHING: Final = Found()
"""The beginning is that of a whole chat, as far as can be told."""


def recognise(header: model.ChatHeader, opening: Sequence[records.Json], known: topics.Topics) -> Found:
    """Return whether an export is of one topic; ``opening`` are its first messages.

    In one that is, all that people said answers one topic, which the first message opens or which is known; where the
    chat is called like the topic that the first message opens, it is enough that nothing answers another. What answers
    one message of which nothing is known may as well be what was said below a post.
    """
    if not _may_be_of_one(header) or not opening:
        return NOTHING
    first = opening[0]
    number = first.get("id") if first.get("action") == _OPENED else None
    root = number if type(number) is int else None
    met = _met(opening, root, known)
    if root is not None and header.title == first.get("title") and met <= {root, None}:
        return Found(topic_id=root, is_titled=True)
    if len(met) != 1 or (topic_id := met.pop()) is None:
        return NOTHING
    return Found(topic_id=topic_id) if topic_id == root or known.is_met(topic_id) else Found(may_be_topic=True)


def is_topics_title(header: model.ChatHeader, titles: Mapping[int, str], kind: str) -> bool:
    """Say whether a header names one of a chat's topics, so that it may be an export of that alone."""
    if not _may_be_of_one(header):
        return False
    return header.title in titles.values() or (kind == "forum" and header.title == _GENERAL)


def _may_be_of_one(header: model.ChatHeader) -> bool:
    # Pages do not say what they are of. Our own exports say which topics there are.
    return header.topics is None and (header.kind == KIND or header.is_html)


def _met(opening: Sequence[records.Json], root: int | None, known: topics.Topics) -> set[int | None]:
    """Return the topics of what people said, or what it answers in the end; None for what answers nothing."""
    places: dict[int, int] = {} if root is None else {root: root}
    met: set[int | None] = set()
    for message in opening:
        if message.get("type") != "message":
            continue
        answers = None if "reply_to_peer_id" in message else service.answered(message)
        found = None if answers is None else places.get(answers) or known.of(answers) or answers
        met.add(found)
        if found is not None and type(number := message.get("id")) is int:
            places[number] = found
    return met
