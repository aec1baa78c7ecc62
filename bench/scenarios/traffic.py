"""Steady traffic that is known to the last word: messages, edits and deletions, each text different from all others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from heliograph.simulator.world import model
from heliograph.simulator.world.world import World

RECENT = 300
"""So many of the newest messages are edited and deleted."""
TICK_SECONDS = 0.02


class Traffic:
    """Operations of one person in a few chats, the same in every run."""

    def __init__(self, world: World, chats: Sequence[model.Chat], sender: int) -> None:
        self._world = world
        self._chats = chats
        self._sender = sender
        self._rng = random.Random("traffic")
        self._recent: list[tuple[model.Chat, model.Message]] = []
        self._count = 0

    async def run(self, seconds: float, *, new: float = 50, edits: float = 50, deletes: float = 10) -> None:
        """Post, edit and delete at these rates per second."""
        loop = asyncio.get_running_loop()
        begun, done = loop.time(), {"new": 0, "edit": 0, "delete": 0}
        rates: dict[str, tuple[float, Callable[[], object]]] = {
            "new": (new, self.post),
            "edit": (edits, self.edit),
            "delete": (deletes, self.delete),
        }
        while True:
            passed = min(loop.time() - begun, seconds)
            for name, (rate, act) in rates.items():
                while done[name] < int(passed * rate):
                    act()
                    done[name] += 1
            if passed >= seconds:
                return
            await asyncio.sleep(TICK_SECONDS)

    def post(self, chat: model.Chat | None = None, text: str | None = None) -> model.Message:
        """Post a message in one of the chats."""
        chat = chat or self._rng.choice(self._chats)
        message = self._world.post(chat, self._sender, text or self._text("said"))
        self._recent = [*self._recent[-RECENT:], (chat, message)]
        return message

    def edit(self) -> None:
        """Change the text of a recent message."""
        if self._recent:
            chat, message = self._rng.choice(self._recent)
            self._world.edit(chat, message, self._text("edited"))

    def delete(self) -> None:
        """Delete a recent message."""
        if self._recent:
            chat, message = self._recent.pop(self._rng.randrange(len(self._recent)))
            self._world.delete(chat, [message])

    def _text(self, verb: str) -> str:
        self._count += 1
        return f"{verb} {self._count}"
