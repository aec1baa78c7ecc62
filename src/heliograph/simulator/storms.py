"""Storms: many edits and reactions of the same few messages, faster than anybody reads them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from heliograph.simulator.world import model

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

_EMOJI = ("👍", "❤", "🔥", "🎉", "😁")


def storm(
    world: World, chat: model.Chat, *, edits: int = 100, reactions: int = 100, messages: int = 5
) -> dict[str, int]:
    """Edit and react to a chat's newest texts in random order; half of the reactions come as hidden edits.

    The order follows from the world's seed. Returns how many texts were changed, reactions set, and how many of
    these came as hidden edits.
    """
    targets = [m for m in reversed(chat.messages) if m.deleted_at is None and m.action is None][:messages]
    people = [user_id for user_id in chat.members if user_id in world.users]
    if not targets or not people:
        raise ValueError("the chat has nobody or nothing to storm about")
    rng = random.Random(f"{world.seed}:storm:{chat.peer}:{len(chat.messages)}")  # noqa: S311 must repeat
    acts = ["edit"] * edits + ["react"] * reactions
    rng.shuffle(acts)
    hidden = 0
    for number, act in enumerate(acts):
        message = rng.choice(targets)
        if act == "edit":
            world.edit(chat, message, f"Revision {number} of {message.id}")
        else:
            as_edit = rng.random() < 0.5
            hidden += as_edit
            world.react(chat, message, rng.choice(people), rng.choice(_EMOJI), as_edit=as_edit)
    return {"edits": edits, "reactions": reactions, "hidden_edits": hidden}
