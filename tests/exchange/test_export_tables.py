"""JSON Lines and CSV: every field of every message, and cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import orjson
import pytest
from tests.conftest import Rows
from tests.exchange import export_rows

from heliograph.exchange.export import csv as csv_format
from heliograph.exchange.export import flat, run, tables
from heliograph.exchange.export import request as requests
from heliograph.store.database import Database
from heliograph.store.reads import export as reads


@pytest.fixture
async def store(rows: Rows, database: Database) -> Database:
    await export_rows.fill(rows)
    return database


async def lines(store: Database, out: Path, name: str = "messages", **more: Any) -> list[dict[str, Any]]:
    request = requests.Request(format="jsonl", with_revisions=True, with_observations=True, **more)
    await run.export(store, None, request, out)
    return [orjson.loads(line) for line in (out / f"{name}.jsonl").read_bytes().splitlines()]


async def cells(store: Database, **more: Any) -> list[dict[str, str]]:
    out = io.BytesIO()
    await run.stream(store, requests.Request(format="csv", **more), out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))


async def test_line_has_every_field_in_order(store: Database, tmp_path: Path) -> None:
    found = await lines(store, tmp_path / "out")
    assert all(list(each) == sorted(flat.MESSAGE) for each in found)
    told = found[1]
    assert told == told | {
        "chat_id": export_rows.FORUM,
        "message_id": 2,
        "date": "2026-03-01T12:02:00Z",
        "date_unixtime": 1772366520,
        "sender_id": 11,
        "sender_name": "Aino Virta",
        "sender_username": "aino",
        "text": "Hello 👋 boats",
        "edited_at": "2026-04-01T09:30:00Z",
        "is_deleted": False,
        "topic_id": 4,
        "views": 7,
    }
    assert told["entities"][1] == {"type": "text_url", "offset": 9, "length": 5, "argument": "https://example.org/"}
    # 64 bits survive readers that keep numbers as doubles.
    assert told["entities"][2]["argument"] == "5368324170671202286"
    assert told["reactions"][0] == {"emoji": "👍", "count": 2}


async def test_deleted_messages_are_there_and_marked(store: Database, tmp_path: Path) -> None:
    found = {each["message_id"]: each for each in await lines(store, tmp_path / "out")}
    assert found[4]["is_deleted"] is True
    assert found[4]["deleted_at"] == "2026-04-01T09:30:00.000005Z"
    assert found[4]["text"] == "gone"


async def test_file_of_a_message_is_named_by_its_state_and_hash(store: Database, tmp_path: Path) -> None:
    told = (await lines(store, tmp_path / "out"))[2]
    assert told["file_sha256"] == export_rows.SHA256.hex()
    assert (told["file_state"], told["file_name"], told["file_size"]) == ("stored", "plan.pdf", 12)
    assert (told["media_kind"], told["media"]["id"]) == ("document", 2**62)


async def test_other_tables_tell_earlier_texts_every_sample_and_the_chats(store: Database, tmp_path: Path) -> None:
    (revision,) = await lines(store, tmp_path / "out", "revisions")
    assert (revision["message_id"], revision["text"], revision["edit_date"]) == (2, "Hello boats", None)
    samples = [orjson.loads(line) for line in (tmp_path / "out/observations.jsonl").read_bytes().splitlines()]
    assert [(each["chat_id"], each["views"]) for each in samples] == [(export_rows.FORUM, 3), (export_rows.FORUM, 7)]
    forum, group = [orjson.loads(line) for line in (tmp_path / "out/chats.jsonl").read_bytes().splitlines()]
    assert (forum["title"], forum["topics"]) == ("Harbour", [{"topic_id": 4, "title": "Boats", "is_closed": False}])
    assert (group["chat_id"], group["kind"]) == (export_rows.GROUP, "group")


async def test_what_only_an_import_told_of_is_marked_in_every_table(store: Database, tmp_path: Path) -> None:
    assert [each["is_imported"] for each in await lines(store, tmp_path / "out")] == [*[False] * 4, True, False, False]
    assert [each["is_imported"] for each in await lines(store, tmp_path / "again", "revisions")] == [True]
    request = requests.Request(format="csv", with_revisions=True)
    await run.export(store, None, request, tmp_path / "csv")
    for name, marks in (("messages", [*["false"] * 4, "true", "false", "false"]), ("revisions", ["true"])):
        with (tmp_path / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert [each["is_imported"] for each in csv.DictReader(file)] == marks


async def test_cells_are_numbers_times_in_utc_and_json(store: Database) -> None:
    found = await cells(store)
    assert list(found[0]) == list(flat.MESSAGE)
    told = found[1]
    assert (told["chat_id"], told["message_id"]) == (str(export_rows.FORUM), "2")
    assert (told["date"], told["edited_at"]) == ("2026-03-01 12:02:00", "2026-04-01 09:30:00")
    assert (told["is_deleted"], told["deleted_at"], told["service"]) == ("false", "", "")
    assert orjson.loads(told["entities"])[0]["type"] == "bold"
    assert found[4]["text"] == 'двое\nlines, "quoted"'


async def test_formula_in_a_message_is_defused(store: Database) -> None:
    assert (await cells(store))[2]["text"] == f"'{export_rows.FORMULA}"


async def test_byte_order_mark_comes_only_on_request(store: Database) -> None:
    for with_bom in (False, True):
        out = io.BytesIO()
        await run.stream(store, requests.Request(format="csv", with_bom=with_bom), out)
        assert out.getvalue().startswith(tables.BOM) is with_bom


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_export_of_nothing_is_a_valid_file(store: Database, form: str) -> None:
    out = io.BytesIO()
    summary = await run.stream(store, requests.Request(format=form, filter=reads.Filter(sender_id=999)), out)
    assert summary.messages == 0
    heading = ",".join(flat.MESSAGE) + "\r\n"
    assert out.getvalue().decode() == (heading if form == "csv" else "")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b@x",
        "\u2060\ufeff =1",
        "\u3164=1",
        "\ufe0f+1",
        "\u200b" * 70 + "\u00a0=1",
        "﹦1",
        "⁺1",
    ],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert csv_format.cell(text).startswith("'")
    assert csv_format.cell(text).replace("'", "") == text


@pytest.mark.parametrize("value", ["a=b", "", "'quoted", '"=1" he said', "1-2", "🙂=1", "a; b", "a\nb", "a, @b", -5])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert csv_format.cell(value) == value


@hypothesis.given(st.text(max_size=20) | st.text(alphabet=" \t\r\n\u200b\ufeff=+-@＝a'1", max_size=6))
def test_no_cell_begins_a_formula(text: str) -> None:
    cell = csv_format.cell(text)
    assert not cell.startswith(("\t", "\r", "\n"))
    assert not cell.strip().lstrip("\u200b\ufeff").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    "begins",
    [
        ";",
        "\t",
        "|",
        "\n",
        "\r\n",
        ";;",
        "; ",
        ";\u200b",
        ';"',
        '\t"',
        '|"',
        '\n"',
        ';""',
        '; " ',
        ';"\ufeff',
        ";\u3164",
    ],
)
@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "＝1"])
def test_formula_behind_what_another_spreadsheet_divides_at_is_defused(begins: str, formula: str) -> None:
    """Regression: a spreadsheet whose language divides at semicolons ran what stands behind one."""
    cell = csv_format.cell(f"hello{begins}{formula};x")
    assert cell.replace("'", "") == f"hello{begins}{formula};x".replace("'", "")
    assert cell.count("'") == formula.count("'") + 1
    assert not runs(csv_format.line([5, f"hello{begins}{formula};x", "more"]))


def test_no_character_without_a_shape_hides_a_formula() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp"):
            assert csv_format.cell(f"{character}=1").startswith("'")
            assert csv_format.cell(f'a;"{character}=1') == f"a;\"{character}'=1"
        elif unicodedata.normalize("NFKC", character).startswith(("=", "+", "-", "@")):
            assert csv_format.cell(f"{character}1").startswith("'")


def runs(line: str) -> list[str]:
    """Return what a spreadsheet would run: one that divides lines at anything, and whatever it thinks of quotes."""
    found = [piece.lstrip('"') for piece in re.split(r"[;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]", line)]
    for divider, skips_blank in itertools.product(";|\t,", (False, True)):
        for lines in (io.StringIO(line, newline=""), line.splitlines()):
            for row in csv.reader(lines, delimiter=divider, skipinitialspace=skips_blank):
                found += row
    blanks = " \t\r\n\u00a0\u200b\ufeff\u2028\u3000\u3164\x0b\x0c"
    return [each for each in found if each.lstrip(blanks).startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))]


texts = st.text(max_size=20) | st.text(alphabet=" ;|\t\r\n\x85\u2028\u200b\ufeff\u3164=+-@＝a'\"1,\\", max_size=8)


@hypothesis.given(st.lists(st.none() | texts | st.dictionaries(texts, texts, min_size=1, max_size=2), min_size=1))
def test_no_spreadsheet_finds_a_formula_however_it_divides_a_line(values: list[Any]) -> None:
    line = csv_format.line([5, *values])
    assert not runs(line + line)
    (found,) = csv.reader(io.StringIO(line, newline=""))
    assert found[0] == "5"
    for value, cell in zip(values, found[1:], strict=True):
        if isinstance(value, dict):
            assert orjson.loads(cell) == value
        else:
            assert cell == csv_format.defuse(value or "")


def test_every_text_is_in_quotes_and_nothing_else() -> None:
    assert csv_format.line(["a", "", None, 5, True, 'say "a"']) == '"a",,,5,"true","say ""a"""\r\n'
