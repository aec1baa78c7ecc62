"""What people do in a world by plan: they write, edit, delete, react and pin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tests.chaos.plan import Act

from heliograph.simulator.world import model
from heliograph.simulator.world.world import World

T = TypeVar("T")


class Life:
    """What goes on in some accounts' chats; counts the events that a mirror must know of."""

    def __init__(self, world: World, users: list[int]) -> None:
        self._world = world
        self.chats = [chat for chat in world.chats.values() if set(users) & set(chat.members)]
        self._mine: list[tuple[model.Chat, model.Message]] = []
        self._greetings = 0
        self.events = 0

    def happen(self, acts: Iterable[Act]) -> None:
        """Have all of this happen at once."""
        for act in acts:
            getattr(self, f"_{act.kind}")(act)

    def greet(self) -> str:
        """Post the same new text in every chat, where it stays, and return it."""
        self._greetings += 1
        text = f"greeting {self._greetings}"
        for chat in self.chats:
            self._world.post(chat, self._sender(chat, 0.0), text)
            self.events += 1
        return text

    def _post(self, act: Act) -> None:
        chat = _at(self.chats, act.place)
        self._mine.append((chat, self._world.post(chat, self._sender(chat, act.who), act.text)))
        self.events += 1

    def _edit(self, act: Act) -> None:
        if found := self._living(act):
            self._world.edit(*found, act.text)
            self.events += 1

    def _delete(self, act: Act) -> None:
        if found := self._living(act):
            self._world.delete(found[0], [found[1]])
            self.events += 1

    def _react(self, act: Act) -> None:
        if found := self._living(act):
            chat, message = found
            self._world.react(chat, message, _at(sorted(chat.members), act.who), "👍", as_edit=True)

    def _pin(self, act: Act) -> None:
        if found := self._living(act):
            self._world.pin(*found, is_pinned=act.is_on)

    def _living(self, act: Act) -> tuple[model.Chat, model.Message] | None:
        self._mine = [each for each in self._mine if each[1].deleted_at is None]
        return _at(self._mine, act.place) if self._mine else None

    @staticmethod
    def _sender(chat: model.Chat, who: float) -> int | None:
        return _at(sorted(chat.members), who) if chat.kind != "channel" else None


def _at(things: Sequence[T], fraction: float) -> T:
    return things[int(fraction * len(things))]
