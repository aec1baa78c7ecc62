"""The accounts that mirror: who they are, their encrypted sessions, and what Telegram makes them wait for.

Sessions arrive here encrypted; the key that opens them is never in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from heliograph import errors
from heliograph.domain import identity
from heliograph.store.database import Connection

State = Literal["active", "paused", "signed_out", "banned"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account without its session."""

    account_id: identity.AccountId
    label: str
    user_id: int
    phone_hint: str | None
    state: State
    dc_id: int
    dc_address: str | None
    dc_port: int | None
    proxy: str | None
    key_id: str | None
    """Which master key opens its session; None when it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """What the governor has learned of Telegram's limit on one method family."""

    per_second: float
    """The pace that is believed to last."""
    learned_at: datetime
    flooded_at: datetime | None = None
    """When it was last refused; None when it never was."""


_SELECT = """
SELECT account_id, label, user_id, phone_hint, state, dc_id, dc_address, dc_port, proxy, session_key_id FROM accounts
"""
_SAVE = """
INSERT INTO accounts (label, user_id, phone_hint, dc_id, dc_address, dc_port)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (user_id) DO UPDATE
SET label = EXCLUDED.label, phone_hint = EXCLUDED.phone_hint, dc_id = EXCLUDED.dc_id, dc_address = EXCLUDED.dc_address,
    dc_port = EXCLUDED.dc_port, updated_at = now()
RETURNING account_id
"""
_SET_SESSION = """
UPDATE accounts SET session_ciphertext = %s, session_key_id = %s, state = 'active', updated_at = now()
WHERE account_id = %s
"""
_FREEZE = """
UPDATE accounts SET frozen_until = frozen_until || %s, updated_at = now() WHERE account_id = %s
"""
_LEARN = """
UPDATE accounts SET budgets = budgets || %s, updated_at = now() WHERE account_id = %s
"""


async def load_all(conn: Connection) -> list[Account]:
    """Return all accounts in the order they were added."""
    cursor = await conn.execute(f"{_SELECT} ORDER BY account_id")
    return [_account(row) for row in await cursor.fetchall()]


async def by_user(conn: Connection, user_id: int) -> Account | None:
    """Return the account that is Telegram user ``user_id``."""
    row = await (await conn.execute(f"{_SELECT} WHERE user_id = %s", [user_id])).fetchone()
    return _account(row) if row else None


async def save(
    conn: Connection,
    *,
    label: str,
    user_id: int,
    dc_id: int,
    phone_hint: str | None = None,
    dc_address: str | None = None,
    dc_port: int | None = None,
    session_ciphertext: bytes | None = None,
    key_id: str | None = None,
) -> identity.AccountId:
    """Add an account or renew one of the same Telegram user, and return its id.

    A session is bound to that id, so a new account's comes afterwards, by :func:`set_session` in the same
    transaction. Raises BadInput when another account has the label.
    """
    taken = await conn.execute("SELECT 1 FROM accounts WHERE label = %s AND user_id <> %s", [label, user_id])
    if await taken.fetchone():
        raise errors.BadInput(f"There is already an account labelled {label}; choose another label.")
    cursor = await conn.execute(_SAVE, [label, user_id, phone_hint, dc_id, dc_address, dc_port])
    row = await cursor.fetchone()
    assert row is not None
    if session_ciphertext is not None and key_id is not None:
        await set_session(conn, row[0], session_ciphertext, key_id)
    return identity.AccountId(row[0])


async def set_session(conn: Connection, account_id: identity.AccountId, ciphertext: bytes, key_id: str) -> None:
    """Keep an encrypted session; the account is active again."""
    await conn.execute(_SET_SESSION, [ciphertext, key_id, account_id])


async def session(conn: Connection, account_id: identity.AccountId) -> tuple[bytes, str]:
    """Return an account's encrypted session and the id of its key. Raises SessionEnded when there is none."""
    cursor = await conn.execute(
        "SELECT session_ciphertext, session_key_id FROM accounts WHERE account_id = %s", [account_id]
    )
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        raise errors.SessionEnded("This account has no session here; sign in with `heliograph login`.")
    return bytes(row[0]), row[1]


async def set_state(conn: Connection, account_id: identity.AccountId, state: State) -> None:
    """Say what an account is good for from now on."""
    await conn.execute("UPDATE accounts SET state = %s, updated_at = now() WHERE account_id = %s", [state, account_id])


async def set_dc(conn: Connection, account_id: identity.AccountId, dc_id: int, address: str, port: int) -> None:
    """Remember the home data centre that Telegram moved an account to."""
    await conn.execute(
        "UPDATE accounts SET dc_id = %s, dc_address = %s, dc_port = %s, updated_at = now() WHERE account_id = %s",
        [dc_id, address, port, account_id],
    )


async def frozen(conn: Connection, account_id: identity.AccountId) -> dict[str, datetime]:
    """Return until when Telegram refuses which method families."""
    cursor = await conn.execute("SELECT frozen_until FROM accounts WHERE account_id = %s", [account_id])
    row = await cursor.fetchone()
    return {family: datetime.fromisoformat(until) for family, until in (row[0] if row else {}).items()}


async def freeze(conn: Connection, account_id: identity.AccountId, family: str, until: datetime) -> None:
    """Remember a flood wait, so that it is obeyed after a restart as well."""
    await conn.execute(_FREEZE, [Jsonb({family: until.isoformat()}), account_id])


async def learned(conn: Connection, account_id: identity.AccountId) -> dict[str, Learned]:
    """Return what is known of Telegram's limits, by method family."""
    cursor = await conn.execute("SELECT budgets FROM accounts WHERE account_id = %s", [account_id])
    row = await cursor.fetchone()
    return learned_of(row[0] if row else {})


def learned_of(budgets: dict[str, dict[str, Any]]) -> dict[str, Learned]:
    """Read the column ``budgets``."""
    return {
        family: Learned(
            per_second=known["per_second"],
            learned_at=datetime.fromisoformat(known["learned_at"]),
            flooded_at=datetime.fromisoformat(known["flooded_at"]) if known.get("flooded_at") else None,
        )
        for family, known in budgets.items()
    }


async def learn(conn: Connection, account_id: identity.AccountId, family: str, known: Learned) -> None:
    """Remember what was learned of a method family's limit, so that a restart goes on from there."""
    content = {
        "per_second": known.per_second,
        "learned_at": known.learned_at.isoformat(),
        "flooded_at": known.flooded_at.isoformat() if known.flooded_at else None,
    }
    await conn.execute(_LEARN, [Jsonb({family: content}), account_id])


def _account(row: tuple[Any, ...]) -> Account:
    account_id, label, user_id, phone_hint, state, dc_id, dc_address, dc_port, proxy, key_id = row
    return Account(
        account_id=identity.AccountId(account_id),
        label=label,
        user_id=user_id,
        phone_hint=phone_hint,
        state=state,
        dc_id=dc_id,
        dc_address=dc_address,
        dc_port=dc_port,
        proxy=proxy,
        key_id=key_id,
    )
