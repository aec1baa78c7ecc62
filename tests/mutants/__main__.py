"""``python -m tests.mutants [NAME…]``: plant each defect in a copy and say which test noticed it.

First every test that is to notice something runs once without a defect: one that fails anyway would notice everything.
Exits 1 when such a test fails, when a defect survives, which is a missing test, and when one cannot be tried.
``--for-commit N`` takes N of them, chosen by the commit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("src", "tests", "pyproject.toml")
SECONDS = 300
"""After so long a run is ended that its own limits did not end."""
TEST_SECONDS = 120
"""After so long a test hangs."""
_HUNG = re.compile(r"Timeout \(>[\d.]+s\) from pytest-timeout")
_WHERE = "import heliograph; print(heliograph.__file__)"


class ControlFailed(Exception):
    """A test that is to notice defects fails without one."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A defect, and the tests of which at least one has to fail with it."""

    name: str
    patch: Path
    tests: list[str]
    may_hang: bool = False

    @classmethod
    def load(cls, patch: Path) -> Mutant:
        """Read a patch. Raises ValueError for one that does not say what has to notice it."""
        text = patch.read_text(encoding="utf-8")
        named = re.search(r"^Killed by: (.+)$", text, re.MULTILINE)
        if named is None:
            raise ValueError(f"{patch.name} has no line that begins with 'Killed by:'.")
        hangs = re.search(r"^Hangs: .+$", text, re.MULTILINE)
        return cls(name=patch.stem, patch=patch, tests=named[1].split(), may_hang=hangs is not None)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A test that failed, or did not come to an end."""

    test: str
    is_hung: bool


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of a defect."""

    is_noticed: bool
    words: str


def load_all(patches: Path = HERE) -> list[Mutant]:
    """Return every mutant, in the order of their names."""
    return [Mutant.load(patch) for patch in sorted(patches.glob("*.patch"))]


def for_commit(mutants: list[Mutant], count: int) -> list[Mutant]:
    """Return some of them, others with every commit."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    commit = asked.stdout.strip() or "none"
    return sorted(mutants, key=lambda each: hashlib.sha256(f"{commit}/{each.name}".encode()).digest())[:count]


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Path]:
    """Lend a copy of the code and its tests. Defects go into copies of the one that was tried without any."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        for name in COPIED:
            source = root / name
            ignored = shutil.ignore_patterns("__pycache__", "*.patch", "node_modules")
            shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy)
        yield copy


def control(mutants: Sequence[Mutant], root: Path, *, test_seconds: float = TEST_SECONDS) -> None:
    """Run what has to notice these defects without any of them. Raises ControlFailed when that is not all green."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with copied(root) as copy:
        try:
            _check_import(copy)
            failure = _first_failure(tests, copy, test_seconds)
        except ValueError as error:
            raise ControlFailed(f"No defect was planted, since without one {error}") from None
    if failure is not None:
        does = "hangs" if failure.is_hung else "fails"
        raise ControlFailed(f"No defect was planted: {failure.test} {does} without one, and would notice anything.")


def fate(mutant: Mutant, root: Path, *, test_seconds: float = TEST_SECONDS) -> Fate:
    """Plant a defect and see what notices it. Raises ValueError when it does not apply or its tests do not run."""
    with copied(root) as copy:
        apply(mutant, copy)
        _check_import(copy)
        failure = _first_failure(mutant.tests, copy, test_seconds)
    if failure is None:
        return Fate(is_noticed=False, words="SURVIVES")
    if not failure.is_hung:
        return Fate(is_noticed=True, words=f"killed by {failure.test}")
    if mutant.may_hang:
        return Fate(is_noticed=True, words=f"hung in {failure.test}, as its patch says")
    return Fate(is_noticed=False, words=f"HUNG in {failure.test}, and its patch has no line that begins with 'Hangs:'")


def apply(mutant: Mutant, root: Path, *options: str) -> None:
    """Change the code below ``root``; ``--check`` only tries. Raises ValueError for a patch that no longer fits."""
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", *options, str(mutant.patch)],
        cwd=root,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if applied.returncode:
        raise ValueError(f"{mutant.patch.name} does not apply: {applied.stderr.strip()}")


def _environment(copy: Path) -> dict[str, str]:
    """Return the environment of whatever runs the copy. What a pytest around this one has set is not for it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}", "PYTHONDONTWRITEBYTECODE": "1"}


