"""A database to import into, with what tests of imports put into it and ask of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

from heliograph.domain import identity, records
from heliograph.exchange import importer, media
from heliograph.store import commit
from heliograph.store import database as store_database

FIXTURES = Path(__file__).parents[1] / "fixtures"
SOURCES = sorted(
    path
    for folder in ("desktop", "desktop_html")
    for path in (FIXTURES / folder).iterdir()
    if path.is_dir() and path.name not in {"others", "latin1", "utf16"}
)
OTHERS = sorted((FIXTURES / "desktop" / "others").iterdir())
NUMBER = 1_500_000_001
CHAT = identity.channel_peer(NUMBER)
SPACE = identity.channel_space(NUMBER)
START = 1_700_000_000


def said(number: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    """A message as Telegram Desktop writes it."""
    return {
        "id": number,
        "type": "message",
        "date": "2023-11-14T22:13:20",
        "date_unixtime": str(START + number),
        "from": "Aino",
        "from_id": "user5",
        "text": f"text {number}" if text is None else text,
        **more,
    }


def export(
    folder: Path,
    messages: Iterable[dict[str, Any]],
    *,
    name: str = "result.json",
    title: str | None = "Harbour",
    **chat: Any,
) -> Path:
    """Write an export of one chat."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"name": title, "type": "private_supergroup", "id": NUMBER, **chat}
    path.write_text(json.dumps({**head, "messages": list(messages)}, ensure_ascii=False), "utf-8")
    return path


class Store:
    """A database to import into, and a way to look."""

    def __init__(self, database: store_database.Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.storage: media.Storage | None = None

    async def take(self, *paths: Path, stop: Any = None, on_progress: Any = None, **options: Any) -> importer.Summary:
        """Import, and hold the summary's numbers against each other."""
        done = await importer.run(
            self.database,
            self.storage,
            paths,
            importer.Options(**options),
            stop=stop,
            on_progress=on_progress or (lambda progress: None),
        )
        for tally in done.tallies():
            found = tally.imported + tally.known + tally.revisions + tally.completed + tally.skips
            assert tally.read == found or not tally.read, tally
        return done

    async def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.database.connection() as conn:
            return await (await conn.execute(query, arguments)).fetchall()

    async def texts(self, chat_id: int = CHAT) -> dict[int, str]:
        return dict(await self.rows("SELECT message_id, text FROM messages WHERE chat_id = %s", chat_id))

    async def state(self, *apart: str) -> dict[str, Any]:
        """Every table's rows, but for those of tables that are named."""
        tables = await self.rows(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        names = [name for (name,) in tables if name not in apart]
        return {name: sorted(map(repr, await self.rows(f"SELECT * FROM {name}"))) for name in names}

    async def commit(self, *rows: Any, **given: Any) -> None:
        """Write what a crawler would."""
        fields = {records.Message: "messages", records.Tombstone: "tombstones", records.Chat: "chats"}
        fields |= {records.User: "users", records.Coverage: "coverage"}
        sorted_: dict[str, list[Any]] = {}
        for row in rows:
            sorted_.setdefault(fields[type(row)], []).append(row)
        async with self.database.transaction() as conn:
            await commit.commit(conn, [records.Batch(origin="live", **sorted_, **given)])


@pytest.fixture
def store(database: store_database.Database, tmp_path: Path) -> Store:
    return Store(database, tmp_path)


def crawled(number: int, text: str, **more: Any) -> records.Message:
    base: dict[str, Any] = {"space_id": SPACE, "chat_id": CHAT, "as_of": 10, "raw": b"raw", "layer": 229}
    return records.Message(
        message_id=number, text=text, date=datetime.fromtimestamp(START + number, UTC), **(base | more)
    )


def known_chat(**more: Any) -> records.Chat:
    base: dict[str, Any] = {"chat_id": CHAT, "space_id": SPACE, "kind": "forum", "title": "Harbour today"}
    return records.Chat(**(base | more))


def local(folder: Path) -> tuple[Any, Path]:
    kept = folder / "kept"
    kept.mkdir(exist_ok=True)
    return LocalStore(kept), kept
