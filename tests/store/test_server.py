"""The private server: who starts it, who shares it, who stops it, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from heliograph import errors
from heliograph.store import binaries, cluster, server

STARTER = """
import asyncio, pathlib, sys
from heliograph.store import server
async def main():
    await server.PrivateServer(pathlib.Path(sys.argv[1])).start()
    print("up", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "postgres"
    yield home
    if (pid := postmaster(home)) is not None:
        os.kill(pid, signal.SIGQUIT)


def postmaster(home: Path) -> int | None:
    try:
        return int((home / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError):
        return None


async def query(dsn: str, statement: str) -> object:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        row = await (await connection.execute(statement)).fetchone()
        assert row
        return row[0]


async def test_last_user_stops_it(home: Path) -> None:
    first, second = server.PrivateServer(home), server.PrivateServer(home)
    dsn = await first.start()
    await second.start()
    await first.stop()
    assert await query(dsn, "SELECT 1") == 1
    await second.stop()
    assert postmaster(home) is None


async def test_starters_at_the_same_time_share_one_server(home: Path) -> None:
    users = [server.PrivateServer(home) for _ in range(4)]
    dsns = await asyncio.gather(*(user.start() for user in users))
    assert len(set(dsns)) == 1
    await asyncio.gather(*(user.stop() for user in users))
    assert postmaster(home) is None


async def test_files_are_for_their_owner_only_and_nothing_listens_on_tcp(home: Path) -> None:
    user = server.PrivateServer(home)
    dsn = await user.start()
    try:
        assert await query(dsn, "SHOW listen_addresses") == ""
        for path in (home, home / "data"):
            assert path.stat().st_mode & 0o777 == 0o700
        for name in ("password", "server.log", server.SOCKET_NAME):
            assert (home / name).stat().st_mode & 0o077 == 0
    finally:
        await user.stop()


async def test_cancelled_start_leaves_no_server_behind(home: Path) -> None:
    """Regression: a server that had not written its process id yet was left running, without a user."""
    user = server.PrivateServer(home)
    await user.start()
    await user.stop()
    async with asyncio.timeout(60):
        while True:
            user = server.PrivateServer(home)
            starting = asyncio.create_task(user.start())
            while user._process is None:  # noqa: ASYNC110 - what comes before has no event
                await asyncio.sleep(0)
            if postmaster(home) is None:
                break
            # A busy machine may let it get that far before we look.
            await starting
            await user.stop()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert user._process.poll() is not None


async def test_wrong_password_is_refused(home: Path, tmp_path: Path) -> None:
    user = server.PrivateServer(home)
    dsn = await user.start()
    try:
        with pytest.raises(psycopg.OperationalError, match="password"):
            await query(psycopg.conninfo.make_conninfo(dsn, passfile="/dev/null", password="wrong"), "SELECT 1")
    finally:
        await user.stop()


async def test_server_outlives_a_killed_starter_and_is_adopted(home: Path) -> None:
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", STARTER, str(home), stdout=subprocess.PIPE)
    assert starter.stdout and await starter.stdout.readline() == b"up\n"
    before = postmaster(home)
    starter.kill()
    await starter.wait()
    user = server.PrivateServer(home)
    await user.start()
    assert postmaster(home) == before
    await user.stop()
    assert postmaster(home) is None


async def test_killed_server_recovers_what_was_committed(home: Path) -> None:
    user = server.PrivateServer(home)
    dsn = await user.start()
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    pid = postmaster(home)
    assert pid
    os.kill(pid, signal.SIGKILL)
    again = server.PrivateServer(home)
    assert await query(await again.start(), "SELECT n FROM kept") == 7
    await user.stop()
    await again.stop()
    assert postmaster(home) is None


async def test_pid_file_of_a_recycled_pid_is_not_believed(home: Path) -> None:
    user = server.PrivateServer(home)
    await user.start()
    await user.stop()
    (home / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{home / 'data'}\n0\n5432\n{home}\n\n0 0\nready\n")
    (home / f"{server.SOCKET_NAME}.lock").write_text(f"{os.getpid()}\n")
    assert await query(await user.start(), "SELECT 1") == 1
    await user.stop()


async def test_long_path_puts_the_socket_into_a_private_folder(tmp_path: Path) -> None:
    home = tmp_path / ("d" * 100) / "postgres"
    user = server.PrivateServer(home)
    assert await query(await user.start(), "SELECT 1") == 1
    socket = server.socket_directory(home)
    assert socket != home
    assert socket.stat().st_mode & 0o777 == 0o700
    await user.stop()
    assert not socket.exists()


async def test_half_made_data_directory_is_made_again(home: Path) -> None:
    (home / "data.part").mkdir(parents=True)
    (home / "data.part" / "PG_VERSION").write_text("18")
    user = server.PrivateServer(home)
    assert await query(await user.start(), "SELECT 1") == 1
    await user.stop()


async def test_other_major_version_is_refused(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(errors.DatabaseUnreachable, match="made by PostgreSQL 17"):
        await server.PrivateServer(home).start()


async def test_file_in_the_place_of_the_directory_is_refused(home: Path) -> None:
    home.write_text("")
    with pytest.raises(errors.DatabaseUnreachable, match="not a directory"):
        await server.PrivateServer(home).start()


async def test_foreign_files_are_not_touched(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "holiday.jpg").write_text("")
    with pytest.raises(errors.DatabaseUnreachable, match="not a PostgreSQL data directory"):
        await server.PrivateServer(home).start()
    assert (home / "data" / "holiday.jpg").exists()


async def test_damaged_data_is_explained_in_one_sentence(home: Path) -> None:
    user = server.PrivateServer(home)
    await user.start()
    await user.stop()
    (home / "data" / "global" / "pg_control").unlink()
    with pytest.raises(errors.DatabaseUnreachable, match=r"did not start: .*server\.log"):
        await user.start()


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  could not write lock file "postmaster.pid": No space left on device',
        "FATAL:  could not extend file: wrote only 4096 of 8192 bytes at block 0\nHINT:  Check free disk space.",
    ],
)
def test_full_disk_is_named(home: Path, said: str) -> None:
    assert isinstance(cluster.explain(said, home), errors.DiskFull)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs as somebody else")
async def test_without_namespaces_root_runs_it_as_an_existing_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "NAMESPACE", ("false",))
    home = Path(f"/tmp/heliograph-test-{os.getpid()}/postgres")
    user = server.PrivateServer(home)
    try:
        try:
            dsn = await user.start()
        except errors.DatabaseUnreachable as error:
            pytest.skip(str(error))
        assert (home / "data").stat().st_uid != 0
        assert await query(dsn, "SELECT 1") == 1
        await user.stop()
    finally:
        import shutil

        shutil.rmtree(home.parent, ignore_errors=True)
