"""Faults of the logs behind differences: how long they are kept, how they are answered, and when they are lost.

A box is named as the world's events are: a channel by its marked id, a common box by its account's user id.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from heliograph.simulator.faults.stage import Staged

if TYPE_CHECKING:
    from heliograph.simulator.world.boxes import Box

TooLong = Literal["page", "strict"]
PtsStyle = Literal["real", "final", "zero"]
DIFFERENCE_LIMIT = 100


@dataclasses.dataclass(kw_only=True, slots=True)
class Spoiled:
    """Differences of a box (of any with ``box`` None) that hold something of an unknown constructor."""

    left: int | None
    box: int | None

    def takes(self, box: int) -> bool:
        """Say whether this answer is one of them, and count it."""
        if self.box not in (None, box) or self.left == 0:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class BoxFaults(Staged):
    """The part of ``Faults`` that differences ask, and the server's choices where Telegram's own are not known.

    ``too_long`` says when a difference is refused as too long: ``page`` when its events are gone, ``strict`` also
    when more than one page of them lies behind. ``difference_limit`` caps the page size. ``pts_style`` says which
    counters edits and deletions inside a difference carry: their own, the answer's with count 0, or zero.
    ``min_entities`` sends users in differences in their min form.
    """

    def __init__(self) -> None:
        self._spoiled: list[Spoiled] = []
        self._kept: list[Box] = []
        self._choose_usual()

    def retain(self, box: int | None = None, *, events: int | None = None, seconds: float | None = None) -> None:
        """Keep only so many events, or only those of the last ``seconds``, from now on; all boxes with ``box`` None."""
        world = self._stage.world
        for each in world.boxes() if box is None else [world.box(box)]:
            each.keep(events=events, seconds=seconds)
            each.expire(world.clock.now().timestamp())
            self._kept.append(each)

    def roll_back(self, box: int, events: int = 1) -> int:
        """Lose the end of a box's log, as a fail-over may: its pts falls below what clients have; returns it."""
        pts: int = self._stage.world.run("roll_back", box=box, events=events)
        return pts

    def undecodable_differences(self, n: int | None = 1, *, box: int | None = None) -> None:
        """Put an unknown constructor into the next ``n`` differences that hold anything, or into all."""
        self._spoiled.append(Spoiled(left=n, box=box))

    def is_spoiled(self, box: int) -> bool:
        """Say whether this difference of a box gets something unreadable, and count it."""
        found = any(fault.takes(box) for fault in self._spoiled)
        self._spoiled = [fault for fault in self._spoiled if fault.left != 0]
        return found

    def _choose_usual(self) -> None:
        self.too_long: TooLong = "page"
        self.pts_style: PtsStyle = "real"
        self.difference_limit = DIFFERENCE_LIMIT
        self.min_entities = False

    def _clear_boxes(self) -> None:
        self._spoiled.clear()
        for box in self._kept:
            box.keep()
        self._kept.clear()
        self._choose_usual()
