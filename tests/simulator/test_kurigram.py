"""Kurigram, which shares no code with the simulator: another serializer, another crypto, the same layer."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pyrogram import errors, filters, handlers
from tests.fixtures.simulator import PHONE, StartSimulator, kurigram_client, kurigram_sign_in, until

from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model

FILE_BYTES = 5 * 1024 * 1024


class Seen:
    """What a client's handlers were told, by chat."""

    def __init__(self, client: Any) -> None:
        self.new: dict[tuple[int, int], str | None] = {}
        self.edited: dict[tuple[int, int], str | None] = {}
        self.deleted: set[tuple[int, int]] = set()
        client.add_handler(handlers.MessageHandler(self._on_new, filters.all))
        client.add_handler(handlers.EditedMessageHandler(self._on_edit, filters.all))
        client.add_handler(handlers.DeletedMessagesHandler(self._on_delete))

    async def _on_new(self, client: Any, message: Any) -> None:
        self.new[message.chat.id, message.id] = message.text

    async def _on_edit(self, client: Any, message: Any) -> None:
        self.edited[message.chat.id, message.id] = message.text

    async def _on_delete(self, client: Any, messages: Any) -> None:
        self.deleted |= {(message.chat.id if message.chat else 0, message.id) for message in messages}


@pytest.fixture
async def client(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Any]:
    """A signed-up client, started."""
    made = kurigram_client(simulator, tmp_path)
    await kurigram_sign_in(made, simulator)
    await made.disconnect()
    await made.start()
    yield made
    if made.is_connected:
        await made.stop()
    assert not simulator.failures
    assert not simulator.violations


async def test_signs_up_by_code_and_in_again_with_a_password(simulator: Simulator, tmp_path: Path) -> None:
    first = kurigram_client(simulator, tmp_path, "first")
    user = await kurigram_sign_in(first, simulator)
    simulator.world.set_password(user.id, "correct horse")
    second = kurigram_client(simulator, tmp_path, "second")
    with pytest.raises(errors.SessionPasswordNeeded):
        await kurigram_sign_in(second, simulator)
    with pytest.raises(errors.PasswordHashInvalid):
        await second.check_password("wrong")
    assert (await second.check_password("correct horse")).id == user.id
    await first.disconnect()
    await second.disconnect()


async def test_wrong_code_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    client = kurigram_client(simulator, tmp_path)
    await client.connect()
    sent = await client.send_phone_number_code(PHONE)
    with pytest.raises(errors.PhoneCodeInvalid):
        await client.sign_in(PHONE, sent.phone_code_hash, "00000")
    await client.disconnect()


async def test_lists_every_dialog(simulator: Simulator, client: Any) -> None:
    listed = {dialog.chat.id: dialog.chat.title async for dialog in client.get_dialogs()}
    (account,) = simulator.world.accounts.values()
    expected = {peer: simulator.world.chats[peer].title for peer in account.chats}
    assert {peer: title for peer, title in listed.items() if peer < 0} == expected


async def test_pages_a_thousand_messages_of_history(start_simulator: StartSimulator, tmp_path: Path) -> None:
    simulator = await start_simulator(chats=5, messages=8000)
    client = kurigram_client(simulator, tmp_path)
    await kurigram_sign_in(client, simulator)
    await client.disconnect()
    await client.start()
    (account,) = simulator.world.accounts.values()
    chat = max((simulator.world.chats[peer] for peer in account.chats), key=lambda chat: chat.alive)
    assert chat.is_channel
    [dialog async for dialog in client.get_dialogs()]
    seen = [(message.id, message.text) async for message in client.get_chat_history(chat.peer, limit=1000)]
    alive = [message for message in reversed(chat.messages) if message.deleted_at is None][:1000]
    assert [number for number, _ in seen] == [message.id for message in alive]
    texts = {message.id: message.text for message in alive if message.media is None and message.action is None}
    assert {number: text for number, text in seen if number in texts} == texts
    assert len(seen) == 1000
    await client.stop()


@pytest.mark.parametrize("kind", ["channel", "supergroup", "group"])
async def test_new_edited_and_deleted_messages_arrive_live(
    simulator: Simulator, client: Any, kind: model.ChatKind
) -> None:
    seen = Seen(client)
    chat = simulator.world.chats_of(kind)[0]
    [dialog async for dialog in client.get_dialogs()]
    first = _post(simulator, chat, "first words")
    number = _number(simulator, first)
    await until(lambda: seen.new.get((chat.peer, number)) == "first words")
    simulator.world.edit(chat, first, "better words")
    await until(lambda: seen.edited.get((chat.peer, number)) == "better words")
    simulator.world.delete(chat, [first])
    await until(lambda: {(chat.peer, number), (0, number)} & seen.deleted)


@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_new_edited_and_deleted_messages_arrive_after_being_offline(
    simulator: Simulator, client: Any, tmp_path: Path, kind: model.ChatKind
) -> None:
    seen = Seen(client)
    chat = simulator.world.chats_of(kind)[0]
    [dialog async for dialog in client.get_dialogs()]
    edited, deleted = _post(simulator, chat, "to be edited"), _post(simulator, chat, "to be deleted")
    numbers = [_number(simulator, message) for message in (edited, deleted)]
    await until(lambda: len(seen.new) >= 2)
    await client.stop()

    missed = _post(simulator, chat, "said while away")
    simulator.world.edit(chat, edited, "edited while away")
    simulator.world.delete(chat, [deleted])
    back = kurigram_client(simulator, tmp_path, skip_updates=False)
    after = Seen(back)
    await back.start()
    await until(lambda: after.new.get((chat.peer, _number(simulator, missed))) == "said while away")
    await until(lambda: after.edited.get((chat.peer, numbers[0])) == "edited while away")
    await until(lambda: {(chat.peer, numbers[1]), (0, numbers[1])} & after.deleted)
    await back.stop()


async def test_five_megabytes_go_up_and_come_down_unchanged(client: Any) -> None:
    content = random.Random(7).randbytes(FILE_BYTES)
    file = BytesIO(content)
    file.name = "noise.bin"
    message = await client.send_document("me", file)
    assert message.document.file_size == FILE_BYTES
    assert (await client.download_media(message, in_memory=True)).getvalue() == content


async def test_messages_of_its_own_reach_the_world(simulator: Simulator, client: Any) -> None:
    chat = simulator.world.chats_of("supergroup")[0]
    [dialog async for dialog in client.get_dialogs()]
    sent = await client.send_message(chat.peer, "**bold** words")
    message = chat.message(sent.id)
    assert message is not None
    assert (message.text, message.entities) == ("bold words", [["bold", 0, 4]])
    await client.edit_message_text(chat.peer, sent.id, "plain words")
    assert message.text == "plain words"
    await client.delete_messages(chat.peer, sent.id)
    assert message.deleted_at is not None


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
