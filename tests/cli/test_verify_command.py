"""What ``verify`` and ``gaps`` say, to programs and to people, and how they exit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.conftest import Rows

Configure = Callable[..., None]

HARBOUR, CLUB = -1_000_000_000_001, -11


@pytest.fixture
async def store(rows: Rows, configure: Configure) -> Rows:
    """A channel with everything in its place, and a basic group."""
    configure()
    space = await rows.chat(HARBOUR, title="Harbour\x1b[31m", username="harbour")
    mailbox = await rows.chat(CLUB, title="Club", kind="group")
    for box in (space, mailbox):
        await rows.insert("box_cursors", {"box": box, "pts": 9, "epoch": 1})
    await rows.insert("coverage", {"space_id": space, "chat_id": HARBOUR, "covered": "{[1,5)}", "as_of": 1})
    await rows.insert("coverage", {"space_id": mailbox, "chat_id": CLUB, "covered": "{[1,9)}", "as_of": 1})
    await rows.message(HARBOUR, 1, "secret words")
    await rows.message(HARBOUR, 3, "gone", deleted_at=rows.moment, deleted_as_of=2)
    await rows.message(CLUB, 4, "other words")
    return rows


async def open_hole(rows: Rows, chat_id: int = HARBOUR) -> None:
    async with rows.database.connection() as conn:
        await conn.execute("UPDATE coverage SET covered = '{[1,2)}', holes = '{[2,5)}' WHERE chat_id = %s", [chat_id])


async def lose(rows: Rows, reason: str, to_pts: int, space_id: int = 1) -> None:
    columns = {"space_id": space_id, "from_pts": 3, "to_pts": to_pts, "reason": reason}
    await rows.insert("known_losses", {**columns, "since": rows.moment, "noticed_at": rows.moment + timedelta(hours=1)})


async def notice(rows: Rows, *, closed: float | None = 2.5, minutes: int = 0, **more: Any) -> None:
    moment = rows.moment + timedelta(minutes=minutes)
    ending = {} if closed is None else {"closed_at": moment + timedelta(seconds=closed), "closed_by": "difference"}
    columns = {"space_id": 1, "cause": "reconnected", "from_pts": 3, "to_pts": 8, "events": 5, "noticed_at": moment}
    await rows.insert("gaps", {**columns, **ending, **more})


async def test_complete_archive_is_verified_and_exits_with_zero(run: Run, store: Rows) -> None:
    ran = await run("verify")
    assert ran.code == 0
    line = next(line for line in ran.out.splitlines() if str(HARBOUR) in line)
    # Coverage, stored, deleted, dead letter, empty, unreachable, outside, open, unaccounted, holes.
    assert line.split("Harbour")[1].split()[1:-1] == ["100", "%", "1", "1", "0", "2", "0", "0", "0", "0", "0"]
    assert "Complete: every id" in ran.out
    assert ("\x1b" in ran.out, "secret" in ran.out) == (False, False)
    found = json.loads((await run("verify", "--json")).out)
    assert (found["is_complete"], found["totals"]["chats"], len(found["digest"])) == (True, 2, 64)
    assert f"Digest   {found['digest']}" in ran.out


async def test_open_hole_is_named_and_exits_with_one(run: Run, store: Rows) -> None:
    await open_hole(store)
    ran = await run("verify")
    assert ran.code == 1
    assert ("2–4" in ran.out, "Not complete: 1 open hole" in ran.out, ran.err) == (True, True, "")
    told = await run("verify", "--json")
    assert told.code == 1
    (harbour,) = [chat for chat in json.loads(told.out)["chats"] if chat["chat_id"] == HARBOUR]
    assert (harbour["ids"]["open"], harbour["holes"]) == (3, [{"first_id": 2, "last_id": 4}])
    # What is asked for decides: nothing is owed in the other chat.
    assert (await run("verify", "club")).code == 0


async def test_ids_in_no_class_are_told_and_exit_with_one(run: Run, store: Rows) -> None:
    async with store.database.connection() as conn:
        await conn.execute("UPDATE coverage SET covered = '{[1,2),[4,5)}' WHERE chat_id = %s", [HARBOUR])
    ran = await run("verify")
    assert ran.code == 1
    assert "1 ids in no class" in ran.out
    assert "Warning: Harbour" in ran.out


@pytest.mark.parametrize("word", [str(HARBOUR), "@harbour", "HARBOUR", "harbour\x1b[31m"])
async def test_chats_are_meant_by_id_name_or_title(run: Run, store: Rows, word: str) -> None:
    found = json.loads((await run("verify", "--json", word, word)).out)
    assert [chat["chat_id"] for chat in found["chats"]] == [HARBOUR]


@pytest.mark.parametrize("command", ["verify", "gaps"])
async def test_unknown_chat_is_one_sentence_and_exits_with_two(run: Run, store: Rows, command: str) -> None:
    ran = await run(command, "elsewhere")
    ran.refused_with("no chat", "elsewhere", "heliograph chats")
    assert ran.code == 2
    ran = await run(command, "--jsn")
    ran.refused_with("neither an option nor a chat", "--jsn")
    assert (await run(command, "-4")).code == 2


async def test_losses_are_told_with_interval_and_reason(run: Run, store: Rows) -> None:
    await lose(store, "too_long", 8)
    await lose(store, f"left:{CLUB}", 2**31 - 1, space_id=-7)
    ran = await run("verify")
    assert ran.code == 0
    assert "besides 2 known losses" in ran.out
    (harbour,) = [line for line in ran.out.splitlines() if "more had happened" in line.casefold()]
    assert "3–8" in harbour
    assert f"{store.moment:%Y-%m-%d %H:%M:%S}" in harbour
    (club,) = [line for line in ran.out.splitlines() if "was not in it" in line]
    assert ("It goes on." in club, "3 and on" in club, "Club" in club) == (True, True, True)


async def test_late_audit_is_a_warning_that_leaves_the_exit_alone(run: Run, store: Rows) -> None:
    columns = {"space_id": 1, "chat_id": HARBOUR, "tier": 3, "period_seconds": 9e6, "target_seconds": 2592000.0}
    await store.insert("audits", columns)
    ran = await run("verify")
    assert ran.code == 0
    assert "104 d 4 h" in ran.out
    assert "30 d is the target" in ran.out


async def test_nothing_mirrored_yet_names_the_next_step(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("verify")
    assert (ran.code, ran.out, "heliograph login" in ran.err) == (0, "", True)
    assert json.loads((await run("verify", "--json")).out)["chats"] == []
    ran = await run("gaps")
    assert (ran.code, ran.out, "No gaps" in ran.err) == (0, "", True)


async def test_gaps_say_when_by_what_how_and_how_long(run: Run, store: Rows) -> None:
    await notice(store)
    await notice(store, closed=None, minutes=5, cause="sentinel")
    ran = await run("gaps")
    newest, oldest = [line for line in ran.out.splitlines() if "Harbour" in line]
    assert ("still open" in newest, "regular check" in newest) == (True, True)
    assert oldest.split()[:2] == ["2026-03-01", "12:00:00"]
    assert "The connection to Telegram was lost" in oldest
    assert oldest.rstrip().endswith("5  a difference  2.5 s")


async def test_gaps_are_filtered_and_counted_out(run: Run, store: Rows) -> None:
    for minutes in range(3):
        await notice(store, minutes=minutes)
    await notice(store, closed=None, minutes=3, space_id=-7)

    async def events(*arguments: str) -> list[Any]:
        found = json.loads((await run("gaps", "--json", *arguments)).out)
        return [gap["chat_id"] for gap in found["gaps"]]

    assert await events() == [None, HARBOUR, HARBOUR, HARBOUR]
    assert await events("--open") == [None]
    assert await events("--since", "2026-03-01T14:02+02:00") == [None, HARBOUR]
    assert await events(str(CLUB)) == [None]
    assert await events(str(HARBOUR)) == [HARBOUR] * 3
    ran = await run("gaps", "--limit", "2")
    assert "newest 2" in ran.err
    (await run("gaps", "--since", "yesterday")).refused_with("yesterday", "2026-01-31")


async def test_archive_that_nobody_follows_says_until_when_it_was_followed(run: Run, store: Rows) -> None:
    """The ledger cannot know what happened while no crawler listened; whoever shows it as evidence must."""
    ran = await run("verify")
    assert "No crawler runs: what has happened is not here" in ran.out
    lease = {"resource": "account:1", "holder": "here:1", "epoch": 1}
    await store.insert("leases", {**lease, "renewed_at": store.moment, "released_at": store.moment})
    ran = await run("verify")
    moment = f"{store.moment:%Y-%m-%d %H:%M:%S} UTC"
    assert f"No crawler runs: what has happened since {moment} is not here" in ran.out
    assert f"As of    {moment}" in ran.out
    found = json.loads((await run("verify", "--json")).out)
    assert (found["followed_until"][:19], len(found["warnings"])) == (f"{store.moment:%Y-%m-%dT%H:%M:%S}", 1)


async def test_archive_with_boxes_behind_says_so(run: Run, store: Rows) -> None:
    beat = {"state": "running", "feed_lag_seconds": 0}
    await store.insert("heartbeats", {"role": "crawler", "holder": "here:1", "detail": json.dumps(beat)})
    assert json.loads((await run("verify", "--json")).out)["warnings"] == []
    await store.insert("dirty_boxes", {"box": 1, "reason": "pts"})
    await notice(store, closed=None)
    assert json.loads((await run("verify", "--json")).out)["warnings"] == [
        "1 box is behind Telegram; see `heliograph gaps --open`."
    ]
