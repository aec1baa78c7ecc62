"""The real command as a real process, and a simulated Telegram for it to sign in to."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import pty
import sys
import termios
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import forked
from tests.fixtures.simulator import API_HASH, API_ID, simulator, start_simulator

from heliograph import config
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile

__all__ = ["simulator", "start_simulator"]

PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def refused_with(self, *words: str) -> None:
        """Hold the ending against the rule: one sentence, a non-zero exit, no traceback."""
        assert self.code != 0
        assert "Traceback" not in self.err
        complaints = [line for line in self.err.splitlines() if line.startswith("heliograph: ")]
        assert len(complaints) == 1, self.err
        for word in words:
            assert word.casefold() in " ".join(self.err.split()).casefold(), (word, self.err)


Run = Callable[..., Coroutine[Any, Any, Ran]]


class Running:
    """A command that goes on until it is told to stop."""

    def __init__(self, process: asyncio.subprocess.Process, err: Path) -> None:
        self.process = process
        self._err = err

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8")

    async def until_says(self, word: str) -> str:
        """Wait until stderr holds ``word`` and return the line; fail when the command ends first."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                ended = self.process.returncode is not None
                for line in self.err.splitlines():
                    if word in line:
                        return line
                assert not ended, self.err
                await asyncio.sleep(0.02)

    async def end(self) -> Ran:
        """Wait until it has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            out = await self.process.stdout.read()
            await self.process.wait()
        return Ran(code=self.process.returncode, out=out.decode(), err=self.err)

    def children(self) -> list[int]:
        """Return the processes that it has started and that are still there."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


Start = Callable[..., Coroutine[Any, Any, Running]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[forked.Forks]:
    """A process that has imported every command already."""
    with forked.forks(tmp_path_factory.mktemp("forks")) as made:
        yield made


@pytest.fixture
def run(data_dir: Path, forks: forked.Forks) -> Run:
    """Run ``heliograph`` with arguments to its end, feeding it ``answers``.

    It is a process of its own, forked from one that has the imports behind it. A whole start of Python is made
    ``as_anybody`` and where the ``environment`` is not only our own settings, since both count while that starts.

    Root may read and write everything; where permissions are the matter ``as_anybody`` takes that away.
    """

    async def run(
        *arguments: str,
        answers: str = "",
        directory: Path = data_dir,
        environment: dict[str, str] | None = None,
        as_anybody: bool = False,
    ) -> Ran:
        given, typed = environment or {}, answers.encode()
        is_ours = all(name.startswith("HELIOGRAPH_") for name in given)
        if is_ours and not as_anybody and len(typed) <= forked.PIPE_BYTES:
            whole = ("--data-dir", str(directory), *arguments)
            seen = {**os.environ, "COLUMNS": "400", **given}
            running = forks.run(whole, answers=typed, environment=seen)
            return _ran(*await asyncio.wait_for(running, PATIENCE_SECONDS))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "--data-dir", str(directory), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "400", **given},
            preexec_fn=_become_anybody if as_anybody else None,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(typed), PATIENCE_SECONDS)
        except TimeoutError:
            process.kill()
            raise
        return _ran(process.returncode or 0, out, err)

    return run


def _ran(code: int, out: bytes, err: bytes) -> Ran:
    return Ran(code=code, out=out.decode(errors="replace"), err=err.decode(errors="replace"))


def _become_anybody() -> None:
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability)  # PR_CAPBSET_DROP, which the next exec obeys


@pytest.fixture
async def start(data_dir: Path, tmp_path: Path) -> AsyncIterator[Start]:
    """Start ``heliograph`` with arguments; it ends with the test at the latest."""
    started: list[Running] = []

    async def start(*arguments: str, directory: Path = data_dir, environment: dict[str, str] | None = None) -> Running:
        err = tmp_path / f"stderr-{len(started)}"
        with err.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "heliograph", "--data-dir", str(directory), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                env={**os.environ, "COLUMNS": "400", **(environment or {})},
            )
        started.append(Running(process, err))
        return started[-1]

    yield start
    for each in started:
        if each.process.returncode is None:
            each.process.kill()
            await each.process.wait()


class Person:
    """Somebody at a terminal, in front of a command."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self._shown = bytearray()
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    async def until_asked(self, question: str) -> None:
        """Wait until the terminal shows a question and waits for a hidden answer to it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while question not in self._text() or termios.tcgetattr(self._terminal)[3] & termios.ECHO:
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)

    async def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    async def end(self) -> Ran:
        """Wait until the command has ended; all that the terminal showed counts as its stderr."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.process.wait()
        self._read()
        assert termios.tcgetattr(self._terminal)[3] & termios.ECHO, "the terminal stays silent"
        return Ran(code=self.process.returncode, out="", err=self._text())

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._terminal)
        os.close(self._terminal)
        if self.process.returncode is None:
            self.process.kill()

    def _text(self) -> str:
        return self._shown.decode().replace("\r\n", "\n")

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self._shown += os.read(self._terminal, 65536)
        self._news.set()


Terminal = Callable[..., Coroutine[Any, Any, Person]]


@pytest.fixture
async def terminal(data_dir: Path) -> AsyncIterator[Terminal]:
    """Start ``heliograph`` with arguments on a terminal of its own."""
    people: list[Person] = []

    async def terminal(*arguments: str) -> Person:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "--data-dir", str(data_dir), *arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.set_blocking(ours, False)
        people.append(Person(process, ours))
        # Kept open here: a terminal without any reader has no settings left to look at.
        people[-1].theirs = theirs
        return people[-1]

    yield terminal
    for each in people:
        each.close()
        os.close(each.theirs)
        await each.process.wait()


@pytest.fixture
def configure(data_dir: Path, database_dsn: str) -> Callable[..., None]:
    """Write a configuration for the test's own database, and a master key."""

    def configure(**sections: dict[str, Any]) -> None:
        content: dict[str, Any] = {
            "telegram": {"api_id": API_ID, "api_hash": API_HASH},
            "database": {"url": database_dsn},
            "web": {"port": 0},
        }
        for name, section in sections.items():
            content[name] = {**content.get(name, {}), **section}
        config.write(data_dir / config.CONFIG_NAME, content)
        keyfile.ensure(data_dir / config.MASTER_KEY_NAME)

    return configure


@pytest.fixture
def configure_for(configure: Callable[..., None], tmp_path: Path) -> Callable[..., None]:
    """Write a configuration that leads to a simulator."""

    def configure_for(simulator: Simulator, **sections: dict[str, Any]) -> None:
        key = tmp_path / "telegram.pem"
        key.write_text(simulator.public_key_pem, "ascii")
        configure(
            telegram={
                "dc_address": simulator.host,
                "dc_port": simulator.port,
                "dc_public_key_file": str(key),
                "sign_up_name": "Ada",
                "rpc_deadline_seconds": 10,
            },
            **sections,
        )

    return configure_for
