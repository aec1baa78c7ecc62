"""Which topic of a forum a message stands in, found from what it answers, as Telegram Desktop says nothing else.

A message of a topic answers the topic's first message or another message of the topic. So messages have to come in the
order of their ids, as exports have them.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterable
from typing import Final

GENERAL: Final = 1
"""The topic that every forum has; nothing in it points at it."""


class Topics:
    """What is known of one chat's topics so far: 8 bytes for each message that stands in one."""

    def __init__(self) -> None:
        self._roots: set[int] = set()
        self._ids = array("i")
        self._topics = array("i")

    def restore(self, roots: Iterable[int], message_ids: array[int], topic_ids: array[int]) -> None:
        """Know what an earlier reading knew: the topics, and the messages in them by ascending id."""
        self._roots = set(roots)
        self._ids, self._topics = message_ids, topic_ids

    def create(self, message_id: int) -> int:
        """Note the service message that makes a topic, whose id is the topic's."""
        self._roots.add(message_id)
        return message_id

    def is_root(self, message_id: int | None) -> bool:
        """Say whether an id is that of a topic, so that answering it only means standing in it."""
        return message_id in self._roots

    def place(self, message_id: int, answers: int | None) -> int | None:
        """Return the topic of a message that answers another, and note it; None while the chat has no topics."""
        topic = self._of(answers)
        if topic is None:
            return GENERAL if self._roots else None
        if not self._ids or message_id > self._ids[-1]:
            self._ids.append(message_id)
            self._topics.append(topic)
        return topic

    def _of(self, message_id: int | None) -> int | None:
        if message_id is None or message_id in self._roots:
            return message_id
        index = bisect.bisect_left(self._ids, message_id)
        is_known = index < len(self._ids) and self._ids[index] == message_id
        return self._topics[index] if is_known else None
