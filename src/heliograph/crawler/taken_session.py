"""An account whose auth key another program made: asked who it is, then stored as a sign-in of our own.

One key must be used in one place only, or Telegram ends it (AUTH_KEY_DUPLICATED). So a key that is stored here
already is recognised before anything connects with it.
"""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph import config, errors, log
from heliograph.crawler import governor as governors
from heliograph.crawler import login, transport
from heliograph.store import accounts, database
from heliograph.vault import keyfile, sessions

_log = log.get("taken_session")


async def add_account(
    settings: config.Settings, opened: database.Database, key: transport.SessionKey, *, label: str | None = None
) -> accounts.Account:
    """Store the account of an auth key with its encrypted session, both or neither.

    Raises BadInput for an account that is signed in here already, SessionEnded for a key that Telegram has ended,
    and what :func:`login.add_account` raises for a connection or a master key.
    """
    keys = keyfile.load(settings.key_file)
    await login.refuse_other_key(opened, {each.key_id for each in keys})
    await _refuse_known_key(opened, sessions.Vault(keys), key)
    found = await _ask(settings, key)
    async with opened.connection() as conn:
        known = await accounts.by_user(conn, found.user_id)
    if known is not None and known.state == "active" and known.key_id:
        raise errors.BadInput(
            f"Account {known.label} is signed in here already, with a session of its own; there is nothing to import."
        )
    account = await login.keep(settings, opened, found, label=label or (known.label if known else None))
    _log.info("session_taken", account_id=account.account_id)
    return account


async def _refuse_known_key(opened: database.Database, vault: sessions.Vault, key: transport.SessionKey) -> None:
    async with opened.connection() as conn:
        for each in await accounts.load_all(conn):
            if each.state == "active" and each.key_id and await _stored_key(conn, vault, each) == key.auth_key:
                raise errors.BadInput(f"This session is here already, as account {each.label}; nothing has changed.")


async def _stored_key(conn: database.Connection, vault: sessions.Vault, account: accounts.Account) -> bytes | None:
    """Return an account's auth key; None when its session is damaged, which another command says."""
    ciphertext, key_id = await accounts.session(conn, account.account_id)
    try:
        content = vault.open(account.account_id, sessions.Sealed(ciphertext=ciphertext, key_id=key_id))
        return transport.SessionKey.decode(content).auth_key
    except (errors.MasterKeyWrong, errors.SessionEnded):
        return None


async def _ask(settings: config.Settings, key: transport.SessionKey) -> login.Login:
    """Connect with the key and ask whose it is."""
    connection = transport.Connection(
        settings.telegram,
        key.reached_by(settings.telegram),
        governor=governors.Governor(settings.crawler.budget, highest=settings.crawler.highest),
    )
    try:
        await connection.connect()
        (user,) = await connection.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
    except errors.SessionEnded as ended:
        raise _explained(ended) from None
    finally:
        await connection.disconnect()
    if user.bot:
        raise errors.BadInput("This is a bot's session, and a bot may not read history; import a person's session.")
    return login.finished(connection.key, user, str(user.phone or ""))


def _explained(ended: errors.SessionEnded) -> errors.SessionEnded:
    if "AUTH_KEY_DUPLICATED" in str(ended):
        return errors.SessionEnded(
            "Telegram ended this session since two programs used it at once (AUTH_KEY_DUPLICATED); stop the other "
            "program and sign in anew with `heliograph login`."
        )
    return errors.SessionEnded(
        "Telegram no longer accepts this session (it was ended, or the account is gone); sign in with "
        "`heliograph login`."
    )
