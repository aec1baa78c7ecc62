"""``heliograph run`` beside a PostgreSQL of somebody else's that is away when it starts."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.cli.conftest import Run, Running, Start
from tests.cli.test_notify import Service
from tests.fixtures.postgres_proxy import postgres_proxy, proxied_dsn  # noqa: F401
from tests.fixtures.simulator import PHONE

from heliograph.cli import child
from heliograph.simulator.postgres_proxy import PostgresProxy
from heliograph.simulator.server import Simulator
from heliograph.store import server

WAITING = "Waiting for the database."


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(str(tmp_path / "notify"))
    yield made
    made.close()


def said(running: Running, word: str) -> int:
    return sum(word in line for line in running.err.splitlines())


async def until_refused_again(refusing: socket.socket, times: int) -> None:
    """Let so many more attempts at a database come to nothing."""
    for _ in range(times):
        async with asyncio.timeout(30):
            connection, _ = await asyncio.get_running_loop().sock_accept(refusing)
        connection.close()


@pytest.mark.parametrize("role", [[], ["--role", "crawler"]])
async def test_run_waits_for_a_database_that_comes_later_and_is_ready_only_then(
    run: Run,
    start: Start,
    configure_for: Callable[..., None],
    simulator: Simulator,
    postgres_proxy: PostgresProxy,  # noqa: F811
    proxied_dsn: str,  # noqa: F811
    service: Service,
    role: list[str],
) -> None:
    """Regression: it ended at once, and systemd gave it up for good after twenty starts."""
    configure_for(simulator, database={"url": proxied_dsn})
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    await postgres_proxy.refuse()
    running = await start("run", *role, environment={"NOTIFY_SOCKET": service.address, "WATCHDOG_USEC": "300000"})
    line = await running.until_says(WAITING)
    assert "check that it runs" in line
    told = await service.until_told("STATUS=Waiting for the database")
    # The start takes longer and longer, which the service manager is asked to allow.
    await service.until_told("EXTEND_TIMEOUT_USEC=30000000", after=told)
    assert "READY=1" not in service.read()
    await postgres_proxy.accept()
    await service.until_told("READY=1")
    assert said(running, WAITING) == 1
    running.process.send_signal(signal.SIGTERM)
    assert (await running.end()).code == 0


async def test_a_server_that_starts_after_run_does_is_found(
    start: Start, configure: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "later"
    postgres = server.PrivateServer(folder)
    dsn = await postgres.start()
    await postgres.stop()
    configure(database={"url": dsn}, crawler={"enabled": False})
    running = await start("run")
    await running.until_says(WAITING)
    try:
        await postgres.start()
        await running.until_says("Heliograph is at")
        running.process.send_signal(signal.SIGTERM)
        assert (await running.end()).code == 0
    finally:
        await postgres.stop()


@pytest.mark.parametrize("role", [[], ["--role", "crawler"]])
async def test_a_stop_while_run_waits_for_the_database_ends_it_in_order(
    start: Start, configure: Callable[..., None], service: Service, role: list[str]
) -> None:
    """Neither the pause between two attempts nor an attempt that nobody answers holds it up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        configure(database={"url": f"postgresql://heliograph@127.0.0.1:{port}/heliograph?sslmode=disable"})
        running = await start("run", *role, environment={"NOTIFY_SOCKET": service.address})
        await until_refused_again(silent, 2)
        await running.until_says(WAITING)
        async with asyncio.timeout(30):
            connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        with contextlib.closing(connection):
            begun = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            ended = await running.end()
        assert time.monotonic() - begun < child.STOP_SECONDS / 4
        assert (ended.code, "Traceback" in ended.err) == (0, False)
        await service.until_told("STOPPING=1")


@pytest.mark.parametrize(
    ("part", "value", "word"),
    [
        ("dbname", "nowhere", "does not exist"),
        ("password", "wrong", "password authentication failed"),
        ("user", "nobody", "no password supplied"),
    ],
)
async def test_what_waiting_does_not_mend_ends_run_at_once(
    run: Run, configure: Callable[..., None], database_dsn: str, part: str, value: str, word: str
) -> None:
    configure(database={"url": psycopg.conninfo.make_conninfo(database_dsn, **{part: value})})
    ran = await run("run")
    ran.refused_with(word, "database.url is right")
    assert (ran.code, WAITING in ran.err) == (1, False)


async def test_a_part_that_is_not_ready_yet_is_started_again_too_when_its_database_goes(
    data_dir: Path, configure: Callable[..., None], database_dsn: str, tmp_path: Path
) -> None:
    """Regression: at the first start of a part an outage was as final as a wrong setting."""
    with socket.create_server(("127.0.0.1", 0)) as refusing:
        refusing.setblocking(False)
        configure(database={"url": f"postgresql://heliograph@127.0.0.1:{refusing.getsockname()[1]}/heliograph"})
        web = child.Child("web", ["--data-dir", str(data_dir), "run", "--role", "web"])
        starting = asyncio.create_task(web.start())
        try:
            await until_refused_again(refusing, 1)
            configure(database={"url": database_dsn})
            async with asyncio.timeout(60):
                assert "url" in await starting
            assert web.starts == 1
        finally:
            starting.cancel()
            await web.stop()
