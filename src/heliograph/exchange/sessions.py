"""Sessions that other programs keep: Telethon's ``.session`` files and StringSessions, read without Telethon.

Both say the same: a data center, its address and the auth key. The files are opened read-only and left as they are.
Whoever holds a key is that Telegram account, so no key reaches a log or an error.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from heliograph import errors

KEY_BYTES: Final = 256
STRING_CHARACTERS: Final = (353, 369)
"""Length of a StringSession with an IPv4 and with an IPv6 address, its version included."""

_SQLITE: Final = b"SQLite format 3\0"
_STRING_VERSION: Final = "1"
_IPV4_PACKED: Final = struct.Struct(">B4sH256s")
_IPV6_PACKED: Final = struct.Struct(">B16sH256s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """An account's way in, as another program kept it."""

    dc_id: int
    address: str
    port: int
    auth_key: bytes = field(repr=False)


def is_session(path: Path) -> bool:
    """Say whether a file is an SQLite database or a StringSession, by what it holds and not by its name."""
    try:
        with path.open("rb") as file:
            begin = file.read(max(STRING_CHARACTERS) + 64)
    except OSError:
        return False
    return begin.startswith(_SQLITE) or _looks_like_string(begin)


def read(path: Path) -> Session:
    """Read a session file of either form. Raises BadInput when it holds no session that can be used."""
    with path.open("rb") as file:
        begin = file.read(len(_SQLITE))
        if begin != _SQLITE:
            rest = file.read(max(STRING_CHARACTERS) + 64)
            return parse(begin + rest, name=str(path))
    return _of_row(_row(path), path)


def parse(content: bytes, *, name: str) -> Session:
    """Read a StringSession; ``name`` says where it came from. Raises BadInput."""
    try:
        text = content.decode("ascii").strip()
        if len(text) not in STRING_CHARACTERS or text[0] != _STRING_VERSION:
            raise ValueError
        packed = base64.b64decode(text[1:], altchars=b"-_", validate=True)
        form = _IPV4_PACKED if len(packed) == _IPV4_PACKED.size else _IPV6_PACKED
        dc_id, address, port, key = form.unpack(packed)
    except (UnicodeDecodeError, ValueError, binascii.Error, struct.error):
        raise errors.BadInput(
            f"{name} holds no Telethon StringSession; copy the whole string, which begins with 1, and try again."
        ) from None
    return _checked(dc_id, ipaddress.ip_address(address).compressed, port, key, name)


def _looks_like_string(begin: bytes) -> bool:
    text = begin.strip()
    return len(text) in STRING_CHARACTERS and text[:1] == b"1" and text[1:].replace(b"=", b"A").isascii()


def _row(path: Path) -> tuple[Any, ...] | None:
    """Return data center, address, port and key; None when nobody is signed in."""
    # Immutable: neither a lock nor a journal is made beside a file that belongs to another program.
    location = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(location, uri=True)) as conn:
            columns = {row[1] for row in conn.execute("PRAGMA table_info(sessions)")}
            if "dc_id" not in columns or "auth_key" not in columns:
                raise errors.BadInput(
                    f"{path} is a database, but not a Telethon session; name a .session file that Telethon made."
                )
            if "server_address" not in columns or "port" not in columns:
                raise errors.BadInput(
                    f"{path} is a session of another library than Telethon (Pyrogram, perhaps); sign the account in "
                    "with `heliograph login`."
                )
            found: tuple[Any, ...] | None = conn.execute(
                "SELECT dc_id, server_address, port, auth_key FROM sessions ORDER BY auth_key IS NULL LIMIT 1"
            ).fetchone()
            return found
    except sqlite3.Error:
        raise errors.BadInput(
            f"{path} is a damaged database; copy the session file again while its program is stopped."
        ) from None


def _of_row(row: tuple[Any, ...] | None, path: Path) -> Session:
    if row is None or not row[3]:
        raise errors.BadInput(f"{path} is a session that nobody is signed in with; run `heliograph login` instead.")
    dc_id, address, port, key = row
    return _checked(dc_id, address, port, key, str(path))


def _checked(dc_id: Any, address: Any, port: Any, key: Any, name: str) -> Session:
    try:
        ipaddress.ip_address(address)
        is_good = 0 < dc_id < 1000 and 0 < port < 65536 and isinstance(key, bytes) and len(key) == KEY_BYTES
    except (TypeError, ValueError):
        is_good = False
    if not is_good or not any(key):
        raise errors.BadInput(f"{name} holds no key that can be used; sign the account in with `heliograph login`.")
    return Session(dc_id=dc_id, address=address, port=port, auth_key=key)
