"""The ``heliograph`` command. Every error a person can meet ends as one sentence and a non-zero exit."""

from __future__ import annotations

import importlib
import keyword
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from heliograph import __version__, errors
from heliograph.cli import console, options

COMMANDS = {
    "demo": "heliograph.cli.demo.command",
    "init": "heliograph.cli.initialise",
    "login": "heliograph.cli.login",
    "run": "heliograph.cli.run",
    "sync": "heliograph.cli.collect",
    "follow": "heliograph.cli.collect",
    "chats": "heliograph.cli.chats",
    "status": "heliograph.cli.status",
    "search": "heliograph.cli.search",
    "import": "heliograph.cli.imports",
    "unimport": "heliograph.cli.unimport",
    "export": "heliograph.cli.exports",
    "verify": "heliograph.cli.verify",
    "gaps": "heliograph.cli.gaps",
    "dead-letters": "heliograph.cli.letters",
    "doctor": "heliograph.cli.doctor",
    "simulator": "heliograph.cli.simulator",
}
"""Each command is the function of its name in its module; one with commands of its own is a Typer of that name."""

TAKE_CHATS = {"sync", "unimport", "export", "verify", "gaps"}
"""Commands whose arguments may be ids of chats, which begin with a minus as options do; see chats.resolve."""


def _show_version(value: bool) -> None:
    if value:
        console.out(f"heliograph {__version__}")
        raise typer.Exit


def root(
    context: typer.Context,
    data_dir: Annotated[Path | None, options.path("Where configuration, keys and the private database live.")] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option(help="How much to log to stderr.")
    ] = None,
    log_format: Annotated[
        Literal["console", "json"] | None, typer.Option(help="Log lines for people or programs.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Mirror your Telegram groups and channels into PostgreSQL, live and complete."""
    context.obj = options.Options(data_dir=data_dir, log_level=log_level, log_format=log_format)


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line, with the commands that ``arguments`` may mean, or all of them.

    Half of what could be imported is TL classes or web framework, which no command needs both of; a crawler that
    restarts after a crash should not wait for it.
    """
    app = _bare()
    named = _named(arguments)
    for name in [named] if named in COMMANDS else COMMANDS:
        found = getattr(importlib.import_module(COMMANDS[name]), _function(name))
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, context_settings={"ignore_unknown_options": name in TAKE_CHATS})(found)
    return app


def log_level(arguments: Sequence[str]) -> str | None:
    """Return the --log-level that was asked for, as the command line itself understands its words."""
    command = typer.main.get_command(_bare())
    level: str | None = command.make_context("heliograph", list(arguments), resilient_parsing=True).params["log_level"]
    return level


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    try:
        _check(arguments)
        build(arguments)()
    except errors.HeliographError as error:
        _end(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        _end(options.translate(error))
    except Exception as error:  # the outermost edge: nobody should have to read a traceback
        if log_level(arguments) == "debug":
            raise
        console.complain(
            f"Heliograph met something it does not expect ({type(error).__name__}); "
            "run the same command with `--log-level debug` before it to see where, and report that."
        )
        sys.exit(70)


def _function(name: str) -> str:
    """Return what the function of a command is called in Python."""
    word = name.replace("-", "_")
    return f"{word}_" if keyword.iskeyword(word) else word


def _named(arguments: Sequence[str]) -> str:
    """Return what stands where a command's name does: the first argument that is neither an option nor its value."""
    command = typer.main.get_command(_bare())
    parser = command.make_parser(typer.Context(command, resilient_parsing=True))
    _, rest, _ = parser.parse_args(list(arguments))
    return rest[0] if rest else ""


def _check(arguments: Sequence[str]) -> None:
    """Refuse what neither PostgreSQL nor Telegram can hold before anything is done with it."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="surrogateescape").decode(errors="replace")
            raise errors.BadInput(f"The argument {shown!r} is not UTF-8 text; type it again.") from None
        if "\0" in argument:
            raise errors.BadInput(f"The argument {argument!r} holds a zero byte; type it again.")


def _end(error: errors.HeliographError) -> NoReturn:
    if not error.is_told:
        console.complain(str(error))
    sys.exit(error.exit_code)


def _bare() -> typer.Typer:
    app = typer.Typer(
        name="heliograph",
        help="Mirror your Telegram groups and channels into PostgreSQL, live and complete.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(root)
    return app
