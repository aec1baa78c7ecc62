"""How long a crawler without its database may speak to Telegram (invariant 14)."""

from __future__ import annotations

from heliograph.crawler import absence
from heliograph.store import leases


def away(*, is_local=False, is_alone=False):
    return absence.Absence(100.0, is_local=is_local, is_alone=is_alone)


def test_young_absence_is_waited_out():
    gone = away()
    gone.unanswered()
    assert gone.may_stay(100 + absence.YOUNG_SECONDS - 1)


def test_crawler_falls_silent_before_its_leases_can_be_taken_over():
    gone = away()
    gone.unanswered()
    assert not gone.may_stay(100 + absence.YOUNG_SECONDS)
    assert absence.YOUNG_SECONDS + absence.ANSWER_SECONDS < leases.RESERVED_SECONDS


def test_server_that_refuses_everybody_is_waited_for():
    assert away().may_stay(100 + 3600)


def test_one_attempt_without_an_answer_ends_that():
    gone = away()
    gone.unanswered()
    assert not gone.may_stay(100 + 3600)


def test_nobody_else_reaches_a_database_on_this_machine():
    gone = away(is_local=True)
    gone.unanswered()
    assert gone.may_stay(100 + 3600)


def test_crawler_without_company_goes_on():
    gone = away(is_alone=True)
    gone.unanswered()
    assert gone.may_stay(100 + 3600)


def test_attempt_is_given_up_before_the_absence_is_old():
    gone = away()
    assert gone.patience(102.0) == absence.YOUNG_SECONDS - 2
    assert gone.patience(100 + 3600) == absence.ANSWER_SECONDS
    gone.unanswered()
    assert gone.patience(100 + 3600) == 0
