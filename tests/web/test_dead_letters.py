"""Dead letters over HTTP: what is told of them, and what can be done about them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from telethon.tl import types

from heliograph.crawler import letters as crawler_letters
from heliograph.store import commands, leases
from heliograph.store import database as store_database
from heliograph.web import letter_schemas as schemas
from heliograph.web.routes import dead_letters as routes

CHANNEL = 4711
CHAT = -1_000_000_000_000 - CHANNEL


@pytest.fixture
async def letters(rows: Any) -> list[int]:
    """An open letter of a message, one that nobody can read, and a discarded one."""
    await rows.chat(CHAT, title="Harbour")
    sent = datetime(2026, 3, 1, 12, tzinfo=UTC)
    tl = bytes(types.Message(id=5, peer_id=types.PeerChannel(CHANNEL), date=sent, message="secret words"))
    common = {"space_id": CHANNEL, "chat_id": CHAT, "layer": 229, "error": "KeyError at media.py:9", "as_of": 10}
    await rows.insert("dead_letters", {**common, "message_id": 5, "raw": tl})
    await rows.insert("dead_letters", {**common, "message_id": 6, "raw": b"\xef\xbe\xad\xde"})
    closed = {"resolution": "discarded", "resolved_at": rows.moment}
    await rows.insert("dead_letters", {**common, "message_id": 7, "raw": tl, **closed})
    return [1, 2, 3]


@contextlib.asynccontextmanager
async def crawler(database: store_database.Database) -> AsyncIterator[None]:
    """What of a crawler concerns letters: its lease, and the part that replays."""
    conn = await database.listen_connection()
    await leases.acquire(conn, "account:1", "here")
    serving = asyncio.create_task(crawler_letters.serve(database, private_chats=False))
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await conn.close()


async def ended(api: Any, replay_id: int) -> schemas.Replay:
    async with asyncio.timeout(30):
        while True:
            found: schemas.Replay = await api.get(schemas.Replay, f"/api/dead-letters/replays/{replay_id}")
            if found.state not in ("queued", "running"):
                return found
            await asyncio.sleep(0.01)


async def test_letters_are_listed_newest_first_and_open_ones_unless_all_are_wanted(api: Any, letters: Any) -> None:
    page = await api.get(schemas.DeadLetterPage, "/api/dead-letters")
    assert ([each.letter_id for each in page.letters], page.open, page.before) == ([2, 1], 2, None)
    page = await api.get(schemas.DeadLetterPage, "/api/dead-letters", all=True, limit=2)
    assert ([each.letter_id for each in page.letters], page.open, page.before) == ([3, 2], 2, 2)
    page = await api.get(schemas.DeadLetterPage, "/api/dead-letters", all=True, limit=2, before=2)
    assert ([each.letter_id for each in page.letters], page.before) == ([1], None)
    assert (await api.get(schemas.DeadLetterPage, "/api/dead-letters", chat=-5)).letters == []


async def test_letter_says_what_is_wrong_and_nothing_of_what_was_said(
    api: Any, client: httpx.AsyncClient, letters: Any
) -> None:
    found = await api.get(schemas.DeadLetter, "/api/dead-letters/1")
    assert (found.chat_title, found.message_id, found.error) == ("Harbour", 5, "KeyError at media.py:9")
    assert "secret" not in (await client.get("/api/dead-letters/1")).text
    assert (await api.problem("/api/dead-letters/99"))["status"] == 404
    assert (await api.problem("/api/dead-letters/0"))["status"] == 422


async def test_replay_without_a_crawler_is_a_conflict_that_names_both_ways_out(
    client: httpx.AsyncClient, letters: Any, database: Any
) -> None:
    answer = await client.post("/api/dead-letters/replay", json={"letter_ids": [1]})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert "heliograph run" in answer.json()["detail"]
    assert "heliograph dead-letters replay" in answer.json()["detail"]
    async with database.connection() as conn:
        assert await commands.take(conn, [routes.COMMAND]) is None


async def test_replay_ends_with_what_became_of_each_letter(
    api: Any, client: httpx.AsyncClient, letters: Any, database: Any
) -> None:
    async with crawler(database):
        answer = await client.post("/api/dead-letters/replay", json={"letter_ids": [1, 2, 3]})
        assert answer.status_code == 202
        asked = schemas.Replay.model_validate_json(answer.content)
        assert answer.headers["location"] == f"/api/dead-letters/replays/{asked.replay_id}"
        found = await ended(api, asked.replay_id)
    assert found.state == "done"
    assert [(each.letter_id, each.outcome) for each in found.letters] == [(1, "replayed"), (2, "open"), (3, "gone")]
    assert "cannot be read by this version" in (found.letters[1].reason or "")
    async with database.connection() as conn:
        assert await (await conn.execute("SELECT text FROM messages")).fetchall() == [("secret words",)]


async def test_all_open_letters_can_be_replayed_at_once(
    api: Any, client: httpx.AsyncClient, letters: Any, database: Any
) -> None:
    async with crawler(database):
        answer = await client.post("/api/dead-letters/replay", json={})
        found = await ended(api, answer.json()["replay_id"])
    assert [each.letter_id for each in found.letters] == [1, 2]


async def test_replay_that_nobody_took_is_expired(api: Any, database: Any) -> None:
    async with database.connection() as conn:
        replay_id = await commands.submit(conn, routes.COMMAND, {"letter_ids": None}, 60)
        refresh = await commands.submit(conn, "refresh", {}, 60)
        await conn.execute(
            "UPDATE commands SET created_at = now() - interval '2 h', expires_at = now() - interval '1 h'"
        )
    assert (await api.get(schemas.Replay, f"/api/dead-letters/replays/{replay_id}")).state == "expired"
    assert (await api.problem(f"/api/dead-letters/replays/{refresh}"))["status"] == 404
    assert (await api.problem("/api/dead-letters/replays/99"))["status"] == 404


async def test_discarding_and_opening_again_say_what_was_left(client: httpx.AsyncClient, letters: Any) -> None:
    answer = await client.post("/api/dead-letters/discard", json={"letter_ids": [1, 3, 99]})
    assert answer.json() == {"changed": [1], "left": [3, 99]}
    answer = await client.post("/api/dead-letters/reopen", json={"letter_ids": [1, 2, 3]})
    assert answer.json() == {"changed": [1, 3], "left": [2]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("discard", {"letter_ids": []}),
        ("discard", {"letter_ids": [0]}),
        ("discard", {}),
        ("reopen", {"letter_ids": [2**63]}),
        ("replay", {"letter_ids": list(range(1, 502))}),
    ],
)
async def test_letters_that_nobody_can_mean_are_refused(client: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await client.post(f"/api/dead-letters/{path}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_page_of_another_site_can_change_no_letter(client: httpx.AsyncClient, letters: Any) -> None:
    answer = await client.post(
        "/api/dead-letters/discard", json={"letter_ids": [1]}, headers={"Origin": "http://elsewhere.example"}
    )
    assert answer.status_code == 403


def test_both_sides_mean_the_same_command() -> None:
    assert routes.COMMAND == crawler_letters.COMMAND
