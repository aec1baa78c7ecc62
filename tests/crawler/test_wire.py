"""Over a real socket: reading what an account sees, and what happens when the connection goes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions, types
from tests.crawler.wire import connection, connection_of, settings_for, sign_in, simulator
from tests.fixtures.simulator import start_simulator

from heliograph import errors
from heliograph.crawler import directory, history, link, normalize, peers, transport
from heliograph.domain import identity, records
from heliograph.simulator.server import Simulator

__all__ = ["connection", "simulator", "start_simulator"]


PATIENCE_SECONDS = 60
"""A busy machine is no failure."""
CLOCK_GRAIN = timedelta(milliseconds=1)
NEAREST = functions.help.GetNearestDcRequest()


async def events_until(connection: transport.Connection, kind: str) -> list[transport.Incoming]:
    found = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not found or found[-1].kind != kind:
            found.append(await connection.inbox.get())
    return found


async def test_requests_in_flight_at_a_cut_fail_and_the_connection_comes_back(
    simulator: Simulator, connection: transport.Connection
) -> None:
    waiting = [asyncio.create_task(connection.call(NEAREST)) for _ in range(3)]
    await asyncio.sleep(0)
    simulator.faults.cut()
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, errors.Disconnected | types.NearestDc)
    await events_until(connection, "reconnected")
    assert (await connection.call(NEAREST)).this_dc == 2


async def test_loss_is_told_however_soon_the_connection_is_back(
    simulator: Simulator, connection: transport.Connection
) -> None:
    """Regression: whoever looked every 0.2 s missed an outage that was over sooner."""
    simulator.faults.cut()
    await events_until(connection, "reconnected")
    assert connection.is_connected
    await asyncio.wait_for(connection.until_lost(), PATIENCE_SECONDS)


async def test_request_during_an_outage_waits_for_the_connection(
    simulator: Simulator, connection: transport.Connection
) -> None:
    simulator.faults.cut(seconds=0.5)
    while connection.is_connected:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (await asyncio.wait_for(connection.call(NEAREST), PATIENCE_SECONDS)).this_dc == 2


async def test_connecting_can_be_cancelled_at_any_moment(simulator: Simulator, tmp_path: Path) -> None:
    """Regression: a cancellation that came as the socket opened was lost, and the crawler never stopped."""
    settings = settings_for(simulator, tmp_path)
    key = await sign_in(settings)
    ended = []
    for moment in range(120):
        opened = connection_of(settings, key)
        connecting = asyncio.create_task(opened.connect())
        for _ in range(moment):
            await asyncio.sleep(0)
        is_asked = connecting.cancel()
        await asyncio.wait({connecting}, timeout=PATIENCE_SECONDS)
        ended.append(connecting.cancelled() or not is_asked)
        await opened.disconnect()
    assert ended == [True] * len(ended)


async def test_refused_first_opening_is_tried_again_like_a_later_one(simulator: Simulator, tmp_path: Path) -> None:
    """Regression: one 500 to the first word of a connection ended the whole crawler."""
    settings = settings_for(simulator, tmp_path)
    opened = connection_of(settings, await sign_in(settings))
    simulator.faults.refuse("help.getConfig", "INTERNAL", 500, times=2)
    try:
        await asyncio.wait_for(opened.connect(wait=True), PATIENCE_SECONDS)
        assert (await opened.call(NEAREST)).this_dc == 2
    finally:
        await opened.disconnect()


async def test_ended_session_and_wrong_api_key_end_the_waiting_for_a_connection(
    simulator: Simulator, tmp_path: Path
) -> None:
    settings = settings_for(simulator, tmp_path)
    opened = connection_of(settings, await sign_in(settings))
    for name, expected in (("SESSION_REVOKED", errors.SessionEnded), ("API_ID_INVALID", errors.ApiKeyWrong)):
        simulator.faults.refuse("help.getConfig", name, 401)
        with pytest.raises(expected):
            await asyncio.wait_for(opened.connect(wait=True), PATIENCE_SECONDS)


async def test_flood_wait_for_opening_is_kept_by_the_governor_and_obeyed_by_the_next_connection(
    simulator: Simulator, tmp_path: Path
) -> None:
    settings = settings_for(simulator, tmp_path)
    found = await sign_in(settings)
    simulator.faults.flood("help.getConfig", 300)
    first = connection_of(settings, found)
    with pytest.raises(errors.FloodWait):
        await first.connect()
    again = connection_of(settings, found, governor=first.governor)
    with pytest.raises(errors.FloodWait) as refused:
        await again.connect()
    assert refused.value.seconds == pytest.approx(300, abs=5)


async def test_unanswered_request_ends_at_its_deadline(simulator: Simulator, connection: transport.Connection) -> None:
    simulator.faults.stall(5)
    with pytest.raises(errors.RpcTimeout):
        await connection.call(NEAREST, deadline=0.2)


async def test_connection_that_answers_pings_but_no_requests_is_made_again(
    simulator: Simulator, connection: transport.Connection
) -> None:
    simulator.faults.silence("help.getConfig", times=2)
    for _ in range(2):
        with pytest.raises(errors.RpcTimeout):
            await connection.call(functions.help.GetConfigRequest(), deadline=0.3)
    await asyncio.wait_for(connection.until_lost(), 30)
    assert await connection.call(functions.help.GetConfigRequest())


async def test_flood_wait_is_not_asked_again_before_its_time(
    simulator: Simulator, connection: transport.Connection
) -> None:
    simulator.faults.flood("updates.getState", 300, times=1)
    for _ in range(2):
        with pytest.raises(errors.FloodWait) as refused:
            await connection.call(functions.updates.GetStateRequest())
        assert refused.value.seconds == pytest.approx(300, abs=2)
    assert (await connection.call(NEAREST)).this_dc == 2


async def test_ended_session_stays_ended(simulator: Simulator, connection: transport.Connection) -> None:
    simulator.faults.refuse("updates.getState", "SESSION_REVOKED", 401)
    with pytest.raises(errors.SessionEnded):
        await connection.call(functions.updates.GetStateRequest())
    await events_until(connection, "ended")
    with pytest.raises(errors.SessionEnded):
        await connection.call(NEAREST)
    assert connection.is_ended


async def test_push_arrives_with_the_servers_time(simulator: Simulator, connection: transport.Connection) -> None:
    await connection.call(functions.updates.GetStateRequest())
    chat = next(each for each in simulator.world.chats_of("supergroup") if connection.user_id in each.members)
    sender = next(user_id for user_id in chat.members if user_id != connection.user_id)
    before = datetime.now(UTC)
    simulator.world.post(chat, sender, "live")
    found = (await events_until(connection, "container"))[-1]
    container = normalize.container(
        found.container, self_user_id=connection.user_id, pushed_at=found.pushed_at, is_known=None
    )
    assert container.events[0].box == identity.channel_space(chat.id)
    assert found.pushed_at is not None
    assert before - CLOCK_GRAIN <= found.pushed_at <= datetime.now(UTC) + CLOCK_GRAIN


async def listed(connection: transport.Connection, **options: Any) -> list[peers.Dialog]:
    is_new = options.get("is_new", lambda chat_id: True)
    return [each async for page in peers.dialogs(connection, is_new=is_new) for each in page.dialogs]


async def test_every_chat_is_listed_once_with_where_its_box_stands(
    simulator: Simulator, connection: transport.Connection
) -> None:
    found = await listed(connection)
    chat_ids = [each.chat_id for each in found]
    assert len(chat_ids) == len(set(chat_ids))
    assert set(simulator.world.accounts[connection.user_id].chats) <= set(chat_ids)
    for each in found:
        is_channel = identity.is_channel_space(each.space_id)
        assert (each.pts is not None) == is_channel
        assert (each.access_hash is not None) == (identity.split_peer(each.chat_id)[0] != "chat")


async def test_lists_of_several_pages_are_whole(
    simulator: Simulator, connection: transport.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {each.chat_id for each in await listed(connection)}
    monkeypatch.setattr(peers, "PAGE", 7)
    assert {each.chat_id for each in await listed(connection)} == whole


async def test_only_new_chats_open_holes(connection: transport.Connection) -> None:
    pages = [page async for page in peers.dialogs(connection, is_new=lambda chat_id: False)]
    assert [page.batch.coverage for page in pages] == [[] for _ in pages]
    pages = [page async for page in peers.dialogs(connection, is_new=lambda chat_id: True)]
    holes = {each.chat_id: (each.first_id, each.last_id) for page in pages for each in page.batch.coverage}
    assert holes == {each.chat_id: (1, each.top_id) for page in pages for each in page.dialogs if each.top_id}


async def test_topics_of_a_forum_are_read_whole(
    simulator: Simulator, connection: transport.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PAGE", 2)
    forum = next(each for each in await listed(connection) if each.is_forum)
    found = await peers.topics(connection, forum.space_id, forum.access_hash or 0)
    world = simulator.world.chats[forum.chat_id].topics
    assert {each.topic_id: each.title for each in found} == {each.id: each.title for each in world.values()}


async def test_history_of_every_chat_equals_the_truth(simulator: Simulator, connection: transport.Connection) -> None:
    known = directory.Directory(private_chats=True)
    account = link.Link(connection, epoch=1, chats=known)
    memory = normalize.PeerMemory()
    rows: dict[tuple[int, int], records.Message] = {}
    for dialog in await listed(connection):
        kind = "forum" if dialog.is_forum else "supergroup"
        known.load_chat(dialog.chat_id, space_id=dialog.space_id, kind=kind, policy="mirror")
        progress = records.BackfillProgress(
            chat_id=dialog.chat_id,
            space_id=dialog.space_id,
            next_id=0,
            done=0,
            total=0,
            is_complete=False,
            since=None,
        )
        while not progress.is_complete:
            request = history.Request(
                account=account,
                peer=peers.input_peer(dialog.chat_id, dialog.access_hash),
                progress=progress,
                as_of=1,
                top_id=dialog.top_id,
            )
            page = await history.fetch(request, memory, datetime.now(UTC))
            assert page.batch.dead_letters == []
            rows.update({(row.space_id, row.message_id): row for row in page.batch.messages})
            progress = page.progress
    expected = {
        (each["space_id"], each["message_id"]): each
        for each in simulator.world.truth([connection.user_id])
        if not each["is_deleted"]
    }
    assert len(expected) > 1000
    assert expected.keys() <= rows.keys()
    for key, truth in expected.items():
        assert as_truth(rows[key], truth) == {field: truth[field] or None for field in FIELDS}
    assert simulator.failures == []


FIELDS = (
    "chat_id",
    "sender_id",
    "text",
    "entities",
    "reply_to",
    "topic_id",
    "album_id",
    "forward",
    "media",
    "service",
    "date",
    "edit_date",
)


def as_truth(row: records.Message, truth: dict[str, Any]) -> dict[str, Any]:
    reply = None
    if row.reply_to_message_id is not None:
        reply = {"message_id": row.reply_to_message_id, "chat_id": row.reply_to_chat_id}
    # Actions carry more than the truth tells (a topic's colour, a call's length).
    told = truth["service"] or {}
    service = {key: value for key, value in row.service.items() if key in told} if row.service else None
    found = {
        "chat_id": row.chat_id,
        "sender_id": row.sender_id,
        "text": row.text,
        "entities": row.entities,
        "reply_to": reply,
        "topic_id": row.topic_id,
        "album_id": row.album_id,
        "forward": row.forward,
        "media": row.media,
        "service": service,
        "date": int(row.date.timestamp()),
        "edit_date": int(row.edit_date.timestamp()) if row.edit_date else None,
    }
    return {key: value or None for key, value in found.items()}
