"""Faults of live updates, the crawler running all the time."""

from __future__ import annotations

from bench.scenarios.play import Scenario
from bench.scenarios.stage import Stage

SILENT_SECONDS = 75.0
"""What is never told and never followed by anything is noticed within a minute."""
BURST = 3_000
FLOOD_SECONDS = 10


async def drop_one(stage: Stage) -> None:
    """One push is lost in a channel, then others follow."""
    stage.faults.drop_updates(1, chat=stage.supergroup.peer)
    stage.traffic.post(stage.supergroup, "dropped")
    stage.traffic.post(stage.supergroup, "followed")
    stage.done()


async def drop_then_silence(stage: Stage) -> None:
    """One push is lost in a channel, and nothing follows."""
    stage.faults.drop_updates(1, chat=stage.supergroup.peer)
    stage.traffic.post(stage.supergroup, "dropped")
    stage.done()


async def duplicate(stage: Stage) -> None:
    """Every push arrives twice."""
    stage.faults.duplicate_updates(200)
    await stage.traffic.run(2)
    stage.done()


async def reorder(stage: Stage) -> None:
    """Pushes overtake each other."""
    stage.faults.reorder_updates(100)
    await stage.traffic.run(3)
    stage.done()


async def passive_channel(stage: Stage) -> None:
    """A broadcast channel pushes nothing any more."""
    first = stage.traffic.post(stage.channel)
    stage.faults.be_passive(stage.channel.peer)
    for _ in range(20):
        stage.traffic.post(stage.channel)
    stage.world.delete(stage.channel, [first])
    stage.done()


async def album(stage: Stage) -> None:
    """Of an album only the first item is pushed, then nothing follows."""
    stage.faults.coalesce_albums(1)
    for number in range(6):
        stage.world.post(stage.supergroup, stage.user, f"item {number}", album=777)
    stage.done()


async def flooded(stage: Stage) -> None:
    """One push is lost, and Telegram refuses the difference for ten seconds while everything else goes on."""
    stage.faults.flood("updates.getChannelDifference", FLOOD_SECONDS, chat=stage.supergroup.peer)
    stage.faults.drop_updates(1, chat=stage.supergroup.peer)
    # Not the traffic's own, which is edited: nobody could know the text that was never pushed.
    stage.world.post(stage.supergroup, stage.user, "dropped")
    await stage.traffic.run(FLOOD_SECONDS - 1)
    stage.done()


async def burst(stage: Stage) -> None:
    """More comes at once than the crawler's queue holds."""
    for _ in range(BURST):
        stage.traffic.post()
    stage.done()


SCENARIOS = (
    Scenario(name="drop", title="one update lost, others follow", story=drop_one),
    Scenario(
        name="drop_silent",
        title="one update lost, then silence",
        story=drop_then_silence,
        settle_seconds=SILENT_SECONDS,
    ),
    Scenario(name="duplicate", title="every update twice", story=duplicate),
    Scenario(name="reorder", title="updates out of order", story=reorder),
    Scenario(
        name="passive", title="a channel that pushes nothing", story=passive_channel, settle_seconds=SILENT_SECONDS
    ),
    Scenario(name="album", title="an album, only its first item pushed", story=album, settle_seconds=SILENT_SECONDS),
    Scenario(name="flooded", title="a flood wait of 10 s on the difference that one lost update needs", story=flooded),
    Scenario(
        name="burst", title=f"{BURST:,} updates at once, a queue of 100", story=burst, options={"queue_size": 100}
    ),
)
