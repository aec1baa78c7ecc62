"""``heliograph import`` as a person runs it: what it says, how it ends, and how it goes on."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from telethon.sessions import SQLiteSession, StringSession
from tests.cli.conftest import PATIENCE_SECONDS, Run, Running, Start
from tests.fixtures.simulator import telethon_client, telethon_sign_in

from heliograph import errors
from heliograph.cli import imports
from heliograph.simulator.server import Simulator
from heliograph.store import database as store_database

Configure = Callable[..., None]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "desktop"
CHAT = -1_001_500_000_001


def write(path: Path, count: int, *, filler: str = "", **chat: Any) -> Path:
    """Write an export with messages 1 to ``count``."""
    messages = [
        {"id": number, "type": "message", "date_unixtime": str(1_700_000_000 + number), "text": f"{number}{filler}"}
        for number in range(1, count + 1)
    ]
    head = {"name": "Har\x1bbour", "type": "private_supergroup", "id": 1_500_000_001, **chat}
    path.write_text(json.dumps({**head, "messages": messages}), "utf-8")
    return path


async def count(database: store_database.Database, table: str = "messages") -> int:
    async with database.connection() as conn:
        row = await (await conn.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row is not None
    return int(row[0])


async def test_people_read_a_table_and_programs_one_object(run: Run, configure: Configure, tmp_path: Path) -> None:
    configure()
    path = write(tmp_path / "result.json", 3)
    ran = await run("import", str(path))
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    (line,) = (line for line in ran.out.splitlines() if str(CHAT) in line)
    assert line.split() == [str(CHAT), "Har", "bour", "3", "0", "0", "0", "0", "0"]
    again = await run("import", str(path), "--again", "--json")
    found = json.loads(again.out)
    assert (again.code, found["total"]["imported"], found["total"]["known"]) == (0, 0, 3)
    assert "--again" in (await run("import", str(path))).err


async def test_a_dry_run_says_that_nothing_was_written(
    run: Run, configure: Configure, tmp_path: Path, database: store_database.Database
) -> None:
    configure()
    ran = await run("import", "--dry-run", str(write(tmp_path / "result.json", 3)))
    assert (ran.code, "nothing was written" in ran.err, await count(database)) == (0, True, 0)


async def test_what_is_left_out_is_told_with_its_place_and_times_with_their_zone(
    run: Run, configure: Configure
) -> None:
    configure()
    ran = await run("import", str(FIXTURES / "impossible"), str(FIXTURES / "2018_account"), "--timezone", "Asia/Tokyo")
    assert ran.code == 0, ran.err
    assert "Skipped" in ran.err
    assert "result.json, byte" in ran.err
    assert "read as Asia/Tokyo" in ran.err


async def test_a_chat_that_no_export_has_is_named_and_the_others_come_in(
    run: Run, configure: Configure, tmp_path: Path, database: store_database.Database
) -> None:
    configure()
    ran = await run("import", str(write(tmp_path / "result.json", 3)), "--chat=-1001500000001", "--chat", "Elsewhere")
    ran.refused_with("'Elsewhere'")
    assert (ran.code, str(CHAT) in ran.err, await count(database)) == (1, False, 3)


async def test_chats_without_a_name_are_called_what_they_are(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("import", "--dry-run", str(FIXTURES / "account"))
    assert "Saved messages" in ran.out and "Deleted account" in ran.out


async def test_files_that_belong_to_no_message_are_named_and_counted(run: Run, configure: Configure) -> None:
    configure()
    ran = await run("import", "--dry-run", str(FIXTURES / "account"))
    assert "Left out: profile pictures 1, stories 1;" in " ".join(ran.err.split())


async def test_a_file_that_breaks_off_ends_with_one_and_the_place(
    run: Run, configure: Configure, database: store_database.Database
) -> None:
    configure()
    ran = await run("import", str(FIXTURES / "truncated"))
    ran.refused_with("breaks off", "result.json", "byte")
    assert ran.code == 1
    assert await count(database) > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("others/discord.json",), ("discord.json",)),
        (("latin1/result.json",), ("UTF-8",)),
        (("nowhere.json",), ("nowhere.json", "check the path")),
        (("media", "--timezone", "Mars/Base"), ("Mars/Base", "Europe/Helsinki")),
        (("media", "--account", "nobody"), ("nobody", "label or a Telegram user id")),
        (("account", "--account", "9999"), ("7001", "9999", "--account")),
        (("../desktop_html", "--chat=-1001500000001"), ("one chat's pages", "-1001500000001")),
        (("media", "--label", "Ada"), ("--label", "session")),
        (("media", "--chat", "Nowhere"), ("'Nowhere'", "--chat")),
    ],
)
async def test_what_cannot_be_imported_is_a_sentence_and_nothing_is_written(
    run: Run, configure: Configure, database: store_database.Database, arguments: tuple[str, ...], words: tuple[str]
) -> None:
    configure()
    ran = await run("import", str(FIXTURES / arguments[0]), *arguments[1:])
    ran.refused_with(*words)
    assert (ran.code, await count(database), await count(database, "imports")) == (2, 0, 0)


async def test_an_import_survives_a_kill_and_ctrl_c_and_ends_with_every_message_once(
    start: Start, run: Run, configure: Configure, tmp_path: Path, database: store_database.Database
) -> None:
    configure()
    total = 4_000
    path = write(tmp_path / "result.json", total, filler=" " + "x" * 4_000)
    killed = await start("import", str(path))
    begun = await until_more(database, killed, 0)
    killed.process.kill()
    await killed.process.wait()
    stopped = await start("import", str(path))
    await until_more(database, stopped, begun)
    stopped.process.send_signal(signal.SIGINT)
    ran = await stopped.end()
    assert (ran.code, "run the same command again" in ran.err) == (130, True), ran.err
    kept = await count(database)
    assert begun < kept < total
    done = json.loads((await run("import", "--json", str(path))).out)
    assert (done["sources"][0]["resumed"], done["total"]["imported"]) == (True, total - kept)
    assert await count(database) == total


async def until_more(database: store_database.Database, running: Running, before: int) -> int:
    """Wait until an import has committed more messages than ``before``; return how many there are."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await count(database)) <= before:
            assert running.process.returncode is None, running.err
            await asyncio.sleep(0.01)
    return found


