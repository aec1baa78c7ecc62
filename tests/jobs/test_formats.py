"""Every format as it is downloaded: one archive that holds the messages that were asked for, and a file of theirs."""

from __future__ import annotations

import csv
import io
import zipfile

import orjson
import pyarrow.parquet
import pytest
from tests.conftest import Rows

from heliograph import config
from heliograph.exchange import media, shelf
from heliograph.exchange.export import request as requests

from .conftest import CHAT, MESSAGES, Exports, Worker

SPACE = -1_000_000_000_000 - CHAT
CONTENT = b"%PDF-1.4 the plan of the harbour"
DESCRIBED = {"kind": "document", "id": 7, "file_name": "plan.pdf", "size": len(CONTENT), "mime_type": "application/pdf"}


class Archive:
    """A downloaded export."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        assert packed.testzip() is None
        self.files = {name.split("/", 1)[1]: packed.read(name) for name in packed.namelist() if name[-1] != "/"}

    def texts(self, form: str) -> list[str]:
        """Return the texts of messages, as a program made for the format reads them."""
        if form == "jsonl":
            return [orjson.loads(line)["text"] for line in self.files["messages.jsonl"].splitlines()]
        if form == "csv":
            return [row["text"] for row in csv.DictReader(io.StringIO(self.files["messages.csv"].decode()))]
        if form == "telegram":
            return [message["text"] for message in orjson.loads(self.files["result.json"])["messages"]]
        if form == "parquet":
            parts = [name for name in sorted(self.files) if name.startswith(f"messages/chat={CHAT}/")]
            tables = [pyarrow.parquet.ParquetFile(io.BytesIO(self.files[name])).read() for name in parts]
            return [text for table in tables for text in table["text"].to_pylist()]
        pages = b"".join(self.files[name] for name in sorted(self.files) if "/page-" in name).decode()
        return [text for number in range(9) if (text := f"text {number}") in pages] + ["the plan"] * (
            "the plan" in pages
        )


@pytest.mark.parametrize("form", requests.FORMATS)
async def test_download_of_every_format_holds_the_messages_and_their_file(
    asked: Exports, worker: Worker, rows: Rows, settings: config.Settings, form: str
) -> None:
    kept = await media.open_storage(settings).put(io.BytesIO(CONTENT))
    await rows.message(CHAT, MESSAGES + 1, "the plan", media=DESCRIBED)
    await rows.insert("media", {"sha256": kept.sha256, "size": kept.size, "mime_type": "application/pdf"})
    place = {"space_id": SPACE, "message_id": MESSAGES + 1, "file_id": 7, "kind": "document", "file_name": "plan.pdf"}
    await rows.insert("message_media", {**place, "sha256": kept.sha256, "state": "stored"})
    async with worker():
        found = await asked.until(await asked.add(format=form))
    assert (found.state, found.error, found.done) == ("done", None, MESSAGES + 1)
    with zipfile.ZipFile(shelf.archive(settings.exports_folder, found.export_id, found.attempt)) as packed:
        archive = Archive(packed)
    assert archive.texts(form) == ["text 1", "text 2", "text 3", "the plan"]
    # Tables name the file by its hash; what people open has the file itself.
    if form in ("telegram", "html"):
        assert [name for name, content in archive.files.items() if content == CONTENT and name.endswith("plan.pdf")]
    elif form != "parquet":
        assert kept.sha256.hex().encode() in archive.files[f"messages.{form}"]
