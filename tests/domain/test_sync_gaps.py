"""What a box puts on record about having been behind: why, since when, from where to where."""

from __future__ import annotations

import pytest
from test_sync_boxes import ACCOUNT, CHANNEL, event, fetching, live, only, pushed

from heliograph.domain.records import BoxState
from heliograph.domain.sync.actions import Commit, Fetch
from heliograph.domain.sync.events import Control, Failure, Lost, Page, TooLong
from heliograph.domain.sync.machine import Machine

BROUGHT = (event(0), event(0))


def gap_of(actions):
    (commit,) = only(Commit, actions)
    return commit.gap


def answered(machine, fetch, *, at=3.0, pts=12, events=BROUGHT):
    return machine.page(fetch, Page(to=BoxState(pts=pts), events=events), at)


def test_live_updates_leave_no_gap():
    assert gap_of(live().container(pushed(event(11)), 0)) is None


def test_updates_that_only_changed_places_leave_no_gap():
    machine = live()
    machine.container(pushed(event(12)), 0)
    (commit,) = machine.container(pushed(event(11)), 0.1)
    (later,) = machine.committed(commit, 0.1)
    assert (commit.gap, later.gap, later.to_state.pts) == (None, None, 12)
    machine.committed(later, 0.1)
    assert answered(machine, fetching(machine), pts=12, events=()) == []


def test_gap_between_updates_is_on_record_from_when_it_was_noticed():
    machine = live()
    machine.container(pushed(event(12)), 1.0)
    (fetch,) = machine.tick(1.5)
    gap = gap_of(answered(machine, fetch))
    assert (gap.cause, gap.noticed_at, gap.from_pts, gap.to_pts, gap.events) == ("pts", 1.0, 10, 12, 2)


def test_difference_that_brings_nothing_is_no_gap():
    machine = live()
    assert answered(machine, fetching(machine), pts=10, events=()) == []


def test_slices_of_one_difference_are_one_gap_that_the_last_closes():
    machine = live()
    fetch = fetching(machine)
    first = Page(to=BoxState(pts=20), is_final=False, events=(event(0),) * 3)
    commit, following = machine.page(fetch, first, 0)
    assert commit.gap is None
    machine.committed(commit, 0)
    gap = gap_of(machine.page(following, Page(to=BoxState(pts=20)), 0))
    assert (gap.from_pts, gap.to_pts, gap.events) == (10, 20, 3)


@pytest.mark.parametrize("control", list(Control))
def test_what_happened_to_the_connection_is_the_cause(control):
    machine = live()
    (fetch,) = only(Fetch, machine.control(ACCOUNT, control, 0))
    assert gap_of(answered(machine, fetch)).cause == control.value


@pytest.mark.parametrize(
    ("ask", "cause"),
    [
        (lambda m: m.container(pushed(too_long=(TooLong(box=CHANNEL),)), 0), "pushed_too_long"),
        (lambda m: m.container(pushed(needs_difference=True), 0), "pushed_too_long"),
        (lambda m: m.container(pushed(event(6, box=ACCOUNT), needs_difference=True), 0), "unknown_peer"),
        (lambda m: m.container(pushed(seq_start=9, seq=9), 0), "seq"),
        (lambda m: m.server_pts(CHANNEL, 12, 10, 0), "sentinel"),
        (lambda m: m.mark(CHANNEL, 0), "start"),
        (lambda m: m.tick(10_000), "silence"),
    ],
)
def test_whoever_asked_for_the_difference_is_the_cause(ask, cause):
    machine = live()
    (fetch,) = only(Fetch, ask(machine))
    assert gap_of(answered(machine, fetch)).cause == cause


def test_what_was_noticed_first_stays_the_cause_over_failures():
    machine = live()
    fetch = fetching(machine)
    machine.fetch_failed(fetch, Failure.RETRY, 1.0)
    (again,) = machine.tick(5.0)
    gap = gap_of(answered(machine, again, at=6.0))
    assert (gap.cause, gap.noticed_at) == ("pushed_too_long", 0)


