"""An export holds some pages of a chat, never all of it."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.conftest import Rows

from heliograph.exchange.export import parquet, run
from heliograph.exchange.export import request as requests
from heliograph.exchange.export.archive import book
from heliograph.store import arrow
from heliograph.store.database import Database
from heliograph.store.reads import export as reads

CHAT = -1_001_500_000_001
MESSAGES = 2_000
TEXT_BYTES = 10_000
HELD_BYTES = MESSAGES * TEXT_BYTES // 2
"""What may be in memory at once, with pages as small as these tests make them."""
FILL = """
INSERT INTO messages (space_id, message_id, chat_id, date, as_of, text, is_edit_hidden, is_outgoing, is_pinned, raw,
                      fingerprint, layer)
SELECT 1500000001, id, %s, timestamptz '2026-03-01' + id * interval '1 minute', 1, repeat('x', %s), false, false, false,
       '', 0, 229
FROM generate_series(1, %s) id
"""


async def test_no_format_holds_a_whole_chat(
    rows: Rows, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = (reads, "PAGE_ROWS", 20), (book, "PER_PAGE", 50), (parquet, "WAITING_BYTES", 1 << 20)
    for module, name, small in (*sizes, (arrow, "BATCH_BYTES", 1 << 18)):
        monkeypatch.setattr(module, name, small)
    await rows.chat(CHAT, title="Harbour")
    async with database.transaction() as conn:
        await conn.execute(FILL, [CHAT, TEXT_BYTES, MESSAGES])
    for form in requests.FORMATS:
        assert await held(database, form, tmp_path / form) < HELD_BYTES, form
    # What Arrow has is outside of Python's count: what was written before the end is not held.
    file = next((tmp_path / "parquet").rglob("messages/**/*.parquet"))
    assert pq.ParquetFile(file).num_row_groups > 10


async def held(database: Database, form: str, out: Path) -> int:
    """Export the chat; return the most bytes that Python had for it."""
    request = requests.Request(format=form, chat_ids=(CHAT,), with_media=False)
    # What is loaded once for any export.
    nothing = dataclasses.replace(request, filter=reads.Filter(sender_id=1))
    await run.export(database, None, nothing, out.with_name(f"{form} of nothing"))
    tracemalloc.start()
    try:
        summary = await run.export(database, None, request, out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert summary.messages == MESSAGES
    return peak
