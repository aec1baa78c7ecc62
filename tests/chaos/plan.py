"""What a schedule does, drawn whole before it begins: one seed always gives the same plan, however long it all takes.

Where an act applies is a fraction of the chats or messages that there are then, so that a plan needs no world.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

WORDS = ("harbour", "signal", "lamp", "mirror", "tide", "ferry", "näkymä", "сигнал", "ضوء", "灯", "🌊")
ACTS = ("post", "post", "post", "edit", "edit", "delete", "react", "pin")
WORLDS = 1000
DATABASE_SHARE = 0.3
"""Part of the schedules whose only troubles are of the database: nothing excuses a loss there."""
DATABASE_LIKELIHOOD = 0.35
"""How likely each of their steps is troubled."""


class Act(NamedTuple):
    """Something that people do in a chat. ``place`` and ``who`` are fractions."""

    kind: str
    place: float
    who: float
    text: str
    is_on: bool


class Trouble(NamedTuple):
    """A kind of trouble with what was drawn for it; what happens meanwhile is called ``acts``."""

    name: str
    choices: tuple[tuple[str, Any], ...]


class Step(NamedTuple):
    """What happens at once, the trouble after it, and seconds until the next step."""

    acts: tuple[Act, ...]
    trouble: Trouble | None
    pause: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole schedule."""

    world: int
    """The seed of the chats that there are from the beginning."""
    users: int
    is_of_database: bool
    begins_level: bool
    """Whether the crawler has stored what there is before anything happens."""
    steps: tuple[Step, ...]
    is_cancelled: bool
    """Whether the crawler is ended at once in the end, and not in order."""

    @property
    def digest(self) -> str:
        """What tells two plans apart."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    def __str__(self) -> str:
        troubles = [step.trouble.name for step in self.steps if step.trouble]
        return f"plan {self.digest}, {len(self.steps)} steps: {', '.join(troubles) or 'no trouble'}"


class Kind(NamedTuple):
    """A kind of trouble that a level knows; ``draw`` chooses what it is like this time."""

    name: str
    likelihood: float
    draw: Callable[[random.Random], dict[str, Any]] = lambda rng: {}
    is_of_database: bool = False


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a level draws from."""

    steps: tuple[int, int]
    bursts: tuple[int, ...]
    pauses: tuple[float, ...]
    kinds: tuple[Kind, ...]


def draw(seed: int, rules: Rules) -> Plan:
    """Draw the plan of a seed."""
    rng = random.Random(f"{seed}/schedule")
    is_of_database = rng.random() < DATABASE_SHARE
    kinds = rules.kinds
    if is_of_database:
        kinds = tuple(kind for kind in kinds if kind.is_of_database)
        share = DATABASE_LIKELIHOOD / sum(kind.likelihood for kind in kinds)
        kinds = tuple(kind._replace(likelihood=kind.likelihood * share) for kind in kinds)
    return Plan(
        world=rng.randrange(WORLDS),
        users=rng.choice((1, 2)),
        is_of_database=is_of_database,
        begins_level=rng.random() < 0.5 or is_of_database,
        steps=tuple(_step(rng, rules, kinds) for _ in range(rng.randint(*rules.steps))),
        is_cancelled=rng.random() < 0.5,
    )


def acts(rng: random.Random, count: int) -> tuple[Act, ...]:
    """Draw what people do."""
    return tuple(_act(rng) for _ in range(count))


def manners(rng: random.Random) -> dict[str, Any]:
    """Draw how Telegram gives differences."""
    return {
        "too_long": rng.choice(("page", "strict")),
        "pts_style": rng.choice(("real", "final", "zero")),
        "difference_limit": rng.choice((3, 10, 100)),
    }


def weather(seed: int) -> random.Random:
    """Return what decides about single messages: how much of it is drawn is the machine's, so no plan has it."""
    return random.Random(f"{seed}/weather")


def _act(rng: random.Random) -> Act:
    text = " ".join(rng.choices(WORDS, k=rng.randint(1, 6))) + f" {rng.randrange(10**6)}"
    return Act(rng.choice(ACTS), rng.random(), rng.random(), text, rng.random() < 0.5)


def _step(rng: random.Random, rules: Rules, kinds: tuple[Kind, ...]) -> Step:
    happens = acts(rng, rng.choice(rules.bursts))
    return Step(happens, _trouble(rng, kinds), rng.choice(rules.pauses))


def _trouble(rng: random.Random, kinds: tuple[Kind, ...]) -> Trouble | None:
    """Draw one kind of trouble, or often none."""
    roll = rng.random()
    for kind in kinds:
        roll -= kind.likelihood
        if roll < 0:
            return Trouble(kind.name, tuple(kind.draw(rng).items()))
    return None
