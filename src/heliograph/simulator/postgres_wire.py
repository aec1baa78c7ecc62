"""PostgreSQL's frontend/backend protocol 3.0, as far as somebody in between must follow it. No I/O.

``Transcript`` follows one connection: which statement a message runs, what its transaction has sent, and which answer
belongs to what. A statement can be exchanged for one that fails with any SQLSTATE; the server itself then answers the
error, so that the state of the transaction and of a pipeline is the real one on both sides.
"""

from __future__ import annotations

import re
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102

Kind = Literal["begin", "commit", "write", "read"]

_LENGTH = struct.Struct("!i")
_BEGIN = re.compile(r"(begin|start\s+transaction)\b")
_COMMIT = re.compile(r"(commit|end)\b(?!\s+prepared)")
_LOCKING = re.compile(r"\bfor\s+(no\s+key\s+)?update\b")
_WRITE = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate|create|alter|drop|copy\s.*\bfrom\s+stdin)\b",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A client's message that makes the server run something.

    ``texts`` are the transaction's statements so far, this one included. Functions that write are not known as such.
    """

    kind: Kind
    texts: tuple[str, ...]

    @property
    def is_commit(self) -> bool:
        """Say whether it ends a transaction that has written something."""
        return self.kind == "commit" and any(classify(text) == "write" for text in self.texts)

    def touches(self, part: str) -> bool:
        """Say whether one of the statements holds ``part``."""
        return any(part in text for text in self.texts)


class Failure(NamedTuple):
    """An error as the server should answer it."""

    sqlstate: str
    message: str

    @property
    def statement(self) -> str:
        """A statement that fails with this error."""
        raised = f"RAISE EXCEPTION USING ERRCODE = '{self.sqlstate}', MESSAGE = '{self.message}'"
        return f"DO $heliograph$ BEGIN {raised}; END $heliograph$"


class _Answer(NamedTuple):
    """An answer that is due: to Parse (1), Bind (2), COMMIT (K), or the end of a round (Z)."""

    kind: bytes
    is_marked: bool = False
    """Of 1 and 2: that the client did not ask for it. Of K: that it must not reach the client."""


class Transcript:
    """One connection's messages from its first typed one on."""

    def __init__(self) -> None:
        self._statements: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}
        self._texts: list[str] = []
        self._due: deque[_Answer] = deque()

    def run(self, message: bytes) -> Run | None:
        """Read a client's message; return what it makes the server run, None when nothing."""
        kind, body = message[:1], message[5:]
        if kind == b"P":
            name, text = body.split(b"\0", 2)[:2]
            self._statements[name] = text.decode("utf-8", "replace")
        elif kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self._portals[portal] = self._statements.get(name, "")
        elif kind in (b"Q", b"E"):
            name = body.split(b"\0", 1)[0]
            return self._run(name.decode("utf-8", "replace") if kind == b"Q" else self._portals.get(name, ""))
        return None

    def forward(self, message: bytes, run: Run | None, *, hides_commit: bool = False) -> bytes:
        """Note which answers a message will have, and return it."""
        kind = message[:1]
        if kind in (b"P", b"B"):
            self._due.append(_Answer(b"1" if kind == b"P" else b"2"))
        if run is not None and run.kind == "commit":
            self._due.append(_Answer(b"K", hides_commit))
        if kind in (b"Q", b"S", b"F"):
            self._due.append(_Answer(b"Z"))
        return message

    def exchange(self, message: bytes, failure: Failure) -> bytes:
        """Return what to send instead of a Query or Execute so that the server answers ``failure`` to it."""
        text = failure.statement.encode()
        if message[:1] == b"Q":
            self._due.append(_Answer(b"Z"))
            return typed(b"Q", text + b"\0")
        self._due += [_Answer(b"1", is_marked=True), _Answer(b"2", is_marked=True)]
        parse = typed(b"P", b"\0" + text + b"\0\0\0")
        return parse + typed(b"B", bytes(8)) + typed(b"E", bytes(5))

    def answer(self, message: bytes) -> Literal["pass", "hide", "committed"]:
        """Read a server's message; return ``committed`` when it is that of a COMMIT that must not reach the client."""
        kind = message[:1]
        if kind in (b"1", b"2"):
            return "hide" if self._next(kind) else "pass"
        if kind == b"C" and self._due and self._due[0].kind == b"K":
            is_hidden = self._next(b"K")
            return "committed" if is_hidden and message[5:] == b"COMMIT\0" else "pass"
        if kind in (b"E", b"Z"):
            self._end_round(is_over=kind == b"Z")
        return "pass"

    def _run(self, text: str) -> Run:
        kind = classify(text)
        if kind == "begin":
            self._texts = []
        self._texts.append(text)
        run = Run(kind=kind, texts=tuple(self._texts))
        if kind == "commit":
            self._texts = []
        return run

    def _next(self, kind: bytes) -> bool:
        """Take the answer that is due and say whether it is marked."""
        return self._due.popleft().is_marked if self._due and self._due[0].kind == kind else False

    def _end_round(self, *, is_over: bool) -> None:
        """Forget what is due in this round: after an error the server skips to its end."""
        while self._due and self._due[0].kind != b"Z":
            self._due.popleft()
        if is_over and self._due:
            self._due.popleft()


def classify(text: str) -> Kind:
    """Say what a query's statements do; of several the strongest counts."""
    parts = [part.strip() for part in text.lower().split(";") if part.strip()]
    if parts and _COMMIT.match(parts[-1]):
        return "commit"
    if any(_WRITE.search(_LOCKING.sub("", part)) for part in parts):
        return "write"
    return "begin" if any(_BEGIN.match(part) for part in parts) else "read"


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take the whole messages off the front of a buffer."""
    start = 0
    while len(buffer) - start >= 5:
        (length,) = _LENGTH.unpack_from(buffer, start + 1)
        if len(buffer) - start < 1 + length:
            break
        yield bytes(buffer[start : start + 1 + length])
        start += 1 + length
    del buffer[:start]


def typed(kind: bytes, body: bytes) -> bytes:
    """Return a message of a type."""
    return kind + _LENGTH.pack(4 + len(body)) + body


def startup_code(message: bytes) -> int:
    """Return the protocol version or request code of a first message, which has no type."""
    return int(_LENGTH.unpack_from(message, 4)[0])
