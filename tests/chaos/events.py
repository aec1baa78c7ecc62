"""Random things that happen in a world: people write, edit, delete, react and pin."""

from __future__ import annotations

import random
from collections.abc import Callable

from heliograph.simulator.world import model
from heliograph.simulator.world.world import World

WORDS = ("harbour", "signal", "lamp", "mirror", "tide", "ferry", "näkymä", "сигнал", "ضوء", "灯", "🌊")


class Life:
    """What goes on in some chats, by a random generator; counts the events that a mirror must know of."""

    def __init__(self, world: World, rng: random.Random, users: list[int]) -> None:
        self._world = world
        self._rng = rng
        self._chats = [chat for chat in world.chats.values() if set(users) & set(chat.members)]
        self._mine: list[tuple[model.Chat, model.Message]] = []
        self.events = 0

    def happen(self, times: int) -> None:
        """Have so many things happen at once."""
        for _ in range(times):
            self._rng.choice(self._KINDS)(self)

    def _post(self) -> None:
        chat = self._rng.choice(self._chats)
        sender = self._rng.choice(sorted(chat.members)) if chat.kind != "channel" else None
        self._mine.append((chat, self._world.post(chat, sender, self._text())))
        self.events += 1

    def _edit(self) -> None:
        if found := self._living():
            self._world.edit(*found, self._text())
            self.events += 1

    def _delete(self) -> None:
        if found := self._living():
            self._world.delete(found[0], [found[1]])
            self.events += 1

    def _react(self) -> None:
        if found := self._living():
            chat, message = found
            self._world.react(chat, message, self._rng.choice(sorted(chat.members)), "👍", as_edit=True)

    def _pin(self) -> None:
        if found := self._living():
            self._world.pin(*found, is_pinned=self._rng.random() < 0.5)

    def _living(self) -> tuple[model.Chat, model.Message] | None:
        self._mine = [each for each in self._mine if each[1].deleted_at is None]
        return self._rng.choice(self._mine) if self._mine else None

    def _text(self) -> str:
        return " ".join(self._rng.choices(WORDS, k=self._rng.randint(1, 6))) + f" {self._rng.randrange(10**6)}"

    _KINDS: tuple[Callable[[Life], None], ...] = (_post, _post, _post, _edit, _edit, _delete, _react, _pin)
