"""Whatever a person gets wrong ends as one sentence that says what to do, with nothing half-written."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.cli.conftest import Run
from tests.fixtures.simulator import API_ID, PHONE, StartSimulator

from heliograph import config
from heliograph.cli import lock
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile

Configure = Callable[..., None]
ConfigureFor = Callable[[Simulator], None]


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
    run: Run, data_dir: Path, configure_for: ConfigureFor, simulator: Simulator
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    (data_dir / config.MASTER_KEY_NAME).unlink()
    keyfile.ensure(data_dir / config.MASTER_KEY_NAME)
    (await run("sync")).refused_with("master key", "restore")


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


async def test_a_flood_wait_at_login_says_how_long(run: Run, configure_for: ConfigureFor, simulator: Simulator) -> None:
    configure_for(simulator)
    simulator.faults.flood("auth.sendCode", 77)
    (await run("login", "--phone", PHONE, answers="12345\n")).refused_with("wait 77 s")


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


async def test_an_unknown_chat_is_named(run: Run, configure: Configure) -> None:
    configure()
    (await run("sync", "@nobody")).refused_with("@nobody", "heliograph chats")


async def test_a_date_that_is_none_is_refused(run: Run, configure: Configure) -> None:
    configure()
    (await run("search", "word", "--from", "soon")).refused_with("soon", "2026-01-31")
