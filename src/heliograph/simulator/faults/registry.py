"""All active faults of one server, and their names for the control API."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from heliograph.simulator.faults.answers import AnswerFaults
from heliograph.simulator.faults.boxes import BoxFaults
from heliograph.simulator.faults.connections import ConnectionFaults
from heliograph.simulator.faults.delivery import PushFaults
from heliograph.simulator.faults.files import FileFaults
from heliograph.simulator.faults.pushes import Deliveries
from heliograph.simulator.world.pushes import Push


class Faults(AnswerFaults, FileFaults, PushFaults, ConnectionFaults, BoxFaults):
    """The active faults; each method turns one on. Without a server only those work that need none.

    Random ones draw from ``seed``; times are those of ``monotonic``.
    """

    def __init__(self, *, seed: int = 7, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rng = random.Random(f"{seed}:faults")  # noqa: S311 must repeat
        self.monotonic = monotonic
        AnswerFaults.__init__(self)
        FileFaults.__init__(self)
        PushFaults.__init__(self)
        ConnectionFaults.__init__(self)
        BoxFaults.__init__(self)

    def on_push(self, push: Push) -> Deliveries:
        """Return what is delivered for a push; a closed account gets nothing."""
        return [] if self.is_banned(push.user_id) else super().on_push(push)

    def clear(self) -> None:
        """End all faults. What they destroyed (events, sign-ins, salts) stays destroyed."""
        self._clear_answers()
        self._clear_rpc()
        self._clear_files()
        self._clear_pushes()
        self._clear_connections()
        self._clear_boxes()


def _choose(name: str, *allowed: object) -> Callable[..., None]:
    def choose(faults: Faults, *, value: Any) -> None:
        if allowed and value not in allowed:
            raise ValueError(f"{name} is one of {', '.join(map(str, allowed))}")
        setattr(faults, name, value)

    return choose


KINDS: dict[str, Callable[..., Any]] = {
    "flood": Faults.flood,
    "refuse": Faults.refuse,
    "limit_rate": Faults.limit_rate,
    "silence": Faults.silence,
    "slow": Faults.slow,
    "undecodable_answers": Faults.undecodable_answers,
    "ban": Faults.ban,
    "unban": Faults.unban,
    "revoke": Faults.revoke,
    "drop_updates": Faults.drop_updates,
    "duplicate_updates": Faults.duplicate_updates,
    "reorder_updates": Faults.reorder_updates,
    "delay_updates": Faults.delay_updates,
    "lose_updates": Faults.lose_updates,
    "be_passive": Faults.be_passive,
    "coalesce_albums": Faults.coalesce_albums,
    "undecodable_updates": Faults.undecodable_updates,
    "unnamed_updates": Faults.unnamed_updates,
    "number_updates": Faults.number_updates,
    "resend_updates": Faults.resend_updates,
    "cut_after_updates": Faults.cut_after_updates,
    "say_too_long": Faults.say_too_long,
    "cut": Faults.cut,
    "stall": Faults.stall,
    "new_session": Faults.new_session,
    "change_salt": Faults.change_salt,
    "resend_unacked": Faults.resend_unacked,
    "kill_duplicates": Faults.kill_duplicates,
    "shift_clock": Faults.shift_clock,
    "retain": Faults.retain,
    "roll_back": Faults.roll_back,
    "undecodable_differences": Faults.undecodable_differences,
    "expire_references": Faults.expire_references,
    "migrate_files": Faults.migrate_files,
    "clear": Faults.clear,
    "too_long": _choose("too_long", "page", "strict"),
    "pts_style": _choose("pts_style", "real", "final", "zero"),
    "difference_limit": _choose("difference_limit"),
    "min_entities": _choose("min_entities", True, False),
}
