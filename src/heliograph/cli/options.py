"""The options that stand before every command, and the settings they lead to."""

from __future__ import annotations

import asyncio
import errno
import math
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import typer
import uvloop

from heliograph import config, errors, log

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stood before the command's name."""

    data_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    log_format: Literal["console", "json"] | None = None

    @property
    def directory(self) -> Path:
        """The data directory, absolute."""
        return (self.data_dir or config.default_data_dir()).absolute()

    def arguments(self) -> list[str]:
        """Return these options as command-line arguments, for a child process."""
        given = {"--data-dir": str(self.directory), "--log-level": self.log_level, "--log-format": self.log_format}
        return [part for name, value in given.items() if value for part in (name, value)]


def port(help: str) -> Any:
    """Return a command-line option for a TCP port."""
    return typer.Option(min=0, max=65535, help=help)


def number(help: str, *, min: float) -> Any:
    """Return a command-line option for an amount, which is neither infinite nor no number at all."""
    return typer.Option(min=min, callback=_finite, help=help)


def path(help: str) -> Any:
    """Return a command-line option for a path."""
    return typer.Option(help=help, parser=_path, metavar="PATH", show_default=False)


def _finite(value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no amount.")
    return value


def _path(text: str) -> Path:
    if not text:
        # It would mean the working directory, which nobody means by an unset variable of a script.
        raise errors.BadInput("A path that was given is empty; write `.` if the working directory is meant.")
    return Path(text)


def of(context: typer.Context) -> Options:
    """Return the options of this invocation."""
    options = context.obj
    assert isinstance(options, Options)
    return options


def settings(options: Options, *, must_exist: bool = True, quiet: bool = False) -> config.Settings:
    """Load the settings and set up logging by them; ``quiet`` logs warnings only, for commands that print."""
    loaded = config.load(options.data_dir, must_exist=must_exist)
    level = options.log_level or ("warning" if quiet else loaded.log.level)
    log.setup(form=options.log_format or loaded.log.format, level=level)
    return loaded


def run(main: Coroutine[object, object, T]) -> T:
    """Run a command's coroutine to its end, translating what the operating system refuses."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)
    except OSError as error:
        raise translate(error) from error


def translate(error: OSError) -> errors.HeliographError:
    """Return the sentence for an operating-system error."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return errors.DiskFull()
    if error.errno == errno.EADDRINUSE:
        return errors.PortTaken()
    where = f" at {error.filename}" if error.filename else ""
    return errors.HeliographError(
        f"The operating system refused{where}: {error.strerror or error}; mend that and try again."
    )
