"""The rules of a box, one by one, as TELEGRAM.md sections 1 and 7.2 state them."""

from __future__ import annotations

from heliograph.domain.identity import SpaceId
from heliograph.domain.records import BoxState
from heliograph.domain.sync.actions import Alarm, Anchor, Commit, Fetch, Reload
from heliograph.domain.sync.events import Container, Control, Event, Failure, Lost, Page, TooLong
from heliograph.domain.sync.machine import Machine
from heliograph.domain.sync.rules import Rules, State

ACCOUNT, OTHER, CHANNEL = SpaceId(-1), SpaceId(-2), SpaceId(11)


def event(pts, count=1, *, box=CHANNEL):
    return Event(box=box, pts=pts, pts_count=count, payload=f"update {pts}")


def pushed(*events, **fields):
    return Container(account=ACCOUNT, events=events, **fields)


def only(kind, actions):
    return [action for action in actions if isinstance(action, kind)]


def live(pts=10, rules=None):
    """A machine whose account and channel are live; the account stands at pts 5 and seq 1."""
    machine = Machine(rules)
    machine.load(CHANNEL, BoxState(pts=pts))
    machine.add_channel(CHANNEL, ACCOUNT, None, 0)
    state = BoxState(pts=5, seq=1, date=100)
    (fetch,) = machine.add_account(ACCOUNT, state, 0)
    machine.page(fetch, Page(to=state), 0)
    return machine


def fetching(machine):
    """Bring the channel into a difference and return its request."""
    (fetch,) = only(Fetch, machine.container(pushed(too_long=(TooLong(box=CHANNEL),)), 0))
    return fetch


def test_fitting_update_is_committed_with_the_cursor():
    (commit,) = live().container(pushed(event(11)), 0)
    assert (commit.from_state, commit.to_state) == (BoxState(pts=10), BoxState(pts=11))
    assert [item.payload for item in commit.events] == ["update 11"]


def test_known_update_is_ignored():
    assert live().container(pushed(event(10), event(9)), 0) == []


def test_event_that_overlaps_the_cursor_is_a_gap():
    machine = live()
    machine.container(pushed(event(12, 3)), 0)
    assert machine.boxes[CHANNEL].state is State.WAIT


def test_one_commit_of_a_box_is_on_its_way_and_the_rest_follows_as_one():
    machine = live()
    (first,) = machine.container(pushed(event(11)), 0)
    assert machine.container(pushed(event(12), event(13)), 0) == []
    (second,) = machine.committed(first, 0)
    assert (second.from_state, second.to_state) == (BoxState(pts=11), BoxState(pts=13))


def test_reordered_updates_within_the_wait_need_no_difference():
    machine = live()
    assert machine.container(pushed(event(12)), 0) == []
    actions = machine.container(pushed(event(11)), 0.1)
    assert not only(Fetch, actions)
    assert machine.boxes[CHANNEL].pipeline.pts == 12
    assert machine.tick(5) == []


def test_gap_is_fetched_before_later_updates_apply():
    machine = live()
    machine.container(pushed(event(12)), 0)
    assert machine.tick(0.4) == []
    (fetch,) = machine.tick(0.5)
    assert fetch.from_state == BoxState(pts=10)
    page = Page(to=BoxState(pts=11), events=(event(0),))
    (commit,) = machine.page(fetch, page, 0.6)
    (later,) = machine.committed(commit, 0.6)
    assert (commit.to_state.pts, later.to_state.pts) == (11, 12)


def test_updates_during_a_difference_are_postponed_then_judged_by_pts():
    machine = live()
    fetch = fetching(machine)
    assert machine.container(pushed(event(12), event(13)), 0) == []
    (commit,) = machine.page(fetch, Page(to=BoxState(pts=12)), 0)
    (later,) = machine.committed(commit, 0)
    assert [item.pts for item in later.events] == [13]


def test_update_that_a_difference_overtakes_is_kept_in_the_commit_that_covers_it():
    """Regression: a text that was replaced while a box waited for its difference had arrived, and was dropped."""
    machine = live()
    fetch = fetching(machine)
    machine.container(pushed(event(12), event(14), event(12)), 0)
    slice_, following = machine.page(fetch, Page(to=BoxState(pts=13), is_final=False, events=(event(0),)), 0)
    assert [item.pts for item in slice_.seen] == [12]
    machine.committed(slice_, 0)
    machine.container(pushed(event(11), event(12)), 0)
    (last,) = only(Commit, machine.page(following, Page(to=BoxState(pts=15), events=(event(0),)), 0))
    assert [item.pts for item in last.seen] == [11, 14]


