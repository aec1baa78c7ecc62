"""Where the process begins: what must hold before anything else of the program is imported.

The imports take a moment in which Ctrl-C may come, and whatever they open would take the place of a standard stream
that is closed.
"""

from __future__ import annotations

import io
import os
import sys

_STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""The standard streams in the order of their descriptors."""


def main() -> None:
    """Run the command line and exit."""
    try:
        open_streams()
        from heliograph.cli import main as command  # noqa: PLC0415 - takes a while, in which Ctrl-C may come

        command.main()
    except KeyboardInterrupt:
        sys.exit(130)


def open_streams() -> None:
    """Make the three standard streams usable, whatever this process was started with."""
    for descriptor, (name, mode) in enumerate(_STREAMS.items()):
        try:
            os.fstat(descriptor)
        except OSError:
            # The event loop refuses to own a standard descriptor, and a database would be the worst to print into.
            # The lowest free number is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open to the end
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A title that the terminal has no letters for is still a result.
            stream.reconfigure(errors="replace")
