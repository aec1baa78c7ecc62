"""Signing an account in: phone number, code, two-step password. Nothing is stored before all of it has succeeded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from telethon import password as srp
from telethon.tl import functions, types

from heliograph import config, errors, log
from heliograph.crawler import governor as governors
from heliograph.crawler import roster, transport
from heliograph.crawler.transport import refusal
from heliograph.store import accounts, database
from heliograph.vault import keyfile, sessions

Ask = Callable[[], Awaitable[str]]

MIGRATIONS = 3
"""Telegram names the right data center at the first try; more than a few moves mean that something is wrong."""

_log = log.get("login")

_NAMES: dict[str, type[errors.TelegramError]] = {
    "PHONE_NUMBER_INVALID": errors.PhoneWrong,
    "PHONE_NUMBER_BANNED": errors.PhoneWrong,
    "PHONE_NUMBER_UNOCCUPIED": errors.PhoneWrong,
    "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN": errors.PhoneWrong,
    "PHONE_CODE_INVALID": errors.CodeWrong,
    "PHONE_CODE_EMPTY": errors.CodeWrong,
    "PHONE_CODE_EXPIRED": errors.CodeExpired,
    "PHONE_CODE_HASH_EMPTY": errors.CodeExpired,
    "PASSWORD_HASH_INVALID": errors.PasswordWrong,
    "SRP_PASSWORD_CHANGED": errors.PasswordWrong,
    "SRP_ID_INVALID": errors.PasswordWrong,
}


@dataclass(frozen=True, kw_only=True)
class Login:
    """A finished sign-in."""

    key: transport.SessionKey
    user_id: int
    label: str
    """The person's name, to tell accounts apart."""
    phone_hint: str = field(repr=False)
    """The number's last digits."""


async def login(settings: config.Settings, *, phone: str, ask_code: Ask, ask_password: Ask) -> Login:
    """Sign in and return the session; a number without an account is registered only with telegram.sign_up_name.

    Raises ApiKeyWrong, PhoneWrong, CodeWrong, CodeExpired, PasswordWrong, FloodWait, Disconnected, RpcTimeout.
    """
    attempt = _Attempt(settings, phone)
    try:
        user = await attempt.run(ask_code, ask_password)
        key = attempt.connection.key
    except errors.RpcFailed as error:
        if error.name in _NAMES:
            raise _NAMES[error.name]() from None
        raise
    finally:
        await attempt.connection.disconnect()
    return finished(key, user, phone)


def finished(key: transport.SessionKey, user: Any, phone: str) -> Login:
    """Return a sign-in as ``user``, a TL user."""
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Login(key=key, user_id=user.id, label=name or str(user.id), phone_hint=phone[-2:])


async def add_account(
    settings: config.Settings,
    opened: database.Database,
    *,
    phone: str | Ask,
    ask_code: Ask,
    ask_password: Ask,
    label: str | None = None,
    must_open_others: bool = True,
) -> accounts.Account:
    """Sign an account in and store it with its encrypted session, both or neither.

    Raises what :func:`login` raises, and before anything is asked ApiKeyMissing, MasterKeyMissing or MasterKeyWrong.
    Without ``must_open_others`` a lost master key does not keep new sessions out. Raises BadInput when private chats
    would come from a second account.
    """
    if not settings.telegram.has_api_key:
        raise errors.ApiKeyMissing
    keys = keyfile.load(settings.key_file)
    if must_open_others:
        await refuse_other_key(opened, {key.key_id for key in keys})
    number = phone if isinstance(phone, str) else await phone()
    found = await login(settings, phone=number, ask_code=ask_code, ask_password=ask_password)
    # Loaded again: somebody may have put a new key first while a person looked for the code.
    return await keep(settings, opened, found, label=label)


async def keep(
    settings: config.Settings, opened: database.Database, found: Login, *, label: str | None = None
) -> accounts.Account:
    """Store a finished sign-in with its encrypted session, both or neither.

    Raises BadInput when private chats would come from a second account or another account has the label.
    """
    vault = sessions.load(settings.key_file)
    async with opened.transaction() as conn:
        account_id = await accounts.save(
            conn,
            label=label or await _free_label(conn, found),
            user_id=found.user_id,
            phone_hint=found.phone_hint,
            dc_id=found.key.dc_id,
            dc_address=found.key.address,
            dc_port=found.key.port,
        )
        sealed = vault.seal(account_id, found.key.encode())
        await accounts.set_session(conn, account_id, sealed.ciphertext, sealed.key_id)
        if settings.crawler.private_chats:
            await roster.refuse_second_mailbox(conn)
        account = await accounts.by_user(conn, found.user_id)
    assert account is not None
    _log.info("account_added", account_id=account_id)
    return account