def test_update_that_comes_after_the_difference_which_covers_it_is_kept_once_and_moves_nothing():
    machine = live()
    fetch = fetching(machine)
    (page,) = machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 0)
    machine.committed(page, 0)
    (late,) = machine.container(pushed(event(11), event(11)), 0)
    assert (late.from_state, late.to_state) == (BoxState(pts=12), BoxState(pts=12))
    assert ([item.pts for item in late.seen], late.events) == ([11], ())
    machine.committed(late, 0)
    assert machine.container(pushed(event(11), event(10)), 0) == []


def test_what_was_overtaken_survives_a_failed_commit():
    machine = live()
    fetch = fetching(machine)
    machine.container(pushed(event(11)), 0)
    (commit,) = machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 0)
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=10), 0)
    (fetch,) = machine.tick(1)
    (again,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 1))
    assert [item.pts for item in again.seen] == [11]


def test_updates_for_which_there_was_no_room_are_a_known_loss_until_a_difference_covers_them():
    machine = live(rules=Rules(postponed=1))
    fetch = fetching(machine)
    machine.container(pushed(event(12), event(13)), 0)
    first, following = machine.page(fetch, Page(to=BoxState(pts=11), events=(event(0),)), 0)
    assert first.not_kept
    machine.committed(first, 0)
    (second,) = only(Commit, machine.page(following, Page(to=BoxState(pts=13), events=(event(0),)), 0))
    assert second.not_kept
    machine.committed(second, 0)
    (third,) = only(Commit, machine.container(pushed(event(14)), 0))
    assert not third.not_kept


def test_live_updates_that_are_dropped_behind_a_slow_commit_are_a_known_loss():
    machine = live(rules=Rules(uncommitted=1))
    (commit,) = machine.container(pushed(event(11)), 0)
    (fetch,) = machine.container(pushed(event(12), event(13)), 0)
    machine.committed(commit, 0)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=13), events=(event(0),)), 0))
    assert commit.not_kept


def test_dropped_postponed_updates_are_fetched_after_the_difference():
    machine = live(rules=Rules(postponed=1))
    fetch = fetching(machine)
    machine.container(pushed(event(12), event(13)), 0)
    actions = machine.page(fetch, Page(to=BoxState(pts=11)), 0)
    assert [request.from_state.pts for request in only(Fetch, actions)] == [11]


def test_next_slice_is_asked_at_most_one_ahead_of_the_commit():
    machine = live()
    first = fetching(machine)
    commit, second = machine.page(first, Page(to=BoxState(pts=20), is_final=False, events=(event(0),)), 0)
    assert second.from_state == BoxState(pts=20)
    assert machine.page(second, Page(to=BoxState(pts=30), is_final=False, events=(event(0),)), 0) == []
    next_commit, third = machine.committed(commit, 0)
    assert (next_commit.from_state.pts, next_commit.to_state.pts) == (20, 30)
    assert third.from_state == BoxState(pts=30)


def test_failed_commit_rolls_back_to_what_the_store_holds_and_fetches():
    machine = live()
    (commit,) = machine.container(pushed(event(11)), 0)
    assert machine.commit_failed(commit) == [Reload(box=CHANNEL)]
    machine.reloaded(CHANNEL, BoxState(pts=11), 0)
    (fetch,) = machine.tick(1)
    assert fetch.from_state == BoxState(pts=11)


def test_commit_that_fails_again_and_again_is_made_ever_more_slowly_until_one_succeeds():
    """Regression: every answer began the pauses anew, so that a lasting defect asked Telegram once a second."""
    machine = live()
    (commit,) = machine.container(pushed(event(11)), 0)
    now, pauses = 0, []
    for _ in range(4):
        machine.commit_failed(commit)
        machine.reloaded(CHANNEL, BoxState(pts=10), now)
        pauses.append(machine.deadline() - now)
        now = machine.deadline()
        (fetch,) = only(Fetch, machine.tick(now))
        (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=11), events=(event(0),)), now))
    assert pauses == [1, 2, 4, 8]
    machine.committed(commit, now)
    (commit,) = only(Commit, machine.container(pushed(event(12)), now))
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=11), now)
    assert machine.deadline() - now == 1


