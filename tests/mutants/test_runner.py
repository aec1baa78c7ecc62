"""What ``python -m tests.mutants`` says and how it exits, shown by a package of one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.mutants import __main__ as runner

TEST = "tests/test_answer.py::test_answer"
BODY = "from heliograph import answer\n\n\ndef test_answer():\n    assert answer() == 42\n"
CODE = "def answer():\n    return 42\n"
HUNG_SECONDS = 2

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Plants a defect, another body of ``answer``, in a package of its own; returns the exit code and what it said."""

    def of(planted: str, *, test: str = BODY, named: str = TEST, header: str = "") -> tuple[int, str]:
        _write(tmp_path / "src" / "heliograph" / "__init__.py", CODE)
        _write(tmp_path / "tests" / "test_answer.py", test)
        _write(tmp_path / "pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--import-mode=importlib'\n")
        patch = (
            f"The answer is another.\n{header}Killed by: {named}\n\n"
            "--- a/src/heliograph/__init__.py\n+++ b/src/heliograph/__init__.py\n"
            f"@@ -1,2 +1,2 @@\n def answer():\n-    return 42\n+    {planted}\n"
        )
        _write(tmp_path / "patches" / "answer.patch", patch)
        code = runner.main([], root=tmp_path, patches=tmp_path / "patches", test_seconds=HUNG_SECONDS)
        return code, capsys.readouterr().out

    return of


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_defect_that_a_test_fails_with_is_killed(run: Run) -> None:
    code, said = run("return 43")
    assert code == 0
    assert f"answer: killed by {TEST} (" in said


def test_defect_that_no_test_fails_with_survives_and_exits_1(run: Run) -> None:
    code, said = run("return 42.0")
    assert code == 1
    assert "answer: SURVIVES" in said


def test_test_that_fails_without_a_defect_exits_1_before_anything_is_planted(run: Run) -> None:
    code, said = run("return 43", test=BODY.replace("42", "41"))
    assert code == 1
    assert said == f"No defect was planted: {TEST} fails without one, and would notice anything.\n"


def test_tests_that_do_not_run_without_a_defect_exit_1_before_anything_is_planted(run: Run) -> None:
    code, said = run("return 43", test=f"import nothing_of_this_name\n{BODY}")
    assert code == 1
    assert said.startswith("No defect was planted, since without one the tests did not run:\n")


def test_hang_is_said_to_be_one_and_is_no_kill(run: Run) -> None:
    code, said = run("import threading; threading.Event().wait()")
    assert code == 1
    assert f"answer: HUNG in {TEST}, and its patch has no line" in said


def test_hang_that_its_patch_announces_is_a_kill_and_still_said_to_be_a_hang(run: Run) -> None:
    code, said = run("import threading; threading.Event().wait()", header="Hangs: nobody answers.\n")
    assert code == 0
    assert f"answer: hung in {TEST}, as its patch says" in said


@pytest.mark.parametrize("planted", ["return 4 2", "import os; os._exit(1)"])
def test_run_that_ends_without_a_failed_test_is_no_kill(run: Run, planted: str) -> None:
    code, said = run(planted)
    assert code == 1
    assert "answer: COULD NOT BE TRIED" in said


def test_fixture_that_fails_has_noticed_nothing(run: Run) -> None:
    fixture = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef ready():\n    assert answer() == 42\n"
    code, said = run("return 43", test=f"{fixture}\n\n{BODY}")
    assert code == 1
    assert "answer: COULD NOT BE TRIED" in said


@pytest.mark.parametrize("named", ["tests/test_answer.py", TEST, f"{TEST}[42]"])
def test_failure_belongs_to_the_test_its_parameters_or_its_file(named: str) -> None:
    assert runner.is_of("tests.test_answer.test_answer[42]", named)
    assert not runner.is_of("tests.test_answer.test_answers", TEST)
    assert not runner.is_of("tests.test_answers.test_answer[42]", named)
    assert not runner.is_of("tests.test_answer.test_answer[41]", f"{TEST}[42]")
