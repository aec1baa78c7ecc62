"""Telethon with its ordinary client and event API, as its users run it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, events
from telethon.sessions import SQLiteSession
from tests.fixtures.simulator import StartSimulator, telethon_client, telethon_sign_in, until

from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model

FILE_BYTES = 5 * 1024 * 1024


class Seen:
    """What a client's event handlers were told, by chat; deletions in basic groups name no chat."""

    def __init__(self, client: TelegramClient) -> None:
        self.new: dict[tuple[int, int], str] = {}
        self.edited: dict[tuple[int, int], str] = {}
        self.deleted: set[tuple[int | None, int]] = set()
        client.add_event_handler(self._on_new, events.NewMessage())
        client.add_event_handler(self._on_edit, events.MessageEdited())
        client.add_event_handler(self._on_delete, events.MessageDeleted())

    async def _on_new(self, event: Any) -> None:
        self.new[event.chat_id, event.message.id] = event.raw_text

    async def _on_edit(self, event: Any) -> None:
        self.edited[event.chat_id, event.message.id] = event.raw_text

    async def _on_delete(self, event: Any) -> None:
        self.deleted |= {(event.chat_id, number) for number in event.deleted_ids}


@pytest.fixture
async def client(simulator: Simulator, tmp_path: Path) -> AsyncIterator[TelegramClient]:
    """A signed-up client whose session is a file."""
    made = telethon_client(simulator, SQLiteSession(str(tmp_path / "account")))
    await telethon_sign_in(made, simulator)
    yield made
    await made.disconnect()
    assert not simulator.failures
    assert not simulator.violations


async def test_lists_every_dialog(simulator: Simulator, client: TelegramClient) -> None:
    listed = {dialog.id: dialog.name for dialog in await client.get_dialogs()}
    (account,) = simulator.world.accounts.values()
    expected = {peer: simulator.world.chats[peer].title for peer in account.chats}
    assert {peer: name for peer, name in listed.items() if peer < 0} == expected


async def test_pages_a_thousand_messages_of_history(start_simulator: StartSimulator) -> None:
    simulator = await start_simulator(chats=5, messages=8000)
    client = telethon_client(simulator)
    await telethon_sign_in(client, simulator)
    (account,) = simulator.world.accounts.values()
    chat = max((simulator.world.chats[peer] for peer in account.chats), key=lambda chat: chat.alive)
    await client.get_dialogs()
    seen = [(message.id, message.raw_text or "") async for message in client.iter_messages(chat.peer, limit=1000)]
    alive = [message for message in reversed(chat.messages) if message.deleted_at is None][:1000]
    assert len(seen) == 1000
    assert seen == [(message.id, message.text) for message in alive]
    await client.disconnect()


@pytest.mark.parametrize("kind", ["channel", "supergroup", "group"])
async def test_new_edited_and_deleted_messages_arrive_live(
    simulator: Simulator, client: TelegramClient, kind: model.ChatKind
) -> None:
    seen = Seen(client)
    chat = simulator.world.chats_of(kind)[0]
    await client.get_dialogs()
    first = _post(simulator, chat, "first words")
    number = _number(simulator, first)
    await until(lambda: seen.new.get((chat.peer, number)) == "first words")
    simulator.world.edit(chat, first, "better words")
    await until(lambda: seen.edited.get((chat.peer, number)) == "better words")
    simulator.world.delete(chat, [first])
    await until(lambda: {(chat.peer, number), (None, number)} & seen.deleted)


@pytest.mark.parametrize(("kind", "pts_style"), [("channel", "final"), ("supergroup", "final"), ("group", "zero")])
async def test_new_edited_and_deleted_messages_arrive_after_being_offline(
    simulator: Simulator, client: TelegramClient, tmp_path: Path, kind: model.ChatKind, pts_style: Any
) -> None:
    """In the answer shapes whose edits and deletions Telethon 1.45 does not throw away."""
    simulator.faults.pts_style = pts_style
    seen = Seen(client)
    chat = simulator.world.chats_of(kind)[0]
    await client.get_dialogs()
    edited, deleted = _post(simulator, chat, "to be edited"), _post(simulator, chat, "to be deleted")
    numbers = [_number(simulator, message) for message in (edited, deleted)]
    await until(lambda: len(seen.new) >= 2)
    await client.disconnect()

    missed = _post(simulator, chat, "said while away")
    simulator.world.edit(chat, edited, "edited while away")
    simulator.world.delete(chat, [deleted])
    back = telethon_client(simulator, SQLiteSession(str(tmp_path / "account")), catch_up=True)
    after = Seen(back)
    await back.connect()
    await until(lambda: after.new.get((chat.peer, _number(simulator, missed))) == "said while away")
    await until(lambda: after.edited.get((chat.peer, numbers[0])) == "edited while away")
    await until(lambda: {(chat.peer, numbers[1]), (None, numbers[1])} & after.deleted)
    await back.disconnect()


async def test_client_reconnects_by_itself_after_a_cut(simulator: Simulator, client: TelegramClient) -> None:
    seen = Seen(client)
    chat = simulator.world.chats_of("supergroup")[0]
    await client.get_dialogs()
    simulator.faults.cut()
    await until(lambda: simulator.hub.connections)
    await client.get_me()
    message = _post(simulator, chat, "after the cut")
    await until(lambda: seen.new.get((chat.peer, message.id)) == "after the cut")


async def test_five_megabytes_go_up_and_come_down_unchanged(client: TelegramClient) -> None:
    content = random.Random(7).randbytes(FILE_BYTES)
    message = await client.send_file("me", content, force_document=True)
    assert message.file.size == FILE_BYTES
    assert await client.download_media(message, bytes) == content


async def test_two_accounts_see_each_others_messages(simulator: Simulator, client: TelegramClient) -> None:
    other = telethon_client(simulator)
    await telethon_sign_in(other, simulator, "+4915112345678", first_name="Max")
    seen = Seen(other)
    chat = simulator.world.chats_of("supergroup")[0]
    await client.get_dialogs()
    sent = await client.send_message(chat.peer, "**hello** there")
    await until(lambda: seen.new.get((chat.peer, sent.id)) == "hello there")
    await client.edit_message(chat.peer, sent.id, "bye")
    await until(lambda: seen.edited.get((chat.peer, sent.id)) == "bye")
    await client.delete_messages(chat.peer, [sent.id])
    await until(lambda: (chat.peer, sent.id) in seen.deleted)
    await other.disconnect()


def _post(simulator: Simulator, chat: model.Chat, text: str) -> model.Message:
    """Let somebody else of the chat speak."""
    accounts = simulator.world.accounts
    sender = None if chat.kind == "channel" else next(user for user in chat.members if user not in accounts)
    return simulator.world.post(chat, sender, text)


def _number(simulator: Simulator, message: model.Message) -> int:
    """The id that the only account knows a message by."""
    (user_id,) = simulator.world.accounts
    number = message.id_for(user_id)
    assert number is not None
    return number
