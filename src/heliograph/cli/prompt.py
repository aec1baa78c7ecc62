"""Questions to a person while the event loop goes on: connections stay alive, and Ctrl-C ends a question at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import threading
from collections.abc import Iterator

from heliograph import errors
from heliograph.cli import console

_STDIN = 0


async def ask(question: str, *, hidden: bool = False) -> str:
    """Return the line that a person types, or a program pipes in; ``hidden`` shows nothing of it.

    Raises BadInput when the input ends first or holds what no terminal types.
    """
    console.stderr.print(f"{question}: ", end="", markup=False)
    is_typed = os.isatty(_STDIN)
    try:
        with _echo_off() if hidden and is_typed else contextlib.nullcontext():
            line = await _line()
    finally:
        if hidden or not is_typed:
            console.note("")  # the line's end, which nobody has seen typed
    if not line:
        raise errors.BadInput(f"{question} was not given; run the command again and type it.")
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise errors.BadInput(f"{question} holds bytes that are no text; run the command again and type it.")
    return text


@contextlib.contextmanager
def _echo_off() -> Iterator[None]:
    before = termios.tcgetattr(_STDIN)
    silent = termios.tcgetattr(_STDIN)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(_STDIN, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


async def _line() -> bytes:
    # A thread of its own, which the end of the program does not wait for: nothing else can read a terminal, a pipe
    # and a file alike without blocking.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    def give(line: bytes) -> None:
        if not answer.done():
            answer.set_result(line)

    def read() -> None:
        line = _read_line()
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(give, line)

    threading.Thread(target=read, name="prompt", daemon=True).start()
    return await answer


def _read_line() -> bytes:
    """Read byte by byte, so that what follows the line stays for the next question."""
    line = bytearray()
    with contextlib.suppress(OSError):
        while not line.endswith(b"\n") and (byte := os.read(_STDIN, 1)):
            line += byte
    return bytes(line)
