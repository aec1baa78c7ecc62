"""Where commands print: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

_BOUNDLESS = 1_000_000
"""Columns of a line that a program reads, which may be of any length."""
_JOINERS = "\u200c\u200d"
"""Invisible, but without them some scripts and emoji fall apart."""

_OPTIONS: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
"""Brackets and colons in a chat's title are its own: nothing that is printed is markup, in tables neither."""

stdout = Console(soft_wrap=True, **_OPTIONS)
stderr = Console(stderr=True, **_OPTIONS)


def out(text: str) -> None:
    """Print a line of result."""
    stdout.print(text)


def table(rows: Table) -> None:
    """Print a table: as wide as the terminal, and whole where a program reads it."""
    if stdout.is_terminal:
        stdout.print(rows)
    else:
        Console(file=sys.stdout, width=_BOUNDLESS, **_OPTIONS).print(rows)


def note(text: str) -> None:
    """Print a line for the person that waits, not for a program that reads."""
    stderr.print(text, soft_wrap=True)


def complain(text: str) -> None:
    """Print the one sentence of an error."""
    # Never folded: a path or a command in it is there to be copied.
    stderr.print(f"heliograph: {text}", style="red", soft_wrap=True)


def json(value: Any) -> None:
    """Print one JSON document on one line, in UTF-8 whatever the terminal speaks."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, default=str) + b"\n")
    sys.stdout.buffer.flush()


def plain(text: str) -> str:
    """Return foreign text on one line, without control characters that could steer a terminal."""
    return "".join(character if character.isprintable() or character in _JOINERS else " " for character in text)
