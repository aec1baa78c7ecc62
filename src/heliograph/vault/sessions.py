"""Session keys at rest: AES-256-GCM with a fresh nonce, bound to their account.

A ciphertext is the nonce (12 bytes) and what AES-GCM returns. The account id is associated data, so a ciphertext
that is moved to another account's row does not open. Whoever holds a session key is that Telegram account.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from heliograph import errors
from heliograph.vault import keyfile

NONCE_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An encrypted session and the id of the master key that opens it."""

    ciphertext: bytes
    key_id: str


class Vault:
    """Encrypts with the newest master key and opens with any that it has."""

    def __init__(self, keys: Sequence[keyfile.MasterKey]) -> None:
        self._newest = keys[0]
        self._ciphers = {key.key_id: AESGCM(key.secret) for key in keys}

    def seal(self, account_id: int, session: bytes) -> Sealed:
        """Encrypt an account's session."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._newest.key_id]
        body = cipher.encrypt(nonce, session, _associated(account_id))
        return Sealed(ciphertext=nonce + body, key_id=self._newest.key_id)

    def open(self, account_id: int, sealed: Sealed) -> bytes:
        """Decrypt an account's session. Raises MasterKeyWrong when no key here opens it for this account."""
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise errors.MasterKeyWrong(
                f"The session of account {account_id} was encrypted with master key {sealed.key_id}, which is not here;"
                " restore that key."
            )
        nonce, body = sealed.ciphertext[:NONCE_BYTES], sealed.ciphertext[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, body, _associated(account_id))
        except (InvalidTag, ValueError):
            raise errors.MasterKeyWrong(
                f"The session of account {account_id} is damaged or belongs to another account;"
                " sign in again with `heliograph login`."
            ) from None

    def rotate(self, account_id: int, sealed: Sealed) -> Sealed | None:
        """Encrypt with the newest key what an older one sealed; None when it is the newest's already."""
        if sealed.key_id == self._newest.key_id:
            return None
        return self.seal(account_id, self.open(account_id, sealed))


def load(path: Path) -> Vault:
    """Open the vault with the keys of a master key file. Raises MasterKeyMissing or MasterKeyWrong."""
    return Vault(keyfile.load(path))


def _associated(account_id: int) -> bytes:
    return b"heliograph session v1, account %d" % account_id
