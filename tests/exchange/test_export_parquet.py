"""Parquet: typed columns, a folder for each chat and month, bounded memory, and readers that agree on the rows."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from tests.conftest import Rows
from tests.exchange import export_rows

from heliograph.exchange.export import parquet, run
from heliograph.exchange.export import request as requests
from heliograph.store import arrow
from heliograph.store.database import Database
from heliograph.store.reads import export as reads

FORUM, GROUP = export_rows.FORUM, export_rows.GROUP
PRIVATE: Final = 55


@pytest.fixture
async def out(rows: Rows, database: Database, tmp_path: Path) -> Path:
    await export_rows.fill(rows)
    await exported(database, tmp_path / "out")
    return tmp_path / "out"


async def exported(database: Database, out: Path, **more: Any) -> run.Summary:
    request = requests.Request(format="parquet", with_revisions=True, with_observations=True, **more)
    return await run.export(database, None, request, out)


def parts(out: Path, table: str = "messages") -> list[str]:
    return sorted(str(each.relative_to(out / table)) for each in (out / table).rglob("*.parquet"))


async def test_each_chat_and_month_has_a_folder(out: Path) -> None:
    assert parts(out) == [
        f"chat={FORUM}/month=2026-03/part-0.parquet",
        f"chat={FORUM}/month=2026-04/part-0.parquet",
        f"chat={GROUP}/month=2026-03/part-0.parquet",
    ]


async def test_earlier_texts_and_samples_are_divided_as_their_messages(out: Path) -> None:
    place = f"chat={FORUM}/month=2026-03/part-0.parquet"
    assert parts(out, "revisions") == parts(out, "observations") == [place]
    assert pq.read_table(out / "revisions" / place)["text"].to_pylist() == ["Hello boats"]
    assert pq.read_table(out / "observations" / place)["views"].to_pylist() == [3, 7]


async def test_columns_keep_their_types(out: Path) -> None:
    table = pq.ParquetFile(out / "messages" / parts(out)[0]).read()
    told = table.to_pylist()[1]
    assert told == told | {
        "message_id": 2,
        "date": datetime(2026, 3, 1, 12, 2, tzinfo=UTC),
        "date_unixtime": 1772366520,
        "sender_name": "Aino Virta",
        "sender_username": "aino",
        "edited_at": export_rows.EDIT,
        "is_deleted": False,
        "views": 7,
        "reactions": [
            {"emoji": "👍", "custom_emoji_id": None, "is_paid": False, "count": 2},
            {"emoji": None, "custom_emoji_id": 5368324170671202286, "is_paid": False, "count": 1},
            {"emoji": None, "custom_emoji_id": None, "is_paid": True, "count": 3},
        ],
    }
    assert told["entities"][1] == {"type": "text_url", "offset": 9, "length": 5, "argument": "https://example.org/"}
    deleted = table.to_pylist()[3]
    assert (deleted["is_deleted"], deleted["deleted_at"].microsecond) == (True, 5)
    document = table.to_pylist()[2]
    assert (document["media_kind"], document["file_size"], document["file_sha256"]) == (
        "document",
        12,
        export_rows.SHA256.hex(),
    )


async def test_what_only_an_import_told_of_is_marked(out: Path) -> None:
    marks = [pq.read_table(out / "messages" / part)["is_imported"].to_pylist() for part in parts(out)]
    assert marks == [[False, False, False, False, False], [True], [False]]
    assert pq.read_table(out / "revisions" / parts(out)[0])["is_imported"].to_pylist() == [True]


async def test_people_whom_pages_name_are_senders_in_every_table(
    rows: Rows, database: Database, tmp_path: Path
) -> None:
    await rows.chat(GROUP, title="Club", kind="group")
    await rows.message(GROUP, 1, "from a page", author_signature="Ada Example", as_of=-1)
    await rows.message(GROUP, 2, "from the group", author_signature="the boss")
    await rows.message(GROUP, 3, "by somebody unknown", sender_id=11)
    request = requests.Request(format="jsonl")
    await run.export(database, None, request, tmp_path / "lines")
    found = [json.loads(line) for line in (tmp_path / "lines" / "messages.jsonl").read_text().splitlines()]
    await exported(database, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "messages", partitioning=None)
    said = ["Ada Example", None, None]
    assert [each["sender_name"] for each in found] == table["sender_name"].to_pylist() == said


async def test_schema_holds_only_what_every_reader_knows(out: Path) -> None:
    """Spark reads neither unsigned integers nor nanoseconds, and 96-bit times are deprecated."""

    def leaves(found: pa.DataType) -> list[pa.DataType]:
        if pa.types.is_list(found) or pa.types.is_struct(found):
            return [leaf for place in range(found.num_fields) for leaf in leaves(found.field(place).type)]
        return [found.value_type if pa.types.is_dictionary(found) else found]

    known = {pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC")}
    for path in out.rglob("*.parquet"):
        file = pq.ParquetFile(path)
        assert {leaf for each in file.schema_arrow for leaf in leaves(each.type)} <= known
        physical = {file.schema.column(place).physical_type for place in range(len(file.schema))}
        assert physical <= {"INT32", "INT64", "BOOLEAN", "BYTE_ARRAY"}
        for place in range(len(file.schema)):
            if file.metadata.num_row_groups:
                assert file.metadata.row_group(0).column(place).compression == "ZSTD"


async def test_every_reader_finds_the_same_rows_and_their_chats(rows: Rows, database: Database, tmp_path: Path) -> None:
    """Regression: of a folder named chat_id, pandas made text as soon as one id was longer than 32 bits."""
    await export_rows.fill(rows)
    await rows.chat(PRIVATE, title="Aino", kind="private")
    await rows.message(PRIVATE, 9, "between us", sender_id=11)
    out = tmp_path / "out"
    await exported(database, out)
    expected = [(FORUM, each, "2026-04" if each == 5 else "2026-03", "Harbour") for each in range(1, 7)]
    expected += [(GROUP, 1, "2026-03", "Club"), (PRIVATE, 9, "2026-03", "Aino")]
    by_name = {name: read(out) for name, read in READERS.items()}
    assert {name: sorted(found) for name, found in by_name.items()} == dict.fromkeys(READERS, sorted(expected))


def by_duckdb(out: Path) -> list[tuple[Any, ...]]:
    files = f"{out}/messages/**/*.parquet"
    with duckdb.connect() as duck:
        tables = "read_parquet(?) AS messages JOIN read_parquet(?) AS chats USING (chat_id)"
        query = f"SELECT chat_id, message_id, month, title FROM {tables}"
        return duck.execute(query, [files, str(out / "chats.parquet")]).fetchall()


def by_pandas(out: Path, **more: Any) -> list[tuple[Any, ...]]:
    messages, chats = (pd.read_parquet(out / name, **more) for name in ("messages", "chats.parquet"))
    assert str(messages["chat_id"].dtype).startswith("int64")
    assert (messages["chat_id"] == FORUM).sum() == 6
    joined = messages.merge(chats, on="chat_id")[["chat_id", "message_id", "month", "title"]]
    return list(joined.itertuples(index=False, name=None))


def by_polars(out: Path) -> list[tuple[Any, ...]]:
    messages = pl.read_parquet(f"{out}/messages/**/*.parquet", hive_partitioning=True)
    joined = messages.join(pl.read_parquet(out / "chats.parquet"), on="chat_id")
    return joined.select("chat_id", "message_id", "month", "title").rows()


def by_arrow(out: Path) -> list[tuple[Any, ...]]:
    # Arrow joins no lists.
    messages = ds.dataset(out / "messages", partitioning="hive").to_table(["chat_id", "message_id", "month"])
    joined = messages.join(pq.read_table(out / "chats.parquet").select(["chat_id", "title"]), "chat_id")
    return [tuple(row.values()) for row in joined.select(["chat_id", "message_id", "month", "title"]).to_pylist()]


READERS: Final = {
    "DuckDB": by_duckdb,
    "pandas": by_pandas,
    "pandas with Arrow's types": functools.partial(by_pandas, dtype_backend="pyarrow"),
    "Polars": by_polars,
    "Arrow": by_arrow,
}


async def test_conditions_on_chat_and_month_find_their_rows(out: Path) -> None:
    messages = out / "messages"
    of_chat = [("chat_id", "==", FORUM), ("month", ">", "2026-03")]
    assert pd.read_parquet(messages, filters=of_chat)["message_id"].tolist() == [5]
    lazy = pl.scan_parquet(f"{messages}/**/*.parquet", hive_partitioning=True)
    found = lazy.filter(pl.col("chat_id") == FORUM, pl.col("month") > "2026-03")
    assert found.select("message_id").collect().rows() == [(5,)]
    with duckdb.connect() as duck:
        query = "SELECT message_id FROM read_parquet(?) WHERE chat_id = ? AND month > '2026-03'"
        assert duck.execute(query, [f"{messages}/**/*.parquet", FORUM]).fetchall() == [(5,)]


async def test_whole_numbers_that_may_be_absent_stay_whole_in_pandas(out: Path) -> None:
    """An album's id needs 64 bits, of which a float keeps 53."""
    messages = pd.read_parquet(out / "messages").set_index("message_id")
    assert messages.loc[6, "album_id"].max() == 2**60
    tables = [messages, *(pd.read_parquet(out / name) for name in ("observations", "revisions", "chats.parquet"))]
    assert {str(dtype) for each in tables for dtype in each.dtypes} <= {
        *("int64", "int32", "Int64", "Int32", "bool", "datetime64[us, UTC]", "str", "object", "category")
    }
    of_aino = messages.merge(pd.DataFrame({"sender_id": [11], "is_known": [True]}), on="sender_id")
    assert len(of_aino) == 3


