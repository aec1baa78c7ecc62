"""Exports: messages a second into Parquet, beside PostgreSQL's own ``COPY … TO STDOUT`` of the same rows as CSV.

The rows look as the corpus does: seed 7, a quarter with entities, a fifth replies, 8 % media, all with counters.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench import exchange_in, installation, results
from heliograph import config
from heliograph.cli import wire
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.simulator.world import texts
from heliograph.store import arrays
from heliograph.store import database as store_database
from heliograph.store.reads import exported

CHATS = 4
MESSAGES = 400_000
_SAMPLE = 20_000
_FIRST = 1_500_000_001
_SPAN = timedelta(days=730)

_SAMPLES = """
CREATE TEMPORARY TABLE sample AS SELECT * FROM unnest(%s, %s, %s, %s, %s, %s, %s)
AS s (n, text, entities, media, forward, reactions, sender_id)
"""
_MESSAGES = """
INSERT INTO messages (space_id, chat_id, message_id, date, fingerprint, sender_id, edit_date, reply_to_message_id,
                      as_of, layer, is_edit_hidden, is_outgoing, is_pinned, text, raw, entities, media, forward)
SELECT %(space)s, %(chat)s, i, %(start)s + %(step)s * i, i, s.sender_id,
       CASE WHEN i %% 17 = 0 THEN %(start)s + %(step)s * i + interval '1 minute' END,
       CASE WHEN i %% 5 = 0 THEN greatest(1, i - 7) END,
       i, 229, false, false, false, s.text, '', s.entities::jsonb, s.media::jsonb, s.forward::jsonb
FROM generate_series(1, %(count)s) AS i JOIN sample s ON s.n = i %% %(sample)s
"""
_OBSERVATIONS = """
INSERT INTO observations (space_id, message_id, observed_at, views, forwards, replies, reactions)
SELECT %(space)s, i, %(start)s + %(step)s * i, i %% 5000, i %% 40, i %% 9, s.reactions::jsonb
FROM generate_series(1, %(count)s) AS i JOIN sample s ON s.n = i %% %(sample)s
"""
_CHAT = """
INSERT INTO chats (chat_id, space_id, kind, title, message_count)
VALUES (%(chat)s, %(space)s, 'channel', 'Bench', %(count)s)
"""
_USERS = """
INSERT INTO users (user_id, first_name, username) SELECT i, 'Person ' || i, 'person' || i FROM generate_series(1, 500) i
"""


async def run() -> list[results.Result]:
    """Measure an export of everything to Parquet, and the memory of the command that makes one."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        config.write(Path(folder) / config.CONFIG_NAME, {"telegram": {"api_id": 1, "api_hash": "0" * 32}})
        settings = config.load(Path(folder))
        async with wire.database(settings) as database:
            await _fill(database)
            baseline = _copy(database.dsn)
            # Loading Arrow takes a second, whatever is exported.
            one = -1_000_000_000_000 - _FIRST
            first = requests.Request(format="parquet", chat_ids=(one,))
            await exports.export(database, None, first, Path(folder) / "first")
            request = requests.Request(format="parquet")
            begun = time.perf_counter()
            summary = await exports.export(database, None, request, Path(folder) / "out")
            rate = summary.messages / (time.perf_counter() - begun)
            memory = [await _peak(Path(folder), *chats) for chats in ((str(one),), ())]
    assert summary.messages == MESSAGES
    note = f"{summary.bytes / summary.messages:.0f} bytes a message in {summary.files} files"
    return [
        results.Result(
            name="export_parquet_rate", value=rate, unit="messages/s", target=50_000, baseline=baseline, note=note
        ),
        results.Result(
            name="export_parquet_rss_mb",
            value=memory[1],
            unit="MB",
            better="lower",
            baseline=memory[0],
            note=f"beside a chat of {MESSAGES // CHATS:,} alone",
        ),
    ]


async def _peak(folder: Path, *chats: str) -> float:
    """Run ``heliograph export`` as a person does, and return how much memory its process had at most, in MB."""
    out = folder / f"peak-{len(chats)}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heliograph", "--data-dir", str(folder), "export", *chats),
        *("--format", "parquet", "--json", "--out", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    peak = await asyncio.to_thread(exchange_in.peak_rss_mb, process.pid)
    if await process.wait():
        raise RuntimeError("the export failed")
    return peak


async def _fill(database: store_database.Database) -> None:
    count = MESSAGES // CHATS
    start = datetime(2024, 1, 1, tzinfo=UTC)
    async with database.transaction() as conn:
        await conn.execute(_USERS)
        await conn.execute(_SAMPLES, arrays.pack_rows("int4 text json json json json int8", _sample()))
        for number in range(CHATS):
            values: dict[str, Any] = {
                "space": _FIRST + number,
                "chat": -1_000_000_000_000 - _FIRST - number,
                "count": count,
                "sample": _SAMPLE,
                "start": start,
                "step": _SPAN / count,
            }
            for statement in (_CHAT, _MESSAGES, _OBSERVATIONS):
                await conn.execute(statement, values)
    async with database.connection() as conn:
        await conn.execute("ANALYZE messages, observations")


def _sample() -> Iterator[tuple[Any, ...]]:
    rng = random.Random(installation.SEED)
    books = [texts.Phrasebook(language, "community", installation.SEED) for language in texts.LANGUAGE_CYCLE]
    for number in range(_SAMPLE):
        text, entities = books[number % len(books)].compose(rng, decorated=rng.random() < 0.25)
        media = {"kind": "photo", "id": rng.getrandbits(62), "width": 1280, "height": 720} if number % 12 == 0 else None
        forward = {"from_id": 1 + number % 500, "date": 1_700_000_000} if number % 25 == 0 else None
        reactions = [{"emoji": "👍", "count": number % 90}, {"emoji": "🔥", "count": 2}] if number % 3 == 0 else None
        yield number, text, entities, media, forward, reactions, 1 + rng.randrange(500)


def _copy(dsn: str) -> float:
    """Return how many rows a second PostgreSQL gives as CSV to somebody who only receives them."""
    names = ", ".join(f"m.{name}" for name in exported.MESSAGE_COLUMNS)
    statement = f"""
        COPY (SELECT {names}, o.views, o.forwards, o.replies, o.reactions FROM messages m
              LEFT JOIN observations o ON o.space_id = m.space_id AND o.message_id = m.message_id
              WHERE m.space_id = {_FIRST} ORDER BY m.message_id) TO STDOUT (FORMAT csv)
    """
    begun = time.perf_counter()
    with psycopg.connect(dsn) as conn, conn.cursor() as cursor, cursor.copy(statement) as copy:
        for _ in copy:
            pass
    return MESSAGES / CHATS / (time.perf_counter() - begun)
