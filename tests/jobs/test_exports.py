"""Exports that are made in the background: whole or not at all, and each end is told in a sentence."""

from __future__ import annotations

import errno
import json
import os
import stat
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from heliograph import config, errors
from heliograph.exchange import shelf
from heliograph.jobs import exports, parts
from heliograph.store import database as store_database
from heliograph.store import exports as store_exports
from heliograph.store import processes

from .conftest import CHAT, MESSAGES, Exports, Worker, held_up


def files(settings: config.Settings) -> list[Path]:
    """All that lies where exports lie: files, and folders with nothing in them."""
    folder = settings.exports_folder
    found = folder.rglob("*") if folder.exists() else []
    return [path for path in found if path.is_file() or not any(path.iterdir())]


async def test_export_that_is_asked_for_is_made_packed_and_kept_for_a_week(
    asked: Exports, worker: Worker, settings: config.Settings
) -> None:
    async with worker():
        found = await asked.until(await asked.add(with_revisions=True))
    assert (found.state, found.done, found.total, found.error) == ("done", MESSAGES, MESSAGES, None)
    assert found.finished_at is not None and found.expires_at == found.finished_at + timedelta(days=7)
    (archive,) = files(settings)
    assert archive == shelf.archive(settings.exports_folder, found.export_id, found.attempt)
    assert archive.stat().st_size == found.bytes
    name = f"Harbour watch {found.created_at:%Y-%m-%d} jsonl"
    assert found.file_name == f"{name}.zip"
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert {entry.split("/")[0] for entry in packed.namelist()} == {name}
        texts = {
            json.loads(line).get("text")
            for entry in packed.namelist()
            if entry.endswith(".jsonl")
            for line in packed.read(entry).splitlines()
        }
    assert {f"text {number}" for number in range(1, MESSAGES + 1)} <= texts


async def test_jobs_that_are_over_leave_the_queue(asked: Exports, worker: Worker, rows: Any) -> None:
    async with worker(grace_seconds=5):
        await asked.until(await asked.add())
        await asked.until(await asked.add(chat_ids=[404]))
    async with asked.database.connection() as conn:
        left = await conn.execute("SELECT id FROM procrastinate_jobs WHERE task_name = %s", [store_exports.TASK])
        assert await left.fetchall() == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"chat_ids": [404]}, "no chat 404"),
        ({"format": "papyrus"}, "no format 'papyrus'"),
        ({"chat_ids": "all"}, "asked for"),
    ],
)
async def test_export_that_cannot_be_made_says_why_and_leaves_no_file(
    asked: Exports, worker: Worker, settings: config.Settings, request_: dict[str, Any], words: str
) -> None:
    async with worker():
        found = await asked.until(await asked.add(**request_))
    assert (found.state, found.bytes) == ("failed", None)
    assert found.error is not None and words in found.error
    assert files(settings) == []


async def test_stop_puts_a_running_export_back_and_the_next_worker_makes_it(
    asked: Exports, worker: Worker, settings: config.Settings, database: store_database.Database
) -> None:
    async with held_up(database):
        async with worker():
            export_id = await asked.add()
            await asked.until(export_id, "running")
        assert (await asked.get(export_id)).state == "queued"
        assert files(settings) == []
    async with worker():
        found = await asked.until(export_id)
    assert (found.state, found.done, found.attempt) == ("done", MESSAGES, 2)


async def test_stop_lets_an_export_end_that_ends_in_time(
    asked: Exports, worker: Worker, database: store_database.Database
) -> None:
    async with worker(grace_seconds=20), held_up(database):
        export_id = await asked.add()
        await asked.until(export_id, "running")
    found = await asked.get(export_id)
    assert (found.state, found.attempt) == ("done", 1)


async def test_cancelling_ends_the_work_and_leaves_no_file(
    asked: Exports, worker: Worker, settings: config.Settings, database: store_database.Database
) -> None:
    async with worker():
        async with held_up(database):
            export_id = await asked.add()
            await asked.until(export_id, "running")
            async with database.transaction() as conn:
                await store_exports.remove(conn, export_id, keep=timedelta(days=1))
        other = await asked.until(await asked.add())
    assert other.state == "done"
    assert (await asked.get(export_id)).state == "cancelled"
    assert files(settings) == [shelf.archive(settings.exports_folder, other.export_id, other.attempt)]


