"""What every export keeps: it appears whole or not at all, and replaces only what an export made."""

from __future__ import annotations

import asyncio
import io
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.conftest import Rows
from tests.exchange import export_rows

from heliograph import errors
from heliograph.exchange.export import place, run
from heliograph.exchange.export import request as requests
from heliograph.store.database import Database
from heliograph.store.reads import export as reads


@pytest.fixture
async def store(rows: Rows, database: Database) -> Database:
    await export_rows.fill(rows)
    return database


def wanted(form: str = "jsonl", **more: Any) -> requests.Request:
    return requests.Request(format=form, **more)


def left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_folder_holds_tables_and_a_mark_and_nothing_is_left_beside_it(store: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = await run.export(store, None, wanted(with_revisions=True, with_observations=True), out)
    names = ["chats.jsonl", "heliograph.json", "messages.jsonl", "observations.jsonl", "revisions.jsonl"]
    assert left(out) == names
    assert "out" in left(tmp_path) and not [name for name in left(tmp_path) if name.endswith(".part")]
    assert (summary.chats, summary.messages, summary.revisions, summary.observations) == (2, 7, 1, 2)
    assert summary.files == len(names)
    assert summary.bytes == sum(each.stat().st_size for each in out.iterdir())
    mark = orjson.loads((out / "heliograph.json").read_bytes())
    assert requests.parse(mark["request"]) == wanted(with_revisions=True, with_observations=True)
    assert mark["messages"] == 7


@pytest.mark.parametrize("form", ["jsonl", "csv", "telegram"])
async def test_same_rows_give_the_same_bytes(store: Database, tmp_path: Path, form: str) -> None:
    for name in ("one", "two"):
        samples = form in requests.TABLES
        await run.export(store, None, wanted(form, with_revisions=True, with_observations=samples), tmp_path / name)
    for each in (tmp_path / "one").iterdir():
        assert each.read_bytes() == (tmp_path / "two" / each.name).read_bytes()


@pytest.mark.parametrize("form", requests.FORMATS)
async def test_every_format_writes_all_chats_into_a_marked_folder(store: Database, tmp_path: Path, form: str) -> None:
    request = wanted(form, with_media=False, with_revisions=True)
    summary = await run.export(store, None, request, tmp_path / "out")
    assert (summary.format, summary.chats, summary.messages) == (form, 2, 7)
    assert "heliograph.json" in left(tmp_path / "out")
    assert left(tmp_path / "out") != ["heliograph.json"]


async def test_existing_output_is_refused_and_kept(store: Database, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(errors.BadInput, match="--force"):
        await run.export(store, None, wanted(), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "mine"


async def test_force_replaces_an_earlier_export_whole(store: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    await run.export(store, None, wanted(with_revisions=True), out)
    await run.export(store, None, wanted("csv"), out, force=True)
    assert left(out) == ["chats.csv", "heliograph.json", "messages.csv"]
    assert not [name for name in left(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize("mark", [None, "{}", "mine", '{"heliograph_export": 1}'])
async def test_force_never_removes_a_folder_that_no_export_made(
    store: Database, tmp_path: Path, mark: str | None
) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.jpg").write_text("meow")
    if mark is not None:
        (out / "heliograph.json").write_text(mark)
    with pytest.raises(errors.BadInput, match="no export made"):
        await run.export(store, None, wanted(), out, force=True)
    assert (out / "cat.jpg").read_text() == "meow"


async def test_force_never_removes_what_was_put_into_an_earlier_export(store: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    await run.export(store, None, wanted("html"), out)
    (out / ".DS_Store").write_text("what a system leaves is nobody's work")
    await run.export(store, None, wanted("html"), out, force=True)
    (out / "notes.md").write_text("mine")
    with pytest.raises(errors.BadInput, match="no export made"):
        await run.export(store, None, wanted("html"), out, force=True)
    (out / "notes.md").unlink()
    mine = out / "mine" / "heliograph.json"
    mine.parent.mkdir()
    mine.write_text("{}")
    with pytest.raises(errors.BadInput, match="no export made"):
        await run.export(store, None, wanted("html"), out, force=True)
    assert mine.read_text() == "{}"
    mine.unlink()
    (out / "index.html").write_text("mine")
    with pytest.raises(errors.BadInput, match="no export made"):
        await run.export(store, None, wanted("html"), out, force=True)
    assert (out / "index.html").read_text() == "mine"


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("words", ["chat_id,text\n1,mine\n", '{"album_id":"mine"}\n', "mine"])
async def test_force_never_replaces_a_file_that_no_export_made(
    store: Database, tmp_path: Path, form: str, words: str
) -> None:
    """Regression: any file whose name fitted was overwritten."""
    out = tmp_path / f"own.{form}"
    out.write_text(words)
    with pytest.raises(errors.BadInput, match="no export made"):
        await run.export(store, None, wanted(form), out, force=True)
    assert out.read_text() == words


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("sender_id", [11, 999])
@pytest.mark.parametrize("with_bom", [False, True])
async def test_force_replaces_an_earlier_file_of_messages(
    store: Database, tmp_path: Path, form: str, sender_id: int, with_bom: bool
) -> None:
    out = tmp_path / f"all.{form}"
    earlier = wanted(form, filter=reads.Filter(sender_id=sender_id), with_bom=with_bom and form == "csv")
    await run.export(store, None, earlier, out)
    summary = await run.export(store, None, wanted(form), out, force=True)
    assert (summary.messages, out.stat().st_size) == (7, summary.bytes)


async def test_file_makes_no_room_for_a_folder(store: Database, tmp_path: Path) -> None:
    """Regression: an archive of pages took the place of somebody's document."""
    await run.export(store, None, wanted(), tmp_path / "all.jsonl")
    (tmp_path / "all.jsonl").rename(tmp_path / "all")
    with pytest.raises(errors.BadInput, match="is a file"):
        await run.export(store, None, wanted("html"), tmp_path / "all", force=True)
    assert (tmp_path / "all").is_file()


async def test_folder_for_the_output_must_exist(store: Database, tmp_path: Path) -> None:
    with pytest.raises(errors.BadInput, match="no folder"):
        await run.export(store, None, wanted(), tmp_path / "nowhere" / "out")


@pytest.mark.parametrize("fails", [ZeroDivisionError, asyncio.CancelledError])
async def test_export_that_ends_in_the_middle_leaves_nothing(
    store: Database, tmp_path: Path, fails: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PAGE_ROWS", 2)
    (tmp_path / "here").mkdir()

    def interrupt(progress: run.Progress) -> None:
        if progress.done >= 2:
            raise fails

    with pytest.raises(fails):
        await run.export(store, None, wanted(), tmp_path / "here" / "out", interrupt)
    assert left(tmp_path / "here") == []
    stats = store.pool.get_stats()
    assert stats["pool_available"] == stats["pool_size"]


async def test_progress_begins_with_the_total_and_ends_with_everything(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PAGE_ROWS", 4)
    told: list[run.Progress] = []
    await run.export(store, None, wanted(), tmp_path / "out", told.append)
    assert [(each.done, each.total) for each in told] == [(0, 7), (4, 7), (6, 7), (6, 7), (7, 7)]
    assert told[0].chat == "Harbour"


async def test_name_that_ends_as_its_format_is_one_file_of_messages(store: Database, tmp_path: Path) -> None:
    summary = await run.export(store, None, wanted(), tmp_path / "all.jsonl")
    assert summary.files == 1
    assert len((tmp_path / "all.jsonl").read_bytes().splitlines()) == 7
    with pytest.raises(errors.BadInput, match="files of their own"):
        await run.export(store, None, wanted(with_revisions=True), tmp_path / "more.jsonl")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", "csv"),
        ("a.JSONL", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.parquet", "parquet"),
        ("a.json", "telegram"),
        ("a.html", "html"),
        ("a", "jsonl"),
        ("2026.01", "jsonl"),
        ("-", "jsonl"),
    ],
)
def test_ending_decides_where_no_format_is_named(name: str, form: str) -> None:
    assert requests.format_of(Path(name), None) == form
    assert requests.format_of(Path(name), "csv") == "csv"


@pytest.mark.parametrize(
    ("name", "form", "words"),
    [
        ("b.jsonl", "csv", "no csv; leave out --format csv"),
        ("b.csv", "jsonl", "no jsonl"),
        ("b.CSV", "parquet", "no parquet"),
        ("b.parquet", "jsonl", "no jsonl"),
        ("b.json", "jsonl", "no jsonl"),
        ("b.zip", "jsonl", r"choose a name without \.zip"),
        ("thesis.pdf", "html", r"choose a name without \.pdf"),
        ("b.html", "html", "a folder of several files"),
        ("b.json", "telegram", "a folder of several files"),
    ],
)
async def test_ending_of_something_else_is_refused_and_nothing_made(
    database: Database, tmp_path: Path, name: str, form: str, words: str
) -> None:
    """Regression: a folder was made that was called as a file of another kind."""
    with pytest.raises(errors.BadInput, match=words):
        await run.export(database, None, wanted(form), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_name_without_such_an_ending_is_a_folder() -> None:
    for name in ("out", "2026.01", "Dr. No", "my.data", "out.parquet"):
        assert requests.is_folder(wanted("parquet"), Path(name))
    assert not requests.is_folder(wanted("jsonl"), Path("all.ndjson"))


async def test_stream_gets_the_messages_and_only_formats_of_one_file_can_be_streamed(store: Database) -> None:
    out = io.BytesIO()
    await run.stream(store, wanted(chat_ids=(export_rows.GROUP,)), out)
    assert orjson.loads(out.getvalue())["text"] == "in the club"
    with pytest.raises(errors.BadInput, match="more than one file"):
        await run.stream(store, wanted("parquet"), out)
    with pytest.raises(errors.BadInput, match="files of their own"):
        await run.stream(store, wanted(with_observations=True), out)


def test_request_survives_json_and_nonsense_is_refused_in_one_sentence() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    request = wanted("csv", chat_ids=(-5, 7), filter=reads.Filter(since=since, kind="photo", is_deleted=False))
    assert requests.parse(orjson.loads(orjson.dumps(request.plain()))) == request
    for nonsense in ({"format": "papyrus"}, {"format": "csv", "chat_ids": []}, {"format": 5}, {}, [], None):
        with pytest.raises(errors.BadInput):
            requests.parse(nonsense)
    with pytest.raises(errors.BadInput, match="photo"):
        requests.parse({"format": "csv", "filter": {"kind": "hologram"}})
    with pytest.raises(errors.BadInput, match="after its end"):
        wanted(filter=reads.Filter(since=since, until=since))
    for words in ("", "  ", "\n\u3000", "\x00 "):
        with pytest.raises(errors.BadInput, match="no words to look for"):
            wanted(filter=reads.Filter(words=words))


@pytest.mark.parametrize("form", sorted(requests.FORMATS.keys() - requests.TABLES))
def test_what_a_format_cannot_hold_is_refused_instead_of_left_out(form: str) -> None:
    """Regression: samples of counters were counted, and written nowhere."""
    with pytest.raises(errors.BadInput, match=f"{form} has no place for every sample"):
        wanted(form, with_observations=True)
    with pytest.raises(errors.BadInput, match="byte order mark"):
        wanted(form, with_bom=True)


async def test_earlier_export_is_back_when_the_new_one_cannot_take_its_place(store: Database, tmp_path: Path) -> None:
    """Regression: it had been moved among what is deleted at the end."""
    out = tmp_path / "out"
    await run.export(store, None, wanted("csv"), out)
    with pytest.raises(FileNotFoundError), place.making(out, is_folder=True, force=True) as made:
        made.rename(tmp_path / "elsewhere")
    assert "messages.csv" in left(out)
    assert not [name for name in left(tmp_path) if name.startswith(".out")]


@pytest.mark.parametrize("is_folder", [True, False])
async def test_what_a_killed_run_left_of_an_earlier_export_is_never_deleted(
    store: Database, tmp_path: Path, is_folder: bool
) -> None:
    out = tmp_path / "out"
    await run.export(store, None, wanted("csv"), out)
    shutil.copytree(out, tmp_path / ".out.old")
    with (
        pytest.raises(errors.BadInput, match="move it away or delete it"),
        place.making(out, is_folder=is_folder, force=True),
    ):
        raise AssertionError("nothing is written first")
    assert left(tmp_path / ".out.old") == left(out)