def test_commits_that_the_store_has_lost_are_a_known_loss_of_the_next_commit_until_one_succeeds():
    """Regression: after a fail-over texts between, and messages that were deleted since, were missing in silence."""
    machine = live()
    for pts in (11, 12):
        (commit,) = machine.container(pushed(event(pts)), 0)
        machine.committed(commit, 0)
    assert machine.recover(CHANNEL) == [Reload(box=CHANNEL)]
    machine.reloaded(CHANNEL, BoxState(pts=10), 0)
    (fetch,) = machine.tick(1)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 1))
    assert (commit.lost_commits, commit.loss, commit.from_state) == ((10, 12), None, BoxState(pts=10))
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=9), 1)
    (fetch,) = machine.tick(4)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 4))
    assert commit.lost_commits == (9, 12)
    machine.committed(commit, 4)
    (commit,) = only(Commit, machine.container(pushed(event(13)), 4))
    assert commit.lost_commits is None


def test_updates_that_could_not_be_kept_are_a_known_loss_of_what_catches_up():
    """Regression: with the spool full or off, texts between and short-lived messages were missing in silence."""
    machine = live()
    (commit,) = machine.container(pushed(event(11)), 0)
    machine.container(pushed(event(12)), 0)
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=10), 0)
    (fetch,) = machine.tick(1)
    page = Page(to=BoxState(pts=11), events=(event(0),), is_final=False)
    (first,) = only(Commit, machine.page(fetch, page, 1))
    assert (first.from_state, first.not_kept, first.loss) == (BoxState(pts=10), True, None)
    machine.commit_failed(first)
    machine.reloaded(CHANNEL, BoxState(pts=10), 1)
    (fetch,) = machine.tick(4)
    (second,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=14), events=(event(0),)), 4))
    assert (second.from_state, second.to_state, second.not_kept) == (BoxState(pts=10), BoxState(pts=14), True)
    machine.committed(second, 4)
    (third,) = only(Commit, machine.container(pushed(event(15)), 4))
    assert not third.not_kept


def test_commit_that_was_written_although_nobody_heard_of_it_is_no_loss():
    machine = live()
    (commit,) = machine.container(pushed(event(11)), 0)
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=11), 0)
    (fetch,) = machine.tick(1)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=12), events=(event(0),)), 1))
    assert not commit.not_kept


def test_box_whose_cursor_the_store_has_lost_altogether_says_so_when_it_is_anchored():
    machine = live()
    machine.recover(CHANNEL)
    machine.reloaded(CHANNEL, None, 0)
    (commit,) = only(Commit, machine.anchored(CHANNEL, BoxState(pts=30), 0))
    assert commit.lost_commits == (0, 10)


def test_answer_asked_before_a_roll_back_does_not_count():
    machine = live()
    fetch = fetching(machine)
    (commit, second) = machine.page(fetch, Page(to=BoxState(pts=20), is_final=False, events=(event(0),)), 0)
    machine.commit_failed(commit)
    assert machine.page(second, Page(to=BoxState(pts=30)), 0) == []
    assert machine.boxes[CHANNEL].pipeline.pts == 10


def test_too_long_moves_the_cursor_only_with_the_loss():
    machine = live()
    actions = machine.lost(fetching(machine), Lost(to=BoxState(pts=500), top_id=40), 0)
    (commit,) = only(Commit, actions)
    assert (commit.loss, commit.top_id, commit.to_state.pts) == ("too_long", 40, 500)
    assert machine.boxes[CHANNEL].state is State.LIVE


def test_account_too_long_asks_again_with_its_old_date_so_that_channels_are_named():
    machine = live()
    (fetch,) = machine.container(pushed(needs_difference=True), 0)
    actions = machine.lost(fetch, Lost(to=BoxState(pts=900, seq=1, date=100)), 0)
    (again,) = only(Fetch, actions)
    assert (again.from_state.pts, again.from_state.date) == (900, 100)


def test_flood_wait_is_kept_to_the_second_and_other_boxes_go_on():
    machine = live()
    assert machine.fetch_failed(fetching(machine), Failure.FLOOD, 0, 300) == []
    assert machine.tick(299) == []
    assert only(Commit, machine.container(pushed(event(6, box=ACCOUNT)), 299))
    assert only(Fetch, machine.tick(300))


