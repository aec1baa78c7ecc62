"""``heliograph export``: files and pipes, filters, refusals, and an end in the middle that leaves nothing."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Run, Start
from tests.conftest import Rows
from tests.exchange import export_rows

Configure = Callable[..., None]

FORUM, GROUP = export_rows.FORUM, export_rows.GROUP


@pytest.fixture
async def store(rows: Rows, configure: Configure) -> Rows:
    configure()
    await export_rows.fill(rows)
    return rows


def left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name not in ("data", "postgres"))


async def test_chats_are_named_by_id_or_title_and_the_summary_counts_them(
    run: Run, store: Rows, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = await run("export", str(FORUM), "Club", "--out", str(out), "--revisions", "--json")
    assert (ran.code, ran.err) == (0, "")
    summary = json.loads(ran.out)
    assert summary == summary | {
        "format": "jsonl",
        "chats": 2,
        "messages": 7,
        "revisions": 1,
        "files": 4,
        "out": str(out),
    }
    assert left(out) == ["chats.jsonl", "heliograph.json", "messages.jsonl", "revisions.jsonl"]
    assert left(tmp_path) == ["out"]


async def test_messages_go_to_a_pipe_and_words_for_people_beside_it(run: Run, store: Rows) -> None:
    ran = await run("export", "@harbour", "--format", "csv", "--sender", "11", "--to", "2026-03-01", "--out", "-")
    assert [row["message_id"] for row in csv.DictReader(io.StringIO(ran.out))] == ["2", "3"]
    assert "2 messages of 1 chat" in ran.err


async def test_empty_export_is_said_and_is_no_failure(run: Run, store: Rows, tmp_path: Path) -> None:
    ran = await run("export", "--from", "2031-01-01", "--not-edited", "--out", str(tmp_path / "none.csv"))
    assert (ran.code, ran.out) == (0, "")
    assert "the export is empty" in ran.err
    assert len((tmp_path / "none.csv").read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "out", "--format", "papyrus"], ["papyrus", "parquet"]),
        ([], ["--out"]),
        (["--out", "-", "--format", "parquet"], ["more than one file"]),
        (["--out", "out.jsonl", "--format", "csv"], [".jsonl", "--format csv"]),
        (["--out", "out", "--format", "html", "--observations"], ["html", "every sample"]),
        (["--out", "out", "--search", " "], ["no words"]),
        (["-404", "--out", "out"], ["-404", "heliograph chats"]),
        (["--out", "out", "--from", "January"], ["2026-01-31"]),
    ],
)
async def test_what_cannot_be_exported_is_refused_in_one_sentence(
    run: Run, store: Rows, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    given = [str(tmp_path / each) if each.startswith("out") else each for each in arguments]
    (await run("export", *given)).refused_with(*words)
    assert left(tmp_path) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_export_that_is_stopped_leaves_nothing(
    start: Start, store: Rows, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with store.database.transaction() as conn:
        # Holds the export up after it has begun to write.
        await conn.execute("LOCK TABLE messages")
        running = await start("export", "--out", str(tmp_path / "out"))
        async with asyncio.timeout(60):
            while True:
                if any(each.name.endswith(".part") for each in tmp_path.iterdir()):
                    break
                await asyncio.sleep(0.02)
        running.process.send_signal(number)
        ended = await running.end()
    assert (ended.code, ended.out) == (code, "")
    assert "Traceback" not in ended.err
    assert not [name for name in left(tmp_path) if name.startswith((".out", "out"))]
