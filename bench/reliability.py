"""Every scenario for Heliograph and for the ordinary crawler; the table in docs/reliability.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios import crashes, databases, live, play
from bench.scenarios.play import Outcome, Scenario

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SCENARIOS: tuple[Scenario, ...] = (*live.SCENARIOS, *crashes.SCENARIOS, *databases.SCENARIOS)
HEADINGS = ("Scenario", "Events", "Lost", "On record", "Twice", "Caught up, s", "Baseline lost", "Baseline twice")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    scenario: Scenario
    ours: Outcome
    baseline: Outcome

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands under the headings."""
        ours, baseline = self.ours.verdict, self.baseline.verdict
        seconds = "not" if self.ours.seconds is None else f"{self.ours.seconds:.1f}"
        numbers = (ours.events, ours.lost, ours.recorded, ours.duplicated)
        return (
            self.scenario.title,
            *(f"{number:,}" for number in numbers),
            seconds,
            f"{baseline.lost:,} of {baseline.events:,}",
            f"{baseline.duplicated:,}",
        )


async def main(names: Sequence[str]) -> list[Row]:
    """Play the named scenarios, all by default; write the page when it was all of them. Raises KeyError."""
    known = {scenario.name: scenario for scenario in SCENARIOS}
    chosen = [known[name] for name in names] if names else list(SCENARIOS)
    rows = []
    async with play.postgres() as dsn:
        for scenario in chosen:
            print(f"playing {scenario.name} …", file=sys.stderr)
            row = Row(
                scenario=scenario,
                ours=await play.play(scenario, "heliograph", dsn),
                baseline=await play.play(scenario, "baseline", dsn),
            )
            rows.append(row)
            print(" | ".join(row.cells))
            for example in row.ours.verdict.examples:
                print(f"  lost: {example}", file=sys.stderr)
    if not names:
        write(rows)
    return rows


def write(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Put the table between the page's marks. Raises ValueError when they are not there."""
    text = page.read_text("utf-8")
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{page} has no {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", "utf-8")


def table(rows: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    lines = [HEADINGS, ("---", *("---:" for _ in HEADINGS[1:])), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
