"""What the writer commits is what people read: the same rows through the store's own transaction."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets

from heliograph.domain import identity, records
from heliograph.store import commit
from heliograph.web import schemas

SPACE, CHAT = identity.channel_space(1_500_000_001), identity.channel_peer(1_500_000_001)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(message_id: int, text: str, as_of: int, **more: Any) -> records.Message:
    fields: dict[str, Any] = {"space_id": SPACE, "chat_id": CHAT, "date": NOW, "sender_id": identity.user_peer(5)}
    return records.Message(message_id=message_id, text=text, as_of=as_of, raw=b"raw", layer=229, **fields, **more)


@pytest.fixture
def write(database: Any) -> Any:
    async def write(**rows: Any) -> commit.Outcome:
        batch = records.Batch(origin=rows.pop("origin", "live"), pushed_at=datetime.now(UTC), **rows)
        async with database.transaction() as conn:
            return await commit.commit(conn, [batch])

    return write


@pytest.fixture
async def known(write: Any) -> None:
    chat = records.Chat(chat_id=CHAT, space_id=SPACE, kind="supergroup", title="Harbour")
    await write(origin="peers", chats=[chat], users=[records.User(user_id=5, first_name="Aino")])


async def test_edit_and_deletion_are_seen_live_and_kept(address: str, api: Any, write: Any, known: None) -> None:
    async with (
        websockets.connect(address.replace("http", "ws") + "/api/live", proxy=None) as socket,
        asyncio.timeout(20),
    ):
        assert json.loads(await socket.recv())["type"] == "hello"
        await write(messages=[message(1, "first text", 10)])
        await write(messages=[message(1, "second text", 11, edit_date=NOW)])
        await write(
            tombstones=[records.Tombstone(space_id=SPACE, chat_id=CHAT, message_id=1, as_of=12, deleted_at=NOW)]
        )
        events = [json.loads(await socket.recv()) for _ in range(3)]
    assert [event["change"] for event in events] == ["new", "edit", "delete"]
    stored = await api.get(schemas.Message, f"/api/messages/{CHAT}/1")
    assert events[-1]["message"] == stored.model_dump(mode="json")
    assert (stored.text, stored.revision_count, stored.deleted_at) == ("second text", 1, NOW)
    texts = await api.get(schemas.RevisionList, f"/api/messages/{CHAT}/1/revisions")
    assert [each.text for each in texts.revisions] == ["first text", "second text"]
    assert (await api.get(schemas.Status, "/api/status")).tombstones == 1


async def test_list_of_chats_follows_the_commits(api: Any, write: Any, known: None) -> None:
    await write(messages=[message(1, "one", 10), message(2, "two", 10)])
    (chat,) = (await api.get(schemas.ChatList, "/api/chats")).chats
    assert (chat.message_count, chat.last_message and chat.last_message.text) == (2, "two")


async def test_text_that_the_database_cannot_hold_is_served_without_the_offence(
    api: Any, write: Any, known: None
) -> None:
    await write(messages=[message(1, "a\x00b\ud800c שלום", 10)])
    stored = await api.get(schemas.Message, f"/api/messages/{CHAT}/1")
    assert stored.text.startswith("a")
    assert stored.text.endswith("c שלום")
    assert "\x00" not in stored.text
    assert (await api.get(schemas.SearchResult, "/api/search", q="שלום")).total == 1
