"""When the database is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from heliograph import clock
from heliograph.crawler import breaker


@pytest.fixture
def time():
    return clock.ManualClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def made(time):
    return breaker.Breaker(time.monotonic)


def fail(made, time, times, apart=1.0):
    for _ in range(times):
        made.failed()
        time.advance(apart)


def test_first_attempts_come_soon_and_then_less_often(made, time):
    assert made.pause() == 0
    pauses = []
    for _ in range(4):
        made.failed()
        pauses.append(made.pause())
    assert pauses == list(breaker.PAUSES_SECONDS)
    assert made.state == "closed"


def test_outage_of_two_seconds_ends_before_the_breaker_opens(made, time):
    """Else recovery would take half a minute."""
    while time.monotonic() < 2:
        made.failed()
        time.advance(made.pause())
    assert made.state == "closed"
    assert time.monotonic() < 4


def test_five_failures_within_a_minute_open_it_for_half_a_minute(made, time):
    fail(made, time, 4)
    assert made.state == "closed"
    fail(made, time, 1, apart=0)
    assert made.state == "open"
    time.advance(29.9)
    assert made.state == "open"
    time.advance(0.1)
    assert made.state == "half_open"
    assert made.pause() == 0


def test_failures_that_are_far_apart_leave_it_closed(made, time):
    fail(made, time, 15, apart=20)
    assert made.state == "closed"


def test_failed_trial_opens_it_again(made, time):
    fail(made, time, breaker.FAILURES)
    time.advance(breaker.OPEN_SECONDS)
    made.failed()
    assert made.state == "open"
    assert made.pause() == breaker.OPEN_SECONDS


def test_cut_lines_leave_it_closed_unless_they_never_end(made, time):
    pauses = []
    for _ in range(breaker.CUTS):
        made.failed(is_cut=True)
        pauses.append(made.pause())
    assert made.state == "closed"
    assert pauses[-1] == breaker.PAUSES_SECONDS[-1]
    for _ in range(breaker.FAILURES):
        made.failed(is_cut=True)
    assert made.state == "open"


def test_cut_line_of_a_trial_opens_it_again(made, time):
    fail(made, time, breaker.FAILURES)
    time.advance(breaker.OPEN_SECONDS)
    made.failed(is_cut=True)
    assert made.state == "open"


def test_success_closes_it(made, time):
    fail(made, time, breaker.FAILURES)
    made.succeeded()
    assert (made.state, made.pause(), made.attempts) == ("closed", 0, 0)


def test_word_that_the_database_is_back_allows_the_trial_at_once(made, time):
    fail(made, time, breaker.FAILURES)
    made.half_open()
    assert made.pause() == 0
