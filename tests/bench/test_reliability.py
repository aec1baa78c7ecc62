"""The published table is that of the scenarios, and the page around it stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.scenarios import oracle, play

from bench import reliability

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def outcome(seconds: float | None = 1.25, **numbers: int) -> play.Outcome:
    verdict = oracle.Verdict(**{"events": 1_200, "lost": 0, "recorded": 0, "duplicated": 0, **numbers})
    return play.Outcome(verdict=verdict, seconds=seconds)


def row(**ours: object) -> reliability.Row:
    baseline = outcome(None, lost=30, duplicated=2)
    return reliability.Row(scenario=reliability.SCENARIOS[0], ours=outcome(**ours), baseline=baseline)


def test_table_says_what_each_lost():
    title = reliability.SCENARIOS[0].title
    assert reliability.table([row()]).splitlines()[-1] == f"| {title} | 1,200 | 0 | 0 | 0 | 1.2 | 30 of 1,200 | 2 |"


def test_what_was_not_caught_up_says_so():
    assert row(seconds=None, lost=1).cells[5] == "not"


def test_page_keeps_its_prose(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{reliability.BEGIN}\nold\n{reliability.END}\nafter\n")
    reliability.write([row()], page)
    assert page.read_text().startswith(f"before\n{reliability.BEGIN}\n| Scenario |")
    assert page.read_text().endswith(f"|\n{reliability.END}\nafter\n")
    assert "old" not in page.read_text()


def test_page_without_marks_is_refused(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="measured"):
        reliability.write([row()], page)


def test_published_table_has_every_scenario_once():
    published = PAGE.read_text("utf-8").partition(reliability.BEGIN)[2].partition(reliability.END)[0]
    titles = [line.split(" | ")[0].removeprefix("| ") for line in published.splitlines() if line.startswith("| ")]
    assert titles[2:] == [scenario.title for scenario in reliability.SCENARIOS]


def test_scenarios_have_names_of_their_own():
    names = [scenario.name for scenario in reliability.SCENARIOS]
    assert len(names) == len(set(names))
