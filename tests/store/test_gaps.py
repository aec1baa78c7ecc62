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
    await write(make.batch(gap(make, closed_at=None)))
    assert await fetch("SELECT closed_at, closed_by FROM gaps") == [(None, None)]


async def test_clock_that_was_set_back_never_closes_a_gap_before_it_opened(make, write, fetch):
    await write(make.batch(gap(make, noticed_at=make.at(9))))
    assert await fetch("SELECT closed_at - noticed_at FROM gaps") == [(timedelta(0),)]
