"""Defects that are planted on purpose do not go unnoticed: two of them each time, chosen by the commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
CHOSEN = runner.for_commit(runner.load_all(), 2)


@pytest.fixture(scope="module")
def tried() -> Iterator[Path]:
    """A copy of the code in which the tests of the chosen ones are green."""
    with runner.copied() as copy:
        runner.control(CHOSEN, copy)
        yield copy


def test_every_known_defect_has_a_patch_and_says_who_notices_it():
    assert room.__doc__
    assert {mutant.name for mutant in runner.load_all()} >= REQUIRED
    for mutant in runner.load_all():
        for test in mutant.tests:
            file, _, name = test.partition("::")
            text = (runner.ROOT / file).read_text(encoding="utf-8")
            assert f"def {name}(" in text or not name, f"{mutant.name}: there is no {test}"


@pytest.mark.parametrize("mutant", runner.load_all(), ids=lambda mutant: mutant.name)
def test_patch_fits_the_code(mutant):
    runner.apply(mutant, runner.ROOT, "--check")


def test_patch_that_no_longer_fits_is_an_error_and_no_defect_that_was_noticed(tmp_path):
    text = next(runner.HERE.glob("*.patch")).read_text(encoding="utf-8")
    old = tmp_path / "old.patch"
    old.write_text(text.replace("\n-", "\n-was once "), encoding="utf-8")
    with pytest.raises(ValueError, match="does not apply"):
        runner.fate(runner.Mutant.load(old), runner.ROOT)


def test_patch_that_names_nobody_is_refused(tmp_path):
    nameless = tmp_path / "nameless.patch"
    nameless.write_text("Something breaks.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="Killed by"):
        runner.Mutant.load(nameless)


@pytest.mark.timeout(2 * runner.SECONDS + 60)
@pytest.mark.parametrize("mutant", CHOSEN, ids=lambda mutant: mutant.name)
def test_planted_defect_is_noticed(mutant, tried):
    found = runner.fate(mutant, tried)
    assert found.is_noticed, f"{mutant.name}: {found.words}"
