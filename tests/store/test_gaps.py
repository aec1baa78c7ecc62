"""Gaps come on record with the cursor that closes them."""

from __future__ import annotations

from datetime import timedelta

from heliograph.domain import records


def gap(make, **given):
    fields = {"cause": "pts", "from_pts": 10, "to_pts": 12, "events": 2, "noticed_at": make.at(0)}
    return records.Gap(space_id=make.space, **{**fields, "closed_at": make.at(3), **given})


async def test_gap_commits_with_the_cursor_that_closes_it(make, write, fetch):
    await write(make.batch(moves=(make.move(None, 10),)))
    await write(make.batch(gap(make), moves=(make.move(10, 12),)))
    rows = await fetch("SELECT cause, from_pts, to_pts, events, closed_at - noticed_at, closed_by FROM gaps")
    assert rows == [("pts", 10, 12, 2, timedelta(seconds=3), "difference")]


async def test_gap_of_a_batch_that_conflicts_is_not_on_record(make, write, fetch):
    await write(make.batch(moves=(make.move(None, 10),)))
    await write(make.batch(gap(make), moves=(make.move(11, 12),)))
    assert await fetch("SELECT count(*) FROM gaps") == [(0,)]


async def test_gap_of_a_loss_stays_open(make, write, fetch):
    await write(make.batch(gap(make, closed_at=None, is_lost=True)))
    await write(make.batch(gap(make, noticed_at=make.at(5), closed_at=make.at(6))))
    assert await fetch("SELECT closed_by FROM gaps ORDER BY noticed_at") == [(None,), ("difference",)]


async def test_gap_that_was_told_while_it_lasted_is_closed_with_its_own_cause_and_beginning(make, write, fetch):
    await write(make.batch(gap(make, cause="reconnected", to_pts=10, events=0, closed_at=None)))
    await write(make.batch(gap(make, cause="start", noticed_at=make.at(50), closed_at=make.at(60))))
    rows = await fetch("SELECT cause, to_pts, events, closed_at - noticed_at, closed_by FROM gaps")
    assert rows == [("reconnected", 12, 2, timedelta(seconds=60), "difference")]


async def test_gap_that_lasts_over_processes_is_on_record_once(make, write, fetch):
    await write(make.batch(gap(make, closed_at=None)))
    await write(make.batch(gap(make, cause="start", noticed_at=make.at(9), closed_at=None)))
    assert await fetch("SELECT cause FROM gaps") == [("pts",)]
    assert await fetch("SELECT count(*) FROM gaps WHERE closed_at IS NOT NULL") == [(0,)]


async def test_gap_whose_log_turns_out_to_be_gone_waits_for_the_hole(make, write, fetch):
    await write(make.batch(gap(make, closed_at=None)))
    await write(make.batch(gap(make, to_pts=500, closed_at=None, is_lost=True)))
    assert await fetch("SELECT to_pts, is_lost, closed_at FROM gaps") == [(500, True, None)]


async def test_clock_that_was_set_back_never_closes_a_gap_before_it_opened(make, write, fetch):
    await write(make.batch(gap(make, noticed_at=make.at(9))))
    assert await fetch("SELECT closed_at - noticed_at FROM gaps") == [(timedelta(0),)]
