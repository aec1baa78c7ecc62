"""The sentinel's pace over random traffic: no box is left alone for longer than its period."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.crawler.reconcile import pace, sentinel
from heliograph.domain import identity

HOT, COLD = 60.0, 600.0


@dataclass
class Watched:
    """What a test knows of a box: where its cursor stands, when it was looked at, and by when it has to be again."""

    chance: float
    pts: int = 1
    seen_pts: int | None = None
    moved_at: float | None = None
    due_by: float = 0.0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 150),
    chances=st.lists(st.sampled_from([0.0, 0.0005, 0.02]), min_size=1, max_size=4),
)
def test_every_box_is_looked_at_within_its_period(seed: int, count: int, chances: list[float]) -> None:
    """Whatever came or did not come: within ten minutes, and within one where there is traffic."""
    rng = random.Random(seed)
    boxes = {identity.channel_space(n): Watched(chances[n % len(chances)]) for n in range(1, count + 1)}
    looks = pace.Pace(HOT, COLD)
    late = 1 + count / sentinel.PEERS
    """A call a second tells of so many boxes, and all may be due at once."""
    for now in map(float, range(5_000)):
        looks.keep(set(boxes), now)
        for space, box in boxes.items():
            assert now <= box.due_by + late, f"box {space} is not looked at"
            if rng.random() < box.chance:
                box.pts += 1
        disturb(looks, rng, list(boxes), now)
        for space in looks.due(now, sentinel.PEERS):
            looked(boxes[space], now)
            looks.looked(space, boxes[space].pts, now)


def disturb(looks: pace.Pace, rng: random.Random, spaces: list[identity.SpaceId], now: float) -> None:
    """Have happen what moves a look: news that nobody pushed, a second look, a hurry."""
    roll, space = rng.random(), rng.choice(spaces)
    if roll < 0.001:
        looks.missed(space, rng.randint(1, 500), HOT, now)
    elif roll < 0.002:
        looks.again(space, now + rng.choice((5.0, 5_000.0)))
    elif roll < 0.0021:
        looks.hurry(now)


def looked(box: Watched, now: float) -> None:
    if box.seen_pts is not None and box.pts != box.seen_pts:
        box.moved_at = now
    has_traffic = box.moved_at is not None and now - box.moved_at <= pace.WARM_SECONDS
    box.seen_pts, box.due_by = box.pts, now + (HOT if has_traffic else COLD)
