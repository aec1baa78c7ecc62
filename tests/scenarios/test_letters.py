"""What cannot be stored, read or understood costs itself alone, and comes back once that is mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon.tl import types

from heliograph.crawler import letters
from heliograph.crawler.normalize import rows
from heliograph.domain import identity
from heliograph.store import commands

POISON = "ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'poison')"
CURE = "ALTER TABLE messages DROP CONSTRAINT poison"
LETTERS = "SELECT count(*) = %s FROM dead_letters WHERE resolved_at IS NULL"
UPDATES = (types.UpdateNewChannelMessage, types.UpdateEditChannelMessage)


async def execute(installation: Any, statement: str) -> None:
    async with installation.database.connection() as conn:
        await conn.execute(statement)


async def replay(installation: Any) -> list[str]:
    """Have the crawler that runs replay everything, as the page does; returns how each letter ended."""
    async with installation.database.connection() as conn:
        asked = await commands.submit(conn, letters.COMMAND, {"letter_ids": None}, 60)
    await installation.until("SELECT state = 'done' FROM commands WHERE command_id = %s", asked)
    result = await installation.one("SELECT result FROM commands WHERE command_id = %s", asked)
    return [each["outcome"] for each in result["letters"]]


async def test_row_32_poison_costs_itself_in_the_commit_that_moves_the_cursor(installation):
    """Every row of the difference but one, one dead letter and the cursor, in one transaction.

    What the server refuses is refused by a real constraint of a real server (SQLSTATE 23514). Once that is mended the
    replay gives the row, beside a crawler that goes on.
    """
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until("SELECT count(*) > 0 FROM box_cursors WHERE box = %s", chat.id)
    await execute(installation, POISON)
    unknowable = installation.deleted()
    for number in range(80):
        world.post(chat, user, "poison" if number == 40 else f"word {number}")
    async with installation.crawling():
        await installation.until("SELECT pts = %s FROM box_cursors WHERE box = %s", chat.box.pts, chat.id)
        assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE 'word %%'") == 79
        assert await installation.one("SELECT error LIKE '23514: %%' FROM dead_letters")
        assert (
            await installation.one(
                "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM dead_letters"
                " UNION ALL SELECT xmin FROM messages WHERE text LIKE 'word %%') AS written"
            )
            == 1
        )
        await execute(installation, CURE)
        assert await replay(installation) == ["replayed"]
        await installation.until_equal(unknowable=unknowable)


async def test_row_33_box_whose_answers_nobody_can_read_stops_with_an_alarm_and_no_other_does(installation, capsys):
    """The box asks for a difference; when that holds the unknown thing too, it stops with an alarm.

    Its cursor stays where it is, other boxes go on meanwhile, and a version that can read it goes on from there: no row
    is lost, and nothing of it becomes a dead letter.
    """
    world, user = installation.world, installation.users[0]
    harbour = world.run("create_channel", creator=user, title="Harbour")
    quay = world.run("create_channel", creator=user, title="Quay")
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until("SELECT count(*) = 2 FROM box_cursors WHERE box IN (%s, %s)", harbour.id, quay.id)
        before = await installation.one("SELECT pts FROM box_cursors WHERE box = %s", harbour.id)
        faults = installation.telegram.faults
        faults.undecodable_differences(None, box=identity.channel_peer(harbour.id))
        faults.undecodable_updates(None, chat=identity.channel_peer(harbour.id))
        unknowable = installation.deleted()
        world.post(harbour, user, "said in a new way")
        seen = ""
        async with asyncio.timeout(60):
            while "box_alarm" not in (seen := seen + capsys.readouterr().out):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert "undecodable" in seen
        world.post(quay, user, "said as ever")
        await installation.until_stored("said as ever")
        assert await installation.one("SELECT pts FROM box_cursors WHERE box = %s", harbour.id) == before
        assert await installation.one(LETTERS, 0)
    faults.clear()
    async with installation.crawling():
        await installation.until_stored("said in a new way")
        await installation.until_equal(unknowable=unknowable)


async def test_row_34_letters_of_a_bug_give_the_message_and_its_edits_after_the_fix(installation, monkeypatch):
    """What a bug makes of valid data is a letter with its bytes; the replay after the fix is the row.

    An edit that came as a letter too is the text then, and the text before it a revision.
    """
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    sound = {each: rows._PAYLOADS[each.CONSTRUCTOR_ID] for each in UPDATES}

    def bugged(found: Any, tl: Any, *rest: Any) -> None:
        if "lamp" in tl.message.message:
            raise KeyError("lamp")
        sound[type(tl)](found, tl, *rest)

    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until("SELECT count(*) > 0 FROM box_cursors WHERE box = %s", chat.id)
        unknowable = installation.deleted()
        with monkeypatch.context() as bug:
            for each in UPDATES:
                bug.setitem(rows._PAYLOADS, each.CONSTRUCTOR_ID, bugged)
            message = world.post(chat, user, "the lamp is out")
            await installation.until(LETTERS, 1)
            world.edit(chat, message, "the lamp is lit")
            await installation.until(LETTERS, 2)
            world.post(chat, user, "after the bug")
            await installation.until_stored("after the bug")
            assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE '%%lamp%%'") == 0
            assert "lamp" not in " ".join(await installation.all("SELECT error FROM dead_letters"))
        assert await replay(installation) == ["replayed", "replayed"]
        assert await installation.all("SELECT text FROM messages WHERE text LIKE '%%lamp%%'") == ["the lamp is lit"]
        assert await installation.all("SELECT text FROM revisions WHERE text LIKE '%%lamp%%'") == ["the lamp is out"]
        await installation.until_equal(unknowable=unknowable)


@pytest.mark.parametrize("is_bugged", [True, False])
async def test_letters_of_history_that_comes_again_stay_one(installation, monkeypatch, is_bugged):
    """Regression: each look at a message that cannot be understood left another letter."""
    world, user = installation.world, installation.users[0]
    chat = world.run("create_channel", creator=user, title="Harbour")
    world.post(chat, user, "the lamp is out")
    await installation.enable(user)
    sound = rows._PAYLOADS[types.Message.CONSTRUCTOR_ID]

    def bugged(found: Any, tl: Any, *rest: Any) -> None:
        if is_bugged and "lamp" in tl.message:
            raise KeyError("lamp")
        sound(found, tl, *rest)

    monkeypatch.setitem(rows._PAYLOADS, types.Message.CONSTRUCTOR_ID, bugged)
    for _ in range(2):
        await execute(installation, "UPDATE chats SET is_complete = false, next_id = 0, done = 0")
        async with installation.crawling():
            await installation.until_backfilled()
    assert await installation.one(LETTERS, int(is_bugged))
    assert await installation.one("SELECT count(*) FROM messages WHERE text LIKE '%%lamp%%'") == int(not is_bugged)