def _check_import(copy: Path) -> None:
    """See that it is the copy that is imported: with the checkout's own code every defect would seem to survive."""
    asked = subprocess.run(
        [sys.executable, "-c", _WHERE], cwd=copy, env=_environment(copy), capture_output=True, text=True, check=False
    )
    if asked.returncode:
        raise ValueError(f"the copy cannot be imported:\n{asked.stderr[-2000:]}")
    if not Path(asked.stdout.strip()).resolve().is_relative_to(copy.resolve()):
        raise ValueError(f"what would be tested is not the copy but {asked.stdout.strip()}")


def _first_failure(tests: Sequence[str], copy: Path, test_seconds: float) -> Failure | None:
    """Run tests against the copy up to the first that fails. Raises ValueError when they could not even begin."""
    report, output = copy.parent / "report.xml", copy.parent / "output.txt"
    options = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--no-header",
        f"--timeout={test_seconds}",
        f"--basetemp={copy.parent / 'tmp'}",
        f"--junit-xml={report}",
    ]
    code = _run([sys.executable, "-m", "pytest", *options, *tests], copy, output)
    if code is None:
        return Failure(test=" ".join(tests), is_hung=True)
    if code == 0:
        return None
    failure = _reported(report, tests) if code == 1 and report.exists() else None
    if failure is None:
        raise ValueError(f"the tests did not run:\n{output.read_text(encoding='utf-8', errors='replace')[-4000:]}")
    return failure


def _run(command: list[str], copy: Path, output: Path) -> int | None:
    """Return a command's exit code, None for one that had to be ended. What it started is ended with it."""
    with (
        output.open("wb") as kept,
        subprocess.Popen(
            command,
            cwd=copy,
            env=_environment(copy),
            stdin=subprocess.DEVNULL,
            stdout=kept,
            stderr=kept,
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _reported(report: Path, tests: Sequence[str]) -> Failure | None:
    """Return the first of these tests that the report calls failed. One whose fixtures failed has noticed nothing."""
    for case in ElementTree.parse(report).iter("testcase"):
        found = f"{case.get('classname')}.{case.get('name')}"
        named = next((test for test in tests if is_of(found, test)), None)
        for problem in [*case.findall("failure"), *case.findall("error")]:
            message = problem.get("message", "")
            is_hung = _HUNG.search(f"{message}\n{problem.text}") is not None
            if named and (is_hung or not message.startswith("failed on setup")):
                return Failure(test=named, is_hung=is_hung)
    return None


def is_of(found: str, test: str) -> bool:
    """Whether a name in the report is a test that was named, a set of its parameters, or one in its file."""
    file, *names = test.split("::")
    name = ".".join([file.removesuffix(".py").replace("/", "."), *names])
    return found == name or found.startswith((f"{name}[", f"{name}."))


def main(
    arguments: Sequence[str] | None = None,
    *,
    root: Path = ROOT,
    patches: Path = HERE,
    test_seconds: float = TEST_SECONDS,
) -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--for-commit", type=int, metavar="N", help="N of them, chosen by the commit")
    asked = parser.parse_args(arguments)
    mutants = load_all(patches)
    if unknown := set(asked.names) - {each.name for each in mutants}:
        sys.exit(f"There is no mutant {', '.join(sorted(unknown))}; there are {', '.join(m.name for m in mutants)}.")
    chosen = [each for each in mutants if not asked.names or each.name in asked.names]
    if asked.for_commit is not None:
        chosen = for_commit(chosen, asked.for_commit)
    with copied(root) as tried:
        begun = time.monotonic()
        try:
            control(chosen, tried, test_seconds=test_seconds)
        except ControlFailed as error:
            print(error, flush=True)
            return 1
        print(f"without a defect: green ({time.monotonic() - begun:.0f} s)", flush=True)
        noticed = [_told(mutant, tried, test_seconds) for mutant in chosen]
    return 0 if all(noticed) else 1


def _told(mutant: Mutant, root: Path, test_seconds: float) -> bool:
    """Try a defect and print what became of it. Whether it was noticed."""
    begun = time.monotonic()
    try:
        found = fate(mutant, root, test_seconds=test_seconds)
    except ValueError as error:
        found = Fate(is_noticed=False, words=f"COULD NOT BE TRIED: {error}")
    print(f"{mutant.name}: {found.words} ({time.monotonic() - begun:.0f} s)", flush=True)
    return found.is_noticed


if __name__ == "__main__":
    sys.exit(main())
