"""The master key file: one line per key, ``key_id key``, the one to encrypt with first.

A key's id is the beginning of its SHA-256, so an id says nothing about the key and a damaged line is noticed.
Older keys stay below the newest until no session needs them any more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from heliograph import config, errors

KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class MasterKey:
    """A key of AES-256-GCM and the id that ciphertexts name it by."""

    key_id: str
    secret: bytes = field(repr=False)


def generate() -> MasterKey:
    """Return a new random key."""
    return _from_secret(secrets.token_bytes(KEY_BYTES))


def ensure(path: Path) -> bool:
    """Create the file with a first key unless it exists; return whether it was created."""
    if path.exists():
        load(path)
        return False
    _write(path, [generate()])
    return True


def load(path: Path) -> list[MasterKey]:
    """Return the keys of the file, newest first. Raises MasterKeyMissing or, for a damaged file, MasterKeyWrong."""
    try:
        lines = path.read_text("ascii").splitlines()
    except FileNotFoundError:
        raise errors.MasterKeyMissing(
            f"The master key {path} is missing; restore it from your backup, or run `heliograph init` for a first one."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise errors.MasterKeyWrong(f"The master key {path} cannot be read ({_reason(error)}); restore it.") from None
    keys = [_parse(line, path) for line in lines if line.strip()]
    if not keys:
        raise errors.MasterKeyWrong(f"The master key {path} is empty; restore it from your backup.")
    return keys


def add(path: Path) -> MasterKey:
    """Put a new key first, keeping the others for what they have encrypted; return it."""
    new = generate()
    _write(path, [new, *load(path)])
    return new


def prune(path: Path) -> None:
    """Drop every key but the newest. Only when all sessions have been encrypted anew."""
    _write(path, load(path)[:1])


def _from_secret(secret: bytes) -> MasterKey:
    return MasterKey(key_id=hashlib.sha256(secret).hexdigest()[:16], secret=secret)


def _parse(line: str, path: Path) -> MasterKey:
    key_id, _, encoded = line.strip().partition(" ")
    try:
        key = _from_secret(base64.b64decode(encoded, validate=True))
    except binascii.Error:
        key = None
    if key is None or len(key.secret) != KEY_BYTES or key.key_id != key_id:
        raise errors.MasterKeyWrong(f"The master key {path} is damaged; restore it from your backup.")
    return key


def _write(path: Path, keys: list[MasterKey]) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    lines = [f"{key.key_id} {base64.b64encode(key.secret).decode()}\n" for key in keys]
    config.write_private(path, "".join(lines).encode("ascii"))


def _reason(error: Exception) -> str:
    return error.strerror or "I/O error" if isinstance(error, OSError) else "it is not text"