def test_failed_requests_are_tried_again_ever_more_slowly_with_the_cursor_unmoved():
    machine, now, waits = live(), 0.0, []
    fetch = fetching(machine)
    for _ in range(8):
        machine.fetch_failed(fetch, Failure.RETRY, now)
        waits.append(machine.deadline() - now)
        now = machine.deadline()
        (fetch,) = machine.tick(now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert fetch.from_state == BoxState(pts=10)


def test_lost_access_keeps_the_cursor_and_an_update_wakes_the_box():
    machine = live()
    actions = machine.fetch_failed(fetching(machine), Failure.ACCESS, 0)
    box = machine.boxes[CHANNEL]
    assert (only(Alarm, actions)[0].reason, box.state, box.pipeline.committed.pts) == ("access_lost", State.HELD, 10)
    machine.container(pushed(event(15)), 10)
    assert only(Fetch, machine.tick(11))


def test_another_account_takes_over_when_the_first_loses_access():
    machine = live()
    machine.add_channel(CHANNEL, OTHER, None, 0)
    (fetch,) = machine.fetch_failed(fetching(machine), Failure.ACCESS, 0)
    assert (fetch.account, fetch.from_state.pts) == (OTHER, 10)


def test_late_refusal_of_an_account_that_has_left_costs_the_next_one_nothing():
    """Its own late answer removed the account that had been asked instead, and that one's answer was dropped."""
    machine, unknown = live(), SpaceId(77)
    (first,) = machine.add_channel(unknown, ACCOUNT, None, 0)
    machine.add_channel(unknown, OTHER, None, 0)
    (second,) = machine.remove_channel(unknown, ACCOUNT, 0)
    assert (first.account, second.account) == (ACCOUNT, OTHER)
    assert machine.anchor_failed(first, Failure.ACCESS, 0) == []
    assert only(Commit, machine.anchored(unknown, BoxState(pts=30), 0))


def test_undecodable_answers_stop_the_box_but_no_other():
    machine, now = live(), 0.0
    fetch = fetching(machine)
    for _ in range(3):
        actions = machine.fetch_failed(fetch, Failure.UNDECODABLE, now)
        now = machine.deadline()
        (fetch,) = machine.tick(now)
    assert only(Alarm, actions)[0].reason == "undecodable"
    assert only(Commit, machine.container(pushed(event(6, box=ACCOUNT)), now))


def test_page_shrinks_only_once_the_box_is_stuck_since_a_smaller_limit_may_be_too_long_itself():
    machine, now = live(), 0.0
    fetch, limits = fetching(machine), []
    for _ in range(6):
        limits.append(fetch.limit)
        machine.fetch_failed(fetch, Failure.UNDECODABLE, now)
        now = machine.deadline()
        (fetch,) = machine.tick(now)
    assert limits == [100, 100, 100, 10, 1, 1]


def test_cursor_that_the_server_refuses_is_anchored_again_with_the_loss():
    machine = live()
    alarm, anchor = machine.fetch_failed(fetching(machine), Failure.INVALID, 0)
    assert (alarm.reason, anchor) == ("cursor_invalid", Anchor(box=CHANNEL, account=ACCOUNT))
    (commit,) = machine.anchored(CHANNEL, BoxState(pts=3), 0)
    assert (commit.from_state.pts, commit.to_state.pts, commit.loss) == (10, 3, "cursor_invalid")


def test_cursor_ahead_of_the_server_alarms_and_goes_on_from_the_server():
    machine = live()
    (fetch,) = machine.server_pts(CHANNEL, 4, 10, 0)
    alarm, commit = machine.page(fetch, Page(to=BoxState(pts=4)), 0)
    assert (alarm.reason, commit.loss, commit.to_state.pts) == ("cursor_ahead", "cursor_ahead", 4)


def test_account_cursor_ahead_of_the_server_is_anchored_again():
    machine = live()
    alarm, commit, fetch = machine.account_pts(ACCOUNT, BoxState(pts=2, date=7), 5, 0)
    assert (alarm.reason, commit.from_state.pts, commit.to_state.pts) == ("cursor_ahead", 5, 2)
    # The new date names nothing from before it: the channels are marked with it, and asked.
    assert ([mark.box for mark in commit.dirty], fetch.box) == ([CHANNEL], CHANNEL)


def test_dialog_with_another_pts_asks_for_a_difference():
    machine = live()
    assert machine.server_pts(CHANNEL, 10, 10, 0) == []
    assert only(Fetch, machine.server_pts(CHANNEL, 12, 10, 0))


def test_first_update_of_an_unknown_channel_never_sets_its_cursor():
    machine, unknown = live(), SpaceId(77)
    assert machine.container(pushed(event(30, box=unknown), event(31, box=unknown)), 0) == [
        Anchor(box=unknown, account=ACCOUNT)
    ]
    (commit,) = machine.anchored(unknown, BoxState(pts=30), 0)
    assert (commit.from_state, commit.to_state.pts, commit.origin) == (None, 30, "anchor")
    (later,) = machine.committed(commit, 0)
    assert [item.pts for item in later.events] == [31]


def test_channel_too_long_with_a_known_pts_asks_nothing():
    machine = live()
    assert machine.container(pushed(too_long=(TooLong(box=CHANNEL, pts=10),)), 0) == []
    assert only(Fetch, machine.container(pushed(too_long=(TooLong(box=CHANNEL, pts=11),)), 0))


def test_updates_too_long_asks_once_more_at_most_while_a_difference_runs():
    machine = live()
    (fetch,) = machine.container(pushed(needs_difference=True), 0)
    for _ in range(5):
        assert machine.container(pushed(needs_difference=True), 0) == []
    (again,) = only(Fetch, machine.page(fetch, Page(to=fetch.from_state), 0))
    assert only(Fetch, machine.page(again, Page(to=fetch.from_state), 0)) == []


def test_every_control_event_asks_for_the_account_difference():
    for control in Control:
        assert [request.box for request in live().control(ACCOUNT, control, 0)] == [ACCOUNT]


def test_silence_asks_for_the_account_difference():
    machine = live()
    assert only(Fetch, machine.tick(899)) == []
    assert only(Fetch, machine.tick(900))


def test_container_with_old_seq_still_feeds_its_channel_updates():
    assert only(Commit, live().container(pushed(event(11), seq_start=1, seq=1), 0))


def test_seq_gap_applies_nested_updates_then_asks_for_the_account_difference():
    actions = live().container(pushed(event(11), seq_start=3, seq=3), 0)
    assert [type(action) for action in actions] == [Commit, Fetch]
    assert actions[1].box == ACCOUNT


def test_seq_that_follows_needs_no_difference():
    assert only(Fetch, live().container(pushed(seq_start=2, seq=2), 0)) == []


def test_affected_pts_of_own_calls_leave_no_gap():
    machine = live()
    own = Event(box=ACCOUNT, pts=6, pts_count=1)
    (commit,) = machine.container(pushed(own), 0)
    machine.committed(commit, 0)
    assert only(Commit, machine.container(pushed(event(7, box=ACCOUNT)), 0))


def named(machine, page):
    (fetch,) = machine.container(pushed(needs_difference=True), 0)
    return machine.page(fetch, page, 0)


def test_account_state_commits_with_a_mark_for_every_channel_it_names():
    words = tuple(TooLong(box=SpaceId(number)) for number in range(100, 400))
    actions = named(live(), Page(to=BoxState(pts=6, date=200), too_long=words))
    assert {mark.box for mark in only(Commit, actions)[0].dirty} == {word.box for word in words}


def test_channel_updates_in_an_account_difference_pass_their_own_box():
    actions = named(live(), Page(to=BoxState(pts=6, date=200), channel_events=(event(11), event(13))))
    account, channel = only(Commit, actions)
    assert [mark.box for mark in account.dirty] == [CHANNEL]
    assert ([item.pts for item in channel.events], channel.is_clean) == ([11], False)


def test_mark_is_cleaned_by_the_commit_that_reaches_what_it_meant():
    _, channel = only(Commit, named(live(), Page(to=BoxState(pts=6, date=200), channel_events=(event(11),))))
    assert channel.is_clean


def test_mark_from_the_store_is_cleaned_by_a_whole_difference_only():
    machine = live()
    (fetch,) = machine.mark(CHANNEL, 0)
    part, request = machine.page(fetch, Page(to=BoxState(pts=20), is_final=False, events=(event(0),)), 0)
    (whole,) = machine.page(request, Page(to=BoxState(pts=20)), 0) or machine.committed(part, 0)
    assert (part.is_clean, whole.is_clean) == (False, True)


def test_clean_commit_that_waits_leaves_a_mark_that_came_after_it():
    machine = live()
    (request,) = machine.mark(CHANNEL, 0)
    part, request = machine.page(request, Page(to=BoxState(pts=20), is_final=False, events=(event(0),)), 0)
    assert machine.page(request, Page(to=BoxState(pts=30), events=(event(0),)), 0) == []
    news = Page(to=BoxState(pts=5, date=200), too_long=(TooLong(box=CHANNEL, pts=40),))
    (account,) = only(Commit, named(machine, news))
    assert [mark.box for mark in account.dirty] == [CHANNEL]
    whole, request = machine.committed(part, 0)
    assert (whole.to_state.pts, whole.is_clean) == (30, False)
    machine.committed(whole, 0)
    (answer,) = only(Commit, machine.page(request, Page(to=BoxState(pts=40), events=(event(0),)), 1))
    assert answer.is_clean


def test_mark_whose_answer_could_not_be_committed_is_answered_again():
    machine = live()
    (request,) = machine.mark(CHANNEL, 0)
    (commit,) = machine.page(request, Page(to=BoxState(pts=20), events=(event(0),)), 0)
    assert commit.is_clean
    machine.commit_failed(commit)
    machine.reloaded(CHANNEL, BoxState(pts=20), 0)
    (request,) = machine.tick(1)
    (again,) = machine.page(request, Page(to=BoxState(pts=20)), 1)
    assert again.is_clean


def test_short_update_that_names_a_stranger_is_left_to_the_difference_that_describes_them():
    machine = live()
    (fetch,) = machine.container(pushed(event(6, box=ACCOUNT), needs_difference=True), 0)
    assert (fetch.box, fetch.from_state.pts) == (ACCOUNT, 5)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=6), events=(event(0, box=ACCOUNT),)), 0))
    assert (commit.origin, len(commit.events)) == ("difference", 1)


