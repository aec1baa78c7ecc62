"""The real command as a real process, and a simulated Telegram for it to sign in to."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def run(data_dir: Path) -> Run:
    """Run ``heliograph`` with arguments to its end, feeding it ``answers``."""

    async def run(*arguments: str, answers: str = "", directory: Path = data_dir) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "--data-dir", str(directory), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "400"},
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(answers.encode()), PATIENCE_SECONDS)
        except TimeoutError:
            process.kill()
            raise
        return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())

    return run


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
def configure_for(configure: Callable[..., None], tmp_path: Path) -> Callable[[Simulator], None]:
    """Write a configuration that leads to a simulator."""

    def configure_for(simulator: Simulator) -> None:
        key = tmp_path / "telegram.pem"
        key.write_text(simulator.public_key_pem, "ascii")
        configure(
            telegram={
                "dc_address": simulator.host,
                "dc_port": simulator.port,
                "dc_public_key_file": str(key),
                "sign_up_name": "Ada",
                "rpc_deadline_seconds": 10,
            }
        )

    return configure_for
