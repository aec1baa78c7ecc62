"""The learning rule, in virtual time against limiters of many shapes and rates."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from bench import limiters
from heliograph import config
from heliograph.crawler import budgets

LEARNED = 600.0
"""Seconds after which a limit counts as learned."""


@dataclass
class Account:
    """Somebody who sends as fast as the rule allows, and obeys every wait."""

    limiter: limiters.Limiter
    start: float = 0.8
    highest: float = budgets.HIGHEST
    burst: float = 1
    now: float = 0.0
    passed: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    pace: budgets.Pace = field(init=False)
    bucket: budgets.Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.pace = budgets.Pace(self.start, highest=self.highest)
        self.bucket = budgets.Bucket(config.Budget(per_second=self.start, burst=self.burst), 0.0, self.pace)

    def run(self, until: float) -> Account:
        while self.now < until:
            wait = self.bucket.seconds_until_token(self.now)
            self.now += max(0.0, wait)
            self.send(is_paced=wait > 0)
        return self

    def send(self, *, is_paced: bool) -> None:
        self.bucket.take(self.now, is_paced=is_paced)
        if seconds := self.limiter.ask(self.now):
            self.refused.append(self.now)
            self.bucket.refused(self.now, seconds, sent_at=self.now, is_paced=is_paced)
            self.now += seconds
        else:
            self.passed.append(self.now)
            self.pace.passed()

    def share(self, begin: float, end: float) -> float:
        """What passed of what the limiter would have allowed."""
        return sum(begin <= at < end for at in self.passed) / (self.limiter.per_second * (end - begin))

    def refusals(self, begin: float, end: float) -> int:
        return sum(begin <= at < end for at in self.refused)


rates = st.floats(0.05, 30)
tokens = st.builds(limiters.Tokens, rates, st.integers(1, 100))


@st.composite
def windows(draw: st.DrawFn) -> limiters.Limiter:
    seconds = draw(st.floats(1, 60))
    count = max(1, round(draw(rates) * seconds))
    assume(0.05 <= count / seconds <= 30)
    if draw(st.booleans()):
        return limiters.SlidingWindow(count, seconds)
    return limiters.FixedWindow(count, seconds, phase=draw(st.floats(0, seconds)))


@settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.generate])
@given(limiter=st.one_of(tokens, windows()), start=st.floats(0.2, 5))
def test_nine_tenths_of_any_limit_are_used_after_ten_minutes(limiter: limiters.Limiter, start: float) -> None:
    account = Account(limiter, start).run(2 * LEARNED)
    assert account.share(LEARNED, 2 * LEARNED) >= 0.9


@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    limiter=st.one_of(st.builds(limiters.Tokens, st.floats(0.05, 3), st.integers(1, 100)), windows()),
    start=st.floats(0.2, 5),
)
def test_refusals_become_rare(limiter: limiters.Limiter, start: float) -> None:
    """A few while the limit is looked for, a few an hour later on."""
    assume(limiter.per_second <= 3)
    account = Account(limiter, start).run(3 * 3600)
    assert account.refusals(0, LEARNED) <= 20
    assert account.refusals(2 * 3600, 3 * 3600) <= 8


def test_look_that_finds_nothing_makes_the_next_one_rarer() -> None:
    account = Account(limiters.Tokens(1, 5)).run(4 * 3600)
    first, *_, last = (account.refusals(hour * 3600, (hour + 1) * 3600) for hour in range(4))
    assert last <= 3 < first


@pytest.mark.parametrize(("before", "after"), [(10, 2), (2, 10), (1, 0.1), (0.1, 1), (0.8, 0.6)])
def test_limit_that_changes_is_found_again(before: float, after: float) -> None:
    limiter = limiters.Changing([(0, limiters.Tokens(before, 10)), (LEARNED, limiters.Tokens(after, 10))])
    account = Account(limiter).run(3 * LEARNED)
    assert account.share(2 * LEARNED, 3 * LEARNED) >= 0.9


@pytest.mark.parametrize("penalty", [10, 30])
@pytest.mark.parametrize("rate", [0.3, 1, 3])
def test_limiter_with_long_waits_is_approached_from_below(rate: float, penalty: int) -> None:
    account = Account(limiters.Tokens(rate, 5, penalty_seconds=penalty)).run(2 * LEARNED)
    assert account.share(LEARNED, 2 * LEARNED) >= 0.85
    assert account.refusals(LEARNED, 2 * LEARNED) <= 4


def test_long_windows_take_some_of_them_to_learn() -> None:
    account = Account(limiters.FixedWindow(900, 300)).run(7200)
    assert account.share(3600, 7200) >= 0.9


def test_highest_pace_is_never_exceeded() -> None:
    account = Account(limiters.Tokens(30, 100), highest=2).run(2 * LEARNED)
    assert account.refused == []
    assert account.pace.rate == 2
    assert account.share(LEARNED, 2 * LEARNED) * 30 == pytest.approx(2, rel=0.01)


def test_highest_pace_is_reached_again_after_a_refusal() -> None:
    limiter = limiters.Changing([(0, limiters.Tokens(0.5, 1)), (LEARNED, limiters.Tokens(30, 100))])
    account = Account(limiter, highest=1, start=1).run(LEARNED)
    assert account.pace.rate < 0.6
    assert account.run(5 * LEARNED).pace.rate == 1


def test_without_demand_a_pace_does_not_climb() -> None:
    """Nobody knows whether more would have passed."""
    account = Account(limiters.Tokens(30, 100))
    for _ in range(1000):
        account.now += 10
        account.send(is_paced=False)
    assert account.pace.rate == 0.8


def test_pause_in_demand_does_not_lower_what_was_measured() -> None:
    account = Account(limiters.Tokens(1, 5)).run(2 * LEARNED)
    learned = account.pace.proven
    account.now += 36_000
    account.bucket.take(account.now, is_paced=False)
    account.bucket.refused(account.now, 1, sent_at=account.now, is_paced=False)
    assert account.pace.proven > 0.8 * learned


def test_refusal_in_a_burst_teaches_the_burst_and_not_the_pace() -> None:
    account = Account(limiters.Tokens(5, 4), start=2, burst=10)
    for _ in range(5):
        account.send(is_paced=False)
    assert account.refusals(0, 1) == 1
    assert account.pace.rate == 2
    account.now += 60
    assert account.bucket.tokens(account.now) == 5
    account.now += budgets.BURST_REST_SECONDS
    account.send(is_paced=False)
    account.now += 60
    assert account.bucket.tokens(account.now) == 10


def test_requests_that_were_on_their_way_together_teach_once() -> None:
    bucket = budgets.Bucket(config.Budget(per_second=8, burst=1), 0.0, budgets.Pace(8))
    for _ in range(5):
        bucket.take(100.0, is_paced=True)
    told = [bucket.refused(100.5, 10, sent_at=100.0, is_paced=True) for _ in range(5)]
    assert told == [True, False, False, False, False]
    assert bucket.pace.rate >= 8 / budgets.DEEPEST_CUT * budgets.MARGIN
    assert bucket.seconds_until_token(100.5) == pytest.approx(10)


def test_wait_of_a_day_makes_careful_for_hours_and_not_for_ever() -> None:
    account = Account(limiters.Tokens(0.5, 20)).run(2 * LEARNED)
    learned = account.pace.proven
    account.bucket.take(account.now, is_paced=True)
    account.bucket.refused(account.now, 86_400, sent_at=account.now, is_paced=True)
    assert account.bucket.seconds_until_token(account.now) == pytest.approx(86_400)
    assert account.pace.rate < 0.5 * learned
    assert account.run(account.now + 2 * 86_400).pace.proven > 0.9 * learned


def test_learned_pace_is_held_at_once() -> None:
    pace = budgets.Pace(3.0, is_known=True)
    for _ in range(300):
        pace.sent(1 / 3, is_paced=True)
        pace.passed()
    assert pace.rate == 3.0
