"""``heliograph run``: all roles until Ctrl-C, again after a crash, and one sentence when no new start can help."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.cli.conftest import Run, Start
from tests.fixtures.simulator import PHONE

from heliograph import config, errors
from heliograph.cli import child
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile

Configure = Callable[..., None]
ConfigureFor = Callable[..., None]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def answers(url: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{url}api/status")).json()


async def until_another(note: Path, first: int) -> None:
    """Wait until another process than ``first`` has said that it crawls."""
    async with asyncio.timeout(30):
        while not note.exists() or json.loads(note.read_text())["pid"] == first:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_run_serves_starts_a_killed_part_again_and_stops_on_sigint(
    run: Run, start: Start, configure_for: ConfigureFor, simulator: Simulator, data_dir: Path
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    line = await running.until_says("Heliograph is at")
    url = next(word for word in line.split() if word.startswith("http"))
    async with asyncio.timeout(30):
        while (await answers(url))["crawler"] != "running":  # noqa: ASYNC110 - a process of its own announces nothing
            await asyncio.sleep(0.1)
    note = data_dir / "run" / "crawler.json"
    first = json.loads(note.read_text())["pid"]
    os.kill(first, signal.SIGKILL)
    await until_another(note, first)
    children = running.children()
    assert len(children) == 3
    running.process.send_signal(signal.SIGINT)
    async with asyncio.timeout(15):
        ended = await running.end()
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    assert all(is_gone(pid) for pid in children)


async def test_run_without_an_account_ends_and_names_login(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("run")
    ran.refused_with("no telegram account", "heliograph login")
    assert ran.code == 1


async def test_a_taken_port_ends_run_with_one_sentence(run: Run, configure: Configure) -> None:
    configure()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        (await run("run", "--port", port)).refused_with(port, "in use", "--port")


async def test_another_master_key_ends_run_whether_it_starts_or_starts_a_part_again(
    run: Run, start: Start, configure_for: ConfigureFor, simulator: Simulator, data_dir: Path
) -> None:
    """Regression: a permanent error after the announcement made an endless loop of starts."""
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    await running.until_says("Heliograph is at")
    (data_dir / config.MASTER_KEY_NAME).unlink()
    keyfile.ensure(data_dir / config.MASTER_KEY_NAME)
    os.kill(json.loads((data_dir / "run" / "crawler.json").read_text())["pid"], signal.SIGKILL)
    (await running.end()).refused_with("master key", "restore")
    (await run("run")).refused_with("master key", "restore")


async def test_an_ended_session_ends_run_and_names_login(
    run: Run, start: Start, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    await running.until_says("Heliograph is at")
    simulator.faults.refuse("*", "SESSION_REVOKED", 401, times=1000)
    simulator.faults.cut(0)
    (await running.end()).refused_with("heliograph login")
    with psycopg.connect(database_dsn) as conn:
        assert conn.execute("SELECT state FROM accounts").fetchone() == ("signed_out",)


async def test_a_part_whose_database_is_away_is_tried_again_with_growing_pauses(
    start: Start, run: Run, configure_for: ConfigureFor, simulator: Simulator, data_dir: Path, tmp_path: Path
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    await running.until_says("Heliograph is at")
    path = data_dir / config.CONFIG_NAME
    content = config.read(path)
    config.write(path, {**content, "database": {"url": f"postgresql:///nowhere?host={tmp_path}"}})
    note = data_dir / "run" / "crawler.json"
    first = json.loads(note.read_text())["pid"]
    os.kill(first, signal.SIGKILL)
    await running.until_says("database cannot be reached")
    config.write(path, content)
    await until_another(note, first)
    assert running.process.returncode is None
    running.process.send_signal(signal.SIGINT)
    assert (await running.end()).code == 0


def test_a_part_that_telegram_refuses_is_tried_again() -> None:
    """Regression: one 500 from Telegram counted as permanent and ended run, web server included."""
    with pytest.raises(errors.RpcFailed) as refused, child.healing(supervised=True):
        raise errors.RpcFailed("INTERNAL", 500)
    assert refused.value.exit_code == child.TRY_AGAIN
