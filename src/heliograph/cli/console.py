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

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False)


def out(text: str) -> None:
    """Print a line of result."""
    stdout.print(text, markup=False)


def table(rows: Table) -> None:
    """Print a table: as wide as the terminal, and whole where a program reads it."""
    if stdout.is_terminal:
        stdout.print(rows)
    else:
        Console(file=sys.stdout, highlight=False, width=_BOUNDLESS).print(rows)


def note(text: str) -> None:
    """Print a line for the person that waits, not for a program that reads."""
    stderr.print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print the one sentence of an error."""
    # Never folded: a path or a command in it is there to be copied.
    stderr.print(f"heliograph: {text}", markup=False, style="red", soft_wrap=True)


def json(value: Any) -> None:
    """Print one JSON document on one line, in UTF-8 whatever the terminal speaks."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, default=str) + b"\n")
    sys.stdout.buffer.flush()


def plain(text: str) -> str:
    """Return foreign text on one line, without control characters that could steer a terminal."""
    return "".join(character if character.isprintable() or character in _JOINERS else " " for character in text)
