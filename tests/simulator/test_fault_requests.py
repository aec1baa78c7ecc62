"""Faults of requests: limits, silence, delay, closed accounts, ended sign-ins, files."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.errors import TypeNotFoundError
from telethon.tl import functions, types
from tests.simulator.wire_client import WireClient, signed_in
from tests.simulator.world_client import START

from heliograph import clock
from heliograph.simulator.faults import NEVER, Faults
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model

STATE = functions.updates.GetStateRequest()
SELF = functions.users.GetUsersRequest([types.InputUserSelf()])


@pytest.fixture
async def client(simulator: Simulator) -> WireClient:
    return await signed_in(simulator)


def named(simulator: Simulator, client: WireClient, chat: model.Chat) -> Any:
    return types.InputChannel(chat.id, simulator.world.access_hash(client.user_id, chat.peer))


def channel_difference(simulator: Simulator, client: WireClient, chat: model.Chat, pts: int | None = None) -> Any:
    pts = chat.box.pts if pts is None else pts
    return functions.updates.GetChannelDifferenceRequest(
        named(simulator, client, chat), types.ChannelMessagesFilterEmpty(), pts, 100
    )


def test_limit_tells_the_true_wait_and_admits_after_it() -> None:
    time = clock.ManualClock(START)
    faults = Faults(monotonic=time.monotonic)
    limit = faults.limit_rate("messages.getHistory", 2, 10)

    def ask(user_id: int = 1) -> str | None:
        error = faults.before_rpc(user_id, "messages.getHistory")
        return error and error.message

    assert [ask(), ask(), ask()] == [None, None, "FLOOD_WAIT_10"]
    time.advance(4)
    assert ask() == "FLOOD_WAIT_6"
    assert ask(2) is None
    time.advance(6)
    assert [ask(), ask(), ask()] == [None, None, "FLOOD_WAIT_10"]
    assert (limit.admitted[1], limit.refused[1], limit.refused[2]) == (4, 3, 0)


async def test_hidden_limit_is_met_over_the_wire(simulator: Simulator, client: WireClient) -> None:
    simulator.faults.limit_rate("updates.*", 3, 3600)
    answers = [await client.call(STATE) for _ in range(4)]
    assert [isinstance(answer, types.updates.State) for answer in answers] == [True, True, True, False]
    assert answers[3].error_code == 420
    assert 3590 <= int(answers[3].error_message.removeprefix("FLOOD_WAIT_")) <= 3600


async def test_silenced_request_is_acknowledged_and_never_answered(simulator: Simulator, client: WireClient) -> None:
    simulator.faults.silence("updates.getState")
    silent = client.send(STATE)
    assert silent in (await client.wait_for(types.MsgsAck)).msg_ids
    assert isinstance(await client.call(STATE), types.updates.State)
    assert not [m for m in await client.settled() if silent.to_bytes(8, "little") == m.body[4:12]]
    assert simulator.hub.connections


async def test_answer_that_nobody_waits_for_any_more_can_be_dropped_while_it_runs(
    simulator: Simulator, client: WireClient
) -> None:
    simulator.faults.silence("updates.getState")
    silent = client.send(STATE)
    await client.wait_for(types.MsgsAck)
    dropped = await client.call(functions.RpcDropAnswerRequest(silent))
    assert isinstance(dropped, types.RpcAnswerDroppedRunning)


async def test_late_answer_holds_what_was_true_when_it_was_asked(simulator: Simulator, client: WireClient) -> None:
    simulator.faults.slow("updates.getState", 0.2)
    late = client.send(STATE)
    await client.wait_for(types.MsgsAck)
    chat = simulator.world.chats_of("group")[0]
    pts = simulator.world.accounts[client.user_id].box.pts
    simulator.world.post(chat, next(iter(chat.members)), "Later")
    assert (await client.result(late, STATE)).pts == pts


def test_silence_and_delay_are_counted_and_never_is_never() -> None:
    faults = Faults()
    faults.slow("a.b", 2, times=2)
    faults.silence("a.*")
    assert [faults.delay_of(1, "a.b") for _ in range(3)] == [NEVER, 2, 0]


async def test_error_can_be_kept_to_one_channel(simulator: Simulator, client: WireClient) -> None:
    one, other = simulator.world.chats_of("supergroup")[:2]
    simulator.faults.refuse(
        "updates.getChannelDifference", "PERSISTENT_TIMESTAMP_OUTDATED", 500, times=None, chat=one.peer
    )
    for _ in range(3):
        answer = await client.call(channel_difference(simulator, client, one))
        assert (answer.error_code, answer.error_message) == (500, "PERSISTENT_TIMESTAMP_OUTDATED")
    answer = await client.call(channel_difference(simulator, client, other))
    assert isinstance(answer, types.updates.ChannelDifferenceEmpty)


async def test_banned_account_is_refused_everything_and_hears_nothing(simulator: Simulator, client: WireClient) -> None:
    simulator.faults.ban(client.user_id)
    chat = simulator.world.chats_of("supergroup")[0]
    simulator.world.post(chat, next(iter(chat.members)), "Unheard")
    for request in (STATE, SELF):
        answer = await client.call(request)
        assert (answer.error_code, answer.error_message) == (401, "USER_DEACTIVATED_BAN")
    assert await client.settled() == []
    simulator.faults.unban(client.user_id)
    assert isinstance(await client.call(STATE), types.updates.State)


async def test_revoked_session_is_told_so_until_it_signs_in_again(simulator: Simulator, client: WireClient) -> None:
    assert simulator.faults.revoke(client.user_id) == 1
    answer = await client.call(STATE)
    assert (answer.error_code, answer.error_message) == (401, "SESSION_REVOKED")
    sent = await client.call(functions.auth.SendCodeRequest("+358401234567", 1, "0" * 32, types.CodeSettings()))
    code = simulator.logins.code
    await client.call(functions.auth.SignInRequest("+358401234567", sent.phone_code_hash, code))
    assert isinstance(await client.call(STATE), types.updates.State)


@pytest.fixture
def location(simulator: Simulator, client: WireClient) -> Any:
    return lambda: _document(simulator, client)


async def _document(simulator: Simulator, client: WireClient) -> tuple[model.Chat, int, Any]:
    for chat in simulator.world.chats.values():
        for message in reversed(chat.messages if chat.is_channel and chat.username else []):
            if message.deleted_at is None and message.media and message.media["kind"] == "document":
                request = functions.channels.GetMessagesRequest(
                    named(simulator, client, chat), [types.InputMessageID(message.id)]
                )
                (found,) = (await client.call(request)).messages
                document = found.media.document
                place = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
                return chat, message.id, place
    raise AssertionError("no document in this world")


def part(place: Any, number: int) -> Any:
    return functions.upload.GetFileRequest(place, number * 4096, 4096)


async def test_reference_expires_in_the_middle_of_a_file_and_its_message_has_a_new_one(
    simulator: Simulator, client: WireClient, location: Any
) -> None:
    _chat, _id, place = await location()
    simulator.faults.expire_references(1)
    assert isinstance(await client.call(part(place, 0)), types.upload.File)
    assert (await client.call(part(place, 1))).error_message == "FILE_REFERENCE_EXPIRED"
    _chat, _id, fresh = await location()
    assert (fresh.id, fresh.access_hash) == (place.id, place.access_hash)
    assert isinstance(await client.call(part(fresh, 1)), types.upload.File)
    assert (await client.call(part(place, 1))).error_message == "FILE_REFERENCE_EXPIRED"


async def test_file_of_another_data_centre_needs_an_exported_authorisation(
    simulator: Simulator, client: WireClient, location: Any
) -> None:
    _chat, _id, place = await location()
    simulator.faults.migrate_files(4)
    answer = await client.call(part(place, 0))
    assert (answer.error_code, answer.error_message) == (303, "FILE_MIGRATE_4")
    exported = await client.call(functions.auth.ExportAuthorizationRequest(4))
    side = await (await WireClient.connected(simulator)).initialised()
    await side.call(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    assert isinstance(await side.call(part(place, 0)), types.upload.File)


async def test_premium_wait_slows_files_and_nothing_else(
    simulator: Simulator, client: WireClient, location: Any
) -> None:
    _chat, _id, place = await location()
    simulator.faults.flood("upload.getFile", 5, name="FLOOD_PREMIUM_WAIT")
    assert (await client.call(part(place, 0))).error_message == "FLOOD_PREMIUM_WAIT_5"
    assert isinstance(await client.call(STATE), types.updates.State)
    assert isinstance(await client.call(part(place, 0)), types.upload.File)


async def test_answer_about_a_chat_cannot_be_read_and_others_can(simulator: Simulator, client: WireClient) -> None:
    group, other = simulator.world.chats_of("supergroup")[:2]
    simulator.faults.undecodable_answers("updates.getChannelDifference", 1, chat=group.peer)
    assert await client.call(channel_difference(simulator, client, other))
    with pytest.raises(TypeNotFoundError):
        await client.call(channel_difference(simulator, client, group))
    assert await client.call(channel_difference(simulator, client, group))
