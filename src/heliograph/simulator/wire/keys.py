"""Auth keys: who is signed in with them, their salts, and their file, so that they survive a restart.

Salts are derived from the key and the hour: nothing has to be stored for them to survive as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from heliograph.simulator.wire import handshake

if TYPE_CHECKING:
    from heliograph.simulator.wire.session import Session

SALT_SECONDS = 3600  # a salt is new this often …
SALT_OVERLAP_SECONDS = 1800  # … and good this long after its hour
DUPLICATED = "AUTH_KEY_DUPLICATED"


@dataclasses.dataclass(slots=True, kw_only=True)
class AuthKey:
    """One shared key and what the server remembers about the client that holds it."""

    key: bytes
    key_id: bytes
    created_at: float
    first_salt: int
    expires_at: float | None = None
    """When a temporary key stops working; None for a permanent one."""
    permanent: str | None = None
    """The id, in hex, of the permanent key that a temporary one is bound to."""
    is_imported: bool = False
    """Signed in by an authorisation exported from another data centre."""
    ended: str | None = None
    """The error that says how its last sign-in ended."""
    salt_changes: int = 0
    user_id: int | None = None
    password_user_id: int | None = None
    layer: int | None = None
    api_id: int | None = None
    device: str = ""
    address: str = ""
    sessions: dict[int, Session] = dataclasses.field(default_factory=dict, repr=False)
    main: Session | None = dataclasses.field(default=None, repr=False)

    @property
    def number(self) -> int:
        """The key id as an unsigned integer."""
        return int.from_bytes(self.key_id, "little")

    def salt(self, now: float, ahead: int = 0) -> int:
        """Return the salt of this hour, or of one ``ahead``."""
        period = int(now // SALT_SECONDS) + ahead
        digest = hmac.digest(self.key, struct.pack("<qi", period, self.salt_changes), hashlib.sha256)
        salt: int = struct.unpack("<q", digest[:8])[0]
        return salt

    @property
    def is_dead(self) -> bool:
        """Tell whether it was used from two places at once: no sign-in brings it back."""
        return self.ended == DUPLICATED

    def change_salt(self, now: float) -> None:
        """Make every salt that the client knows wrong."""
        self.salt_changes += 1
        self.first_salt = self.salt(now)

    def is_salt_good(self, salt: int, now: float) -> bool:
        """Tell whether a message may carry this salt now."""
        if salt == self.salt(now):
            return True
        if salt == self.first_salt:
            return now < self.created_at + SALT_OVERLAP_SECONDS
        return now % SALT_SECONDS < SALT_OVERLAP_SECONDS and salt == self.salt(now, -1)


class KeyStore:
    """All auth keys; with a path, every change is appended to it as a JSON line and flushed."""

    def __init__(self, path: Path | None = None) -> None:
        self._keys: dict[bytes, AuthKey] = {}
        self._file: TextIO | None = None
        if path is not None:
            self._load(path)
            self._file = self._compact(path)

    def get(self, key_id: bytes) -> AuthKey | None:
        """Return the key with this id."""
        return self._keys.get(key_id)

    def add(self, agreed: handshake.Agreed, now: float) -> AuthKey:
        """Remember a new key."""
        key = AuthKey(
            key=agreed.key,
            key_id=agreed.key_id,
            created_at=now,
            first_salt=agreed.first_salt,
            expires_at=None if agreed.expires_in is None else now + agreed.expires_in,
        )
        self._keys[key.key_id] = key
        self.save(key)
        return key

    def remove(self, key: AuthKey) -> None:
        """Forget a key: its holder must make a new one."""
        self._keys.pop(key.key_id, None)
        self._append({"key_id": key.key_id.hex(), "is_removed": True})

    def all(self) -> list[AuthKey]:
        """Return every key."""
        return list(self._keys.values())

    def of_user(self, user_id: int) -> list[AuthKey]:
        """Return the keys that this user is signed in with."""
        return [key for key in self._keys.values() if key.user_id == user_id]

    def sign_in(self, key: AuthKey, user_id: int, *, is_imported: bool = False) -> None:
        """Sign a user in with a key, and with those that it is bound to."""
        for each in self._family(key):
            each.user_id, each.password_user_id, each.ended, each.is_imported = user_id, None, None, is_imported
            self.save(each)

    def end(self, key: AuthKey, error: str | None = None) -> None:
        """End a key's sign-in; requests are answered with ``error`` until the next one."""
        for each in self._family(key):
            each.user_id = each.password_user_id = None
            each.ended = error
            self.save(each)

    def bind(self, key: AuthKey, permanent: AuthKey, expires_at: float) -> None:
        """Let a temporary key stand for a permanent one until it expires."""
        key.permanent, key.expires_at = permanent.key_id.hex(), expires_at
        key.user_id, key.password_user_id, key.ended = permanent.user_id, permanent.password_user_id, permanent.ended
        self.save(key)

    def bound_to(self, permanent: AuthKey) -> list[AuthKey]:
        """Return the temporary keys that stand for a permanent one."""
        return [key for key in self._keys.values() if key.permanent == permanent.key_id.hex()]

    def _family(self, key: AuthKey) -> list[AuthKey]:
        """Return a key with all that share its sign-in: its permanent key and the temporary ones bound to that."""
        permanent = key if key.permanent is None else self.get(bytes.fromhex(key.permanent))
        return [key] if permanent is None else [permanent, *self.bound_to(permanent)]

    def save(self, key: AuthKey) -> None:
        """Write a key's lasting fields down."""
        self._append(_record(key))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _compact(self, path: Path) -> TextIO:
        """Write what was loaded to a new file: one line per key, and no torn line for the next one to stick to."""
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_record(key)) + "\n" for key in self._keys.values())
        fresh.replace(path)
        return path.open("a", encoding="utf-8")

    def _append(self, record: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # a kill may leave the last line half-written
            key_id = bytes.fromhex(record.pop("key_id"))
            if record.pop("is_removed", False):
                self._keys.pop(key_id, None)
            else:
                self._keys[key_id] = AuthKey(key_id=key_id, key=bytes.fromhex(record.pop("key")), **record)


_LASTING = [field.name for field in dataclasses.fields(AuthKey) if field.name not in {"sessions", "main"}]


def _record(key: AuthKey) -> dict[str, Any]:
    return {name: _plain(getattr(key, name)) for name in _LASTING}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
