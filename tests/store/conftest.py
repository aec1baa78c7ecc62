"""Rows to commit, a way to commit them, and a way to look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.domain import identity, records
from heliograph.store import commit
from heliograph.store import database as store_database

SPACE = identity.channel_space(1_500_000_001)
CHAT = identity.channel_peer(1_500_000_001)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Make:
    """Rows with sensible defaults; ``at(n)`` is n seconds after the start."""

    space = SPACE
    chat_id = CHAT

    @staticmethod
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    def message(self, message_id: int = 1, **given: Any) -> records.Message:
        base: dict[str, Any] = {
            "space_id": SPACE,
            "chat_id": CHAT,
            "date": self.at(message_id % 86_400),
            "as_of": 10,
            "text": f"text {message_id}",
            "raw": b"raw",
            "layer": 229,
        }
        return records.Message(message_id=message_id, **(base | given))

    def tombstone(self, message_id: int = 1, **given: Any) -> records.Tombstone:
        base: dict[str, Any] = {"space_id": SPACE, "chat_id": CHAT, "as_of": 20, "deleted_at": self.at(1000)}
        return records.Tombstone(message_id=message_id, **(base | given))

    def chat(self, **given: Any) -> records.Chat:
        base: dict[str, Any] = {"chat_id": CHAT, "space_id": SPACE, "kind": "supergroup", "title": "Chat"}
        return records.Chat(**(base | given))

    def batch(self, *rows: Any, origin: records.Origin = "live", **given: Any) -> records.Batch:
        """Sort rows into the fields they belong to."""
        fields: dict[type, str] = {
            records.Message: "messages",
            records.Tombstone: "tombstones",
            records.Pin: "pins",
            records.Observation: "observations",
            records.User: "users",
            records.Chat: "chats",
            records.Access: "accesses",
            records.Topic: "topics",
            records.Coverage: "coverage",
            records.KnownLoss: "losses",
            records.DirtyMark: "dirty",
            records.Gap: "gaps",
        }
        sorted_: dict[str, list[Any]] = {}
        for row in rows:
            sorted_.setdefault(fields[type(row)], []).append(row)
        return records.Batch(origin=origin, **sorted_, **given)

    @staticmethod
    def move(before: int | None, after: int, *, box: int = SPACE, epoch: int = 1) -> records.CursorMove:
        start = None if before is None else records.BoxState(pts=before)
        return records.CursorMove(
            box=identity.SpaceId(box), from_state=start, to_state=records.BoxState(pts=after), epoch=epoch
        )


Write = Callable[..., Awaitable[commit.Outcome]]
Fetch = Callable[..., Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def write(database: store_database.Database) -> Write:
    """Commit batches in one transaction of their own."""

    async def commit_(*batches: records.Batch) -> commit.Outcome:
        async with database.transaction() as conn:
            return await commit.commit_with_bisection(conn, batches)

    return commit_


@pytest.fixture
def fetch(database: store_database.Database) -> Fetch:
    """Run a query and return its rows."""

    async def fetch_(query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with database.connection() as conn:
            return await (await conn.execute(query, arguments)).fetchall()

    return fetch_
