"""The chronicle of a box: what happened to each message, in the words of that moment.

A box's events name messages, whose texts change later; a mirror that promises every version is held against this.
"""

from __future__ import annotations

from heliograph.simulator.world import model
from heliograph.simulator.world.boxes import Box, Entry, Event


def note(box: Box, event: Event, message: model.Message | None, *, is_hidden: bool = False) -> None:
    """Write an event down; ``message`` is the one that is new or edited."""
    text = None if message is None else message.text
    for message_id in event.ids:
        box.log.append(Entry(event.pts, event.moved, event.kind, event.peer, message_id, text, is_hidden, event.at))


def note_silent(box: Box, kind: str, chat: int, message_id: int, at: float) -> None:
    """Write down what moves no counter and is told to nobody."""
    box.log.append(Entry(box.pts, 0, kind, chat, message_id, None, False, at))
