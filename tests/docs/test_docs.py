"""The documentation names only what exists, and names every setting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel, SecretStr

from heliograph import config

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "heliograph"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SECTION_PATH = re.compile(r"(?:telegram|database|crawler|web|log)(?:\.[a-z0-9_]+)+")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
SOURCE = re.compile(r"((?:[a-z_]+/)*[a-z_]+\.py)(?::(\w+(?:\.\w+)?))?")
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def settings_with_defaults() -> dict[str, object]:
    """Return every setting's path with its default."""
    return dict(_flatten(config.Settings, ""))


def _flatten(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _flatten(type(default), f"{prefix}{name}.")
        else:
            yield prefix + name, default


def environment_name(path: str) -> str:
    return "HELIOGRAPH_" + path.replace(".", "__").upper()


def commands() -> dict[str, Any]:
    """Return the commands by name, and the program itself under the empty one."""
    from heliograph.cli import main

    group: Any = typer.main.get_command(main.build([]))
    return {"": group, **group.commands}


def spans(page: str) -> list[str]:
    """Return the code spans of a page, and the lines of its fenced blocks."""
    text = (ROOT / page).read_text("utf-8")
    fenced = [line.strip() for block in FENCE.findall(text) for line in block.splitlines()[1:-1]]
    return SPAN.findall(FENCE.sub("", text)) + fenced


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def table_rows(page: str) -> dict[str, list[str]]:
    """Return the rows of a page's tables by their first code span."""
    rows = {}
    for line in (ROOT / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `"):
            rows[cells[0].strip("`")] = cells
    return rows


@pytest.mark.parametrize("path", sorted(settings_with_defaults()))
def test_every_setting_is_documented_with_its_environment_name(path: str) -> None:
    row = table_rows("docs/howto/configuration.md").get(path)
    assert row is not None, f"{path} has no row"
    assert row[1] == f"`{environment_name(path)}`"
    assert row[3], f"{path} has no meaning"


@pytest.mark.parametrize("path", sorted(set(settings_with_defaults()) - {"data_dir"}))
def test_the_documented_default_is_the_default(path: str) -> None:
    assert table_rows("docs/howto/configuration.md")[path][2].strip("`") == shown(settings_with_defaults()[path])


def shown(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value not in ("", {}) else "empty"


def test_the_documented_budgets_are_the_defaults() -> None:
    rows = table_rows("docs/howto/configuration.md")
    for family, budget in config.DEFAULT_BUDGETS.items():
        per_second, burst, concurrent = rows[family][1:4]
        assert float(per_second) == pytest.approx(budget.per_second, rel=2e-3), family
        assert (float(burst), int(concurrent)) == (budget.burst, budget.concurrent), family


@pytest.mark.parametrize("page", NAMES)
def test_named_settings_exist(page: str) -> None:
    known = set(settings_with_defaults())
    sections = {path.rpartition(".")[0] for path in known}
    for span in spans(page):
        path = span.partition(" = ")[0]
        if SECTION_PATH.fullmatch(path):
            assert path in known or path in sections or _is_budget(path), path
        for name in re.findall(r"HELIOGRAPH_[A-Z0-9_]*[A-Z0-9]", span):
            setting = name.removeprefix("HELIOGRAPH_").lower().replace("__", ".")
            assert setting in known or _is_budget(setting), name


def test_the_given_data_dir_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATA_DIR", str(tmp_path / "environment"))
    assert config.load(tmp_path / "given", must_exist=False).data_dir == tmp_path / "given"
    assert config.load(must_exist=False).data_dir == tmp_path / "environment"


def _is_budget(path: str) -> bool:
    parts = path.split(".")
    if parts[:2] != ["crawler", "budgets"] or len(parts) not in (3, 4):
        return False
    return parts[2] in config.DEFAULT_BUDGETS and (len(parts) == 3 or parts[3] in config.Budget.model_fields)


@pytest.mark.parametrize("page", NAMES)
def test_named_commands_and_options_exist(page: str) -> None:
    known = commands()
    for span in spans(page):
        words = span.removeprefix("$ ").removeprefix(".venv/bin/").split()
        if words[:1] != ["heliograph"]:
            continue
        command = known[""]
        for word in words[1:]:
            if word == "--":
                break
            if word.startswith("--"):
                options = {name for parameter in command.params for name in parameter.opts}
                assert word.partition("=")[0] in options | {"--help"}, f"{word} in `{span}`"
            elif (
                hasattr(command, "commands") and re.fullmatch(r"[a-z-]+", word) and not _is_value(words, word, command)
            ):
                assert word in command.commands, f"{word} in `{span}`"
                command = command.commands[word]


def _is_value(words: list[str], word: str, command: Any) -> bool:
    """Say whether a word is the value of the option before it."""
    before = words[words.index(word) - 1]
    return any(before in option.opts and not getattr(option, "is_flag", False) for option in command.params)


@pytest.mark.parametrize("page", NAMES)
def test_named_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for span in spans(page):
        for target in MAKE.findall(span):
            assert target in targets, f"make {target}"


@pytest.mark.parametrize("page", NAMES)
def test_links_between_pages_resolve(page: str) -> None:
    path = ROOT / page
    for target in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", [name for name in NAMES if name in {"ARCHITECTURE.md", "CONTRIBUTING.md"}])
def test_named_files_functions_and_tests_exist(page: str) -> None:
    for span in spans(page):
        if re.fullmatch(r"frontend/[\w/]+\.tsx?", span):
            assert (ROOT / span).exists(), span
        elif match := TEST.fullmatch(span):
            assert match[2] is None or match[2] in names(ROOT / match[1]), span
        elif match := SOURCE.fullmatch(span):
            assert match[2] is None or match[2] in names(PACKAGE / match[1]), span
            assert (PACKAGE / match[1]).exists(), span


def names(path: Path) -> set[str]:
    """Return the functions, classes and ``Class.method`` names of a Python file."""
    assert path.exists(), path
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{child.name}" for child in node.body if hasattr(child, "name")}
    return found


def held_by() -> dict[int, str]:
    """Return what ARCHITECTURE.md says holds each invariant."""
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Invariants")[2].partition("\n## ")[0]
    found = {}
    for part in re.split(r"^(?=\*\*\d+\. )", section, flags=re.MULTILINE)[1:]:
        number, line = re.match(r"\*\*(\d+)", part), re.search(r"^Held by: (.+?)\n\n", part, re.MULTILINE | re.DOTALL)
        assert number is not None
        found[int(number[1])] = line[1] if line else ""
    return found


def test_all_invariants_are_there() -> None:
    assert list(held_by()) == list(range(1, 19))


@pytest.mark.parametrize("number", range(1, 19))
def test_every_invariant_is_held_by_a_constraint_an_assertion_or_a_property(number: int) -> None:
    mechanisms = [span for span in SPAN.findall(held_by()[number]) if re.search(r"[:/]|_once$", span)]
    assert mechanisms, f"invariant {number} is held by nothing"
    for span in mechanisms:
        assert is_constraint(span) or is_assertion(span) or is_property(span), span


def is_constraint(span: str) -> bool:
    """Say whether the schema has this unique index, or this in the definition of this table."""
    schema = (ROOT / "docs/schema.sql").read_text("utf-8")
    table, _, definition = span.partition(": ")
    if not definition:
        return f"CREATE UNIQUE INDEX {span} " in schema
    body = schema.partition(f"CREATE TABLE {table} (")[2].partition("\n)")[0]
    return definition in [line.strip().rstrip(",") for line in body.splitlines()]


def is_assertion(span: str) -> bool:
    """Say whether this function of the program asserts something."""
    match = SOURCE.fullmatch(span)
    node = match and match[2] and definition_of(PACKAGE / match[1], match[2])
    return bool(node) and any(isinstance(each, ast.Assert) for each in ast.walk(node))


def is_property(span: str) -> bool:
    """Say whether this test is run by Hypothesis."""
    match = TEST.fullmatch(span)
    node = match and match[2] and definition_of(ROOT / match[1], match[2])
    return bool(node) and any(ast.unparse(each).startswith("given(") for each in node.decorator_list)


def definition_of(path: Path, name: str) -> Any:
    """Return a function's or a method's node, None when there is no such one."""
    node: Any = ast.parse(path.read_text("utf-8"))
    for part in name.split("."):
        node = next((each for each in node.body if getattr(each, "name", None) == part), None)
        if node is None:
            return None
    return node


def glossary() -> list[str]:
    return re.findall(r"^\*\*([^*]+)\*\*:", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE)


def test_the_glossary_is_alphabetical_and_names_each_word_once() -> None:
    keys = [re.sub(r"[^a-z]", "", word.lower()) for word in glossary()]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))


def test_the_glossary_defines_every_word_of_the_codebase() -> None:
    words = "peer chat channel update pts qts seq gap difference topic backfill cursor revision tombstone lease epoch"
    assert set(words.split()) <= {word.lower() for word in glossary()}
    assert {"access hash", "flood_wait", "catch up", "dead letter"} <= {word.lower() for word in glossary()}
