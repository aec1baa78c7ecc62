"""Imports that are taken back: the store is as if they had never come, and what Telegram told is untouched."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.installed import (
    CHAT,
    FIXTURES,
    SOURCES,
    SPACE,
    Store,
    crawled,
    export,
    known_chat,
    local,
    said,
    store,
)

from heliograph import errors
from heliograph.domain import records
from heliograph.exchange import media
from heliograph.exchange.importer import undo
from heliograph.store import import_lock

__all__ = ["store"]

KEPT = {"outbox", "outbox_counter", "users", "user_names", "import_mailboxes"}
"""Tables in which something of an import stays: events that were told, names, and where a chat would go again."""


async def take_back(store: Store, *chat_ids: int, stop: Any = None) -> list[undo.Undone]:
    assert store.storage is not None
    return await undo.run(store.database, store.storage, chat_ids, stop=stop or asyncio.Event())


def files(store: Store) -> list[Path]:
    return [path for path in (store.folder / "kept").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def storage(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))


async def test_every_dialect_is_taken_back_to_the_last_row_and_file(store: Store) -> None:
    await store.take(*SOURCES)
    assert files(store)
    ids = [chat_id for (chat_id,) in await store.rows("SELECT chat_id FROM chats WHERE message_count > 0")]
    done = await take_back(store, *ids)
    assert all(each.is_whole for each in done)
    left = await store.state(*KEPT)
    assert {name: rows for name, rows in left.items() if rows} == {"alembic_version": left["alembic_version"]}
    assert files(store) == []


async def test_what_telegram_told_is_as_it_was_before_the_import(store: Store) -> None:
    photo = {"kind": "photo", "id": 9}
    await store.commit(
        known_chat(),
        crawled(3, "told"),
        crawled(4, "now", edit_date=crawled(60, "").date),
        crawled(5, "", media=photo),
        crawled(6, "gone"),
        records.Tombstone(space_id=SPACE, chat_id=CHAT, message_id=6, as_of=20, deleted_at=crawled(90, "").date),
        *(
            records.Tombstone(
                space_id=SPACE, chat_id=CHAT, message_id=number, as_of=20, deleted_at=crawled(90, "").date
            )
            for number in (2, 8)
        ),
        records.Coverage(space_id=SPACE, chat_id=CHAT, first_id=3, last_id=9, as_of=20, source="backfill"),
    )
    before = await store.state(*KEPT, "chats")
    counts = "SELECT message_count, deleted_count, last_message_id, last_message_at, status, is_min FROM chats"
    counted = await store.rows(counts)
    (store.folder / "photo.jpg").write_bytes(b"a photo")
    texts = {4: "then"} | dict.fromkeys(range(7, 10), "in a stretch that is known to be empty")
    messages = [said(number, texts.get(number), edited_unixtime="1700000030") for number in range(1, 12)]
    messages[4] = said(5, "", photo="photo.jpg")
    await store.take(export(store.folder, messages))
    assert await store.rows("SELECT count(*) FROM messages") == [(11,)]
    assert await store.rows("SELECT state FROM message_media") == [("stored",)]
    (done,) = await take_back(store, CHAT)
    assert (done.messages, done.revisions, done.files) == (7, 3, 1)
    assert await store.state(*KEPT, "chats") == before
    assert await store.rows(counts) == counted


async def test_file_that_another_chat_has_stays(store: Store) -> None:
    for number in (1, 2):
        folder = store.folder / str(number)
        folder.mkdir()
        (folder / "photo.jpg").write_bytes(b"the same photo")
        messages = [said(1, "", photo="photo.jpg")]
        await store.take(export(folder, messages, id=1_500_000_000 + number))
    (first,) = await take_back(store, CHAT)
    assert (first.files, len(files(store))) == (0, 1)
    (second,) = await take_back(store, CHAT - 1)
    assert (second.files, files(store)) == (1, [])


async def test_file_of_an_earlier_edit_goes_as_well(store: Store) -> None:
    for name in ("a", "b"):
        (store.folder / f"{name}.jpg").write_bytes(name.encode() * 9)
    await store.take(export(store.folder, [said(1, "", photo="a.jpg")], name="a.json"))
    await store.take(export(store.folder, [said(1, "", photo="b.jpg", edited_unixtime="1700086400")], name="b.json"))
    assert len(files(store)) == 2
    await take_back(store, CHAT)
    assert files(store) == []


async def test_chat_that_was_taken_back_can_be_imported_again(store: Store) -> None:
    path = export(store.folder, [said(1), said(2)])
    await store.take(path)
    await take_back(store, CHAT)
    again = await store.take(path)
    assert (again.total().imported, len(await store.texts())) == (2, 2)


async def test_other_chats_stay(store: Store) -> None:
    await store.take(FIXTURES / "desktop" / "account")
    chats = await store.rows("SELECT chat_id, message_count FROM chats WHERE message_count > 0 ORDER BY 1")
    await take_back(store, chats[0][0])
    assert await store.rows("SELECT chat_id, count(*) FROM messages GROUP BY 1 ORDER BY 1") == chats[1:]


class StopAtOnce:
    """Tells to stop after the first step."""

    def __init__(self) -> None:
        self.looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        return self.looks > 2


async def test_one_that_is_stopped_is_whole_after_another_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "STEP_ROWS", 2)
    await store.take(export(store.folder, [said(number) for number in range(1, 8)]))
    (first,) = await take_back(store, CHAT, stop=StopAtOnce())
    assert (first.is_whole, first.messages) == (False, 2)
    assert await store.rows("SELECT message_count, last_message_id FROM chats WHERE chat_id = %s", CHAT) == [(5, 7)]
    (second,) = await take_back(store, CHAT)
    assert (second.is_whole, second.messages, await store.texts()) == (True, 5, {})


async def test_one_that_is_stopped_anywhere_forgets_what_was_imported_and_can_be_finished(store: Store) -> None:
    path = export(store.folder, [said(1), said(2)])
    await store.take(path)
    (first,) = await take_back(store, CHAT, stop=StopAtOnce())
    assert (first.is_whole, first.messages) == (False, 2)
    assert (await store.take(path)).total().imported == 2
    await take_back(store, CHAT, stop=StopAtOnce())
    (second,) = await take_back(store, CHAT)
    assert second.is_whole
    assert await store.rows("SELECT count(*) FROM chats") == [(0,)]


async def test_chat_that_telegram_named_stays(store: Store) -> None:
    await store.commit(known_chat(is_min=True))
    before = await store.rows("SELECT kind, title, is_min FROM chats")
    await store.take(export(store.folder, [said(1)], name="x/result.json"))
    await take_back(store, CHAT)
    assert await store.rows("SELECT kind, title, is_min FROM chats") == before


async def test_imports_and_taking_back_keep_out_of_each_others_way(store: Store) -> None:
    path = export(store.folder, [said(1)])
    await store.take(path)
    async with import_lock.importing(store.database):
        with pytest.raises(errors.BadInput, match="An import is running"):
            await take_back(store, CHAT)
    async with import_lock.alone(store.database):
        with pytest.raises(errors.BadInput, match="being taken back"):
            await store.take(path, is_again=True)
    assert len(await store.texts()) == 1


async def test_file_is_gone_before_its_row_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that cannot be reached leaves everything as it was, for the next run."""
    (store.folder / "photo.jpg").write_bytes(b"a photo")
    await store.take(export(store.folder, [said(1, "", photo="photo.jpg")]))

    async def unreachable(self: media.Storage, sha256: bytes) -> None:
        raise errors.StorageUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(media.Storage, "delete", unreachable)
        with pytest.raises(errors.StorageUnreachable):
            await take_back(store, CHAT)
    assert await store.rows("SELECT count(*) FROM media") == [(1,)]
    await take_back(store, CHAT)
    assert (await store.rows("SELECT count(*) FROM media"), files(store)) == ([(0,)], [])
