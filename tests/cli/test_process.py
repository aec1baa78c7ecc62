"""What the command may be started with: closed streams, other encodings, narrow lines, a hasty Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import PATIENCE_SECONDS, Run
from tests.conftest import Rows

from heliograph.cli import main

Configure = Callable[..., None]

CHAT = -1_000_000_000_001
TITLE = "Гавань – é " + "very long " * 20 + "indeed"


@pytest.fixture
async def chat(rows: Rows, configure: Configure) -> None:
    """A chat whose title is long, and in letters that few encodings have."""
    configure()
    await rows.chat(CHAT, title=TITLE, status="error", last_error="CHANNEL_PRIVATE")
    await rows.message(CHAT, 1)


@pytest.mark.parametrize(
    ("command", "redirection", "code"),
    [("chats", "<&-", 0), ("chats", ">&-", 0), ("chats", "2>&-", 0), ("login", "<&-", 2)],
)
async def test_a_closed_standard_stream_is_an_empty_one(
    data_dir: Path, chat: None, command: str, redirection: str, code: int
) -> None:
    """Regression: the event loop aborted the process over a descriptor of its own below 3."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$@" {redirection}', "sh"),
        *(sys.executable, "-m", "heliograph", "--data-dir", str(data_dir), command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == code, err
    if command == "login":
        assert b"Phone number was not given" in err


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
async def test_a_result_comes_through_in_any_encoding(run: Run, chat: None, environment: dict[str, str]) -> None:
    shown = await run("chats", environment=environment)
    assert (shown.code, shown.err) == (0, "")
    assert "indeed" in shown.out
    found = await run("chats", "--json", environment=environment)
    assert [each["title"] for each in json.loads(found.out)] == [TITLE]


async def test_a_line_that_a_program_reads_is_never_folded_or_clipped(run: Run, chat: None) -> None:
    narrow = {"COLUMNS": "10"}
    lines = (await run("chats", environment=narrow)).out.splitlines()
    assert len(lines) == 2
    assert all(part in lines[1] for part in (str(CHAT), TITLE, "error: CHANNEL_PRIVATE"))
    status = (await run("status", environment=narrow)).out
    assert "0 earlier texts, 0 deleted" in status


async def test_an_error_is_one_line_however_narrow_the_terminal(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / ("a folder of which the name is long " * 3)
    ran = await run("status", directory=directory, environment={"COLUMNS": "20"})
    (line,) = ran.err.splitlines()
    assert str(directory) in line
    assert "`heliograph init`" in line


@pytest.mark.parametrize("module", ["heliograph.__main__", "heliograph.cli.entry"])
def test_ctrl_c_during_the_imports_ends_without_a_traceback(module: str) -> None:
    # The interrupt comes with the first import that takes long, as a hasty person's would.
    program = f"""
import signal, sys
class Hasty:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Hasty())
sys.argv = ["heliograph", "--version"]
import {module}
{module}.main()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


@pytest.mark.parametrize("arguments", [["--data-dir", "demo", "--help"], ["--data-dir=x", "--log-level", "run"], []])
def test_an_options_value_is_not_taken_for_a_command(arguments: list[str]) -> None:
    assert _commands(arguments) == set(main.COMMANDS)


def test_a_command_is_imported_alone() -> None:
    assert _commands(["--data-dir", "run", "status", "demo"]) == {"status"}


def _commands(arguments: list[str]) -> set[str]:
    group = typer.main.get_command(main.build(arguments))
    return set(group.commands)
