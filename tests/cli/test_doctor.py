"""``heliograph doctor``: green when all is right, and for each fault one finding with its remedy."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.cli.conftest import Ran, Run
from tests.fixtures.simulator import API_ID, PHONE, StartSimulator

from heliograph import clock, config
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile

Configure = Callable[..., None]
ConfigureFor = Callable[..., None]


class FastClock(clock.SystemClock):
    """A clock that is ten minutes ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=10)


def findings(ran: Ran) -> dict[str, dict[str, Any]]:
    return {finding["check"]: finding for finding in json.loads(ran.out)}


def states(ran: Ran) -> dict[str, str]:
    return {check: finding["state"] for check, finding in findings(ran).items()}


def assert_red(ran: Ran, check: str, *words: str) -> None:
    """Hold a finding against the rule: it failed, and its remedy is the one for this fault."""
    finding = findings(ran)[check]
    assert (ran.code, finding["state"]) == (1, "failed"), finding
    for word in words:
        assert word in f"{finding['detail']} {finding['remedy']}", finding


async def test_all_is_green_after_a_sign_in(run: Run, configure_for: ConfigureFor, simulator: Simulator) -> None:
    configure_for(simulator)
    before = await run("doctor", "--json")
    assert (before.code, states(before).pop("accounts")) == (0, "warning")
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    ran = await run("doctor", "--json")
    checks = ("configuration", "disk", "master key", "database", "schema", "accounts", "telegram", "clock")
    assert (ran.code, states(ran)) == (0, dict.fromkeys(checks, "ok"))
    shown = await run("doctor")
    assert [line[:1] for line in shown.out.splitlines()] == ["✓"] * len(checks)


async def test_what_others_may_read_is_red(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, data_dir: Path
) -> None:
    configure_for(simulator)
    data_dir.chmod(0o755)
    (data_dir / config.MASTER_KEY_NAME).chmod(0o644)
    ran = await run("doctor", "--json")
    assert_red(ran, "configuration", f"chmod 700 {data_dir}")
    assert_red(ran, "master key", "chmod 600")
    (data_dir / config.CONFIG_NAME).chmod(0o640)
    assert_red(await run("doctor", "--json"), "configuration", "chmod 600", config.CONFIG_NAME)


async def test_a_configuration_that_is_missing_or_damaged_is_red(
    run: Run, configure: Configure, data_dir: Path
) -> None:
    assert_red(await run("doctor", "--json"), "configuration", "heliograph init")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = {"dc_address": "127.0.0.1", "dc_port": unused.getsockname()[1]}
        configure(telegram=nowhere)
        assert_red(await run("doctor", "--json"), "telegram", "network", "telegram.dc_address")
    configure(telegram={"dc_public_key_file": str(data_dir / "none.pem")})
    ran = await run("doctor", "--json")
    assert_red(ran, "telegram", "none.pem", "Correct telegram.dc_public_key_file")
    assert "network" not in findings(ran)["telegram"]["remedy"]


async def test_a_damaged_configuration_gets_a_remedy_that_works(run: Run, configure: Configure, data_dir: Path) -> None:
    """Regression: init was advised, which refuses a configuration that exists."""
    configure()
    path = data_dir / config.CONFIG_NAME
    path.chmod(0)
    ran = await run("doctor", "--json", as_anybody=True)
    assert_red(ran, "configuration", "may not be read by this user", f"chmod u+r {path}")
    assert "init" not in findings(ran)["configuration"]["remedy"]
    path.chmod(0o600)
    path.write_text("damaged [", "utf-8")
    assert "init --force" in findings(await run("doctor", "--json"))["configuration"]["remedy"]
    path.write_text("[web]\nport = -1", "utf-8")
    assert findings(await run("doctor", "--json"))["configuration"]["remedy"] == "Correct it there."


async def test_a_data_directory_that_cannot_be_written_is_red(run: Run, configure: Configure, data_dir: Path) -> None:
    """Regression: all was well according to doctor, and run ended at its lock."""
    configure(telegram={"dc_address": "127.0.0.1", "dc_port": 1})
    data_dir.chmod(0o500)
    assert_red(await run("doctor", "--json", as_anybody=True), "disk", f"chmod u+wx {data_dir}")


async def test_keys_database_and_schema_are_red_with_their_remedies(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, data_dir: Path, database_dsn: str, tmp_path: Path
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    (data_dir / config.MASTER_KEY_NAME).unlink()
    assert_red(await run("doctor", "--json"), "master key", "backup")
    keyfile.ensure(data_dir / config.MASTER_KEY_NAME)
    assert_red(await run("doctor", "--json"), "accounts", "Restore the master key")
    with psycopg.connect(database_dsn) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    assert_red(await run("doctor", "--json"), "schema", "Upgrade")
    path = data_dir / config.CONFIG_NAME
    config.write(path, {**config.read(path), "database": {"url": f"postgresql:///nowhere?host={tmp_path}"}})
    assert_red(await run("doctor", "--json"), "database", "database.url")


async def test_a_wrong_api_hash_is_red(run: Run, start_simulator: StartSimulator, configure_for: ConfigureFor) -> None:
    telegram = await start_simulator(api_id=API_ID, api_hash="f" * 32)
    telegram.faults.refuse("*", "API_ID_INVALID", times=10)
    configure_for(telegram)
    assert_red(await run("doctor", "--json"), "telegram", "heliograph init --force")


async def test_a_clock_that_is_off_is_red(
    run: Run, start_simulator: StartSimulator, configure_for: ConfigureFor
) -> None:
    configure_for(await start_simulator(time=FastClock()))
    assert_red(await run("doctor", "--json"), "clock", "NTP")


@pytest.mark.parametrize(("options", "is_said"), [([], False), (["--log-level=debug", "--log-format=json"], True)])
def test_the_log_level_is_obeyed(tmp_path: Path, options: list[str], is_said: bool) -> None:
    # Doctor itself has nothing to log when all goes well, so that what it set up is asked afterwards.
    program = """
import contextlib, sys
from heliograph import log
from heliograph.cli import main
with contextlib.suppress(SystemExit):
    main.build(["doctor"])(sys.argv[1:])
log.get("test").debug("looked")
"""
    arguments = ["--data-dir", str(tmp_path), *options, "doctor"]
    ran = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, timeout=60, check=True)
    assert (json.loads(ran.stderr)["event"] == "looked") if is_said else not ran.stderr
