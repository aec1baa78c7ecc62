"""Signing up, in and out, as clients do it; and everything that goes wrong at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions, types
from tests.fixtures.simulator import API_HASH, API_ID, PHONE, StartSimulator, telethon_client, telethon_sign_in

from heliograph.simulator import srp
from heliograph.simulator.server import Simulator


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[TelegramClient]:
    made = telethon_client(simulator)
    await made.connect()
    yield made
    await made.disconnect()


async def test_unknown_number_signs_up_with_the_code(simulator: Simulator, client: TelegramClient) -> None:
    user = await telethon_sign_in(client, simulator, first_name="Grace", last_name="Hopper")
    assert (user.first_name, user.last_name, user.phone, user.is_self) == ("Grace", "Hopper", PHONE[1:], True)
    assert await client.is_user_authorized()


async def test_known_number_signs_in_on_another_device(simulator: Simulator, client: TelegramClient) -> None:
    first = await telethon_sign_in(client, simulator)
    other = telethon_client(simulator)
    await other.connect()
    assert (await telethon_sign_in(other, simulator)).id == first.id
    devices = await other(functions.account.GetAuthorizationsRequest())
    assert [device.current for device in devices.authorizations].count(True) == 1
    assert len(devices.authorizations) == 2
    await other.disconnect()


async def test_log_out_ends_the_sign_in(simulator: Simulator, client: TelegramClient) -> None:
    await telethon_sign_in(client, simulator)
    await client(functions.auth.LogOutRequest())
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client(functions.users.GetUsersRequest([types.InputUserSelf()]))


async def test_wrong_code_is_refused_and_the_right_one_still_works(
    simulator: Simulator, client: TelegramClient
) -> None:
    sent = await client.send_code_request(PHONE)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, "54321"))
    answer = await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, "12345"))
    assert isinstance(answer, types.auth.AuthorizationSignUpRequired)


async def test_empty_code_is_refused(client: TelegramClient) -> None:
    sent = await client.send_code_request(PHONE)
    with pytest.raises(errors.PhoneCodeEmptyError):
        await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, ""))


async def test_expired_or_replaced_code_is_refused(simulator: Simulator, client: TelegramClient) -> None:
    first = await client.send_code_request(PHONE)
    second = await client(functions.auth.ResendCodeRequest(PHONE, first.phone_code_hash))
    with pytest.raises(errors.PhoneCodeExpiredError):
        await client(functions.auth.SignInRequest(PHONE, first.phone_code_hash, "12345"))
    simulator.logins.expire()
    with pytest.raises(errors.PhoneCodeExpiredError):
        await client(functions.auth.SignInRequest(PHONE, second.phone_code_hash, "12345"))


async def test_nobody_signs_up_without_the_right_code(client: TelegramClient) -> None:
    sent = await client.send_code_request(PHONE)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client(functions.auth.SignUpRequest(PHONE, sent.phone_code_hash, "Eve", ""))


@pytest.mark.parametrize("phone", ["", "12", "+abc", "0401234567", "+1234567890123456"])
async def test_what_is_no_phone_number_is_refused(client: TelegramClient, phone: str) -> None:
    with pytest.raises(errors.PhoneNumberInvalidError):
        await client(functions.auth.SendCodeRequest(phone, API_ID, API_HASH, types.CodeSettings()))


async def test_wrong_api_hash_is_refused(start_simulator: StartSimulator) -> None:
    simulator = await start_simulator(api_hash="f" * 32)
    client = telethon_client(simulator)
    await client.connect()
    with pytest.raises(errors.ApiIdInvalidError):
        await client.send_code_request(PHONE)
    await client.disconnect()


async def test_two_step_password_is_asked_for_and_checked(simulator: Simulator, client: TelegramClient) -> None:
    user = await telethon_sign_in(client, simulator)
    simulator.world.set_password(user.id, "correct horse")
    other = telethon_client(simulator)
    await other.connect()
    with pytest.raises(errors.SessionPasswordNeededError):
        await telethon_sign_in(other, simulator)
    assert not await other.is_user_authorized()
    with pytest.raises(errors.PasswordHashInvalidError):
        await other.sign_in(password="wrong")
    assert (await other.sign_in(password="correct horse")).id == user.id
    await other.disconnect()


async def test_client_sets_changes_and_removes_its_password(simulator: Simulator, client: TelegramClient) -> None:
    await telethon_sign_in(client, simulator)
    assert await client.edit_2fa(new_password="one", hint="number")
    assert (await client(functions.account.GetPasswordRequest())).hint == "number"
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.edit_2fa(current_password="two", new_password="three")
    assert await client.edit_2fa(current_password="one", new_password="two")
    assert await client.edit_2fa(current_password="two", new_password=None)
    assert not (await client(functions.account.GetPasswordRequest())).has_password


async def test_exported_authorisation_signs_another_key_in_once(simulator: Simulator, client: TelegramClient) -> None:
    user = await telethon_sign_in(client, simulator)
    exported = await client(functions.auth.ExportAuthorizationRequest(4))
    other = telethon_client(simulator)
    await other.connect()
    imported = await other(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    assert imported.user.id == user.id
    with pytest.raises(errors.AuthBytesInvalidError):
        await other(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    await other.disconnect()


async def test_flood_wait_at_login_is_told(simulator: Simulator, client: TelegramClient) -> None:
    simulator.faults.flood("auth.sendCode", 3600)
    with pytest.raises(errors.FloodWaitError) as caught:
        await client.send_code_request(PHONE)
    assert caught.value.seconds == 3600


async def test_config_names_only_addresses_that_answer(simulator: Simulator, client: TelegramClient) -> None:
    config = await client(functions.help.GetConfigRequest())
    assert {(option.ip_address, option.port) for option in config.dc_options} == {("127.0.0.1", simulator.port)}
    assert config.this_dc in {option.id for option in config.dc_options}


def test_proof_of_a_password_needs_the_newest_challenge() -> None:
    verifier = srp.verifier_of("secret")
    challenge = srp.ask(verifier)
    assert not srp.is_proved(challenge, bytes(256), bytes(32))
    assert not srp.is_proved(challenge, srp.P_BYTES, bytes(32))
