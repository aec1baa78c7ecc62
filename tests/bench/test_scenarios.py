"""Scenarios are played by real processes: what they call lost is lost, and by whom.

An oracle that sees nothing would call everybody's store complete, so some scenarios must be lost by the baseline.
"""

from __future__ import annotations

import dataclasses

import pytest
from bench.scenarios import play

from bench import reliability

KNOWN = {scenario.name: scenario for scenario in reliability.SCENARIOS}


async def played(name: str, kind: str, dsn: str, **given: float) -> play.Outcome:
    return await play.play(dataclasses.replace(KNOWN[name], **{"settle_seconds": 60, **given}), kind, dsn)


@pytest.mark.parametrize("kind", ["heliograph", "baseline"])
async def test_both_crawlers_fill_a_gap_that_traffic_shows(postgres_dsn: str, kind: str):
    """The ordinary crawler is set up right: where its library has what it takes, it loses nothing."""
    found = await played("drop", kind, postgres_dsn)
    assert found.verdict.events == 2
    assert found.verdict.is_complete


async def test_edits_and_deletions_in_a_difference_arrive_here(postgres_dsn: str):
    found = await played("difference_real", "heliograph", postgres_dsn)
    assert found.verdict.events > 200
    assert found.verdict.is_complete, found.verdict.examples


async def test_edits_and_deletions_in_a_difference_are_lost_by_event_handlers(postgres_dsn: str):
    """The oracle is able to say that something is lost; see Telethon's issue 4611."""
    found = await played("difference_real", "baseline", postgres_dsn, settle_seconds=5, still_seconds=3)
    assert found.verdict.lost > 0


async def test_update_that_is_lost_before_silence_is_lost_by_event_handlers(postgres_dsn: str):
    """Nothing shows them the gap; of Heliograph the published table says what its sentinel finds."""
    found = await played("drop_silent", "baseline", postgres_dsn, settle_seconds=3, still_seconds=2)
    assert (found.verdict.events, found.verdict.lost, found.verdict.recorded) == (1, 1, 0)
    assert found.seconds is None
