"""Defects that are planted on purpose do not go unnoticed: two of them each time, chosen by the commit."""

from __future__ import annotations

import pytest
from tests import mutants as room
from tests.mutants import __main__ as runner

REQUIRED = {
    "cursor_before_rows",
    "other_updates_dropped",
    "dirty_marks_in_a_second_transaction",
    "as_of_from_the_response",
    "epoch_unchecked",
    "tombstone_after_one_empty_probe",
    "spool_without_fsync",
    "dead_letter_outside_the_commit",
}


def test_every_known_defect_has_a_patch_and_says_who_notices_it():
    assert room.__doc__
    assert {mutant.name for mutant in runner.load_all()} >= REQUIRED
    for mutant in runner.load_all():
        for test in mutant.tests:
            assert (runner.ROOT / test.partition("::")[0]).exists(), f"{mutant.name}: there is no {test}"


@pytest.mark.timeout(runner.SECONDS)
@pytest.mark.parametrize("mutant", runner.for_commit(runner.load_all(), 2), ids=lambda mutant: mutant.name)
def test_planted_defect_is_noticed(mutant):
    assert runner.killer(mutant) is not None, f"{mutant.name} survives: a test is missing"
