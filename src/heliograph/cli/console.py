"""Where commands print: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from rich.console import Console

_JOINERS = "\u200c\u200d"
"""Invisible, but without them some scripts and emoji fall apart."""

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False)


def out(text: str) -> None:
    """Print a line of result."""
    stdout.print(text, markup=False)


def note(text: str) -> None:
    """Print a line for the person that waits, not for a program that reads."""
    stderr.print(text, markup=False)


def complain(text: str) -> None:
    """Print the one sentence of an error."""
    stderr.print(f"heliograph: {text}", markup=False, style="red")


def json(value: Any) -> None:
    """Print one JSON document on one line."""
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")
    sys.stdout.flush()


def plain(text: str) -> str:
    """Return foreign text on one line, without control characters that could steer a terminal."""
    return "".join(character if character.isprintable() or character in _JOINERS else " " for character in text)