async def test_times_are_utc_in_every_reader(out: Path) -> None:
    files, moment = f"{out}/messages/**/*.parquet", datetime(2026, 3, 1, 12, 2, tzinfo=UTC)
    with duckdb.connect() as duck:
        found = duck.execute("SELECT epoch(date) FROM read_parquet(?) WHERE message_id = 2", [files]).fetchall()
    assert found == [(moment.timestamp(),)]
    by_pandas = pd.read_parquet(out / "messages")
    assert str(by_pandas["date"].dtype) == "datetime64[us, UTC]"
    by_polars = pl.read_parquet(files).filter(pl.col("message_id") == 2)
    assert by_polars["date"].to_list() == [moment]


async def test_month_that_comes_again_gets_another_part(
    rows: Rows, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    monkeypatch.setattr(parquet, "WAITING_BYTES", 0)
    monkeypatch.setattr(parquet, "OPEN_FILES", 1)
    await export_rows.fill(rows)
    await exported(database, tmp_path / "out")
    # March, April, March again: message 6 is older than message 5.
    assert parts(tmp_path / "out")[:3] == [
        f"chat={FORUM}/month=2026-03/part-0.parquet",
        f"chat={FORUM}/month=2026-03/part-1.parquet",
        f"chat={FORUM}/month=2026-04/part-0.parquet",
    ]
    assert pl.read_parquet(f"{tmp_path}/out/messages/**/*.parquet").height == 7


async def test_rows_wait_for_others_of_their_month_up_to_a_row_group(
    rows: Rows, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    monkeypatch.setattr(parquet, "GROUP_ROWS", 3)
    await export_rows.fill(rows)
    await exported(database, tmp_path / "out")
    file = pq.ParquetFile(tmp_path / "out" / "messages" / parts(tmp_path / "out")[0])
    assert [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)] == [3, 2]


async def test_export_of_nothing_says_what_its_columns_are(rows: Rows, database: Database, tmp_path: Path) -> None:
    await export_rows.fill(rows)
    summary = await exported(database, tmp_path / "out", filter=reads.Filter(sender_id=999))
    assert summary.messages == 0
    with duckdb.connect() as duck:
        found = duck.execute(
            "SELECT chat_id, month, text FROM read_parquet(?)", [f"{tmp_path}/out/messages/**/*.parquet"]
        )
        assert found.fetchall() == []
