"""An export in Telegram Desktop's form is laid out as Desktop lays it out, for one chat and for an account."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

from heliograph.domain import identity
from heliograph.exchange import media, model
from heliograph.exchange.desktop import reader
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import telegram
from heliograph.store.reads import exported

from . import told

LEFT = exported.ExportedChat(
    chat_id=identity.channel_peer(5), space_id=identity.channel_space(5), kind="channel", title="Old news", is_left=True
)
GROUP = exported.ExportedChat(
    chat_id=identity.chat_peer(9), space_id=identity.mailbox_space(700), kind="group", title="Rowers"
)
SAVED = exported.ExportedChat(
    chat_id=identity.user_peer(700), space_id=identity.mailbox_space(700), kind="private", title="Aino"
)


async def export(
    out: Path,
    chats: list[tuple[exported.ExportedChat, list[exported.ExportedMessage]]],
    storage: media.Storage | None = None,
    *,
    is_single: bool = False,
) -> dict[str, Any]:
    out.mkdir()
    ids = (chats[0][0].chat_id,) if is_single else None
    writer = telegram.Writer(out, requests.Request(format="telegram", chat_ids=ids), storage)
    for chat, messages in chats:
        await writer.begin_chat(chat)
        await writer.write(messages)
        await writer.end_chat()
    await writer.close()
    raw = (out / "result.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(raw)
    # One space a level; a list of nothing is two lines in Desktop's layout.
    assert re.sub(r"\[\n *\]", "[]", raw) == json.dumps(loaded, indent=1, ensure_ascii=False)
    return loaded


@pytest.fixture
async def storage(tmp_path: Path) -> media.Storage:
    (tmp_path / "media").mkdir()
    return media.Storage(LocalStore(tmp_path / "media"), tmp_path / "media")


async def stored(storage: media.Storage, content: bytes, **more: Any) -> exported.StoredFile:
    kept = await storage.put(io.BytesIO(content))
    return exported.StoredFile(state="stored", sha256=kept.sha256, size=kept.size, **more)


async def test_message_has_desktops_keys_in_desktops_order(tmp_path: Path) -> None:
    message = told.message(
        6,
        "so it is",
        entities=[["bold", 0, 2]],
        edit_date=told.START,
        forward={"from_id": 12, "date": 1},
        reply_to_message_id=4,
        via_bot_id=13,
        media={"kind": "sticker", "emoji": "⚓", "width": 512, "height": 512, "mime_type": "image/webp", "size": 9},
        file=exported.StoredFile(state="too_large"),
        counters={"reactions": [{"emoji": "👍", "count": 4}, {"is_paid": True, "count": 1}]},
    )
    chat = await export(tmp_path / "out", [(told.CHAT, [message])], is_single=True)
    (written,) = chat.pop("messages")
    assert list(chat.items()) == [("name", "Harbour watch"), ("type", "public_supergroup"), ("id", 4711)]
    assert written.pop("heliograph")["via_bot_id"] == 13
    assert list(written.items()) == [
        ("id", 6),
        ("type", "message"),
        ("date", "2026-03-01T22:42:00"),
        ("date_unixtime", "1772404920"),
        ("edited", "2026-03-01T22:00:00"),
        ("edited_unixtime", "1772402400"),
        ("from", "Aino Virtanen"),
        ("from_id", "user11"),
        ("forwarded_from", "ليلى"),
        ("forwarded_from_id", "user12"),
        ("reply_to_message_id", 4),
        ("via_bot", "@signal_bot"),
        ("file", "(File exceeds maximum size. Change data exporting settings to download.)"),
        ("file_size", 9),
        ("media_type", "sticker"),
        ("sticker_emoji", "⚓"),
        ("mime_type", "image/webp"),
        ("width", 512),
        ("height", 512),
        ("text", [{"type": "bold", "text": "so"}, " it is"]),
        ("text_entities", [{"type": "bold", "text": "so"}, {"type": "plain", "text": " it is"}]),
        ("reactions", [{"type": "emoji", "count": 4, "emoji": "👍"}, {"type": "paid", "count": 1}]),
    ]


async def test_message_that_desktop_can_say_has_no_key_of_ours(tmp_path: Path) -> None:
    chat = await export(tmp_path / "out", [(told.CHAT, [told.message(1, "plain")])], is_single=True)
    assert "heliograph" not in chat["messages"][0]


async def test_account_has_its_left_channels_apart(tmp_path: Path) -> None:
    chats = [(each, [told.message(1, "x")]) for each in (LEFT, told.CHAT, GROUP, SAVED)]
    account = await export(tmp_path / "out", chats)
    assert [each["id"] for each in account["chats"]["list"]] == [4711, 9, 700]
    assert [each["id"] for each in account["left_chats"]["list"]] == [5]
    assert [each["type"] for each in account["chats"]["list"]] == [
        "public_supergroup",
        "private_group",
        "saved_messages",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["result.json"]


async def test_import_learns_of_every_chat_that_was_left(tmp_path: Path) -> None:
    rowers = replace(GROUP, is_left=True)
    alone = await export(tmp_path / "alone", [(LEFT, [told.message(1, "x")])], is_single=True)
    assert alone["heliograph"] == {"is_left": True}
    chats = [(each, [told.message(1, "x")]) for each in (rowers, LEFT, told.CHAT)]
    account = await export(tmp_path / "account", chats)
    assert "heliograph" not in account["left_chats"]["list"][0]
    for name, said in (("alone", [True]), ("account", [True, False, True])):
        with (tmp_path / name / "result.json").open("rb") as file:
            events = list(reader.read(file))
        headers = [event for event in events if isinstance(event, model.ChatHeader)]
        assert [each.is_left for each in headers] == said
        # Those after it are not left for that, wherever reading goes on.
        page = next(event for event in events if isinstance(event, model.Page))
        with (tmp_path / name / "result.json").open("rb") as file:
            again = list(reader.read(file, start=page.offset_after, header=headers[0]))
        assert [event.is_left for event in again if isinstance(event, model.ChatHeader)] == said


async def test_import_learns_whose_mailbox_a_chat_is_in(tmp_path: Path) -> None:
    await export(tmp_path / "out", [(told.CHAT, []), (GROUP, [told.message(1, "x")])])
    with (tmp_path / "out" / "result.json").open("rb") as file:
        headers = [event for event in reader.read(file) if isinstance(event, model.ChatHeader)]
    assert [(each.number, each.owner_user_id) for each in headers] == [(4711, None), (9, 700)]


async def test_import_that_goes_on_takes_one_chats_owner_for_no_other(tmp_path: Path) -> None:
    await export(tmp_path / "out", [(GROUP, [told.message(1, "x")]), (told.CHAT, [told.message(2, "y")])])
    with (tmp_path / "out" / "result.json").open("rb") as file:
        events = list(reader.read(file))
        first = next(event for event in events if isinstance(event, model.ChatHeader))
        page = next(event for event in events if isinstance(event, model.Page))
        file.seek(0)
        rest = list(reader.read(file, start=page.offset_after, header=first))
    owners = [[e.owner_user_id for e in found if isinstance(e, model.ChatHeader)] for found in (events, rest)]
    assert owners == [[700, None], [700, None]]


async def test_export_of_nothing_is_a_whole_file(tmp_path: Path) -> None:
    assert (await export(tmp_path / "none", []))["chats"]["list"] == []
    assert (await export(tmp_path / "one", [(told.CHAT, [])], is_single=True))["messages"] == []


async def test_files_lie_where_desktop_puts_them(tmp_path: Path, storage: media.Storage) -> None:
    kinds = ["photo", "video", "animation", "voice", "round_video", "sticker", "document"]
    mimes = ["image/jpeg", "video/mp4", "video/mp4", "audio/ogg", "video/mp4", "image/webp", "application/pdf"]
    messages = [
        told.message(place, media={"kind": kind}, file=await stored(storage, kind.encode(), mime_type=mime))
        for place, (kind, mime) in enumerate(zip(kinds, mimes, strict=True), 1)
    ]
    named = told.message(8, media={"kind": "document", "file_name": "../a.pdf"}, file=await stored(storage, b"named"))
    chats = [(told.CHAT, [*messages, named]), (replace(told.CHAT, chat_id=identity.channel_peer(1)), messages[:1])]
    account = await export(tmp_path / "out", chats, storage)
    paths = [each.get("photo") or each["file"] for each in account["chats"]["list"][0]["messages"]]
    assert paths == [
        "chats/chat_001/photos/photo_1@01-03-2026_22-07-00.jpg",
        "chats/chat_001/video_files/video_1@01-03-2026_22-14-00.mp4",
        "chats/chat_001/animations/file_1@01-03-2026_22-21-00.mp4",
        "chats/chat_001/voice_messages/audio_1@01-03-2026_22-28-00.ogg",
        "chats/chat_001/round_video_messages/file_2@01-03-2026_22-35-00.mp4",
        "chats/chat_001/stickers/file_3@01-03-2026_22-42-00.webp",
        "chats/chat_001/files/file_4@01-03-2026_22-49-00.pdf",
        "chats/chat_001/files/_a.pdf",
    ]
    assert [(tmp_path / "out" / path).read_bytes().decode() for path in paths] == [*kinds, "named"]
    assert account["chats"]["list"][1]["messages"][0]["photo"].startswith("chats/chat_002/photos/photo_1@")


async def test_file_that_media_storage_lost_is_not_promised(tmp_path: Path, storage: media.Storage) -> None:
    gone = exported.StoredFile(state="stored", sha256=bytes(32))
    kept = await stored(storage, b"as it was")
    key = media.key(kept.sha256 or b"")
    damaged = told.message(2, media={"kind": "photo"}, file=kept)
    (tmp_path / "media" / key).write_bytes(b"something else")
    messages = [told.message(1, media={"kind": "photo"}, file=gone), damaged]
    chat = await export(tmp_path / "out", [(told.CHAT, messages)], storage, is_single=True)
    assert {each["photo"] for each in chat["messages"]} == {"(File unavailable, please try again later)"}
    assert not list((tmp_path / "out" / "photos").iterdir())


async def test_file_that_is_sent_again_is_copied_once(tmp_path: Path, storage: media.Storage) -> None:
    sticker = await stored(storage, b"sticker", mime_type="image/webp")
    messages = [told.message(number, media={"kind": "sticker"}, file=sticker) for number in (1, 2)]
    chat = await export(tmp_path / "out", [(told.CHAT, messages)], storage, is_single=True)
    assert len({each["file"] for each in chat["messages"]}) == 1


async def test_strings_are_valid_json_whatever_is_in_them(tmp_path: Path) -> None:
    odd = 'bell\x07 line\u2028separator \\ " 👩‍👩‍👧 \r\n}, {'
    chat = await export_raw(tmp_path / "out", odd)
    assert json.loads(chat)["messages"][0]["text"] == odd
    assert "\\u2028" in chat


async def export_raw(out: Path, text: str) -> str:
    out.mkdir()
    writer = telegram.Writer(out, requests.Request(format="telegram", chat_ids=(told.CHAT.chat_id,)), None)
    await writer.begin_chat(told.CHAT)
    await writer.write([told.message(1, text)])
    await writer.end_chat()
    await writer.close()
    return (out / "result.json").read_text("utf-8")
