"""``heliograph sync`` and ``heliograph follow``: history alone, live alone."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import psycopg
from tests.cli.conftest import Run, Start
from tests.fixtures.simulator import PHONE, until

from heliograph.simulator.server import Simulator

ConfigureFor = Callable[..., None]
FAST = {"per_second": 1000, "burst": 100}


def one(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()
    assert row is not None
    return int(row[0])


async def test_sync_fetches_what_was_asked_for_and_exits(
    run: Run, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator, crawler={"budgets": {"history": FAST, "dialogs": FAST, "other": FAST}})
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0

    # The first time nothing is stored that a name could be found in.
    name = next(chat.username for chat in simulator.world.chats.values() if chat.username)
    ran = await run("sync", f"@{name}", "--limit", "3", "--concurrency", "2")
    assert (ran.code, "History is complete" in ran.err) == (0, True), ran.err
    chats = json.loads((await run("chats", "--json")).out)
    held = {chat["username"]: chat["message_count"] for chat in chats if chat["message_count"]}
    assert set(held) == {name}
    assert 1 <= held[name] <= 3
    assert len(chats) > 1

    ran = await run("sync", "--limit", "5")
    assert ran.code == 0
    counts = [chat["message_count"] for chat in json.loads((await run("chats", "--json")).out)]
    assert min(counts) >= 1
    assert max(counts) <= 3 + 5


async def test_follow_without_restart_ends_with_one_sentence_when_the_line_is_cut(
    run: Run, start: Start, configure_for: ConfigureFor, simulator: Simulator, database_dsn: str
) -> None:
    configure_for(simulator)
    assert (await run("login", "--phone", PHONE, answers="12345\n")).code == 0
    running = await start("follow", "--no-restart")
    await until(lambda: one(database_dsn, "SELECT count(*) FROM box_cursors"))
    simulator.faults.cut(0)
    (await running.end()).refused_with("connection to telegram was lost", "run the command again")

    running = await start("follow")
    await until(lambda: simulator.hub.connections)
    simulator.faults.cut(0)
    await until(lambda: simulator.hub.connections)
    assert running.process.returncode is None
    running.process.send_signal(signal.SIGINT)
    ended = await running.end()
    assert (ended.code, "Traceback" in ended.err) == (0, False), ended.err
