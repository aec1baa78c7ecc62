"""What faults act on: the running server, as they see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from heliograph.simulator.wire.hub import Hub
    from heliograph.simulator.wire.session import Session
    from heliograph.simulator.world.world import World


class Stage(Protocol):
    """A running simulator."""

    world: World
    hub: Hub

    def sessions_of(self, user_id: int) -> list[Session]:
        """Return the sessions that a user's updates go to."""

    def shift_clock(self, seconds: float) -> None:
        """Put the server's clock this far from the machine's."""


class NoStage(Exception):
    """The fault needs a running simulator, and these faults belong to none."""


class Staged:
    """The part of ``Faults`` that knows the server."""

    _known_stage: Stage | None = None

    def attach(self, stage: Stage) -> None:
        """Make the server known that the faults act on."""
        self._known_stage = stage

    @property
    def _stage(self) -> Stage:
        if self._known_stage is None:
            raise NoStage("this fault needs a running simulator")
        return self._known_stage

    def _sessions(self, user_id: int | None) -> list[Session]:
        stage = self._stage
        return stage.hub.sessions() if user_id is None else stage.sessions_of(user_id)
