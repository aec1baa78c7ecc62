"""An account that asks the services directly: requests and answers pass through their real TL bytes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import types

from heliograph import clock
from heliograph.simulator import faults, rpc, server
from heliograph.simulator.world import model, pushes
from heliograph.simulator.world.world import World

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def decode(answer: Any) -> Any:
    """Return TL bytes or an object holding raw bytes as plain Telethon objects."""
    reader = BinaryReader(rpc.serialise(answer))
    return reader.tgread_object()


@dataclasses.dataclass
class Client:
    """One signed-up account."""

    world: World
    user: model.User
    faults: faults.Faults = dataclasses.field(default_factory=faults.Faults)

    def __post_init__(self) -> None:
        self.router = server._router()
        self.inbox: list[Any] = []
        self.world.subscribe(self._receive)

    def _receive(self, push: pushes.Push) -> None:
        if push.user_id == self.user.id:
            self.inbox.append(decode(push.container))

    async def call(self, request: Any) -> Any:
        """Ask, and return the answer as a client reads it."""
        answer = rpc.serialise(await self.answer(decode(request)))
        return request.read_result(BinaryReader(answer))

    async def answer(self, request: Any) -> Any:
        """Return what the service returns, before it is serialised."""
        simulator = SimpleNamespace(
            faults=self.faults,
            now=lambda: self.world.clock.now().timestamp(),
            hub=SimpleNamespace(violation=lambda text: None),
        )
        context: Any = rpc.Context(
            server=simulator, world=self.world, session=object(), user_id=self.user.id, layer=229
        )
        return await self.router.dispatch(context, request)

    def input_channel(self, chat: model.Chat) -> Any:
        return types.InputChannel(chat.id, self.world.access_hash(self.user.id, chat.peer))

    def input_peer(self, chat: model.Chat) -> Any:
        if not chat.is_channel:
            return types.InputPeerChat(chat.id)
        return types.InputPeerChannel(chat.id, self.world.access_hash(self.user.id, chat.peer))

    def input_user(self, user_id: int) -> Any:
        return types.InputUser(user_id, self.world.access_hash(self.user.id, user_id))

    def updates(self, kind: type) -> list[Any]:
        """Return all updates of a kind that were pushed, oldest first."""
        listed = [update for container in self.inbox for update in getattr(container, "updates", [container])]
        return [update for update in listed if isinstance(update, kind)]


def small_world(**parameters: Any) -> World:
    """Return a world of a few chats on a clock that stands still."""
    parameters = {"chats": 12, "days": 2, "equal_ids": True, "clock": clock.ManualClock(START)} | parameters
    return World(**parameters)
