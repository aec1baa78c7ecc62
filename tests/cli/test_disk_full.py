"""A disk that fills up under ``heliograph run``: on a real file system, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import PATIENCE_SECONDS, Running
from tests.fixtures import namespaces
from tests.fixtures.simulator import PHONE

from heliograph import config
from heliograph.simulator.server import Simulator

ConfigureFor = Callable[..., None]

# The file system is the namespace's own: it goes with the last process in it.
INSIDE = """
set -e
mount -t tmpfs -o size=200m,mode=700 tmpfs "$0"
echo 12345 | "$@" login --phone {phone}
exec "$@" run
"""
NEARLY_FULL = """
set -e
cp -a "$0" "$0.kept"
mount -t tmpfs -o size=20m,mode=700 tmpfs "$0"
cp -a "$0.kept/." "$0"
exec "$@" --data-dir "$0" doctor --json
"""


def fill(path: Path) -> None:
    """Write until there is no room."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


async def test_doctor_names_a_disk_that_is_nearly_full(configure: Callable[..., None], data_dir: Path) -> None:
    namespaces.require()
    configure(telegram={"dc_address": "127.0.0.1", "dc_port": 9})
    process = await asyncio.create_subprocess_exec(
        *(*namespaces.COMMAND, "sh", "-c", NEARLY_FULL, str(data_dir), sys.executable, "-m", "heliograph"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    (disk,) = [finding for finding in json.loads(out) if finding["check"] == "disk"]
    assert (process.returncode, disk["state"]) == (1, "failed")
    assert "Free some space" in disk["remedy"]


@pytest.fixture
async def running(
    configure_for: ConfigureFor, simulator: Simulator, data_dir: Path, tmp_path: Path
) -> AsyncIterator[Running]:
    """``heliograph run`` with its private database on a file system of 200 MB."""
    namespaces.require()
    configure_for(simulator)
    path = data_dir / config.CONFIG_NAME
    content = config.read(path)
    config.write(path, {name: section for name, section in content.items() if name != "database"})
    home = data_dir / "postgres"
    home.mkdir(mode=0o700)
    command = (sys.executable, "-m", "heliograph", "--data-dir", str(data_dir))
    with (tmp_path / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *(*namespaces.COMMAND, "sh", "-c", INSIDE.format(phone=PHONE), str(home), *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=err,
            env={**os.environ, "COLUMNS": "400"},
        )
    yield Running(process, tmp_path / "stderr")
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()


async def texts(url: str, chat_id: int) -> set[str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}api/chats/{chat_id}/messages", params={"limit": 100})
    return {item["text"] for item in answer.json()["messages"]} if answer.status_code == 200 else set()


async def test_what_was_posted_while_the_disk_was_full_comes_once_there_is_room(
    running: Running, simulator: Simulator, data_dir: Path
) -> None:
    line = await running.until_says("Heliograph is at")
    url = next(word for word in line.split() if word.startswith("http"))
    filler = Path(f"/proc/{running.process.pid}/root{data_dir}/postgres/filler")
    fill(filler)
    world = simulator.world
    chat = next(chat for chat in world.chats.values() if chat.kind == "channel")
    posted = {f"written without room {number} {'x' * 3000}" for number in range(40)}
    for text in posted:
        world.post(chat, world.owner(chat), text)
    await running.until_says("The disk is full")
    assert not posted <= await texts(url, chat.peer)
    filler.unlink()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not posted <= await texts(url, chat.peer):  # noqa: ASYNC110 - a process of its own announces nothing
            await asyncio.sleep(0.1)
    assert running.process.returncode is None
    assert "Traceback" not in running.err
