"""The wheel as somebody gets it: built, installed into an empty environment, and started from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without anything that this checkout's environment sets; return its stdout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_wheel_in_an_empty_environment_has_the_page_and_runs_the_demo(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    templates = "heliograph/exchange/export/archive/templates/"
    assert {f"{templates}page.html", f"{templates}style.css"} <= set(zipfile.ZipFile(wheel).namelist())
    venv.create(tmp_path / "venv", with_pip=True)
    bin_ = tmp_path / "venv" / "bin"
    run(bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    page = (
        "from importlib import resources as r; print(r.files('heliograph.web').joinpath('page/index.html').is_file())"
    )
    assert run(bin_ / "python", "-c", page, cwd=tmp_path).strip() == "True"
    last = run(bin_ / "heliograph", "demo", "--seconds", "5", "--json", cwd=tmp_path).splitlines()[-1]
    verdict = json.loads(last)
    assert verdict["messages"] > 0
    assert [verdict[name] for name in ("missing", "duplicated", "wrong_text", "wrong_fields")] == [0, 0, 0, 0]
