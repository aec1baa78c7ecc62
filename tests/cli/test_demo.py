"""``heliograph demo`` as a person runs it, in a small world."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.cli.conftest import Run, Running, Start
from tests.scenarios.conftest import Installation, installation, telegram

from heliograph import config
from heliograph.cli import child
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.cli.demo import trial

__all__ = ["installation", "telegram"]

SMALL = ("--chats", "8", "--days", "1")
KEYS = [
    "messages",
    "revisions",
    "tombstones",
    "missing",
    "duplicated",
    "wrong_text",
    "wrong_fields",
    "backfill_rate",
    "live_latency_p50_ms",
    "live_latency_p95_ms",
    "live_latency_p99_ms",
    "peak_rss_mb",
]


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of every living process that works on a data directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(directory) in line:
            found.append(line)
    return found


async def until_gone(directory: Path) -> None:
    async with asyncio.timeout(30):
        while processes_of(directory):  # noqa: ASYNC110 orphans announce nothing
            await asyncio.sleep(0.05)


async def history_requests(running: Running) -> float:
    """Return how many pages of history the crawler of a running demo has asked for."""
    line = await running.until_says("The page is at")
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(line.split()[-1] + "metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert any(sample.labels.get("role") == "crawler" for sample in samples)
    return sum(s.value for s in samples if s.name == "heliograph_rpc_seconds_count" and s.labels["family"] == "history")


async def test_a_trial_ends_well_with_exactly_the_twelve_keys_whatever_the_environment_says(
    run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE__URL", "postgresql:///real?host=/nowhere")
    monkeypatch.setenv("HELIOGRAPH_TELEGRAM__DC_PORT", "1")
    ran = await run("demo", "--seconds", "6", "--json", *SMALL)
    assert (ran.code, "Traceback" in ran.err) == (0, False), ran.err
    result = json.loads(ran.out.splitlines()[-1])
    assert list(result) == KEYS
    assert [result[name] for name in KEYS[3:7]] == [0, 0, 0, 0]
    assert all(result[name] > 0 for name in ("messages", "backfill_rate", "live_latency_p50_ms", "peak_rss_mb"))
    assert "updates counted" in ran.err
    assert "still to be asked for" not in ran.err
    assert processes_of(data_dir) == []


async def test_a_demo_goes_on_where_it_ended_even_when_its_port_was_taken_meanwhile(
    start: Start, data_dir: Path
) -> None:
    first = await start("demo", "--port", "0", *SMALL)
    await first.until_says("History is complete")
    assert await history_requests(first) > 0
    first.process.send_signal(signal.SIGINT)
    ended = await first.end()
    assert (ended.code, "Traceback" in ended.err) == (0, False), ended.err
    assert processes_of(data_dir) == []

    with socket.create_server(("127.0.0.1", int((data_dir / "telegram.port").read_text()))):
        second = await start("demo", "--port", "0")
        await second.until_says("History is complete")
        assert await history_requests(second) == 0
        assert "Signed in" not in second.err
        second.process.kill()
        await second.process.wait()
        await until_gone(data_dir)


async def test_ctrl_c_in_a_trial_leaves_nothing_running_and_no_verdict(start: Start, data_dir: Path) -> None:
    running = await start("demo", "--json", "--seconds", "3", *SMALL)
    await running.until_says("Killing the crawler")
    running.process.send_signal(signal.SIGINT)
    ended = await running.end()
    assert (ended.code, ended.out, "Traceback" in ended.err) == (130, "", False), ended.err
    assert processes_of(data_dir) == []


async def test_ctrl_c_while_the_demo_starts_is_an_end_like_any_other(start: Start, data_dir: Path) -> None:
    """Regression: it missed a result, which only a trial has."""
    running = await start("demo", "--port", "0", *SMALL)
    await running.until_says("Simulated Telegram:")
    running.process.send_signal(signal.SIGINT)
    ended = await running.end()
    assert (ended.code, "no result" in ended.err, "run it again" in ended.err) == (0, False, True), ended.err
    assert processes_of(data_dir) == []


async def test_the_demo_refuses_the_directory_of_an_installation(
    run: Run, data_dir: Path, configure: Callable[..., None]
) -> None:
    configure()
    before = (data_dir / config.CONFIG_NAME).read_bytes()
    for arguments in ((), ("--json",)):
        ran = await run("demo", *arguments)
        ran.refused_with("real installation", "--data-dir")
        assert ran.code == 2
    assert (data_dir / config.CONFIG_NAME).read_bytes() == before
    assert not (data_dir / "telegram.port").exists()


# -- the verdict, on a real store


@pytest.fixture
async def judged(installation: Installation) -> AsyncIterator[trial.Trial]:
    """A trial over a complete mirror of a simulated Telegram, in which one message was edited live."""
    control = httpx.AsyncClient(base_url=installation.telegram.control_url, trust_env=False)
    async with control:
        async with installation.crawling():
            await installation.until_backfilled()
            begun = trial.Trial(
                telegram=demo_telegram.Telegram(process=child.Child("simulator", []), control=control),
                database=installation.database,
                arguments=[],
                history_depth="all",
                stop=asyncio.Event(),
            )
            unknowable = installation.deleted()
            world = installation.world
            posted = next(r for r in world.truth(installation.users) if r["text"] and not r["is_deleted"])
            world.edit(posted["chat_id"], posted["message_id"], "another text")
            await installation.until_equal(unknowable=unknowable)
        yield begun


async def test_an_equal_store_passes_until_something_is_planted_in_it(
    judged: trial.Trial, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await judged.report(await judged.compare(), 1.0) == 0
    place = "(space_id, message_id) = (SELECT space_id, message_id FROM messages WHERE text <> '' AND {} LIMIT 1)"
    channel, group = place.format("space_id > 0"), place.format("space_id < 0")
    planted = {
        "wrong_text": "DELETE FROM revisions RETURNING 1",
        "wrong_fields": f"UPDATE messages SET sender_id = 1 WHERE {group} RETURNING 1",
        "missing": f"DELETE FROM messages WHERE {group} RETURNING 1",
        "duplicated": f"UPDATE messages SET message_id = 2000000000 WHERE {channel} RETURNING 1",
    }
    for key, plant in planted.items():
        await installation.one(plant)
        assert await judged.report(await judged.compare(), 1.0) == 1
        assert json.loads(capsys.readouterr().out.splitlines()[-1])[key] == 1


async def test_every_arrival_belongs_to_one_message_of_the_truth(judged: trial.Trial) -> None:
    """Regression: a copy in another mailbox, numbered otherwise, was taken for an update that came late."""
    places = [(record["chat_id"], record["message_id"]) for record in await judged.truth()]
    assert len(places) == len(set(places)) > 0


async def test_a_basic_group_that_nobody_mirrors_fails_the_trial(
    judged: trial.Trial, installation: Installation
) -> None:
    """Regression: the truth was asked only about groups that the store had."""
    group = await installation.one("SELECT chat_id FROM chats WHERE kind = 'group' ORDER BY message_count DESC LIMIT 1")
    await installation.one("DELETE FROM messages WHERE chat_id = %s RETURNING 1", group)
    await installation.one("DELETE FROM chats WHERE chat_id = %s RETURNING 1", group)
    assert (await judged.compare()).missing > 0