def test_update_of_an_unnamed_box_does_not_hold_up_the_channels_beside_it():
    actions = live().container(pushed(event(11), event(6, box=ACCOUNT), needs_difference=True), 0)
    assert [(type(action), action.box) for action in actions] == [(Commit, CHANNEL), (Fetch, ACCOUNT)]


def test_thousand_boxes_keep_a_bounded_number_of_updates():
    machine = live(rules=Rules(postponed=10, postponed_in_all=1_000))
    waiting = []
    for number in range(1_000, 2_000):
        machine.load(SpaceId(number), BoxState(pts=1))
        for pts in range(3, 40):
            machine.container(pushed(event(pts, box=SpaceId(number))), 0)
        waiting.append(sum(len(box._waiting) for box in machine.boxes.values()))
    assert max(len(box._waiting) for box in machine.boxes.values()) <= 10
    assert max(waiting) <= 1_000
    assert machine._room.taken == waiting[-1]


def marking(machine, pts=11):
    """Let the account's difference name the channel; return the commit with the mark."""
    (fetch,) = only(Fetch, machine.control(ACCOUNT, Control.RECONNECTED, 0))
    page = Page(to=BoxState(pts=6, seq=1, date=101), too_long=(TooLong(box=CHANNEL, pts=pts),))
    return next(commit for commit in only(Commit, machine.page(fetch, page, 0)) if commit.dirty)


