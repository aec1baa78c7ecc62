"""``heliograph init --rotate-key``: a new master key, all sessions encrypted anew, the old keys dropped.

In this order, so that a kill at any point leaves a file that opens every session, and the same command goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heliograph import config
from heliograph.cli import console, lock, options, wire
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile, sessions


def rotate(given: options.Options) -> None:
    """Rotate the master key of a data directory. Raises MasterKeyWrong, with nothing changed, when it is not theirs."""
    settings = options.settings(given, quiet=True)
    with lock.data_dir(given.directory):
        count = options.run(_rotate(settings))
    console.note(f"{settings.key_file} holds a new key, and {count} sessions are encrypted with it; back it up again.")


async def _rotate(settings: config.Settings) -> int:
    async with wire.database(settings) as database:
        await _encrypt(database, keyfile.load(settings.key_file), is_trial=True)
        keyfile.add(settings.key_file)
        count = await _encrypt(database, keyfile.load(settings.key_file))
        await _drop_old(database, settings.key_file)
        return count


async def _encrypt(
    database: store_database.Database, keys: Sequence[keyfile.MasterKey], *, is_trial: bool = False
) -> int:
    """Encrypt every session with the first key, all or none, and return how many there are; a trial only opens them."""
    vault = sessions.Vault(keys)
    async with database.transaction() as conn:
        held = [each for each in await accounts.load_all(conn) if each.key_id]
        for each in held:
            ciphertext, key_id = await accounts.session(conn, each.account_id)
            sealed = sessions.Sealed(ciphertext=ciphertext, key_id=key_id)
            if is_trial:
                vault.open(each.account_id, sealed)
            elif fresh := vault.rotate(each.account_id, sealed):
                await accounts.set_session(conn, each.account_id, fresh.ciphertext, fresh.key_id)
                # A session that is stored counts as a new sign-in, which this one is not.
                await accounts.set_state(conn, each.account_id, each.state)
    return len(held)


async def _drop_old(database: store_database.Database, key_file: Path) -> None:
    """Drop the old keys unless a sign-in that was under way has used one since; the next rotation takes it along."""
    newest = keyfile.load(key_file)[0]
    async with database.connection() as conn:
        needed = {each.key_id for each in await accounts.load_all(conn) if each.key_id}
    if needed <= {newest.key_id}:
        keyfile.prune(key_file)
