"""``heliograph init --rotate-key``: every session under a new key, whatever ends it on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.cli.conftest import Run
from tests.fixtures.simulator import PHONE

from heliograph import config
from heliograph.cli import lock
from heliograph.simulator.server import Simulator
from heliograph.vault import keyfile, sessions

ConfigureFor = Callable[..., None]
SignIn = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
def key_file(data_dir: Path) -> Path:
    return data_dir / config.MASTER_KEY_NAME


@pytest.fixture
def sign_in(run: Run, configure_for: ConfigureFor, simulator: Simulator) -> SignIn:
    async def sign_in() -> None:
        configure_for(simulator)
        assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0

    return sign_in


def stored(dsn: str) -> tuple[int, sessions.Sealed, str]:
    with psycopg.connect(dsn) as conn:
        query = "SELECT account_id, session_ciphertext, session_key_id, state FROM accounts"
        account_id, ciphertext, key_id, state = conn.execute(query).fetchone() or ()
    return account_id, sessions.Sealed(ciphertext=ciphertext, key_id=key_id), state


async def test_rotation_leaves_one_new_key_that_opens_the_same_sessions(
    run: Run, sign_in: SignIn, database_dsn: str, key_file: Path
) -> None:
    await sign_in()
    old = keyfile.load(key_file)
    account_id, sealed, _ = stored(database_dsn)
    session = sessions.Vault(old).open(account_id, sealed)
    with psycopg.connect(database_dsn) as conn:
        conn.execute("UPDATE accounts SET state = 'signed_out'")
    ran = await run("init", "--rotate-key")
    assert (ran.code, "1 sessions" in ran.err) == (0, True)
    new = keyfile.load(key_file)
    assert len(new) == 1
    assert new != old
    _, sealed, state = stored(database_dsn)
    assert sessions.Vault(new).open(account_id, sealed) == session
    assert state == "signed_out"
    with psycopg.connect(database_dsn) as conn:
        conn.execute("UPDATE accounts SET state = 'active'")
    found = json.loads((await run("doctor", "--json")).out)
    assert [each["state"] for each in found if each["check"] == "accounts"] == ["ok"]


async def test_a_rotation_that_was_killed_at_any_step_is_finished_by_the_next(
    run: Run, sign_in: SignIn, database_dsn: str, key_file: Path
) -> None:
    await sign_in()
    account_id, sealed, _ = stored(database_dsn)
    session = sessions.Vault(keyfile.load(key_file)).open(account_id, sealed)

    # Killed after the new key was added: the session is still under the old one.
    keyfile.add(key_file)
    assert sessions.Vault(keyfile.load(key_file)).open(account_id, sealed) == session
    assert (await run("init", "--rotate-key")).code == 0

    # Killed after the sessions were committed: the old key is still there.
    old = keyfile.load(key_file)
    keyfile.add(key_file)
    fresh = sessions.load(key_file).rotate(account_id, stored(database_dsn)[1])
    assert fresh is not None
    with psycopg.connect(database_dsn) as conn:
        conn.execute(
            "UPDATE accounts SET session_ciphertext = %s, session_key_id = %s", [fresh.ciphertext, fresh.key_id]
        )
    assert len(keyfile.load(key_file)) == 2
    assert (await run("init", "--rotate-key")).code == 0
    keys = keyfile.load(key_file)
    assert len(keys) == 1
    assert keys != old
    assert sessions.Vault(keys).open(account_id, stored(database_dsn)[1]) == session


async def test_another_key_is_refused_with_nothing_changed(
    run: Run, sign_in: SignIn, database_dsn: str, key_file: Path
) -> None:
    await sign_in()
    before = stored(database_dsn)
    key_file.unlink()
    keyfile.ensure(key_file)
    content = key_file.read_bytes()
    (await run("init", "--rotate-key")).refused_with("master key", "restore")
    assert (key_file.read_bytes(), stored(database_dsn)) == (content, before)


async def test_rotation_goes_alone_and_not_while_another_runs(run: Run, sign_in: SignIn, data_dir: Path) -> None:
    await sign_in()
    (await run("init", "--rotate-key", "--force")).refused_with("--rotate-key", "alone")
    with lock.data_dir(data_dir):
        (await run("init", "--rotate-key")).refused_with("another heliograph")