def test_mark_that_is_stored_after_what_answers_it_is_taken_back():
    """Regression: the update itself was quicker than the difference that named its channel."""
    machine = live()
    (update,) = machine.container(pushed(event(11)), 0)
    commit = marking(machine)
    machine.committed(update, 0)
    (clean,) = machine.committed(commit, 0)
    assert (clean.box, clean.from_state, clean.to_state, clean.is_clean) == (CHANNEL, *[BoxState(pts=11)] * 2, True)


def test_mark_that_may_have_been_stored_by_a_failed_commit_is_taken_back():
    machine = live()
    (update,) = machine.container(pushed(event(11)), 0)
    commit = marking(machine)
    machine.committed(update, 0)
    assert [each.is_clean for each in only(Commit, machine.commit_failed(commit))] == [True]


def test_difference_with_what_came_meanwhile_answers_a_mark():
    machine = live()
    machine.boxes[CHANNEL].pipeline.marked = float("inf")
    fetch = fetching(machine)
    machine.container(pushed(event(12)), 0)
    machine.server_pts(CHANNEL, 12, 10, 0)
    (commit,) = only(Commit, machine.page(fetch, Page(to=BoxState(pts=11), events=(event(0),)), 0))
    (update,) = machine.committed(commit, 0)
    assert (commit.is_clean, update.is_clean, update.to_state.pts) == (False, True, 12)


def test_mark_of_a_box_that_is_met_later_is_taken_back_when_it_is_anchored():
    machine = Machine()
    assert machine.mark(CHANNEL, 0) == []
    (commit,) = only(Commit, machine.add_channel(CHANNEL, ACCOUNT, 20, 0))
    assert (commit.to_state.pts, commit.is_clean) == (20, True)
