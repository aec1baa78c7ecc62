"""Signing in over a real socket: what is stored, and each bad input with its one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telethon.crypto import rsa
from telethon.errors import SecurityError
from telethon.network import authenticator
from telethon.tl import functions
from tests.crawler.wire import PHONE, answering, settings_for, sign_in, simulator
from tests.fixtures.simulator import StartSimulator, start_simulator

from heliograph import config, errors
from heliograph.crawler import login, transport
from heliograph.simulator.server import Simulator
from heliograph.store import accounts
from heliograph.store import database as store_database
from heliograph.vault import keyfile, sessions

__all__ = ["simulator", "start_simulator"]


async def test_signed_in_account_is_stored_with_an_encrypted_session(
    simulator: Simulator, tmp_path: Path, database: store_database.Database
) -> None:
    settings = settings_for(simulator, tmp_path)
    keyfile.ensure(settings.key_file)
    added = await login.add_account(
        settings, database, phone=PHONE, ask_code=answering("12345"), ask_password=answering("")
    )
    async with database.connection() as conn:
        ciphertext, key_id = await accounts.session(conn, added.account_id)
    assert (added.label, added.phone_hint, added.state) == ("Demo", "67", "active")
    content = sessions.load(settings.key_file).open(
        added.account_id, sessions.Sealed(ciphertext=ciphertext, key_id=key_id)
    )
    opened = transport.Connection(settings.telegram, transport.SessionKey.decode(content))
    await opened.connect()
    state = await opened.call(functions.updates.GetStateRequest())
    await opened.disconnect()
    assert state.pts >= 1


async def test_key_exchange_that_telethon_spoils_is_made_again(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: Telethon drops a leading zero byte of a new key, so that one sign-in in 256 failed as Disconnected."""
    assert len(rsa.get_byte_array(1 << 2039)) == 255, "Telethon keeps leading zeros now; connection_retries may go"
    exchange, spoiled = authenticator.do_authentication, [1, 2]

    async def spoil(sender: Any) -> Any:
        key = await exchange(sender)
        if spoiled and spoiled.pop():
            raise SecurityError("Step 3 invalid new nonce hash")
        return key

    monkeypatch.setattr(authenticator, "do_authentication", spoil)
    found = await sign_in(settings_for(simulator, tmp_path))
    assert not spoiled
    assert found.key.auth_key


async def test_two_step_password_finishes_a_sign_in(simulator: Simulator, tmp_path: Path) -> None:
    settings = settings_for(simulator, tmp_path)
    first = await sign_in(settings)
    simulator.world.set_password(first.user_id, "secret")
    assert (await sign_in(settings, password="secret")).user_id == first.user_id


@pytest.mark.parametrize(
    ("mistake", "error"),
    [
        ({"api_hash": SecretStr("wrong")}, errors.ApiKeyWrong),
        ({"api_id": 99}, errors.ApiKeyWrong),
        ({"api_id": 0}, errors.ApiKeyWrong),
        ({"sign_up_name": None}, errors.PhoneWrong),
        ({"phone": "+0"}, errors.PhoneWrong),
        ({"code": "1"}, errors.CodeWrong),
        ({"expired": True}, errors.CodeExpired),
        ({"password": "wrong"}, errors.PasswordWrong),
        ({"flood": 60}, errors.FloodWait),
        ({"dc_port": 1}, errors.Disconnected),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_each_bad_input_has_its_error_and_nothing_is_written(
    simulator: Simulator,
    tmp_path: Path,
    database: store_database.Database,
    mistake: dict[str, Any],
    error: type[errors.TelegramError],
) -> None:
    answers = {"phone": PHONE, "code": "12345", "password": ""}
    answers.update({key: mistake[key] for key in answers if key in mistake})
    if "password" in mistake:
        found = await sign_in(settings_for(simulator, tmp_path))
        simulator.world.set_password(found.user_id, "secret")
    if "flood" in mistake:
        simulator.faults.flood("auth.sendCode", mistake["flood"])

    async def code() -> str:
        if "expired" in mistake:
            simulator.logins.expire()
        return answers["code"]

    telegram = {key: value for key, value in mistake.items() if key in config.Telegram.model_fields}
    settings = settings_for(simulator, tmp_path, **telegram)
    keyfile.ensure(settings.key_file)
    with pytest.raises(error) as raised:
        await login.add_account(
            settings, database, phone=answers["phone"], ask_code=code, ask_password=answering(answers["password"])
        )
    assert str(raised.value).endswith(".")
    async with database.connection() as conn:
        assert await accounts.load_all(conn) == []


async def test_second_account_is_refused_while_private_chats_are_mirrored(
    simulator: Simulator, tmp_path: Path, database: store_database.Database
) -> None:
    settings = settings_for(simulator, tmp_path)
    assert settings.crawler.private_chats
    keyfile.ensure(settings.key_file)
    code, password = answering("12345"), answering("")
    for _ in range(2):  # the same account may sign in again
        await login.add_account(settings, database, phone=PHONE, ask_code=code, ask_password=password)
    with pytest.raises(errors.BadInput, match="private_chats"):
        await login.add_account(settings, database, phone="+99966100068", ask_code=code, ask_password=password)
    async with database.connection() as conn:
        assert len(await accounts.load_all(conn)) == 1


async def test_account_of_another_data_center_signs_in_there(simulator: Simulator, tmp_path: Path) -> None:
    simulator.faults.refuse("auth.sendCode", "PHONE_MIGRATE_4", 303)
    found = await sign_in(settings_for(simulator, tmp_path))
    assert found.key.dc_id == 4


async def test_unknown_rsa_key_is_refused(
    simulator: Simulator, start_simulator: StartSimulator, tmp_path: Path
) -> None:
    stranger = await start_simulator(chats=1)
    with pytest.raises(errors.Disconnected, match="dc_public_key_file"):
        await sign_in(settings_for(simulator, tmp_path, dc_port=stranger.port))


async def test_damaged_key_file_says_so(simulator: Simulator, tmp_path: Path) -> None:
    settings = settings_for(simulator, tmp_path)
    (tmp_path / "telegram.pem").write_text("not a key")
    with pytest.raises(errors.ConfigInvalid, match="PKCS#1"):
        transport.Connection(settings.telegram, transport.SessionKey.fresh(settings.telegram))
