"""The list of chats, one chat, and the state of the whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from heliograph import config
from heliograph.store import leases
from heliograph.web import schemas

CHANNEL, GROUP = -1_000_000_000_001, -11


async def test_chats_come_newest_message_first(api: Any, rows: Any) -> None:
    await rows.user(5, "Aino")
    await rows.chat(CHANNEL, title="Old", last_message_at=rows.moment)
    await rows.chat(GROUP, title="New", kind="group", last_message_at=rows.moment + timedelta(days=1), member_count=3)
    await rows.message(CHANNEL, 1, "a" * 900, sender_id=CHANNEL, media={"kind": "photo", "id": 1})
    await rows.message(GROUP, 2, sender_id=5, service={"type": "pin_message", "message_id": 1})
    listed = await api.get(schemas.ChatList, "/api/chats")
    new, old = listed.chats
    assert [new.title, old.title] == ["New", "Old"]
    assert new.last_message and old.last_message
    assert (new.last_message.sender_name, new.last_message.service_type) == ("Aino", "pin_message")
    assert (old.last_message.sender_name, old.last_message.media_kind) == ("Old", "photo")
    assert len(old.last_message.text) < 900
    assert (new.message_count, new.member_count, new.is_import) == (1, 3, False)


async def test_chat_that_was_only_seen_in_a_forward_is_not_listed(api: Any, rows: Any) -> None:
    await rows.chat(CHANNEL)
    assert (await api.get(schemas.ChatList, "/api/chats")).chats == []
    account = {"label": "a", "user_id": 7, "dc_id": 2}
    await rows.insert("accounts", account)
    await rows.insert("chat_access", {"account_id": 1, "peer_id": CHANNEL, "role": "member"})
    assert len((await api.get(schemas.ChatList, "/api/chats")).chats) == 1


async def test_one_chat_has_its_topics(api: Any, rows: Any) -> None:
    space = await rows.chat(CHANNEL, kind="forum", done=3, total=9)
    await rows.insert("topics", {"space_id": space, "topic_id": 1, "title": "General"})
    await rows.insert("topics", {"space_id": space, "topic_id": 4, "title": "Boats", "is_closed": True})
    chat = await api.get(schemas.Chat, f"/api/chats/{CHANNEL}")
    assert [topic.title for topic in chat.topics] == ["General", "Boats"]
    assert chat.progress == schemas.Progress(done=3, total=9, is_complete=False)
    assert (await api.problem("/api/chats/-1"))["status"] == 404


async def test_status_counts_everything(api: Any, rows: Any) -> None:
    space = await rows.chat(CHANNEL, done=1, total=2, deleted_count=1)
    await rows.message(CHANNEL, 1, "now", deleted_at=rows.moment, deleted_as_of=2)
    await rows.insert(
        "revisions",
        {"space_id": space, "message_id": 1, "fingerprint": 1, "as_of": 1, "stored_at": rows.moment, "text": "then"},
    )
    await rows.insert("dirty_boxes", {"box": space, "reason": "too_long"})
    await rows.insert("dead_letters", {"raw": b"x", "layer": 229, "error": "?"})
    await rows.insert(
        "dead_letters", {"raw": b"x", "layer": 229, "error": "?", "resolved_at": rows.moment, "resolution": "replayed"}
    )
    future = datetime.now(UTC) + timedelta(hours=1)
    frozen = {"history": future.isoformat(), "files": rows.moment.isoformat()}
    await rows.insert("accounts", {"label": "a", "user_id": 7, "dc_id": 2, "frozen_until": frozen})
    position = await rows.event("chat", CHANNEL)
    status = await api.get(schemas.Status, "/api/status")
    assert (status.chats, status.messages, status.revisions, status.tombstones) == (1, 1, 1, 1)
    assert (status.dirty_boxes, status.dead_letters, status.open_holes, status.known_losses) == (1, 1, 0, 0)
    assert status.accounts[0].frozen == {"history": future}
    assert status.backfill == schemas.Progress(done=1, total=2, is_complete=False)
    assert status.position == position


async def test_status_shows_the_budgets_of_each_account(api: Any, rows: Any) -> None:
    learned = rows.moment.isoformat()
    known = {"per_second": 1.5, "learned_at": learned, "flooded_at": learned}
    until = datetime.now(UTC) + timedelta(hours=1)
    await rows.insert(
        "accounts",
        {
            "label": "a",
            "user_id": 7,
            "dc_id": 2,
            "budgets": {"history": known, "resolve": known},
            "frozen_until": {"history": until.isoformat()},
        },
    )
    found = {each.family: each for each in (await api.get(schemas.Status, "/api/status")).accounts[0].budgets}
    assert found.keys() == config.DEFAULT_BUDGETS.keys()
    history = found["history"]
    assert (history.per_second, history.configured_per_second, history.may_rise) == (1.5, 0.8, True)
    assert (history.learned_at, history.flooded_at, history.frozen_until) == (rows.moment, rows.moment, until)
    assert found["resolve"].per_second == found["resolve"].configured_per_second
    assert not found["resolve"].may_rise
    assert (found["files"].learned_at, found["files"].frozen_until) == (None, None)


async def test_status_names_an_account_that_telegram_has_limited_for_a_day(api: Any, rows: Any) -> None:
    for number, age in ((7, timedelta(hours=1)), (8, timedelta(days=2))):
        await rows.insert("accounts", {"label": str(number), "user_id": number, "dc_id": 2})
        report = {"kind": "account_limited", "space_id": -number, "detail": {"error": "PEER_FLOOD"}}
        await rows.insert("crawl_errors", {**report, "occurred_at": datetime.now(UTC) - age})
    limited, free = (await api.get(schemas.Status, "/api/status")).accounts
    assert limited.limited is not None
    assert limited.limited.error == "PEER_FLOOD"
    assert free.limited is None


async def test_crawler_runs_as_long_as_it_holds_a_lease(api: Any, database: Any) -> None:
    assert (await api.get(schemas.Status, "/api/status")).crawler == "stopped"
    conn = await database.listen_connection()
    await leases.acquire(conn, "account:1", "test")
    assert (await api.get(schemas.Status, "/api/status")).crawler == "running"
    await leases.release(conn, "account:1")
    assert (await api.get(schemas.Status, "/api/status")).crawler == "stopped"
    await conn.close()