async def refuse_other_key(opened: database.Database, here: set[str]) -> None:
    """Raise MasterKeyWrong when a stored session needs a key that is not here: its id is a hash of the key itself."""
    async with opened.connection() as conn:
        closed = [each.label for each in await accounts.load_all(conn) if each.key_id and each.key_id not in here]
    if closed:
        raise errors.MasterKeyWrong(
            f"The master key does not open the session of {', '.join(closed)}; restore the key that it was made with, "
            "or when that is lost, sign every account in again with `heliograph login --force`."
        )


async def _free_label(conn: database.Connection, found: Login) -> str:
    """Return the person's name, with the id when another account has that name already."""
    taken = {each.label for each in await accounts.load_all(conn) if each.user_id != found.user_id}
    return f"{found.label} {found.user_id}" if found.label in taken else found.label


class _Attempt:
    """One sign-in under way, at the data center where it has got to."""

    def __init__(self, settings: config.Settings, phone: str) -> None:
        self._settings = settings
        self._phone = phone
        self.connection = self._connection(transport.SessionKey.fresh(settings.telegram))

    async def run(self, ask_code: Ask, ask_password: Ask) -> Any:
        """Go through all steps and return the user."""
        await self.connection.connect()
        code_hash = await self._send_code()
        try:
            answer = await self._call(functions.auth.SignInRequest(self._phone, code_hash, (await ask_code()).strip()))
        except errors.RpcFailed as error:
            if error.name != "SESSION_PASSWORD_NEEDED":
                raise
            answer = await self._check_password(await ask_password())
        if type(answer) is types.auth.AuthorizationSignUpRequired:
            answer = await self._sign_up(code_hash)
        return answer.user

    async def _send_code(self) -> str:
        """Ask for the code at the data center where the account lives."""
        telegram = self._settings.telegram
        request = functions.auth.SendCodeRequest(
            phone_number=self._phone,
            api_id=telegram.api_id,
            api_hash=telegram.api_hash.get_secret_value(),
            settings=types.CodeSettings(),
        )
        for _ in range(MIGRATIONS):
            try:
                return str((await self._call(request)).phone_code_hash)
            except errors.RpcFailed as error:
                dc_id = refusal.migrated_to(error)
                if dc_id is None:
                    raise
            await self._move(dc_id)
        raise errors.Disconnected("Telegram moves this account between data centers; try again later.")

    async def _move(self, dc_id: int) -> None:
        """Connect to another data center, as help.getConfig lists it."""
        answer = await self._call(functions.help.GetConfigRequest())
        is_ipv6 = ":" in self.connection.key.address
        for option in answer.dc_options:
            if option.id == dc_id and bool(option.ipv6) == is_ipv6 and not (option.cdn or option.media_only):
                await self.connection.disconnect()
                key = transport.SessionKey(dc_id=dc_id, address=option.ip_address, port=option.port)
                self.connection = self._connection(key)
                await self.connection.connect()
                return
        raise errors.Disconnected(f"Telegram names data center {dc_id} but not its address; try again later.")

    async def _check_password(self, password: str) -> Any:
        asked = await self._call(functions.account.GetPasswordRequest())
        return await self._call(functions.auth.CheckPasswordRequest(srp.compute_check(asked, password)))

    async def _sign_up(self, code_hash: str) -> Any:
        name = self._settings.telegram.sign_up_name
        if not name:
            raise errors.PhoneWrong(
                "This phone number has no Telegram account; sign up with a Telegram app first, then run "
                "`heliograph login` again."
            )
        return await self._call(functions.auth.SignUpRequest(self._phone, code_hash, name, ""))

    async def _call(self, request: Any) -> Any:
        return await self.connection.call(request)

    def _connection(self, key: transport.SessionKey) -> transport.Connection:
        governor = governors.Governor(self._settings.crawler.budget, highest=self._settings.crawler.highest)
        return transport.Connection(self._settings.telegram, key, governor=governor)
