"""Dead letters on the command line: listed, shown, replayed, discarded, and opened again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types
from tests.cli.conftest import Run
from tests.conftest import Rows

from heliograph.domain import identity

Configure = Callable[..., None]

CHANNEL = 1
HARBOUR, LIBRARY = identity.channel_peer(CHANNEL), identity.channel_peer(2)


@pytest.fixture
async def store(rows: Rows, configure: Configure) -> Rows:
    """Two letters that can be replayed, one that nobody can read, and one that was discarded."""
    configure()
    await rows.chat(HARBOUR, title="Harbour\x1b[31m", username="harbour")
    await rows.chat(LIBRARY, title="Library", kind="channel")
    await rows.message(HARBOUR, 1, "hello")
    await letter(rows, 5, tl("the ferry\x1b[31m leaves at noon", 5))
    await letter(rows, 6, tl("another ferry", 6))
    await letter(rows, 7, b"\xef\xbe\xad\xde" * 2, chat_id=LIBRARY, space_id=2)
    await letter(rows, 8, tl("gone", 8), resolution="discarded", resolved_at=datetime.now(UTC))
    return rows


def tl(text: str, message_id: int) -> bytes:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return bytes(types.Message(id=message_id, peer_id=types.PeerChannel(CHANNEL), date=moment, message=text))


async def letter(rows: Rows, message_id: int, raw: bytes, **more: Any) -> None:
    columns = {"message_id": message_id, "raw": raw, "layer": 229, "error": "ValueError at rows.py:7", "as_of": 10}
    await rows.insert("dead_letters", {"space_id": CHANNEL, "chat_id": HARBOUR, **columns, **more})


async def resolutions(rows: Rows) -> list[str | None]:
    async with rows.database.connection() as conn:
        cursor = await conn.execute("SELECT resolution FROM dead_letters ORDER BY letter_id")
        return [row[0] for row in await cursor.fetchall()]


async def test_letters_are_listed_for_programs_and_for_people(run: Run, store: Rows) -> None:
    found = json.loads((await run("dead-letters", "list", "--json")).out)
    assert [each["letter_id"] for each in found["letters"]] == [3, 2, 1]
    assert (found["open"], found["before"]) == (3, None)
    ran = await run("dead-letters", "list")
    assert "3 open" in ran.err
    assert "\x1b" not in ran.out
    (line,) = [line for line in ran.out.splitlines() if str(LIBRARY) in line]
    assert line.split()[0] == "3"
    assert "ValueError at rows.py:7" in line


async def test_list_can_be_narrowed_and_widened(run: Run, store: Rows) -> None:
    async def ids(*arguments: str) -> list[int]:
        found = json.loads((await run("dead-letters", "list", "--json", *arguments)).out)
        return [each["letter_id"] for each in found["letters"]]

    assert await ids("--all") == [4, 3, 2, 1]
    assert await ids("--chat", "@harbour") == [2, 1]
    assert await ids("--limit", "1") == [3]
    assert await ids("--before", "3") == [2, 1]
    (await run("dead-letters", "list", "--chat", "@nowhere")).refused_with("no chat", "nowhere")


async def test_no_letters_are_good_news(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("dead-letters", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "good news" in ran.err


async def test_letter_is_shown_with_its_content_on_stdout_alone(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "show", "1")
    assert "the ferry" in ran.out
    assert "\x1b" not in ran.out
    assert "ferry" not in ran.err
    found = json.loads((await run("dead-letters", "show", "1", "--json")).out)
    assert (found["message_id"], found["attempts"], found["size"]) == (5, 1, len(base64.b64decode(found["raw"])))
    assert "leaves at noon" in found["content"]
    (await run("dead-letters", "show", "99")).refused_with("no dead letter 99")


async def test_letter_that_cannot_be_read_says_so_where_its_content_would_be(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "show", "3")
    assert (ran.code, "cannot be read by this version" in ran.out) == (0, True)
    assert json.loads((await run("dead-letters", "show", "3", "--json")).out)["content"] is None


async def test_replay_gives_the_rows_and_says_what_stays_open(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "replay", "--all")
    assert ran.code == 1
    assert [line.split()[1].strip(":") for line in ran.out.splitlines()] == ["replayed", "replayed", "open"]
    assert "2 replayed, 1 failed again and stay open" in ran.err
    assert "ferry" not in ran.err + ran.out
    assert await resolutions(store) == ["replayed", "replayed", None, "discarded"]
    assert "2 found" in (await run("search", "ferry")).err


async def test_one_letter_can_be_replayed(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "replay", "2", "--json")
    assert ran.code == 0
    assert json.loads(ran.out) == {"letters": [{"letter_id": 2, "outcome": "replayed", "reason": None}]}
    assert await resolutions(store) == [None, "replayed", None, "discarded"]


@pytest.mark.parametrize("arguments", [[], ["1", "--all"]])
async def test_replay_wants_numbers_or_all(run: Run, store: Rows, arguments: list[str]) -> None:
    (await run("dead-letters", "replay", *arguments)).refused_with("numbers of letters", "--all")
    assert await resolutions(store) == [None, None, None, "discarded"]


async def test_discarding_can_be_taken_back(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "discard", "1", "2")
    assert (ran.code, "2 discarded" in ran.err) == (0, True)
    assert await resolutions(store) == ["discarded", "discarded", None, "discarded"]
    ran = await run("dead-letters", "reopen", "2", "4", "--json")
    assert (ran.code, json.loads(ran.out)) == (0, {"reopened": [2, 4], "left": []})
    assert await resolutions(store) == ["discarded", None, None, None]


async def test_what_cannot_be_discarded_is_named(run: Run, store: Rows) -> None:
    ran = await run("dead-letters", "discard", "1", "4", "99")
    assert ran.code == 1
    assert "1 discarded" in ran.err
    assert "Not open, so left: 4, 99" in ran.err
