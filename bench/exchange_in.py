"""Imports: Desktop's JSON to committed rows, against a script that loads it and upserts row by row; and memory."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import desktop_file
from bench.results import Result
from heliograph import config
from heliograph.cli import wire
from heliograph.store import database as store_database
from heliograph.vault import keyfile

MESSAGES = 300_000
ROWWISE_MESSAGES = 10_000
LARGE_BYTES = 2_000_000_000
RATE_TARGET = 20_000
RSS_TARGET_MB = 200


@dataclass(frozen=True, kw_only=True)
class _Imported:
    summary: dict[str, Any]
    rss_mb: float

    @property
    def rate(self) -> float:
        """Messages per second, from the first byte that is read to the last commit."""
        return float(self.summary["total"]["imported"] / self.summary["seconds"])


async def rate() -> list[Result]:
    """Measure how fast an export of ordinary messages comes in."""
    async with _installed() as (folder, database):
        path = folder / "result.json"
        await asyncio.to_thread(desktop_file.write, path, MESSAGES)
        imported = await _import(folder, path)
        assert imported.summary["total"]["imported"] == MESSAGES, imported.summary["total"]
        small = folder / "small.json"
        await asyncio.to_thread(desktop_file.write, small, ROWWISE_MESSAGES)
        baseline = await _rowwise(database.dsn, small)
    return [
        Result(
            name="import_rate",
            value=imported.rate,
            unit="messages/s",
            target=RATE_TARGET,
            baseline=baseline,
            note=f"{MESSAGES:,} messages of the corpus; baseline: json.load and one upsert per commit",
        )
    ]


async def memory() -> list[Result]:
    """Measure what the importing process needs for a large file, PostgreSQL apart."""
    async with _installed() as (folder, _):
        path = folder / "result.json"
        messages = await asyncio.to_thread(desktop_file.write_large, path, LARGE_BYTES)
        size = path.stat().st_size
        imported = await _import(folder, path)
        assert imported.summary["total"]["imported"] == messages, imported.summary["total"]
    return [
        Result(
            name="import_rss_mb",
            value=imported.rss_mb,
            unit="MB",
            target=RSS_TARGET_MB,
            better="lower",
            note=f"a file of {size / 1e9:.1f} GB, {messages:,} messages of 4,096 characters, {imported.rate:,.0f}/s",
        )
    ]


@asynccontextmanager
async def _installed() -> AsyncIterator[tuple[Path, store_database.Database]]:
    """Give a data directory with an open, migrated private database, whose server this process keeps running."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name:
        folder = Path(name)
        config.write(folder / "data" / config.CONFIG_NAME, {"telegram": {"api_id": 1, "api_hash": "0" * 32}})
        keyfile.ensure(folder / "data" / config.MASTER_KEY_NAME)
        async with wire.database(config.load(folder / "data")) as database:
            yield folder, database


async def _import(folder: Path, path: Path) -> _Imported:
    """Run ``heliograph import`` as a person does, and say how much memory its process had at most."""
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "--data-dir", str(folder / "data"), "import", "--json", str(path)),
            stdout=out,
            stderr=err,
        )
        rss = await asyncio.to_thread(peak_rss_mb, process.pid)
        if await process.wait():
            err.seek(0)
            raise RuntimeError(err.read().decode(errors="replace"))
        out.seek(0)
        return _Imported(summary=json.load(out), rss_mb=rss)


def peak_rss_mb(pid: int) -> float:
    """Follow a process to its end and return the most memory that it had."""
    peak = 0.0
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text("ascii")
        except (FileNotFoundError, ProcessLookupError):
            return peak
        found = [line for line in status.splitlines() if line.startswith("VmHWM")]
        if not found or "State:\tZ" in status:
            return peak
        # The mark only rises, so what is read last holds whatever came before.
        peak = int(found[0].split()[1]) / 1024
        time.sleep(0.05)


async def _rowwise(dsn: str, path: Path) -> float:
    """Return messages per second the way a script would do it."""
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    try:
        await conn.execute("CREATE TABLE rowwise (id bigint PRIMARY KEY, date timestamptz, sender text, text text)")
        begun, count = time.perf_counter(), 0
        for message in json.loads(await asyncio.to_thread(path.read_text, "utf-8"))["messages"]:
            text = "".join(part if isinstance(part, str) else part["text"] for part in message["text"])
            await conn.execute(
                "INSERT INTO rowwise VALUES (%s, to_timestamp(%s), %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text",
                (message["id"], int(message["date_unixtime"]), message["from_id"], text),
            )
            count += 1
        seconds = time.perf_counter() - begun
        await conn.execute("DROP TABLE rowwise")
    finally:
        await conn.close()
    return count / seconds
