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
        self._first_root: int | None = None
        self._alone: int | None = None
        self._is_certain = False
        self._known = _Places(array("i"), array("i"))
        self._read = _Places(array("i"), array("i"))

    def restore(self, roots: Iterable[int], message_ids: array[int], topic_ids: array[int]) -> None:
        """Know what is known already: the topics, and the messages in them by ascending id."""
        self._roots = set(roots)
        self._first_root = min(self._roots, default=None)
        self._known = _Places(message_ids, topic_ids)

    def read_alone(self, topic_id: int, *, is_certain: bool) -> None:
        """Know that nothing but one topic is read, so that service messages that answer nothing stand in it as well.

        So does what people say when that is certain; otherwise somebody who answers nothing disproves it.
        """
        self._alone, self._is_certain = topic_id, is_certain

    @property
    def alone(self) -> int | None:
        """The topic that is read alone, as far as has been read; None where there is no such thing."""
        return self._alone

    def create(self, message_id: int) -> int:
        """Note the service message that makes a topic, whose id is the topic's."""
        self._roots.add(message_id)
        self._first_root = min(message_id, self._first_root or message_id)
        return message_id

    def is_root(self, message_id: int | None) -> bool:
        """Say whether an id is that of a topic, so that answering it only means standing in it."""
        return message_id in self._roots

    def is_met(self, topic_id: int) -> bool:
        """Say whether an id is that of a topic, told of or only met in messages that are known."""
        return topic_id in self._roots or topic_id in self._known.topics

    def place(self, message_id: int, answers: int | None, *, is_said: bool = False) -> int | None:
        """Return the topic of a message, and note it; None while the chat has no topics.

        ``answers`` is the message that it answers, ``is_said`` whether it is somebody's and no service message.
        """
        topic = self.of(answers)
        if is_said and not self._is_certain:
            if self._alone not in (None, topic) and (topic is not None or answers is None):
                self._alone = None
        else:
            topic = topic or self._alone
        if topic is None:
            has_begun = self._first_root is not None and message_id > self._first_root
            return GENERAL if has_begun else None
        if self._known.get(message_id) is None:
            self._read.add(message_id, topic)
        return topic

    def of(self, message_id: int | None) -> int | None:
        """Return the topic that a message is known to stand in; None in General, and where nothing is known."""
        if message_id is None or message_id in self._roots:
            return message_id
        return self._read.get(message_id) or self._known.get(message_id)


class _Places:
    """Topics by message id, ascending."""

    def __init__(self, message_ids: array[int], topic_ids: array[int]) -> None:
        self._ids = message_ids
        self.topics = topic_ids

    def add(self, message_id: int, topic: int) -> None:
        """Note a message; one that comes out of order is left out."""
        if not self._ids or message_id > self._ids[-1]:
            self._ids.append(message_id)
            self.topics.append(topic)

    def get(self, message_id: int) -> int | None:
        index = bisect.bisect_left(self._ids, message_id)
        is_here = index < len(self._ids) and self._ids[index] == message_id
        return self.topics[index] if is_here else None
