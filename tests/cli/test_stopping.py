"""How a process stops: in order by the first signal, at once by the second, whatever its event loop does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import PATIENCE_SECONDS, Run, Running, Start
from tests.fixtures.simulator import PHONE

from heliograph import config
from heliograph.cli import child
from heliograph.simulator.server import Simulator
from heliograph.store import server

PROGRAM = """
import asyncio, time
from heliograph import log
from heliograph.cli import stopping

log.setup(level="warning")

async def main():
    stop = await stopping.until_stopped(supervised=False, limit_seconds={limit})
    stop.last_acts.append(lambda: print("last act", flush=True))
    print("ready", flush=True)
    await stop.wait()
    print("stopping", flush=True)
    {then}

asyncio.run(main())
"""


async def program(then: str, limit: float | None = None) -> asyncio.subprocess.Process:
    """Start a program that does something when it is told to stop, and wait until it runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM.format(then=then, limit=limit)), stdout=asyncio.subprocess.PIPE
    )
    assert await process.stdout.readline() == b"ready\n"
    return process


async def rest(process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        out = await process.stdout.read()
        return await process.wait(), out.decode()


async def until_gone(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal until the process has ended: one that follows the first too closely counts as its echo."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while process.returncode is None:
            process.send_signal(number)
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_stops_in_order(number: signal.Signals) -> None:
    process = await program("print('done', flush=True)")
    process.send_signal(number)
    assert await rest(process) == (0, "stopping\ndone\n")


@pytest.mark.parametrize("then", ["await asyncio.sleep(1000)", "time.sleep(1000)"])
async def test_the_second_signal_ends_a_process_at_once_even_when_its_loop_is_blocked(then: str) -> None:
    process = await program(then)
    process.send_signal(signal.SIGTERM)
    assert await process.stdout.readline() == b"stopping\n"
    await until_gone(process, signal.SIGTERM)
    assert await rest(process) == (128 + signal.SIGTERM, "last act\n")


async def test_a_signal_that_is_sent_twice_at_once_is_one_wish() -> None:
    process = await program("await asyncio.sleep(0.1); print('done', flush=True)")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert await rest(process) == (0, "stopping\ndone\n")


async def test_a_stop_in_order_that_takes_too_long_is_given_up() -> None:
    process = await program("await asyncio.sleep(1000)", limit=0.1)
    process.send_signal(signal.SIGTERM)
    assert await rest(process) == (0, "stopping\nlast act\n")


async def test_a_child_that_falls_silent_is_killed_and_started_again(tmp_path: Path) -> None:
    """A blocked loop cannot see itself: SIGSTOP stands for whatever blocks it."""
    stalls: list[str] = []
    simulator = child.Child(
        "simulator",
        [*("--data-dir", str(tmp_path), "--log-level", "error"), *("simulator", "--port", "0", "--chats", "1")],
        stall_seconds=2,
        on_stall=lambda: stalls.append("simulator"),
    )
    await simulator.start()
    try:
        first = simulator.pid
        os.kill(first, signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await simulator.until_started(2)
        assert simulator.pid != first
        assert stalls == ["simulator"]
    finally:
        await simulator.stop()


async def test_a_child_that_says_it_lives_is_left_alone(tmp_path: Path) -> None:
    arguments = ["--data-dir", str(tmp_path), "--log-level", "error", "simulator", "--port", "0", "--chats", "1"]
    simulator = child.Child("simulator", arguments, stall_seconds=2, on_stall=lambda: pytest.fail("it lives"))
    await simulator.start()
    await asyncio.sleep(4)
    assert simulator.starts == 1
    await simulator.stop()


async def until_crawling(data_dir: Path) -> int:
    note = data_dir / "run" / "crawler.json"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not note.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return int(json.loads(note.read_text())["pid"])


async def gone(pids: list[int]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(Path(f"/proc/{pid}").exists() for pid in pids):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def stop_twice(running: Running, number: signal.Signals) -> None:
    running.process.send_signal(number)
    await running.until_says("stopping")
    await until_gone(running.process, number)


async def test_a_second_signal_to_run_ends_its_parts_at_once(
    run: Run, start: Start, configure_for: Callable[..., None], simulator: Simulator, data_dir: Path
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    await running.until_says("Heliograph is at")
    crawler = await until_crawling(data_dir)
    children = running.children()
    os.kill(crawler, signal.SIGSTOP)  # it cannot stop in order, so that the second signal has something to end
    await stop_twice(running, signal.SIGINT)
    assert (await running.end()).code == 128 + signal.SIGINT
    await gone(children)


async def test_a_second_signal_leaves_no_private_server_running(
    run: Run, start: Start, configure_for: Callable[..., None], simulator: Simulator, data_dir: Path
) -> None:
    configure_for(simulator)
    path = data_dir / config.CONFIG_NAME
    config.write(path, {**config.read(path), "database": {}})
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("run")
    await running.until_says("Heliograph is at")
    postmaster = int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(await until_crawling(data_dir), signal.SIGSTOP)
    await stop_twice(running, signal.SIGTERM)
    assert (await running.end()).code == 128 + signal.SIGTERM
    await gone([postmaster])
    assert (await run("status", "--json")).code == 0


async def test_a_server_that_is_left_on_the_way_to_its_end_is_started_anew(tmp_path: Path) -> None:
    """The next user finds it alive and shutting down."""
    left, other = (server.PrivateServer(tmp_path / "postgres") for _ in range(2))
    await left.start()
    left.abandon()
    os.close(left._share)  # as the end of its process does
    await other.start()
    assert other._is_alive()
    await other.stop()
