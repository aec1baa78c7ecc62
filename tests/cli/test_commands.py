"""What the commands that read show, for programs and for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.cli.conftest import Run
from tests.conftest import Rows

from heliograph import config

Configure = Callable[..., None]

HARBOUR, LIBRARY = -1_000_000_000_001, -1_000_000_000_002


@pytest.fixture
async def store(rows: Rows, configure: Configure) -> Rows:
    """Two chats with a few messages, one of them edited and one deleted."""
    configure()
    await rows.user(5, "Aino")
    await rows.chat(HARBOUR, title="Harbour\x1b[31m", username="harbour")
    await rows.chat(LIBRARY, title="Library", kind="channel", status="error", last_error="CHANNEL_PRIVATE")
    await rows.message(HARBOUR, 1, "the ferry leaves at noon", sender_id=5)
    await rows.message(HARBOUR, 2, "another ferry", sender_id=5)
    await rows.message(HARBOUR, 3, "gone", sender_id=5, deleted_at=datetime.now(UTC), deleted_as_of=2)
    await rows.message(LIBRARY, 1, "a book about a ferry")
    return rows


async def test_status_counts_what_is_held(run: Run, store: Rows) -> None:
    found = json.loads((await run("status", "--json")).out)
    assert (found["chats"], found["crawler"], found["accounts"]) == (2, "stopped", [])
    table = (await run("status")).out
    assert "Crawler" in table
    assert [line.split()[-1] for line in table.splitlines() if line.strip().startswith("Chats")] == ["2"]


async def test_status_shows_what_was_learned_of_each_account(run: Run, store: Rows) -> None:
    known = {"per_second": 1.316, "learned_at": store.moment.isoformat(), "flooded_at": store.moment.isoformat()}
    await store.insert("accounts", {"label": "Aino", "user_id": 7, "dc_id": 2, "budgets": {"history": known}})
    await store.insert(
        "crawl_errors", {"kind": "account_limited", "space_id": -7, "detail": {"error": "FROZEN_METHOD_INVALID"}}
    )
    table = " ".join((await run("status")).out.split())
    assert "history: 1.32/s learned (from 0.8/s), last refused 2026-03-01 12:00 UTC" in table
    assert "Telegram has limited this account (FROZEN_METHOD_INVALID)" in table
    (account,) = json.loads((await run("status", "--json")).out)["accounts"]
    assert account["budgets"][0]["per_second"] == 1.316


async def test_status_shows_the_budgets_of_an_account_that_has_learned_nothing_yet(run: Run, store: Rows) -> None:
    await store.insert("accounts", {"label": "Aino", "user_id": 7, "dc_id": 2})
    table = " ".join((await run("status")).out.split())
    configured = ", ".join(f"{family} {budget.per_second:.3g}" for family, budget in config.DEFAULT_BUDGETS.items())
    assert f"requests per second: {configured}" in table
    assert "learned" not in table


async def test_status_says_that_a_crawler_has_no_spool(run: Run, store: Rows) -> None:
    for holder, why in (("harbour:1", "in_use"), ("harbour:2", None)):
        detail = {"state": "running", "spool_off": why}
        await store.insert("heartbeats", {"role": "crawler", "holder": holder, "detail": detail})
    (without,) = (line for line in (await run("status")).out.splitlines() if "harbour:1" in line)
    (having,) = (line for line in (await run("status")).out.splitlines() if "harbour:2" in line)
    assert "spool: off (used by another crawler)" in without
    assert "spool" not in having
    processes = json.loads((await run("status", "--json")).out)["processes"]
    assert [each["spool_off"] for each in processes] == ["in_use", None]


async def test_chats_are_listed_for_programs_and_for_people(run: Run, store: Rows) -> None:
    found = json.loads((await run("chats", "--json")).out)
    assert {chat["chat_id"]: chat["message_count"] for chat in found} == {HARBOUR: 3, LIBRARY: 1}
    table = (await run("chats")).out
    assert "\x1b" not in table
    line = next(line for line in table.splitlines() if str(LIBRARY) in line)
    assert line.split()[:3] == [str(LIBRARY), "channel", "Library"]
    assert "CHANNEL_PRIVATE" in line


async def test_an_empty_store_names_the_next_step(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("chats")
    assert (ran.code, ran.out, "heliograph login" in ran.err) == (0, "", True)
    assert json.loads((await run("chats", "--json")).out) == []


async def test_search_finds_by_words_and_filters(run: Run, store: Rows) -> None:
    found = json.loads((await run("search", "ferry", "--json")).out)
    assert found["total"] == 3
    found = json.loads((await run("search", "ferry", "--json", "--chat", "@harbour", "--limit", "1")).out)
    assert (found["total"], [hit["message"]["chat_id"] for hit in found["hits"]]) == (2, [HARBOUR])
    ran = await run("search", "ferry", "noon", "--sender", "5", "--from", "2026-01-31", "--to", "2026-12-31")
    assert "ferry leaves at noon" in ran.out
    assert f"{HARBOUR}/1" in ran.out
    assert "1 found" in ran.err
    assert "imported" not in ran.out
    assert "0 found" in (await run("search", "ferry", "--to", "2020-01-01")).err
    await store.message(HARBOUR, 90, "a lightship", as_of=0)
    assert f"{HARBOUR}/90  imported" in (await run("search", "lightship")).out
