"""``python -m tests.mutants [NAME…]``: plant each defect in a copy and say which test noticed it.

Exits 1 when a defect survives, which is a missing test, and when one cannot be tried. ``--for-commit N`` takes N of
them, chosen by the commit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("src", "tests", "pyproject.toml")
SECONDS = 600
TEST_SECONDS = 120
"""After so long a test that hangs has noticed the defect."""
_FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)
_WHERE = "import heliograph; print(heliograph.__file__)"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A defect, and the tests of which at least one has to fail with it."""

    name: str
    patch: Path
    tests: list[str]

    @classmethod
    def load(cls, patch: Path) -> Mutant:
        """Read a patch. Raises ValueError for one that does not say what has to notice it."""
        named = re.search(r"^Killed by: (.+)$", patch.read_text(encoding="utf-8"), re.MULTILINE)
        if named is None:
            raise ValueError(f"{patch.name} has no line that begins with 'Killed by:'.")
        return cls(name=patch.stem, patch=patch, tests=named[1].split())


def load_all() -> list[Mutant]:
    """Return every mutant, in the order of their names."""
    return [Mutant.load(patch) for patch in sorted(HERE.glob("*.patch"))]


def for_commit(mutants: list[Mutant], count: int) -> list[Mutant]:
    """Return some of them, others with every commit."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    commit = asked.stdout.strip() or "none"
    return sorted(mutants, key=lambda each: hashlib.sha256(f"{commit}/{each.name}".encode()).digest())[:count]


def killer(mutant: Mutant) -> str | None:
    """Return the first test that fails with a defect, None when none does. Raises ValueError when it does not apply."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__", "*.patch", "node_modules")
            shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy)
        apply(mutant, copy)
        _check_import(copy)
        return _first_failure(mutant, copy)


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
        [sys.executable, "-c", _WHERE], cwd=copy, env=_environment(copy), capture_output=True, text=True, check=True
    )
    if not Path(asked.stdout.strip()).resolve().is_relative_to(copy.resolve()):
        raise ValueError(f"what would be tested is not the copy but {asked.stdout.strip()}")


def _first_failure(mutant: Mutant, copy: Path) -> str | None:
    """Run the tests that have to notice, against the copy. A test that could not even begin has noticed nothing."""
    options = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--no-header",
        f"--timeout={TEST_SECONDS}",
        f"--basetemp={copy / 'tmp'}",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *mutant.tests],
        cwd=copy,
        env=_environment(copy),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if run.returncode == 0:
        return None
    found = _FAILED.search(run.stdout)
    if run.returncode != 1 or found is None:
        raise ValueError(f"the tests of {mutant.name} did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return found[1]


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--for-commit", type=int, metavar="N", help="N of them, chosen by the commit")
    asked = parser.parse_args()
    mutants = load_all()
    if unknown := set(asked.names) - {each.name for each in mutants}:
        sys.exit(f"There is no mutant {', '.join(sorted(unknown))}; there are {', '.join(m.name for m in mutants)}.")
    chosen = [each for each in mutants if not asked.names or each.name in asked.names]
    if asked.for_commit is not None:
        chosen = for_commit(chosen, asked.for_commit)
    survivors = 0
    for mutant in chosen:
        begun = time.monotonic()
        try:
            noticed = killer(mutant)
            fate = "SURVIVES" if noticed is None else f"killed by {noticed}"
        except ValueError as error:
            noticed, fate = None, f"COULD NOT BE TRIED: {error}"
        survivors += noticed is None
        print(f"{mutant.name}: {fate} ({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
