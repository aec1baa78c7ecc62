"""Whatever a person gets wrong ends as one sentence that says what to do, with nothing half-written."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.cli.conftest import Run, Terminal
from tests.conftest import Rows
from tests.fixtures.simulator import API_ID, PHONE, StartSimulator

from heliograph import config
from heliograph.cli import lock, main
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile

Configure = Callable[..., None]
ConfigureFor = Callable[..., None]


def accounts_in(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute("SELECT label, session_ciphertext FROM accounts").fetchall()


# -- configuration and keys


@pytest.mark.parametrize("command", ["run", "status", "chats", "sync", "follow", "login"])
async def test_without_a_configuration_every_command_names_init(run: Run, command: str) -> None:
    (await run(command)).refused_with("no configuration", "heliograph init")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("telegram = [", "cannot be read"),
        ("[telegram]\napi_id = 'many'", "telegram.api_id"),
        ("[telegram]\nsurprise = 1", "telegram.surprise"),
        ("[crawler]\nhistory_depth = 'long'", "history_depth"),
        ("[web]\nhost = '0.0.0.0'", "web.host"),
        ("[crawler.budgets.histroy]\nper_second = 1", "no method family histroy, only history"),
        ("\udcff", "cannot be read"),
    ],
)
async def test_a_damaged_configuration_is_named_with_its_place(
    run: Run, data_dir: Path, content: str, word: str
) -> None:
    data_dir.mkdir()
    (data_dir / config.CONFIG_NAME).write_bytes(content.encode("utf-8", "surrogateescape"))
    (await run("status")).refused_with(config.CONFIG_NAME, word)


@pytest.mark.parametrize(
    ("api_id", "api_hash", "word"), [("-5", "a" * 32, "api_id"), ("5", "not-a-hash", "32 characters")]
)
async def test_init_refuses_what_cannot_be_an_api_key(
    run: Run, data_dir: Path, api_id: str, api_hash: str, word: str
) -> None:
    (await run("init", f"--api-id={api_id}", f"--api-hash={api_hash}")).refused_with(word, "my.telegram.org")
    assert not data_dir.exists()


async def test_init_writes_both_files_for_their_owner_only(run: Run, data_dir: Path) -> None:
    ran = await run("init", "--api-id=5", answers="a" * 32 + "\n")
    assert ran.code == 0
    files = [data_dir / config.CONFIG_NAME, data_dir / config.MASTER_KEY_NAME]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    (await run("init", "--api-id=6", "--api-hash=" + "b" * 32)).refused_with("exists already", "--force")
    assert config.load(data_dir).telegram.api_id == 5


async def test_init_keeps_others_out_of_a_directory_that_is_there_already(run: Run, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    assert (await run("init", "--api-id=5", "--api-hash=" + "a" * 32)).code == 0
    assert data_dir.stat().st_mode & 0o777 == 0o700


async def test_an_unwritable_place_is_one_sentence(run: Run, data_dir: Path, tmp_path: Path) -> None:
    """Regression: what the operating system refused outside the event loop was called unexpected."""
    (tmp_path / "file").write_text("", "ascii")
    below_a_file = tmp_path / "file" / "data"
    init = ("init", "--api-id=5", "--api-hash=" + "a" * 32)
    (await run(*init, directory=below_a_file)).refused_with("operating system refused", str(below_a_file.parent))
    assert (await run(*init)).code == 0
    (data_dir / lock.LOCK_NAME).mkdir()
    (await run("sync")).refused_with("operating system refused", lock.LOCK_NAME)


@pytest.mark.parametrize("name", [config.CONFIG_NAME, config.MASTER_KEY_NAME])
def test_a_stale_or_planted_part_is_never_written_through(data_dir: Path, tmp_path: Path, name: str) -> None:
    data_dir.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("untouched", "ascii")
    part = (data_dir / name).with_suffix(".part")
    part.symlink_to(victim)
    config.write_private(data_dir / name, b"new")
    part.write_text("left by a crash", "ascii")
    part.chmod(0o666)
    config.write_private(data_dir / name, b"newer")
    written = data_dir / name
    assert (written.read_bytes(), written.stat().st_mode & 0o777) == (b"newer", 0o600)
    assert (victim.read_text("ascii"), part.exists()) == ("untouched", False)


def test_what_cannot_be_put_in_place_leaves_no_part(data_dir: Path) -> None:
    (data_dir / config.CONFIG_NAME / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        config.write(data_dir / config.CONFIG_NAME, {})
    assert [path.name for path in data_dir.iterdir()] == [config.CONFIG_NAME]


async def test_init_force_changes_the_key_alone_and_sets_a_damaged_file_aside(
    run: Run, data_dir: Path, configure: Configure
) -> None:
    configure(web={"port": 1234})
    force = ("init", "--force", "--api-id=6", "--api-hash=" + "b" * 32)
    assert (await run(*force)).code == 0
    assert (config.load(data_dir).telegram.api_id, config.load(data_dir).web.port) == (6, 1234)
    (data_dir / config.CONFIG_NAME).write_text("damaged [", "utf-8")
    assert (await run(*force)).code == 0
    assert config.load(data_dir).telegram.api_id == 6
    assert (data_dir / "heliograph.damaged").read_text("utf-8") == "damaged ["


async def test_a_missing_master_key_is_noticed_before_a_code_is_asked_for(
    run: Run, data_dir: Path, configure_for: ConfigureFor, simulator: Simulator
) -> None:
    configure_for(simulator)
    (data_dir / config.MASTER_KEY_NAME).unlink()
    (await run("login", "--phone", PHONE)).refused_with("master key", "restore it")


async def test_another_master_key_does_not_open_the_sessions(
    run: Run, data_dir: Path, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    (data_dir / config.MASTER_KEY_NAME).unlink()
    keyfile.ensure(data_dir / config.MASTER_KEY_NAME)
    (await run("sync")).refused_with("master key", "restore")
    second = ("login", "--phone", "+358401234568")
    ran = await run(*second, answers="12345\n")
    ran.refused_with("master key", "restore", "--force")
    assert "Login code" not in ran.err
    assert len(accounts_in(database_dsn)) == 1
    assert (await run(*second, "--force", answers="12345\n")).code == 0
    assert len(accounts_in(database_dsn)) == 2


# -- signing in


async def test_a_wrong_api_hash_is_said_and_nothing_is_stored(
    run: Run, start_simulator: StartSimulator, configure_for: ConfigureFor, database_dsn: str
) -> None:
    configure_for(await start_simulator(api_id=API_ID, api_hash="f" * 32))
    (await run("login", "--phone", PHONE, answers="12345\n")).refused_with("api_id and api_hash", "my.telegram.org")
    assert accounts_in(database_dsn) == []


async def test_a_wrong_code_is_said_and_nothing_is_stored(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    (await run("login", "--phone", PHONE, answers="99999\n")).refused_with("code is wrong", "heliograph login")
    assert accounts_in(database_dsn) == []


async def test_a_wrong_password_is_said_and_nothing_is_stored(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    user = simulator.world.sign_up(PHONE, "Ada", "Lovelace")
    user.password = "correct horse"
    (await run("login", "--phone", PHONE, answers="12345\nwrong\n")).refused_with("password is wrong")
    assert accounts_in(database_dsn) == []
    assert (await run("login", "--phone", PHONE, answers="12345\ncorrect horse\n")).code == 0
    assert len(accounts_in(database_dsn)) == 1


async def test_a_flood_wait_at_login_says_how_long_and_leaves_no_row(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    simulator.faults.flood("auth.sendCode", 77)
    (await run("login", "--phone", PHONE, answers="12345\n")).refused_with("wait 77 s")
    simulator.faults.flood("auth.signIn", 78)
    (await run("login", "--phone", PHONE, answers="12345\n")).refused_with("wait 78 s")
    assert accounts_in(database_dsn) == []


async def test_an_expired_code_is_said_and_nothing_is_stored(
    terminal: Terminal, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    person = await terminal("login", "--phone", PHONE)
    await person.until_asked("Login code")
    simulator.logins.expire()
    await person.type("12345\n")
    (await person.end()).refused_with("expired", "heliograph login")
    assert accounts_in(database_dsn) == []


async def test_ctrl_c_at_the_login_code_ends_at_once(
    terminal: Terminal, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    """Regression: the prompt held the event loop, so that the first Ctrl-C was lost."""
    configure_for(simulator)
    person = await terminal("login", "--phone", PHONE)
    await person.until_asked("Login code")
    await person.type("123")
    await person.type("\x03")
    async with asyncio.timeout(10):
        ended = await person.end()
    assert (ended.code, "Traceback" in ended.err, "123" in ended.err.partition("Login code")[2]) == (130, False, False)
    assert accounts_in(database_dsn) == []


async def test_answers_that_end_too_soon_are_said(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    (await run("login", answers="")).refused_with("phone number was not given")
    (await run("login", answers=f"{PHONE}\n")).refused_with("login code was not given")
    (await run("login", answers=f"{PHONE}\n12345\0\n")).refused_with("login code holds bytes")
    assert accounts_in(database_dsn) == []


async def test_a_number_that_is_none_is_refused(run: Run, configure_for: ConfigureFor, simulator: Simulator) -> None:
    configure_for(simulator)
    (await run("login", "--phone", "twelve", answers="12345\n")).refused_with("phone number", "country code")


async def test_an_unreachable_telegram_is_said(run: Run, configure: Configure) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        configure(telegram={"dc_address": "127.0.0.1", "dc_port": unused.getsockname()[1]})
        (await run("login", "--phone", PHONE)).refused_with("Telegram")


async def test_running_without_an_account_names_login(run: Run, configure: Configure) -> None:
    configure()
    (await run("sync")).refused_with("heliograph login")


# -- database, ports, locks


async def test_an_unreachable_database_is_said(run: Run, configure: Configure, tmp_path: Path) -> None:
    configure(database={"url": f"postgresql:///nowhere?host={tmp_path}"})
    (await run("status")).refused_with("database cannot be reached", "database.url")


async def test_a_newer_schema_is_left_alone(run: Run, configure: Configure, database_dsn: str) -> None:
    configure()
    with psycopg.connect(database_dsn) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    (await run("status")).refused_with("newer", "upgrade")


async def test_a_taken_port_is_said(run: Run, configure: Configure) -> None:
    configure()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        (await run("run", "--role", "web", "--port", port)).refused_with(port, "in use", "--port")
        (await run("simulator", "--port", port)).refused_with("in use", "--port")


@pytest.mark.parametrize("command", ["run", "sync", "follow"])
async def test_two_of_them_never_share_a_data_directory(
    run: Run, configure: Configure, data_dir: Path, command: str
) -> None:
    configure()
    with lock.data_dir(data_dir):
        (await run(command)).refused_with("another heliograph", "--data-dir")


# -- arguments


async def test_an_unknown_chat_is_named(run: Run, configure: Configure, rows: Rows) -> None:
    configure()
    await rows.chat(-1_000_000_000_001, title="Harbour")
    await rows.message(-1_000_000_000_001, 1)
    (await run("sync", "@nobody")).refused_with("@nobody", "heliograph chats")


async def test_a_title_of_several_chats_is_refused_with_their_ids(run: Run, configure: Configure, rows: Rows) -> None:
    configure()
    for chat_id in (-1_000_000_000_001, -1_000_000_000_002):
        await rows.chat(chat_id, title="Harbour")
        await rows.message(chat_id, 1)
    (await run("sync", "harbour")).refused_with("several chats", "-1000000000001", "-1000000000002")


async def test_an_argument_that_is_no_text_is_refused(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("search", os.fsdecode(b"caf\xe9"))
    ran.refused_with("caf", "not UTF-8")
    assert ran.code == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
async def test_the_simulator_listens_on_loopback_only(run: Run, host: str) -> None:
    (await run("simulator", "--host", host)).refused_with(host, "loopback")


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        (["search", "debug"], None),
        (["search", "--chat", "--log-level=debug", "word"], None),
        (["--log-level", "info", "search", "--log-level=debug"], "info"),
        (["--log-level", "debug", "search", "word"], "debug"),
        (["--log-level=debug", "status"], "debug"),
    ],
)
def test_a_traceback_is_for_the_debug_level_and_not_for_the_word(arguments: list[str], level: str | None) -> None:
    assert main.log_level(arguments) == level


async def test_a_date_that_is_none_is_refused(run: Run, configure: Configure) -> None:
    configure()
    (await run("search", "word", "--from", "soon")).refused_with("soon", "2026-01-31")
