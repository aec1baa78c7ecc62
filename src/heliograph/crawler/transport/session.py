"""What an account needs to speak to Telegram again: its home DC and its auth key, nothing else.

Entities, update states and files that Telethon would keep in a session live in the store, typed and per account.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from heliograph import config, errors

_TELEGRAM_ADDRESS = "149.154.167.51"
_TELEGRAM_ADDRESS_V6 = "2001:67c:4e8:f002::a"


@dataclass(frozen=True, kw_only=True)
class SessionKey:
    """An account's way in; ``auth_key`` is None before the first key exchange. It never reaches a log."""

    dc_id: int
    address: str
    port: int
    auth_key: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """Return the form that the vault encrypts."""
        key = base64.b64encode(self.auth_key).decode() if self.auth_key else None
        return json.dumps({"dc_id": self.dc_id, "address": self.address, "port": self.port, "key": key}).encode()

    @classmethod
    def decode(cls, content: bytes) -> SessionKey:
        """Read what :meth:`encode` wrote. Raises SessionEnded when it is damaged."""
        try:
            fields = json.loads(content)
            key = base64.b64decode(fields["key"]) if fields["key"] else None
            return cls(dc_id=fields["dc_id"], address=fields["address"], port=fields["port"], auth_key=key)
        except (ValueError, KeyError, TypeError):
            raise errors.SessionEnded("A stored session is damaged; sign in again with `heliograph login`.") from None

    @classmethod
    def fresh(cls, settings: config.Telegram) -> SessionKey:
        """Return a key for a first sign-in at the DC that the settings name."""
        address = settings.dc_address
        if settings.use_ipv6 and address == _TELEGRAM_ADDRESS:
            address = _TELEGRAM_ADDRESS_V6
        return cls(dc_id=settings.dc_id, address=address, port=settings.dc_port)

    def reached_by(self, settings: config.Telegram) -> SessionKey:
        """Return this key with the settings' address when they name its DC: an address may change, the key stays."""
        if settings.dc_id != self.dc_id:
            return self
        named = self.fresh(settings)
        return replace(self, address=named.address, port=named.port)


class TransportSession(MemorySession):  # type: ignore[misc]
    """The session object that Telethon wants, which remembers nothing but the DC and the auth key."""

    def __init__(self, key: SessionKey) -> None:
        super().__init__()
        self.set_dc(key.dc_id, key.address, key.port)
        if key.auth_key:
            self.auth_key = AuthKey(key.auth_key)

    def key(self) -> SessionKey:
        """Return the DC and auth key as they are now."""
        return SessionKey(
            dc_id=self.dc_id,
            address=self.server_address,
            port=self.port,
            auth_key=self.auth_key.key if self.auth_key else None,
        )

    def process_entities(self, tlo: Any) -> None:
        """Ignore entities: access hashes are the store's."""

    def get_input_entity(self, key: Any) -> NoReturn:
        """Know nobody; Telethon takes a ValueError for that."""
        raise ValueError("entities are not kept here")
