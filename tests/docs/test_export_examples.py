"""The examples of docs/howto/export.md, run on an export as they stand there."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.conftest import Rows
from tests.exchange import export_rows

from heliograph.exchange.export import flat, run
from heliograph.exchange.export import request as requests
from heliograph.store.database import Database

PAGE = (Path(__file__).parents[2] / "docs/howto/export.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def table(title: str) -> list[list[str]]:
    """Return the code spans of the first two cells of each row."""
    rows = [line.split("|")[1:3] for line in section(title).splitlines() if line.startswith("| `")]
    return [[*re.findall(r"`(\w+)`", first), *re.findall(r"`(\w+)`", second)] for first, second in rows]


@pytest.fixture
async def export(rows: Rows, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    await export_rows.fill(rows)
    await run.export(database, None, requests.Request(format="parquet"), tmp_path / "export")
    await run.export(database, None, requests.Request(format="csv"), tmp_path / "messages.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_examples_give_what_they_promise(export: Path) -> None:
    by_month, by_reaction = (duckdb.sql(query).fetchall() for query in blocks("DuckDB", "sql"))
    assert by_month == [("Club", "2026-03", 1, 1), ("Harbour", "2026-03", 5, 3), ("Harbour", "2026-04", 1, 0)]
    assert by_reaction == [("⭐", 3), ("👍", 2), ("5368324170671202286", 1)]
    found: dict[str, Any] = {}
    for title in ("pandas", "Polars"):
        for example in blocks(title, "python"):
            exec(example, found)
        assert dict(found["titles"].items() if title == "pandas" else found["titles"].rows()) == {
            "Harbour": 6,
            "Club": 1,
        }
    assert found["per_day"].sum() == 7
    assert dict(found["busiest"])["Aino Virta"] == 3
    assert found["links"].rows() == [("https://example.org/", 1)]


async def test_4cat_finds_the_columns_that_its_upload_asks_for(export: Path) -> None:
    """As its importer does: sniff the dialect of the first MB, map five columns, understand each time."""
    text = (export / "messages.csv").read_bytes().decode()
    dialect = csv.Sniffer().sniff(text[: 1024 * 1024], delimiters=",;\t")
    chosen = {row[0]: row[1] for row in table("4CAT")}
    assert list(chosen) == ["id", "thread_id", "author", "body", "timestamp"]
    told = list(csv.DictReader((export / "messages.csv").open(encoding="utf-8", newline=""), dialect=dialect))
    assert [row[chosen["body"]] for row in told][5:] == ["late", "in the club"]
    assert all(set(chosen.values()) <= set(row) and None not in row for row in told)
    assert all(row[chosen["timestamp"]].isdecimal() for row in told)
    assert datetime.fromtimestamp(int(told[0][chosen["timestamp"]]), UTC) == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)


def test_every_field_is_explained() -> None:
    assert sorted(name for row in fields() for name in row) == sorted(flat.MESSAGE)


def fields() -> list[list[str]]:
    rows = [line.split("|")[1] for line in section("Fields").splitlines() if line.startswith("| `")]
    return [re.findall(r"`(\w+)`", row) for row in rows]
