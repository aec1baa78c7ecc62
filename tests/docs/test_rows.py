"""Each fault of the table that the crawler is built against has a named test, and the documentation says which.

A test of row 7 is called ``test_row_07_…``, and its docstring says what is expected.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
ROWS = range(1, 52)
ABSENT = {
    35: "a banned account's chats move to another account",
    36: "a removed account's chats move to another account",
    37: "nobody may read a chat for a while, which takes a second account to tell",
    39: "two workers hold one group",
    43: "a basic group migrates from several accounts' view",
    45: "files and what Telegram says about them",
    49: "more groups than one account can be in",
    51: "a lease moves to another account",
}
"""Rows that need several accounts at work or files, and what they are about. So does the second half of row 22."""
PROCESSES = {8, 9, 10, *range(25, 32), 38, 46, 48}
"""Rows that count only over a real process, which can be killed or stopped."""
NAME = re.compile(r"test_row_(\d\d)_\w+")
TOLD = re.compile(r"^\| (\d+) \|.*\| (`.+`) \|$", re.MULTILINE)


@functools.cache
def row_tests() -> dict[int, dict[str, ast.AsyncFunctionDef | ast.FunctionDef]]:
    """Return the tests of each row by their place."""
    found: dict[int, dict[str, ast.AsyncFunctionDef | ast.FunctionDef]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            match = NAME.fullmatch(node.name) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) else None
            if match is not None:
                place = f"{path.relative_to(ROOT)}::{node.name}"
                found.setdefault(int(match[1]), {})[place] = node
    return found


@pytest.mark.parametrize("row", [row for row in ROWS if row not in ABSENT])
def test_row_has_a_test_whose_docstring_says_what_is_expected(row: int) -> None:
    found = row_tests().get(row, {})
    assert found, f"no test is called test_row_{row:02}_…"
    silent = [place for place, node in found.items() if not ast.get_docstring(node)]
    assert silent == [], "what is expected is not said"


def test_rows_that_are_said_to_be_absent_have_no_test() -> None:
    assert sorted(ABSENT.keys() & row_tests().keys()) == []


@pytest.mark.parametrize("row", sorted(PROCESSES))
def test_row_that_needs_a_process_has_a_test_over_one(row: int) -> None:
    for place, node in row_tests().get(row, {}).items():
        module = ast.parse((ROOT / place.split("::")[0]).read_text("utf-8"))
        helpers = {each.name: each for each in module.body if isinstance(each, ast.AsyncFunctionDef | ast.ClassDef)}
        if _starts_process(node, helpers):
            return
    pytest.fail(f"no test of row {row} starts a process")


def test_documentation_names_for_each_row_the_tests_that_there_are() -> None:
    told = {int(row): set(re.findall(r"`(tests/[^`]+)`", cell)) for row, cell in TOLD.findall(PAGE.read_text("utf-8"))}
    files = {row: {place.split("::")[0] for place in found} for row, found in row_tests().items()}
    assert told == files


def _starts_process(node: ast.AST, helpers: dict[str, ast.AsyncFunctionDef | ast.ClassDef]) -> bool:
    """Say whether a test or what it calls in its own module starts the crawler as a process."""
    names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    called = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & helpers.keys()
    rest = {name: each for name, each in helpers.items() if name not in called}
    return "start_process" in names or any(_starts_process(helpers[name], rest) for name in called)
