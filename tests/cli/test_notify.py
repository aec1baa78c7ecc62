"""What systemd is told, over a real datagram socket, by the words alone and by ``heliograph run``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Run, Start
from tests.fixtures.simulator import PHONE

from heliograph import config
from heliograph.cli import notify
from heliograph.simulator.server import Simulator


class Service:
    """Where a service manager listens."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.lines: list[str] = []

    def read(self) -> list[str]:
        """Return all lines that have been said."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.lines += self._socket.recv(65536).decode().splitlines()
        return self.lines

    async def until_told(self, line: str, after: int = 0) -> int:
        """Wait until a line is said after so many others; return how many lines there are then."""
        async with asyncio.timeout(60):
            while line not in self.read()[after:]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.lines.index(line, after) + 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a file", "an abstract name"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    made = Service(str(tmp_path / "notify") if request.param == "a file" else f"@heliograph-{uuid.uuid4().hex}")
    yield made
    made.close()


def test_each_word_is_one_datagram_of_lines(service: Service) -> None:
    manager = notify.Manager(service.address)
    manager.status("Starting: web")
    manager.ready("Heliograph is at http://127.0.0.1:8420/")
    manager.stopping()
    said = service.read()
    assert said[:3] == ["STATUS=Starting: web", "READY=1", "STATUS=Heliograph is at http://127.0.0.1:8420/"]
    assert "STOPPING=1" in said


async def test_the_watchdog_is_fed_only_once_ready_and_while_the_loop_turns(service: Service) -> None:
    manager = notify.Manager(service.address, watchdog_seconds=0.03)
    keeping = asyncio.create_task(manager.keep())
    await service.until_told("EXTEND_TIMEOUT_USEC=30000000")
    assert "WATCHDOG=1" not in service.lines
    manager.ready("all runs")
    await service.until_told("WATCHDOG=1")
    keeping.cancel()
    await asyncio.wait({keeping})
    told = len(service.read())
    await asyncio.sleep(0.1)
    assert len(service.read()) == told


def test_nobody_is_told_anything_without_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.Manager(*config.service_manager()).ready("nobody hears it")
    notify.Manager("/nowhere/at/all").ready("nobody is there")


def test_the_manager_is_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert config.service_manager() == ("/run/notify", 60.0)
    assert config.service_manager() == ("", 0.0)
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert config.service_manager() == ("", 0.0)


@pytest.mark.parametrize("role", [[], ["--role", "crawler"], ["--role", "web"]])
async def test_run_says_ready_alive_and_stopping_in_this_order(
    run: Run, start: Start, configure_for: Callable[..., None], simulator: Simulator, tmp_path: Path, role: list[str]
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    service = Service(str(tmp_path / "notify"))
    environment = {"NOTIFY_SOCKET": service.address, "WATCHDOG_USEC": "300000"}
    running = await start("run", *role, environment=environment)
    ready = await service.until_told("READY=1")
    assert "WATCHDOG=1" not in service.lines[: ready - 1]
    alive = await service.until_told("WATCHDOG=1", after=ready)
    await service.until_told("WATCHDOG=1", after=alive)
    # A loop that does not turn feeds no watchdog.
    running.process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(10):
        while ") T " not in Path(f"/proc/{running.process.pid}/stat").read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    told = len(service.read())
    await asyncio.sleep(0.5)
    assert len(service.read()) == told
    running.process.send_signal(signal.SIGCONT)
    await service.until_told("WATCHDOG=1", after=told)
    running.process.send_signal(signal.SIGTERM)
    await service.until_told("STOPPING=1", after=told)
    assert (await running.end()).code == 0
    assert service.read().count("READY=1") == 1
    service.close()