def test_loss_leaves_its_gap_to_whoever_closes_the_hole():
    machine = live()
    commit = only(Commit, machine.lost(fetching(machine), Lost(to=BoxState(pts=500)), 0))[0]
    assert commit.loss == "too_long"
    assert (commit.gap.from_pts, commit.gap.to_pts) == (10, 500)


def test_failed_commit_is_a_gap_from_what_is_committed():
    machine = live()
    (commit,) = machine.container(pushed(event(11)), 0)
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=10), 2.0)
    (fetch,) = machine.tick(10.0)
    gap = gap_of(answered(machine, fetch, at=11.0, pts=11, events=(event(0),)))
    assert (gap.cause, gap.from_pts, gap.noticed_at) == ("recovered", 10, 2.0)


def test_cursor_ahead_of_the_server_is_an_open_gap():
    machine = live()
    commit = only(Commit, answered(machine, fetching(machine), pts=4, events=()))[0]
    assert commit.loss == "cursor_ahead"
    assert (commit.gap.from_pts, commit.gap.to_pts) == (10, 4)


def told(machine, at):
    """What is put on record at a moment because it lasts."""
    actions = machine.tell_gaps(at)
    return [commit.gap for commit in only(Commit, actions)], actions


def test_gap_that_lasts_is_on_record_before_it_closes():
    machine = live()
    fetch = fetching(machine)
    machine.fetch_failed(fetch, Failure.FLOOD, 0.1, 100)
    assert told(machine, 4.0)[0] == []
    (gap,), (commit,) = told(machine, 6.0)
    assert (gap.is_open, gap.cause, gap.noticed_at, gap.from_pts) == (True, "pushed_too_long", 0, 10)
    assert commit.from_state == commit.to_state == BoxState(pts=10)
    machine.committed(commit, 6.0)
    assert told(machine, 60.0)[0] == []
    (again,) = machine.tick(101)
    end = gap_of(answered(machine, again, at=102))
    assert (end.is_open, end.cause, end.noticed_at, end.to_pts) == (False, "pushed_too_long", 0, 12)


def test_gap_on_record_is_closed_although_nothing_was_missing():
    machine = live()
    fetch = fetching(machine)
    machine.fetch_failed(fetch, Failure.FLOOD, 0.1, 100)
    (commit,) = told(machine, 6.0)[1]
    machine.committed(commit, 6.0)
    (again,) = machine.tick(101)
    assert gap_of(answered(machine, again, pts=10, events=())).is_open is False


def test_gap_on_record_is_closed_by_the_process_after():
    machine = Machine()
    machine.load_gaps([CHANNEL])
    machine.load(CHANNEL, BoxState(pts=10))
    machine.add_channel(CHANNEL, ACCOUNT, None, 0)
    (fetch,) = only(Fetch, machine.mark(CHANNEL, 0))
    assert gap_of(answered(machine, fetch, pts=10, events=())).is_open is False


def test_gap_on_record_is_closed_after_a_failed_commit_as_well():
    machine = live()
    machine.fetch_failed(fetching(machine), Failure.FLOOD, 0.1, 100)
    (commit,) = told(machine, 6.0)[1]
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=10), 7.0)
    (fetch,) = machine.tick(10.0)
    assert gap_of(answered(machine, fetch, at=11.0, pts=10, events=())).is_open is False


def test_word_of_a_gap_does_not_shorten_the_pauses_of_what_it_is_about():
    machine = live()
    fetch = fetching(machine)
    now, pauses = 0.0, []
    for _ in range(4):
        machine.fetch_failed(fetch, Failure.RETRY, now)
        for commit in told(machine, now)[1]:
            machine.committed(commit, now)
        pauses.append(machine.deadline() - now)
        now = machine.deadline()
        (fetch,) = only(Fetch, machine.tick(now))
    assert pauses == [1.0, 2.0, 4.0, 8.0]