@pytest.fixture
async def session(simulator: Simulator, tmp_path: Path) -> Path:
    """A session file that Telethon made by signing in, and no program uses."""
    client = telethon_client(simulator, SQLiteSession(str(tmp_path / "ada")))
    await telethon_sign_in(client, simulator)
    await client.disconnect()
    return tmp_path / "ada.session"


def as_string(path: Path) -> str:
    kept = SQLiteSession(str(path))
    text: str = StringSession.save(kept)
    kept.close()
    return text


async def test_a_telethon_session_becomes_an_account_once(
    run: Run, configure_for: Configure, simulator: Simulator, session: Path, database: store_database.Database
) -> None:
    configure_for(simulator)
    assert (await run("import", "--dry-run", str(session))).code == 0
    assert await count(database, "accounts") == 0
    ran = await run("import", str(session), "--label", "Mine")
    assert (ran.code, "Signed in as Mine" in ran.out) == (0, True), ran.err
    assert "stop the other program" in ran.err
    status = json.loads((await run("status", "--json")).out)
    assert [(each["label"], each["state"]) for each in status["accounts"]] == [("Mine", "active")]
    again = await run("import", str(session))
    again.refused_with("is here already", "Mine")
    assert again.code == 2


async def test_a_string_session_comes_from_stdin_and_is_never_shown(
    run: Run, configure_for: Configure, simulator: Simulator, session: Path
) -> None:
    configure_for(simulator)
    text = as_string(session)
    ran = await run("import", "-", "--json", answers=text)
    assert ran.code == 0, ran.err
    assert [each["label"] for each in json.loads(ran.out)["accounts"]] == ["Ada Lovelace"]
    assert text[5:40] not in ran.out + ran.err
    (await run("import", "-", answers="nothing")).refused_with("stdin", "StringSession")


async def test_a_session_that_telegram_has_ended_is_refused(
    run: Run,
    configure_for: Configure,
    simulator: Simulator,
    session: Path,
    database: store_database.Database,
) -> None:
    configure_for(simulator)
    simulator.faults.refuse("*", "AUTH_KEY_DUPLICATED", 406, times=100)
    (await run("import", str(session))).refused_with("two programs used it at once", "heliograph login")
    simulator.faults.clear()
    (user,) = (each for each in simulator.world.users.values() if each.phone == "358401234567")
    simulator.faults.revoke(user.id, "AUTH_KEY_UNREGISTERED")
    ran = await run("import", str(session))
    ran.refused_with("no longer accepts this session", "heliograph login")
    assert await count(database, "accounts") == 0


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(errors.BadInput, match="is empty"):
        imports._separate([""])
