"""The accounts that this process speaks for: their sessions opened, their flood waits remembered."""

from __future__ import annotations

from functools import partial

from heliograph import clock, config, errors, log
from heliograph.crawler import governor, link, transport, waits
from heliograph.domain import identity
from heliograph.store import accounts, chats, database, losses, mailboxes
from heliograph.vault import sessions

SIGNED_OUT = "The account that mirrors this group is signed out; sign it in again with `heliograph login`."

_log = log.get("roster")


async def active(opened: database.Database, *, private_chats: bool = False) -> list[accounts.Account]:
    """Return the accounts that can be mirrored with.

    Raises NotFound when there is none, and with ``private_chats`` BadInput when there are several.
    """
    async with opened.connection(database.SHORT_SECONDS) as conn:
        found = await _signed_in(conn)
        if private_chats:
            await refuse_second_mailbox(conn)
    if not found:
        raise errors.NotFound("No Telegram account is signed in here; run `heliograph login` first.")
    return found


async def refuse_second_mailbox(conn: database.Connection) -> None:
    """Raise BadInput when private chats would come from more than one mailbox.

    A private chat is known by the other person alone: what a second account and that person write would count as seen
    from the wrong mailbox, and be left out.
    """
    sources = {identity.mailbox_space(each.user_id) for each in await _signed_in(conn)}
    sources |= await chats.private_mailboxes(conn)
    if len(sources) > 1:
        raise errors.BadInput(
            "crawler.private_chats mirrors the private chats of one account only, and this data directory has several; "
            "set it to false, or give each account a data directory of its own."
        )


async def _signed_in(conn: database.Connection) -> list[accounts.Account]:
    return [each for each in await accounts.load_all(conn) if each.state == "active" and each.key_id]


async def connection(
    settings: config.Settings,
    opened: database.Database,
    vault: sessions.Vault,
    account: accounts.Account,
    time: clock.Clock,
    client: type[transport.Client] = transport.Client,
    owed: waits.Waits | None = None,
) -> transport.Connection:
    """Return an account's connection, not yet connected. Raises MasterKeyWrong or SessionEnded.

    ``owed`` keeps the flood waits that the database does not take yet.
    """
    owed = owed or waits.Waits(opened)
    async with opened.connection(database.SHORT_SECONDS) as conn:
        ciphertext, key_id = await accounts.session(conn, account.account_id)
        frozen = await accounts.frozen(conn, account.account_id)
        learned = await accounts.learned(conn, account.account_id)
    sealed = sessions.Sealed(ciphertext=ciphertext, key_id=key_id)
    key = transport.SessionKey.decode(vault.open(account.account_id, sealed))
    return transport.Connection(
        settings.telegram,
        key.reached_by(settings.telegram),
        account_id=account.account_id,
        user_id=account.user_id,
        governor=governor.Governor(
            settings.crawler.budget,
            highest=settings.crawler.highest,
            time=time,
            frozen=frozen | owed.of(account.account_id),
            learned=learned,
            on_freeze=partial(owed.freeze, account.account_id),
            on_learn=partial(_learn, opened, account.account_id),
        ),
        on_limited=partial(_limited, opened, account),
        queue_size=settings.crawler.queue_size,
        queue_bytes=settings.crawler.queue_mb * 2**20,
        time=time,
        client=client,
    )


async def sign_out(opened: database.Database, account: link.Link, reason: str) -> None:
    """Note that Telegram ended an account's session, or banned it, and that its basic groups bring nothing more."""
    account_id = identity.AccountId(account.account_id)
    _log.error("session_ended", account_id=account_id)
    async with opened.transaction() as conn:
        await accounts.set_state(conn, account_id, "banned" if "DEACTIVATED" in reason else "signed_out")
        await mailboxes.close(conn, account.mailbox, error=SIGNED_OUT)


async def _learn(
    opened: database.Database, account_id: identity.AccountId, family: str, known: accounts.Learned
) -> None:
    try:
        async with opened.connection(database.SHORT_SECONDS) as conn:
            await accounts.learn(conn, account_id, family, known)
    except errors.HeliographError as error:
        _log.warning("pace_not_stored", account_id=account_id, reason=str(error))


async def _limited(opened: database.Database, account: accounts.Account, name: str) -> None:
    """Put on record that Telegram has limited an account itself; `heliograph status` shows it for a day."""
    _log.error("account_limited", account_id=account.account_id, error=name)
    found = (losses.ACCOUNT_LIMITED, identity.mailbox_space(account.user_id), None, None, {"error": name})
    try:
        async with opened.connection(database.SHORT_SECONDS) as conn:
            await losses.report(conn, [found])
    except errors.HeliographError as error:
        _log.warning("limit_not_stored", account_id=account.account_id, reason=str(error))
