"""Sign-ins under way: login codes, two-step challenges, and exported authorisations."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heliograph.simulator import rpc, srp

CODE_SECONDS = 300
MAX_TRIES = 5


@dataclasses.dataclass(slots=True, kw_only=True)
class SentCode:
    """A code on its way to a phone number."""

    phone: str
    sent_at: float
    tries: int = 0
    is_confirmed: bool = False


class Logins:
    """Everything between the first request of a sign-in and its last."""

    def __init__(self, *, code: str, now: Callable[[], float], path: Path | None = None) -> None:
        self.code = code
        self._path = path
        self._now = now
        self._codes: dict[str, SentCode] = {}
        self._verifiers: dict[int, tuple[str | None, srp.Verifier]] = {}
        self._challenges: dict[int, srp.Challenge] = {}
        self._exported: dict[bytes, int] = {}
        if path is not None and path.exists():
            for user_id, fields in json.loads(path.read_text(encoding="ascii")).items():
                self._verifiers[int(user_id)] = (None, srp.Verifier.from_json(fields))

    # -- codes

    def send(self, phone: str) -> str:
        """Send a code; earlier ones for this number are void. Returns the phone_code_hash."""
        self._codes = {x: sent for x, sent in self._codes.items() if sent.phone != phone}
        code_hash = secrets.token_hex(9)
        self._codes[code_hash] = SentCode(phone=phone, sent_at=self._now())
        return code_hash

    def expire(self) -> None:
        """Let every code that was sent expire now."""
        self._codes.clear()

    def confirm(self, phone: str, code_hash: str, code: str | None) -> None:
        """Check a code, or raise PHONE_CODE_EMPTY, PHONE_CODE_EXPIRED or PHONE_CODE_INVALID."""
        sent = self._sent(phone, code_hash)
        if not code:
            raise rpc.RpcError(400, "PHONE_CODE_EMPTY")
        if code != self.code:
            sent.tries += 1
            if sent.tries >= MAX_TRIES:
                self._codes.pop(code_hash, None)
            raise rpc.RpcError(400, "PHONE_CODE_INVALID")
        sent.is_confirmed = True

    def require_confirmed(self, phone: str, code_hash: str) -> None:
        """Let only somebody sign up whose code was right."""
        if not self._sent(phone, code_hash).is_confirmed:
            raise rpc.RpcError(400, "PHONE_CODE_INVALID")

    def finish(self, code_hash: str) -> None:
        """A code works once."""
        self._codes.pop(code_hash, None)

    def _sent(self, phone: str, code_hash: str) -> SentCode:
        if not code_hash:
            raise rpc.RpcError(400, "PHONE_CODE_HASH_EMPTY")
        sent = self._codes.get(code_hash)
        if sent is None or sent.phone != phone or self._now() > sent.sent_at + CODE_SECONDS:
            raise rpc.RpcError(400, "PHONE_CODE_EXPIRED")
        return sent

    # -- two-step verification

    def verifier(self, user: Any) -> srp.Verifier | None:
        """Return the user's verifier; the world's password is the authority unless the client set one itself."""
        known = self._verifiers.get(user.id)
        if known is not None and known[0] == user.password:
            return known[1]
        if user.password is None:
            return None
        made = srp.verifier_of(user.password)
        self._verifiers[user.id] = (user.password, made)
        return made

    def set_verifier(self, user: Any, verifier: srp.Verifier | None) -> None:
        """Keep what a client gave, once the world has no password of its own for this user."""
        if verifier is None:
            self._verifiers.pop(user.id, None)
        else:
            self._verifiers[user.id] = (None, verifier)
        self._save()

    def _save(self) -> None:
        """Keep what clients set themselves; the world's own passwords are in its journal."""
        if self._path is not None:
            kept = {user_id: made.to_json() for user_id, (known, made) in self._verifiers.items() if known is None}
            fresh = self._path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(kept), encoding="ascii")
            fresh.replace(self._path)

    def ask(self, user: Any) -> srp.Challenge | None:
        """Make a challenge for the user's password, if there is one."""
        verifier = self.verifier(user)
        if verifier is None:
            return None
        challenge = srp.ask(verifier)
        self._challenges[user.id] = challenge
        return challenge

    def prove(self, user: Any, answer: Any) -> None:
        """Check an inputCheckPasswordSRP against the newest challenge; each is good for one try."""
        challenge = self._challenges.pop(user.id, None)
        if challenge is None or challenge.srp_id != getattr(answer, "srp_id", None):
            raise rpc.RpcError(400, "SRP_ID_INVALID")
        if not srp.is_proved(challenge, answer.A, answer.M1):
            raise rpc.RpcError(400, "PASSWORD_HASH_INVALID")

    # -- other data centres

    def export(self, user_id: int) -> bytes:
        """Make a token that signs another auth key in."""
        token = secrets.token_bytes(32)
        self._exported[token] = user_id
        return token

    def redeem(self, user_id: int, token: bytes) -> int:
        """Use a token; each works once."""
        if self._exported.pop(token, None) != user_id:
            raise rpc.RpcError(400, "AUTH_BYTES_INVALID")
        return user_id


def phone_of(text: str) -> str:
    """Return a phone number as digits, or raise PHONE_NUMBER_INVALID."""
    digits = re.sub(r"[\s+()\-]", "", text)
    if not re.fullmatch(r"[1-9]\d{6,14}", digits):
        raise rpc.RpcError(400, "PHONE_NUMBER_INVALID")
    return digits