async def test_export_of_a_worker_that_is_gone_is_taken_again_at_once(
    asked: Exports, worker: Worker, settings: config.Settings, database: store_database.Database
) -> None:
    export_id = await asked.add()
    # The number of a process that has ended, in a name of this machine's.
    gone = processes.name().replace(f":{os.getpid()}:", ":999999999:")
    async with database.transaction() as conn:
        await store_exports.begin(conn, export_id, gone)
        # By its heartbeat it could live for half a minute yet.
        await conn.execute(
            "WITH born AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', worker_id = born.id FROM born"
        )
    half = shelf.workspace(settings.exports_folder, export_id, 1) / "half-written.jsonl"
    half.write_text("{")
    async with worker():
        found = await asked.until(export_id)
    assert (found.state, found.attempt, half.exists()) == ("done", 2, False)


async def test_export_in_which_everything_ends_is_given_up(asked: Exports, worker: Worker) -> None:
    export_id = await asked.add()
    async with asked.database.transaction() as conn:
        for number in range(exports.BREAKS):
            await store_exports.begin(conn, export_id, f"elsewhere:{number}:x:y")
    async with worker():
        found = await asked.until(export_id)
    assert (found.state, found.error) == ("failed", exports.GIVEN_UP)


async def test_orderly_stops_are_never_a_reason_to_give_up(asked: Exports, worker: Worker) -> None:
    """Regression: the fifth restart of a worker failed an export that nothing was wrong with."""
    export_id = await asked.add()
    async with asked.database.transaction() as conn:
        for number in range(2 * exports.BREAKS):
            begun = await store_exports.begin(conn, export_id, f"elsewhere:{number}:x:y")
            assert begun is not None
            await store_exports.put_back(conn, begun)
    async with worker():
        found = await asked.until(export_id)
    assert (found.state, found.attempt, found.broken_off) == ("done", 2 * exports.BREAKS + 1, 0)


async def test_nobody_else_may_read_an_export(
    asked: Exports, worker: Worker, settings: config.Settings, tmp_path: Path
) -> None:
    """Regression: in a folder outside of the data directory, archives were open to everybody on the machine."""
    elsewhere = settings.model_copy(
        update={"exports": settings.exports.model_copy(update={"folder": tmp_path / "public" / "exports"})}
    )
    work: Any = parts.Parts(settings=elsewhere, database=asked.database, queue=None)  # type: ignore[arg-type]
    (tmp_path / "public").mkdir(mode=0o755)
    export_id = await asked.add()
    await exports.make(work, export_id, is_stopping=lambda: False)
    found = await asked.get(export_id)
    archive = shelf.archive(elsewhere.exports_folder, export_id, found.attempt)
    assert found.state == "done"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (archive, archive.parent, archive.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


async def test_folder_that_cannot_be_written_is_said_to_be_so(
    asked: Exports, worker: Worker, settings: config.Settings
) -> None:
    settings.exports_folder.parent.mkdir(parents=True)
    settings.exports_folder.write_text("a file where the folder should be")
    async with worker():
        found = await asked.until(await asked.add())
    assert found.state == "failed"
    assert found.error is not None and "look at the worker's disk" in found.error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "full"), exports.DISK_FULL),
        (OSError(errno.EDQUOT, "over quota"), exports.DISK_FULL),
        (errors.NotFound("There is no chat 5 here."), "There is no chat 5 here."),
        (ValueError("secret words"), exports.DEFECT),
    ],
)
def test_reason_is_one_sentence_without_anybodys_words(error: Exception, sentence: str) -> None:
    assert exports._sentence(error) == sentence


async def test_worker_that_was_replaced_leaves_the_file_of_the_other_alone(
    asked: Exports, worker: Worker, settings: config.Settings, database: store_database.Database
) -> None:
    export_id = await asked.add()
    work: Any = parts.Parts(settings=settings, database=database, queue=None)  # type: ignore[arg-type]
    async with database.transaction() as conn:
        first = await store_exports.begin(conn, export_id, "elsewhere:1:x:y")
    assert first is not None
    async with worker():
        found = await asked.until(export_id)
    assert not await exports._attempt(work, first)
    shelf.remove_attempt(settings.exports_folder, export_id, first.attempt)
    assert (await asked.get(export_id)) == found
    assert CHAT in found.request["chat_ids"]


async def test_title_in_letters_of_four_bytes_makes_a_name_that_a_disk_takes(
    asked: Exports, worker: Worker, rows: Any
) -> None:
    """Regression: sixty such letters and the date were more than the 255 bytes of a file's name."""
    await rows.chat(CHAT - 1, title="𐌰" * 64)
    async with worker():
        found = await asked.until(await asked.add(chat_ids=[CHAT - 1]))
    assert (found.state, found.error) == ("done", None)
    assert found.file_name == f"{'𐌰' * 30} {found.created_at:%Y-%m-%d} jsonl.zip"
