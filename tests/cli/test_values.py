"""A value that cannot be meant is refused where it is given, before anything is started or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Run
from tests.conftest import Rows
from typer.testing import CliRunner

from heliograph import config, errors
from heliograph.cli import main
from heliograph.store.reads import search as reads

Configure = Callable[..., None]

INIT = ("init", "--api-hash=" + "a" * 32)


def parse(*arguments: str) -> None:
    """Read a command's arguments without running it."""
    command = typer.main.get_command(main.build(arguments)).commands[arguments[0]]
    command.make_context(arguments[0], list(arguments[1:]))


@pytest.mark.parametrize("port", ["-1", "70000"])
@pytest.mark.parametrize("command", ["run", "demo", "simulator"])
def test_a_port_is_a_number_below_65536(command: str, port: str) -> None:
    """Regression: the event loop cut a greater one to 16 bits, and the demo wrote it into its configuration first."""
    with pytest.raises(typer.BadParameter, match=r"65535|equal to 0"):
        parse(command, "--port", port)
    parse(command, "--port", "65535")


@pytest.mark.parametrize("amount", ["inf", "nan"])
@pytest.mark.parametrize(("command", "option"), [("demo", "--rate"), ("demo", "--seconds"), ("simulator", "--rate")])
def test_an_amount_is_finite(command: str, option: str, amount: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse(command, option, amount)
    parse(command, option, "1.5")


@pytest.mark.parametrize("option", ["--state", "--public-key"])
def test_a_path_is_not_empty(option: str) -> None:
    with pytest.raises(errors.BadInput, match=r"path .* is empty"):
        parse("simulator", option, "")


async def test_a_login_code_has_something_to_type(run: Run) -> None:
    (await run("simulator", "--login-code", " ")).refused_with("--login-code")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data-dir", "", "status"), "path .* is empty"),
        (("simulator", "--public-key", "."), "folder; name a file"),
        (("simulator", "--public-key", "/nonexistent/x.pem"), "/nonexistent/x.pem cannot be written"),
        (("search", ""), "at least one word"),
        (("search", "word " * 101), "at most 500 characters"),
        (("login", "--label", "x" * 65), "at most 64 characters"),
        ((*INIT, f"--api-id={2**31}"), "api_id is a number from 1 to 2147483647"),
        ((*INIT, "--api-id=0"), "api_id is a number from 1"),
    ],
)
def test_what_nobody_can_mean_is_refused_before_anything_is_done(
    data_dir: Path, arguments: tuple[str, ...], words: str
) -> None:
    if arguments[0] != "--data-dir":
        arguments = ("--data-dir", str(data_dir), *arguments)
    with pytest.raises(errors.BadInput, match=words):
        CliRunner().invoke(main.build(arguments), list(arguments), catch_exceptions=False)
    assert not data_dir.exists()


async def test_a_search_may_go_up_to_the_last_day_of_all(run: Run, configure: Configure, rows: Rows) -> None:
    configure()
    await rows.chat(-1_000_000_000_001)
    await rows.message(-1_000_000_000_001, 1, "a ferry")
    ran = await run("search", "ferry", "--to", "9999-12-31")
    assert (ran.code, "1 found" in ran.err) == (0, True), ran.err


async def test_an_unknown_kind_is_refused_with_the_known_ones(run: Run, configure: Configure) -> None:
    """Regression: a typo looked like an archive without such messages."""
    configure()
    (await run("search", "word", "--kind", "fotos")).refused_with("kind", *reads.KINDS)


async def test_init_force_sets_a_key_aside_that_is_no_section(run: Run, data_dir: Path) -> None:
    data_dir.mkdir()
    path = data_dir / config.CONFIG_NAME
    path.write_text("telegram = 5\n[web]\nport = 1234\n", "utf-8")
    (await run("status")).refused_with(str(path), "telegram", "section")
    assert (await run(*INIT, "--api-id=5", "--force")).code == 0
    loaded = config.load(data_dir)
    assert (loaded.telegram.api_id, loaded.web.port) == (5, 1234)
    assert path.with_suffix(".damaged").read_text("utf-8").startswith("telegram = 5")
