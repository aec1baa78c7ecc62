"""One measured figure, the table people read and the file programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

PATH = Path(__file__).parent / "results.json"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A figure. ``target`` None means that it is only reported; ``baseline`` is what ``ratio`` divides by."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"
    baseline: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value over its baseline."""
        return round(self.value / self.baseline, 4) if self.baseline else None

    @property
    def ok(self) -> bool | None:
        """Say whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


def write(results: Sequence[Result]) -> None:
    """Write bench/results.json: a list of {name, value, unit, target, baseline, ratio, ok}."""
    kept = ("name", "value", "unit", "target", "baseline")
    rows = [{**{key: asdict(each)[key] for key in kept}, "ratio": each.ratio, "ok": each.ok} for each in results]
    PATH.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def show(results: Sequence[Result]) -> None:
    """Print the table."""
    table = Table(box=None, header_style="bold")
    for heading in ("figure", "value", "unit", "target", "baseline", "ratio", "", "note"):
        table.add_column(heading, justify="right" if heading in ("value", "target", "baseline", "ratio") else "left")
    for each in results:
        sign = {True: "met", False: "MISSED", None: ""}[each.ok]
        bound = "" if each.target is None else f"{'≥' if each.better == 'higher' else '≤'} {each.target:g}"
        base = "" if each.baseline is None else f"{each.baseline:,.1f}"
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        table.add_row(
            each.name, f"{each.value:,.{1 if each.value >= 10 else 2}f}", each.unit, bound, base, ratio, sign, each.note
        )
    Console(width=160, soft_wrap=True).print(table)
