"""Which file of an export is that of a message that Telegram told of."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.installed import START, Store, crawled, export, known_chat, local, said, store

from heliograph.exchange import media

__all__ = ["store"]

EDIT = 1000
EDITED = {"edited_unixtime": str(START + EDIT)}


@pytest.fixture
def keeping(store: Store) -> Store:
    """A store with media storage, and two files of different size to import."""
    store.storage = media.Storage(*local(store.folder))
    for name, size in (("p", 25), ("q", 10)):
        (store.folder / f"{name}.jpg").write_bytes(name.encode() * size)
    return store


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def written(store: Store, text: str, name: str, **more: Any) -> Path:
    """An export of one message with a photo."""
    return export(store.folder, [said(4, text, photo=f"{name}.jpg", **more)], name=f"{name}-{len(more)}.json")


async def stored(store: Store) -> str | None:
    """Return which of the two files the message has."""
    ((state, sha256),) = await store.rows("SELECT state, encode(sha256, 'hex') FROM message_media")
    names = {hashlib.sha256((store.folder / f"{name}.jpg").read_bytes()).hexdigest(): name for name in "pq"}
    assert (state == "stored") == (sha256 is not None)
    return None if sha256 is None else names[sha256]


async def test_right_file_comes_after_telegram_changed_the_photo(keeping: Store) -> None:
    await keeping.commit(known_chat(), crawled(4, "a", media={"kind": "photo", "id": 2}))
    await keeping.take(written(keeping, "a", "q"))
    assert await stored(keeping) == "q"
    await keeping.commit(crawled(4, "b", as_of=40, edit_date=at(EDIT), media={"kind": "photo", "id": 1}))
    assert await keeping.rows("SELECT state, size FROM message_media") == [("remote", None)]
    await keeping.take(written(keeping, "b", "p", **EDITED))
    assert await stored(keeping) == "p"
